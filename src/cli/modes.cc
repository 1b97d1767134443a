// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/modes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/prng.h"
#include "base/text.h"
#include "cli/stdin.h"
#include "runtime/random.h"
#include "runtime/tool_clock.h"

namespace pleiad::cli {

namespace {

using resp::Reply;

constexpr size_t kChunkBytes = 64 * 1024;
constexpr size_t kMagicBytes = 20;

void Pause(double seconds) { runtime::ToolPause(static_cast<int64_t>(seconds * 1000)); }

// Nobody's data holds these bytes by chance.
std::string RandomBytes(size_t size) {
  Prng prng(runtime::SystemSeed());
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(prng.Next() & 0xff);
  return bytes;
}

struct PipeCounts {
  int64_t errors = 0;
  int64_t replies = 0;
  bool done = false;
};

void CountReply(const Reply& reply, std::string_view magic, PipeCounts* counts) {
  if (reply.type == Reply::Type::kBulk && !magic.empty() && reply.text == magic) {
    std::printf("Last reply received from server.\n");
    counts->done = true;
    return;
  }
  if (reply.is_error()) {
    std::fprintf(stderr, "%s\n", reply.text.c_str());
    ++counts->errors;
  }
  ++counts->replies;
}

// The replies that are here already.
Status CountArrived(runtime::ClientConnection* connection, PipeCounts* counts) {
  for (;;) {
    const Result<std::optional<Reply>> next = connection->PollReply();
    if (!next.ok()) return next.error();
    if (!next->has_value()) return Status::Ok();
    CountReply(**next, "", counts);
  }
}

// Copies standard input to the server until its end, while replies are counted as they come.
Status FeedAll(runtime::ClientConnection* connection, PipeCounts* counts) {
  std::string chunk(kChunkBytes, '\0');
  for (;;) {
    const Result<bool> has_input = connection->WaitForEither(STDIN_FILENO);
    if (!has_input.ok()) return has_input.error();
    const Status counted = CountArrived(connection, counts);
    if (!counted.ok()) return counted;
    if (!*has_input) continue;
    const ssize_t got = read(STDIN_FILENO, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{"Error reading from stdin"};
    if (got == 0) return Status::Ok();
    const Status sent =
        connection->SendBytes(std::string_view(chunk).substr(0, static_cast<size_t>(got)));
    if (!sent.ok()) return sent;
  }
}

Status WaitForLastReply(const Options& options, runtime::ClientConnection* connection,
                        PipeCounts* counts) {
  const std::string magic = RandomBytes(kMagicBytes);
  // The line end in front closes an inline command that the input left open; a server skips an
  // empty line.
  const Status sent = connection->SendBytes("\r\n*2\r\n$4\r\nECHO\r\n$20\r\n" + magic + "\r\n");
  if (!sent.ok()) return sent;
  std::printf("All data transferred. Waiting for the last reply...\n");
  std::fflush(stdout);
  connection->set_io_timeout_ms(options.pipe_timeout_s * 1000);
  while (!counts->done) {
    const Result<Reply> reply = connection->ReadReply();
    if (!reply.ok() && reply.message() == runtime::ClientConnection::kTimedOut) {
      return Error{fmt::format("No replies for {} seconds: exiting.", options.pipe_timeout_s)};
    }
    if (!reply.ok()) return reply.error();
    CountReply(*reply, magic, counts);
  }
  return Status::Ok();
}

// SCAN's reply: the next cursor and a page of keys.
bool IsScanReply(const Reply& reply) {
  return reply.type == Reply::Type::kArray && reply.items.size() == 2 &&
         reply.items[1].type == Reply::Type::kArray;
}

int64_t CountKeys(std::string_view page) {
  int64_t keys = 0;
  for (std::string_view line : Split(page, '\n')) {
    const size_t at = line.find(":keys=");
    if (line.substr(0, 2) != "db" || at == std::string_view::npos) continue;
    line.remove_prefix(at + 6);
    keys += ParseInt64(line.substr(0, line.find(','))).value_or(0);
  }
  return keys;
}

std::string ChildText(std::string_view page) {
  std::string text;
  if (InfoField(page, "rdb_bgsave_in_progress") == "1") text += "SAVE ";
  if (InfoField(page, "aof_rewrite_in_progress") == "1") text += "AOF ";
  if (InfoField(page, "loading") == "1") text += "LOAD ";
  return text;
}

}  // namespace

int RunPipe(const Options& options, Session* session) {
  PipeCounts counts;
  runtime::ClientConnection* connection = session->connection();
  Status status = FeedAll(connection, &counts);
  if (status.ok()) status = WaitForLastReply(options, connection, &counts);
  std::fflush(stdout);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.message().c_str());
    ++counts.errors;
  }
  std::printf("errors: %lld, replies: %lld\n", static_cast<long long>(counts.errors),
              static_cast<long long>(counts.replies));
  std::fflush(stdout);
  return counts.errors == 0 ? 0 : 1;
}

