// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The whole path of a command: bytes, request parser, dispatcher, handler, reply. Whatever comes
// in, each command gets exactly one well-formed reply, and no key is seen that is not counted.
//
// An input that begins with 0xff is a request stream as it stands. Any other says which commands to
// send: two bytes choose one, a byte the number of its arguments, and a byte each an argument from
// a list (keys, numbers, every option word of every command) or, from 240 on, how many of the
// following bytes to take as they are.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "command/dispatch.h"
#include "resp/reply_parser.h"
#include "resp/request_parser.h"
#include "runtime/server.h"
#include "server/config/load.h"

namespace {

using pleiad::CommandSpec;

constexpr pleiad::UnixMs kNow(1'700'000'000'000);
constexpr pleiad::MonoMs kMonoNow(1'000'000);
constexpr int64_t kCountMax = 10'000;

// A server that has opened nothing, with little memory and short thresholds.
struct World {
  World() {
    auto& engine = server.engine();
    engine.bulk_bytes_max = 64 << 10;
    engine.collections.hash_max_packed_entries = 8;
    engine.collections.set_max_packed_entries = 8;
    engine.collections.zset_max_packed_entries = 8;
    engine.collections.list_max_node_size = 4;
    engine.collections.stream_node_max_entries = 4;
  }
  static pleiad::ConfigEnvironment NoFiles() {
    pleiad::ConfigEnvironment env;
    env.read = [](const std::string&) -> pleiad::Result<std::string> {
      return pleiad::Error{"No such file or directory"};
    };
    return env;
  }
  pleiad::runtime::Server server{std::make_unique<pleiad::ConfigStore>(
      *pleiad::LoadConfig({"--threads", "1"}, NoFiles()), NoFiles())};
  pleiad::Dispatcher dispatcher{&server.engine(), &server, 0, 1};
};

// Server commands that stay within the keyspace and the client. The others reach for files, sockets
// or other threads.
bool MayRun(const CommandSpec& spec) {
  static const std::set<std::string_view> allowed = {
      "multi",     "exec",    "discard",  "watch",    "unwatch", "keys",   "scan",   "dbsize",
      "randomkey", "swapdb",  "select",   "flushall", "flushdb", "hello",  "echo",   "ping",
      "reset",     "command", "pfdebug",  "time",     "auth",    "object", "memory", "xgroup",
      "xinfo",     "touch",   "lastsave", "role",     "config"};
  const std::string_view family = spec.name.substr(0, spec.name.find('|'));
  if (family == "config") return spec.name == "config|get";
  return spec.server == nullptr ? family != "migrate" : allowed.contains(family);
}

// A negative count of a random command asks for so many members, however few there are.
bool AsksForTooMuch(const CommandSpec& spec, const std::vector<std::string_view>& args) {
  if (!spec.name.ends_with("member") && spec.name != "hrandfield") return false;
  return std::any_of(args.begin(), args.end(), [](std::string_view arg) {
    const auto number = pleiad::ParseInt64(arg);
    return number.has_value() && *number < -kCountMax;
  });
}

const std::vector<std::string>& Words() {
  static const std::vector<std::string> words = [] {
    std::set<std::string> all = {
        "a",      "b",   "c",      "{a}1", "0",     "1",       "2",
        "3",      "-1",  "10",     "100",  "1-1",   "2-0",     "*",
        "-",      "+",   "(1",     "[a",   "$",     ">",       "1.5",
        "~",      "=",   "inf",    "-inf", "u8",    "i64",     "#1",
        "km",     "g",   "member", "",     "65535", "1000000", "9223372036854775807",
        "string", "list"};
    for (const CommandSpec& spec : pleiad::CommandTable::Get().all()) {
      std::string word;
      for (const char c : std::string(spec.usage) + " ") {
        if (std::isupper(static_cast<unsigned char>(c)) != 0) {
          word.push_back(c);
        } else {
          if (word.size() > 1) all.insert(word);
          word.clear();
        }
      }
    }
    return std::vector<std::string>(all.begin(), all.end());
  }();
  return words;
}

class Chooser {
 public:
  Chooser(const uint8_t* data, size_t size) : data_(data), end_(data + size) {}
  bool empty() const { return data_ == end_; }
  size_t Byte() { return empty() ? 0 : *data_++; }
  std::string Bytes(size_t n) {
    n = std::min(n, static_cast<size_t>(end_ - data_));
    data_ += n;
    return std::string(reinterpret_cast<const char*>(data_ - n), n);
  }

