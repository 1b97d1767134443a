// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <vector>

#include "base/text.h"
#include "command/command.h"
#include "commands/string/expiry_option.h"

namespace pleiad {
namespace {

constexpr int64_t kMSetExKeysMax = INT32_MAX;

// "numkeys" behind the command's name; nullopt: no such number.
std::optional<size_t> MSetExKeys(const Args& args) {
  const auto n = ParseInt64(args[1]);
  if (!n.has_value() || *n < 1 || *n > kMSetExKeysMax) return std::nullopt;
  return static_cast<size_t>(*n);
}

bool MSetExGetKeys(const Args& args, std::vector<size_t>* positions) {
  const auto n = MSetExKeys(args);
  if (!n.has_value() || 2 + 2 * *n > args.size()) return false;
  for (size_t i = 0; i < *n; ++i) positions->push_back(2 + 2 * i);
  return true;
}

struct MSetExOptions {
  ExpiryOption expiry;
  bool nx = false;
  bool xx = false;
};

// False: the error was written.
bool ParseMSetEx(WriteContext& ctx, const Args& args, MSetExOptions* o, resp::Writer& out) {
  const auto n = MSetExKeys(args);
  if (!n.has_value()) {
    out.Error("ERR invalid numkeys value or out of range");
    return false;
  }
  bool good = 2 + 2 * *n <= args.size();
  for (size_t i = 2 + 2 * *n; good && i < args.size(); ++i) {
    if (args.Is(i, "nx") && !o->xx) {
      o->nx = true;
    } else if (args.Is(i, "xx") && !o->nx) {
      o->xx = true;
    } else {
      good = ParseExpiryOption(args, &i, ExpiryWords::kSet, &o->expiry);
    }
  }
  if (!good) out.Error(kSyntaxError);
  return good && o->expiry.Resolve(ctx.now(), "msetex", out);
}

// What a replica does at another moment must be the same.
void PropagateMSetEx(WriteContext& ctx, const Args& args, const MSetExOptions& o) {
  std::vector<std::string_view> record(
      args.all().begin(), args.all().begin() + static_cast<ptrdiff_t>(2 + 2 * ctx.keys().size()));
  const std::string at = std::to_string(o.expiry.at_ms);
  if (o.expiry.at_ms != Entry::kNoExpiry) {
    record.push_back("PXAT");
    record.push_back(at);
  } else if (o.expiry.kind == ExpiryOption::Kind::kKeep) {
    record.push_back("KEEPTTL");
  }
  ctx.Propagate(record);
}

// MSETEX numkeys key value [key value ...] [NX | XX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]:
// 1 if all were set, 0 if none, because NX found one of them or XX missed one.
//
// In the journal: without the condition, and with PXAT for any expiry.
//
// > MSETEX 2 a 1 b 2 EX 100
// (integer) 1
// > MGET a b
// 1) "1"
// 2) "2"
// > TTL b
// (integer) 100
// > MSETEX 2 b 3 c 4 NX
// (integer) 0
// > MSETEX 2 b 3 c 4 XX
// (integer) 0
// > MSETEX 2 a 5 b 6 XX KEEPTTL
// (integer) 1
// > TTL a
// (integer) 100
// > MSETEX 1 a 7
// (integer) 1
// > TTL a
// (integer) -1
// > MSETEX 0 a 1
// (error) ERR invalid numkeys value or out of range
// > MSETEX 2 a 1 b
// (error) ERR syntax error
// > MSETEX 1 a 1 NX XX
// (error) ERR syntax error
// > MSETEX 1 a 1 EX 1 PX 1
// (error) ERR syntax error
// > MSETEX 1 a 1 EX 0
// (error) ERR invalid expire time in 'msetex' command
void MSetEx(WriteContext& ctx, const Args& args, resp::Writer& out) {
  MSetExOptions o;
  if (!ParseMSetEx(ctx, args, &o, out)) return;
  if (o.nx || o.xx) {
    for (const Key& key : ctx.keys()) {
      const bool there = ctx.Find(key, false) != nullptr;
      if (there == o.xx) continue;
      out.Integer(0);
      return;
    }
  }
  const bool keep = o.expiry.kind == ExpiryOption::Kind::kKeep;
  for (size_t i = 0; i < ctx.keys().size(); ++i) {
    const Key& key = ctx.key(i);
    ctx.SetString(key, args[3 + 2 * i], o.expiry.at_ms, keep);
    ctx.Notify(kNotifyString, "set", key);
    if (o.expiry.at_ms != Entry::kNoExpiry) ctx.Notify(kNotifyGeneric, "expire", key);
  }
  PropagateMSetEx(ctx, args, o);
  out.Integer(1);
}

const CommandRegistration kMSetEx{
    {.name = "msetex",
     .arity = -4,
     .flags = kCmdWrite | kCmdDenyOom | kCmdMovableKeys,
     .keys = {},
     .group = "string",
     .since = "8.4.0",
     .usage = "numkeys key value [key value ...] [NX | XX] [EX seconds | PX milliseconds | EXAT "
              "unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
     .summary = "Sets the string values of one or more keys at once, with a condition and an "
                "expiry for all of them.",
     .complexity = "O(N) where N is the number of keys to set.",
     .write = MSetEx,
     .get_keys = MSetExGetKeys}};

}  // namespace
}  // namespace pleiad
