// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// DEBUG: for tests of the server and of its clients. Off unless enable-debug-command says yes, or
// local and the client is.
#include <fmt/core.h>

#include <cmath>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "command/command.h"
#include "command/outside.h"
#include "commands/generic/encoding_name.h"
#include "commands/server/debug_words.h"
#include "commands/server/help.h"
#include "commands/server/login.h"
#include "runtime/process.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"
#include "snapshot/rdb_encode.h"

namespace pleiad {
namespace {

constexpr double kSleepMaxSeconds = 3600;
constexpr int64_t kPopulateMax = 100'000'000;
constexpr int64_t kMatchLengthMax = 1 << 20;

// DEBUG SLEEP seconds: this reactor does nothing for so long, so its clients wait; other reactors,
// the cluster bus and replication go on. (redis-server has one thread and stops as a whole.)
void DebugSleep(ServerContext& ctx, const Args& args, resp::Writer& out) {
  const auto seconds = ParseDouble(args[2]);
  if (!seconds.has_value() || *seconds < 0 || *seconds > kSleepMaxSeconds) {
    out.Error(kNotFloat);
    return;
  }
  OutsideKeyspace(ctx, [&] { runtime::BlockThisThread(std::llround(*seconds * 1e6)); });
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

// DEBUG LOG message: a line in the log.
void DebugLog(ServerContext&, const Args& args, resp::Writer& out) {
  PLOG(kWarning, "DEBUG LOG: {}", args[2]);
  out.Ok();
}

// DEBUG ERROR text: that error as reply.
void DebugError(ServerContext&, const Args& args, resp::Writer& out) {
  std::string text(args[2]);
  for (char& c : text) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  out.Error(text);
}

void ChangeReplId(ServerContext& ctx, const Args&, resp::Writer& out) {
  PLOG(kNotice, "Changing replication id after receiving DEBUG CHANGE-REPL-ID");
  ctx.server->replication().ChangeId();
  out.Ok();
}

void PauseCron(ServerContext& ctx, const Args& args, resp::Writer& out) {
  ctx.engine.pause_cron = args[2] != "0";
  out.Ok();
}

void SetSkipChecksum(ServerContext& ctx, const Args& args, resp::Writer& out) {
  ctx.engine.skip_checksum = args[2] != "0";
  out.Ok();
}

// DEBUG STRINGMATCH-LEN length pattern: whether the glob pattern matches so many letters a.
void StringMatchLen(ServerContext&, const Args& args, resp::Writer& out) {
  const auto length = IntArg(args, 2, out);
  if (!length.has_value()) return;
  if (*length < 0 || *length > kMatchLengthMax) return out.Error(kNotInteger);
  out.Integer(GlobMatch(args[3], std::string(static_cast<size_t>(*length), 'a')) ? 1 : 0);
}

// Knobs of parts that Pleiad does not have, or that need none: resizing of hash tables (segments
// split and merge in bounded steps), plain nodes of lists (any element may stand alone), reply
// buffers of clients (an idle connection has none), scripts. Their numbers are checked and nothing
// changes.
void NumberWithoutEffect(ServerContext&, const Args& args, resp::Writer& out) {
  if (IntArg(args, 2, out).has_value()) out.Ok();
}
void ReplyBuffer(ServerContext&, const Args& args, resp::Writer& out) {
  if (!args.Is(2, "peak-reset-time") && !args.Is(2, "resizing")) return out.Error(kSyntaxError);
  if (args.Is(3, "never") || args.Is(3, "reset")) return out.Ok();
  if (IntArg(args, 3, out).has_value()) out.Ok();
}
// A size may have a unit here.
void PackedThreshold(ServerContext&, const Args& args, resp::Writer& out) {
  const std::string_view digits = args[2].substr(0, args[2].find_first_not_of("0123456789"));
  if (digits.empty()) return out.Error("ERR argument must be a memory value");
  out.Ok();
}

void DebugHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp(
      "debug",
      {"CHANGE-REPL-ID",
       "    Begin a new replication history.",
       "DICT-RESIZING <0|1>, QUICKLIST-PACKED-THRESHOLD <size>,",
       "REPLYBUFFER <PEAK-RESET-TIME|RESIZING> <value>, SET-DISABLE-DENY-SCRIPTS <0|1>",
       "    Without effect: there is nothing to switch.",
       "DIGEST",
       "    160 bits of all data: equal for equal data.",
       "DIGEST-VALUE <key> [<key> ...]",
       "    The same of the values of keys.",
       "ERROR <string>",
       "    Reply with that error.",
       "HTSTATS <dbid>",
       "    How the tables of a database are filled.",
       "HTSTATS-KEY <key>",
       "    The same of a value.",
       "LOADAOF",
       "    Load the AOF in the place of the data in memory.",
       "LOG <message>",
       "    Write <message> to the log.",
       "OBJECT <key>",
       "    Show low level info about <key> and its value.",
       "PAUSE-CRON <0|1>",
       "    Stop what is done ten times a second: expiry, rules, time-outs.",
       "POPULATE <count> [<prefix> [<size>]]",
       "    Create <count> string keys named <prefix>:<n>, of <size> bytes if given.",
       "PROTOCOL <type>",
       "    Reply with a value of that type.",
       "RELOAD [NOSAVE] [NOFLUSH] [MERGE]",
       "    Save the dump and load it in the place of the data in memory. NOSAVE: load what is",
       "    there. NOFLUSH: keep what is in memory. MERGE: keys of the dump win over those.",
       "SET-ACTIVE-EXPIRE <0|1>",
       "    Set to 0 to let expired keys stay until somebody asks for them.",
       "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
       "    Set to 1 to accept dumps and RESTORE payloads whose checksum is wrong.",
       "SLEEP <seconds>",
       "    Block the thread that serves this connection. Decimals allowed.",
       "STRINGMATCH-LEN <length> <pattern>",
       "    Whether the pattern matches that many letters a."},
      out);
}

struct Word {
  std::string_view name;
  size_t args_min;
  size_t args_max;
  ServerHandler run;
};

constexpr size_t kAny = SIZE_MAX;
constexpr Word kWords[] = {{"change-repl-id", 2, 2, ChangeReplId},
                           {"dict-resizing", 3, 3, NumberWithoutEffect},
                           {"digest", 2, 2, DebugDigest},
                           {"digest-value", 2, kAny, DebugDigestValue},
                           {"error", 3, 3, DebugError},
                           {"help", 2, 2, DebugHelp},
                           {"htstats", 3, 4, DebugHtstats},
                           {"htstats-key", 3, 4, DebugHtstatsKey},
                           {"loadaof", 2, 2, DebugLoadAof},
                           {"log", 3, 3, DebugLog},
                           {"object", 3, 4, DebugObject},
                           {"pause-cron", 3, 3, PauseCron},
                           {"populate", 3, 5, Populate},
                           {"protocol", 3, 3, DebugProtocol},
                           {"quicklist-packed-threshold", 3, 3, PackedThreshold},
                           {"reload", 2, 5, DebugReload},
                           {"replybuffer", 4, 4, ReplyBuffer},
                           {"set-active-expire", 3, 3, SetActiveExpire},
                           {"set-disable-deny-scripts", 3, 3, NumberWithoutEffect},
                           {"set-skip-checksum-validation", 3, 3, SetSkipChecksum},
                           {"sleep", 3, 3, DebugSleep},
                           {"stringmatch-len", 4, 4, StringMatchLen}};

bool Allowed(const ServerContext& ctx) {
  const AllowFor allow = ctx.server->settings()->enable_debug_command;
  return allow == AllowFor::kYes || (allow == AllowFor::kLocal && IsLocal(ctx.client));
}

// DEBUG subcommand: for tests of servers and clients; DEBUG HELP has the list. Keys are not routed.
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
// > SADD s a b c
// (integer) 3
// > SADD t c b a
// (integer) 3
// > ZADD z 1 m
// (integer) 1
// > DEBUG DIGEST-VALUE nosuchkey
// 1) 0000000000000000000000000000000000000000
// > DEBUG STRINGMATCH-LEN 3 a*a
// (integer) 1
// > DEBUG STRINGMATCH-LEN 3 b*
// (integer) 0
// > DEBUG PROTOCOL integer
// (integer) 12345
// > DEBUG PROTOCOL bogus
// (error) ERR Wrong protocol type name. ...
// > DEBUG ERROR "ERR as told"
// (error) ERR as told
// > DEBUG SET-SKIP-CHECKSUM-VALIDATION 1
// OK
// > DEBUG REPLYBUFFER RESIZING 0
// OK
// > DEBUG RELOAD SLOWLY
// (error) ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.
// > DEBUG HTSTATS 99
// (error) ERR Out of range database
// > DEBUG HTSTATS-KEY k
// (error) ERR The value stored at the specified key is not represented using an hash table
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

const CommandRegistration kDebug{{.name = "debug",
                                  .arity = -2,
                                  .flags = kCmdAdmin | kCmdNoScript | kCmdLoading | kCmdStale,
                                  .keys = {},
                                  .group = "server",
                                  .since = "1.0.0",
                                  .usage = "subcommand [argument [argument ...]]",
                                  .summary = "Helps to test the server.",
                                  .complexity = "Depends on subcommand.",
                                  .server = Debug}};

}  // namespace
}  // namespace pleiad