 private:
  const uint8_t* data_;
  const uint8_t* end_;
};

void AppendBulk(std::string* out, std::string_view text) {
  *out += "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string Requests(const uint8_t* data, size_t size) {
  const auto& specs = pleiad::CommandTable::Get().all();
  Chooser choose(data, size);
  std::string stream;
  while (!choose.empty()) {
    const size_t number = choose.Byte() * 256;
    const CommandSpec& spec = specs[(number + choose.Byte()) % specs.size()];
    std::vector<std::string> parts;
    for (const auto part : pleiad::Split(spec.name, '|')) parts.emplace_back(part);
    for (size_t n = choose.Byte() % 9; n > 0; --n) {
      const size_t chosen = choose.Byte();
      if (chosen >= 240) {
        parts.push_back(choose.Bytes(chosen - 240));
      } else {
        parts.push_back(Words()[(chosen * 2 + n % 2) % Words().size()]);
      }
    }
    stream += "*" + std::to_string(parts.size()) + "\r\n";
    for (const std::string& part : parts) AppendBulk(&stream, part);
  }
  return stream;
}

// Runs one command; exactly one reply must come of it.
void RunOne(World* world, pleiad::ClientState* client, std::span<const std::string_view> args) {
  pleiad::resp::OutBuffer out;
  auto& keyspace = world->server.engine().keyspace;
  keyspace.Enter(0);
  world->dispatcher.RunOne(args, client, &out, kNow, kMonoNow);
  keyspace.Leave(0);
  pleiad::resp::ReplyParser parser;
  parser.Feed(out.view());
  const auto reply = parser.Next();
  if (!reply.ok() || !reply->has_value() || !parser.idle()) std::abort();
}

int64_t Ask(World* world, std::string_view command) {
  pleiad::ClientState client;
  pleiad::resp::OutBuffer out;
  const std::vector<std::string_view> args = pleiad::Split(command, ' ');
  auto& keyspace = world->server.engine().keyspace;
  keyspace.Enter(0);
  world->dispatcher.RunOne(args, &client, &out, kNow, kMonoNow);
  keyspace.Leave(0);
  pleiad::resp::ReplyParser parser;
  parser.Feed(out.view());
  const auto reply = parser.Next();
  if (!reply.ok() || !reply->has_value()) std::abort();
  const auto& value = **reply;
  return value.items.empty() ? value.integer : static_cast<int64_t>(value.items.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World world;
  if (size == 0) return 0;
  Ask(&world, "FLUSHALL");
  const std::string stream = data[0] == 0xff
                                 ? std::string(reinterpret_cast<const char*>(data + 1), size - 1)
                                 : Requests(data, size);
  pleiad::ClientState client;
  client.id = 1;
  pleiad::resp::RequestParser parser;
  const pleiad::resp::RequestLimits limits{4096, 64, 4096};
  std::string_view rest = stream;
  for (;;) {
    size_t consumed = 0;
    const auto result = parser.Next(rest, limits, &consumed);
    if (result != pleiad::resp::RequestParser::Result::kCommand) break;
    const std::vector<std::string_view> args = parser.args();
    rest.remove_prefix(consumed);
    if (args.empty()) continue;
    const auto& table = pleiad::CommandTable::Get();
    const CommandSpec* spec = table.Find(args[0]);
    if (spec != nullptr && args.size() > 1 && table.HasSubcommands(*spec)) {
      if (const CommandSpec* sub = table.Subcommand(*spec, args[1])) spec = sub;
    }
    if (spec != nullptr && (!MayRun(*spec) || AsksForTooMuch(*spec, args))) continue;
    RunOne(&world, &client, args);
  }
  // DBSIZE also counts what is past its time and not swept yet.
  if (Ask(&world, "DBSIZE") < Ask(&world, "KEYS *")) std::abort();
  return 0;
}
