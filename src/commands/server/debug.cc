// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// DEBUG: for tests of the server and of its clients. Off unless enable-debug-command says yes, or
// local and the client is.
#include <fmt/core.h>

#include <array>
#include <cmath>
#include <vector>

#include "base/text.h"
#include "command/command.h"
#include "commands/generic/encoding_name.h"
#include "commands/server/help.h"
#include "commands/server/login.h"
#include "runtime/process.h"
#include "runtime/server.h"
#include "snapshot/rdb_encode.h"

namespace pleiad {
namespace {

constexpr double kSleepMaxSeconds = 3600;
constexpr int64_t kPopulateMax = 100'000'000;

// DEBUG SLEEP seconds: this reactor does nothing for so long, so its clients wait; other reactors,
// the cluster bus and replication go on. (redis-server has one thread and stops as a whole.)
void DebugSleep(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto seconds = ParseDouble(args[2]);
  if (!seconds.has_value() || *seconds < 0 || *seconds > kSleepMaxSeconds) {
    out.Error(kNotFloat);
    return;
  }
  // In a transaction with the whole keyspace to itself all of them wait.
  if (!ctx.client.exclusive) ctx.engine.keyspace.Leave(ctx.thread);
  runtime::BlockThisThread(std::llround(*seconds * 1e6));
  if (!ctx.client.exclusive) ctx.engine.keyspace.Enter(ctx.thread);
  out.Ok();
}

// DEBUG OBJECT key: how the value is kept. The address is that of the entry.
void DebugObject(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const Key key = ctx.engine.keyspace.MakeKey(args[2]);
  LockSet locks(&ctx.engine.keyspace);
  locks.LockOne(key.slot);
  ReadContext read(&ctx.engine, &ctx.stats, &locks, &ctx.client, ctx.now);
  const Entry* e = read.Find(key, false);
  if (e == nullptr) {
    out.Error(kNoSuchKey);
    return;
  }
  std::string serialized;
  AppendRdbValue(&serialized, *e, {});
  out.Simple(fmt::format(
      "Value at:{} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
      static_cast<const void*>(e), EncodingName(*e), serialized.size(), e->access(),
      read.lfu_policy() ? 0 : read.IdleSeconds(*e)));
}

// DEBUG SET-ACTIVE-EXPIRE <0 | 1>: whether what expired is deleted before somebody asks for it.
void SetActiveExpire(ServerContext& ctx, const Args& args, resp::Writer& out) {
  ctx.engine.active_expire = args[2] != "0";
  out.Ok();
}

// One key of DEBUG POPULATE; keys that are there, and slots of other nodes, are left alone.
void PopulateOne(ServerContext& ctx, std::string_view name, std::string_view value) {
  const Key key = ctx.engine.keyspace.MakeKey(name);
  LockSet locks(&ctx.engine.keyspace);
  locks.LockOne(key.slot);
  if (locks.slot(key.slot).state != SlotState::kMine) return;
  WriteContext write(&ctx.engine, &ctx.stats, &locks, &ctx.client, ctx.now);
  const std::vector<Key> keys = {key};
  write.set_keys(&keys);  // the journal wants the record's slot
  if (write.Find(key, false) != nullptr) return;
  write.SetString(key, value, Entry::kNoExpiry);
  write.Propagate({"SET", name, value});
  ThreadStats::Add(&ctx.stats.dirty, 1);
}

// DEBUG POPULATE count [prefix [size]]: strings <prefix>:0 .. <prefix>:<count-1> with values
// "value:<n>", cut or filled up with zero bytes to `size`.
void Populate(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto count = IntArg(args, 2, out);
  if (!count.has_value()) return;
  int64_t size = 0;
  if (args.size() > 4) {
    const auto wanted = IntArg(args, 4, out);
    if (!wanted.has_value()) return;
    size = *wanted;
  }
  const auto size_max =
      static_cast<int64_t>(ctx.engine.bulk_bytes_max.load(std::memory_order_relaxed));
  if (*count < 0 || *count > kPopulateMax || size < 0 || size > size_max) {
    out.Error(kNotInteger);
    return;
  }
  if (ctx.engine.replica.load(std::memory_order_relaxed)) {
    out.Error("READONLY You can't write against a read only replica.");
    return;
  }
  const std::string_view prefix = args.size() > 3 ? args[3] : "key";
  for (int64_t i = 0; i < *count; ++i) {
    std::string value = fmt::format("value:{}", i);
    if (args.size() > 4) value.resize(static_cast<size_t>(size), '\0');
    PopulateOne(ctx, fmt::format("{}:{}", prefix, i), value);
  }
  out.Ok();
}

void DebugHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp(
      "debug",
      {"OBJECT <key>", "    Show low level info about <key> and its value.",
       "POPULATE <count> [<prefix> [<size>]]",
       "    Create <count> string keys named <prefix>:<n>, of <size> bytes if given.",
       "SET-ACTIVE-EXPIRE <0|1>",
       "    Set to 0 to let expired keys stay until somebody asks for them.", "SLEEP <seconds>",
       "    Block the thread that serves this connection. Decimals allowed."},
      out);
}

struct Word {
  std::string_view name;
  size_t args_min;
  size_t args_max;
  ServerHandler run;
};

constexpr std::array<Word, 5> kWords = {{{"help", 2, 2, DebugHelp},
                                         {"object", 3, 3, DebugObject},
                                         {"populate", 3, 5, Populate},
                                         {"set-active-expire", 3, 3, SetActiveExpire},
                                         {"sleep", 3, 3, DebugSleep}}};

bool Allowed(const ServerContext& ctx) {
  const AllowFor allow = ctx.server->settings()->enable_debug_command;
  return allow == AllowFor::kYes || (allow == AllowFor::kLocal && IsLocal(ctx.client));
}

// DEBUG <OBJECT | POPULATE | SET-ACTIVE-EXPIRE | SLEEP | HELP>
//
// > SET key:1 mine
// OK
// > DEBUG POPULATE 3
// OK
// > MGET key:0 key:1 key:2 key:3
// 1) "value:0"
// 2) "mine"
// 3) "value:2"
// 4) (nil)
// > DEBUG POPULATE 1 x 10
// OK
// > GET x:0
// "value:0\x00\x00\x00"
// > DEBUG POPULATE -1
// (error) ERR value is not an integer or out of range
// > SET k 12
// OK
// > DEBUG OBJECT k
// Value at:0x... refcount:1 encoding:int serializedlength:2 lru:... lru_seconds_idle:...
// > DEBUG OBJECT nosuchkey
// (error) ERR no such key
// > DEBUG SLEEP 0.001
// OK
// > DEBUG SLEEP -1
// (error) ERR value is not a valid float
// > DEBUG SET-ACTIVE-EXPIRE 0
// OK
// > DEBUG HELP
//  1) DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
// ...
// > DEBUG BOGUS
// (error) ERR unknown subcommand or wrong number of arguments for 'BOGUS'. Try DEBUG HELP.
void Debug(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!Allowed(ctx)) {
    out.Error(
        "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", "
        "you can run it from a "
        "local connection, otherwise you need to set this option in the configuration file, and "
        "then restart the "
        "server.");
    return;
  }
  for (const Word& word : kWords) {
    if (!args.Is(1, word.name)) continue;
    if (args.size() < word.args_min || args.size() > word.args_max) break;
    word.run(ctx, args, out);
    return;
  }
  out.Error(
      fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try DEBUG HELP.",
                  args[1].substr(0, 128)));
}

const CommandRegistration kDebug{
    {.name = "debug",
     .arity = -2,
     .flags = kCmdAdmin | kCmdNoScript | kCmdLoading | kCmdStale,
     .keys = {},
     .group = "server",
     .since = "1.0.0",
     .usage = "<OBJECT key | POPULATE count [prefix [size]] | SET-ACTIVE-EXPIRE value | "
              "SLEEP seconds | HELP>",
     .summary = "Helps to test the server.",
     .complexity = "Depends on subcommand.",
     .server = Debug}};

}  // namespace
}  // namespace pleiad