int RunScan(const Options& options, const FormatOptions& format, Session* session) {
  std::string cursor = "0";
  do {
    std::vector<std::string> command = {"SCAN", cursor};
    if (options.scan_pattern) command.insert(command.end(), {"MATCH", *options.scan_pattern});
    if (options.scan_count > 0)
      command.insert(command.end(), {"COUNT", std::to_string(options.scan_count)});
    if (options.scan_type) command.insert(command.end(), {"TYPE", *options.scan_type});
    const Result<Reply> reply = session->Ask(command);
    if (!reply.ok() || !IsScanReply(*reply)) {
      const std::string& why = reply.ok() ? reply->text : reply.message();
      std::fprintf(stderr, "ERROR: %s\n",
                   why.empty() ? "Non ARRAY response from SCAN!" : why.c_str());
      return 1;
    }
    for (const Reply& key : reply->items[1].items) {
      const std::string line = format.mode == OutputMode::kTty ? Quoted(key.text) : key.text;
      std::fwrite(line.data(), 1, line.size(), stdout);
      std::fputc('\n', stdout);
    }
    std::fflush(stdout);
    cursor = reply->items[0].text;
    if (options.interval_s > 0 && cursor != "0") Pause(options.interval_s);
  } while (cursor != "0");
  return 0;
}

int RunStat(const Options& options, Session* session) {
  int64_t requests_before = 0;
  for (int64_t round = 0;; ++round) {
    if (!session->connected()) {
      if (!session->Connect()) return 1;
    }
    const std::vector<std::string> command = {"INFO"};
    const Result<Reply> reply = session->Ask(command);
    if (!reply.ok() || reply->is_error()) {
      std::fprintf(stderr, "ERROR: %s\n",
                   reply.ok() ? reply->text.c_str() : reply.message().c_str());
      return 1;
    }
    if (round % 20 == 0) {
      std::printf(
          "------- data ------ --------------------- load -------------------- - child -\n"
          "keys       mem      clients blocked requests            connections          \n");
    }
    const std::string& page = reply->text;
    const int64_t requests = ParseInt64(InfoField(page, "total_commands_processed")).value_or(0);
    const std::string memory = HumanBytes(ParseUint64(InfoField(page, "used_memory")).value_or(0));
    const std::string moved =
        fmt::format("{} (+{})", requests, round == 0 ? 0 : requests - requests_before);
    requests_before = requests;
    const std::string line =
        fmt::format("{:<11}{:<9}{:<8}{:<8}{:<20}{:<12}{}\n", CountKeys(page), memory,
                    InfoField(page, "connected_clients"), InfoField(page, "blocked_clients"), moved,
                    InfoField(page, "total_connections_received"), ChildText(page));
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
    if (options.repeat > 1 && round + 1 >= options.repeat) return 0;
    Pause(options.interval_s > 0 ? options.interval_s : 1);
  }
}

int RunEval(const Options& options, Session* session) {
  FILE* file = std::fopen(options.eval_file.c_str(), "re");
  if (file == nullptr) {
    std::fprintf(stderr, "Can't open file '%s': %s\n", options.eval_file.c_str(),
                 std::strerror(errno));
    return 1;
  }
  const std::string script = ReadAll(file);
  std::fclose(file);
  std::vector<std::string> keys_and_args;
  size_t keys = 0;
  bool in_keys = true;
  for (const std::string& word : options.command) {
    if (in_keys && word == ",") {
      in_keys = false;
      continue;
    }
    keys += in_keys ? 1 : 0;
    keys_and_args.push_back(word);
  }
  std::vector<std::string> command = {"EVAL", script, std::to_string(keys)};
  command.insert(command.end(), keys_and_args.begin(), keys_and_args.end());
  const Session::Outcome outcome = session->Run(command);
  const bool failed = outcome == Session::Outcome::kErrorReply && options.fail_on_error_reply;
  return failed || outcome == Session::Outcome::kDisconnected ? 1 : 0;
}

std::string HumanBytes(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{}B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  for (const char unit : {'K', 'M'}) {
    if (value < 1024) return fmt::format("{:.2f}{}", value, unit);
    value /= 1024;
  }
  return fmt::format("{:.2f}G", value);
}

std::string InfoField(std::string_view page, std::string_view name) {
  for (const std::string_view line : Split(page, '\n')) {
    if (line.size() > name.size() && line[name.size()] == ':' &&
        line.substr(0, name.size()) == name) {
      return std::string(Trim(line.substr(name.size() + 1)));
    }
  }
  return "";
}

}  // namespace pleiad::cli
