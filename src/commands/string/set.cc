// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "base/text.h"
#include "command/command.h"
#include "commands/string/expiry_option.h"
#include "commands/string/value_condition.h"

namespace pleiad {
namespace {

struct SetOptions {
  ExpiryOption expiry;
  ValueCondition condition;
  bool nx = false;
  bool xx = false;
  bool get = false;

  bool conditional() const { return nx || xx || condition.kind != ValueCondition::Kind::kNone; }
};

// Reads the options behind SET key value. False: the error has been written.
bool ParseSetOptions(WriteContext& ctx, const Args& args, SetOptions* o, resp::Writer& out) {
  for (size_t i = 3; i < args.size(); ++i) {
    if (args.Is(i, "nx") && (!o->conditional() || o->nx)) {
      o->nx = true;
    } else if (args.Is(i, "xx") && (!o->conditional() || o->xx)) {
      o->xx = true;
    } else if (args.Is(i, "get")) {
      o->get = true;
    } else if (!o->conditional() && ParseValueCondition(args, &i, &o->condition)) {
      continue;
    } else if (!ParseExpiryOption(args, &i, ExpiryWords::kSet, &o->expiry)) {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return o->expiry.Resolve(ctx.now(), "set", out);
}

// True if the value may be set. nullopt: the error was written.
std::optional<bool> SetMay(const SetOptions& o, const Entry* old, resp::Writer& out) {
  if (o.nx) return old == nullptr;
  if (o.xx) return old != nullptr;
  if (o.condition.kind == ValueCondition::Kind::kNone) return true;
  if (old == nullptr) return o.condition.negated();
  return o.condition.Holds(old->str(), out);
}

// SET key value [NX | XX | IFEQ value | IFNE value | IFDEQ digest | IFDNE digest] [GET]
//     [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]
//
// In the journal: SET key value [PXAT ms | KEEPTTL], so that a replica that applies it later
// expires at the same moment.
//
// > SET k v
// OK
// > SET k w NX
// (nil)
// > SET k w XX GET
// "v"
// > SET k x EX 100
// OK
// > TTL k
// (integer) 100
// > SET k y KEEPTTL
// OK
// > TTL k
// (integer) 100
// > SET k z
// OK
// > TTL k
// (integer) -1
// > SET k v EX 0
// (error) ERR invalid expire time in 'set' command
// > SET k v EX 1 PX 1
// (error) ERR syntax error
// > SET k v NX XX
// (error) ERR syntax error
// > SET fresh v NX GET
// (nil)
// > GET fresh
// "v"
// > SET fresh w IFEQ x
// (nil)
// > SET fresh w IFEQ v
// OK
// > SET fresh x IFNE w GET
// "w"
// > SET absent x IFEQ v
// (nil)
// > SET absent hello IFNE v
// OK
// > SET absent x IFDNE 9555e8555c62dcfd
// (nil)
// > SET absent x IFDEQ 123
// (error) ERR must be exactly 16 hexadecimal characters
// > SET absent x IFDEQ 9555e8555c62dcfd GET
// "hello"
// > SET k v IFEQ w NX
// (error) ERR syntax error
// > SET k v XX IFEQ w
// (error) ERR syntax error
void Set(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const Key& key = ctx.key();
  if (args.size() == 3) [[likely]] {
    ctx.SetString(key, args[2], Entry::kNoExpiry, false, args.Take(2));
    ctx.Notify(kNotifyString, "set", key);
    out.Ok();
    return;
  }
  SetOptions o;
  if (!ParseSetOptions(ctx, args, &o, out)) return;
  const Entry* old = nullptr;
  if (o.conditional() || o.get) old = ctx.Find(key, o.get);
  // NX and XX look at the key only, whatever it holds.
  if ((o.get || (o.conditional() && !o.nx && !o.xx)) && !CheckString(old, out)) return;
  const auto may = SetMay(o, old, out);
  if (!may.has_value()) return;
  if (o.get) {
    if (old == nullptr) {
      out.Null();
    } else {
      out.Bulk(old->str());
    }
  }
  if (!*may) {
    if (!o.get) out.Null();
    return;
  }
  const bool keep = o.expiry.kind == ExpiryOption::Kind::kKeep;
  HeapString* owned = args.Take(2);
  ctx.SetString(key, args[2], o.expiry.at_ms, keep, owned);
  ctx.Notify(kNotifyString, "set", key);
  if (o.expiry.at_ms != Entry::kNoExpiry) {
    ctx.Notify(kNotifyGeneric, "expire", key);
    ctx.Propagate({"SET", key.bytes, args[2], "PXAT", std::to_string(o.expiry.at_ms)});
  } else if (keep) {
    ctx.Propagate({"SET", key.bytes, args[2], "KEEPTTL"});
  } else {
    ctx.Propagate({"SET", key.bytes, args[2]});
  }
  if (!o.get) out.Ok();
}

const CommandRegistration kSet{
    {.name = "set",
     .arity = -3,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "1.0.0",
     .usage =
         "key value [NX | XX | IFEQ comparison-value | IFNE comparison-value | IFDEQ "
         "comparison-digest | IFDNE comparison-digest] [GET] [EX seconds | PX milliseconds | EXAT "
         "unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
     .summary = "Sets the string value of a key, ignoring its type. The key is created if it "
                "doesn't exist.",
     .complexity = "O(1)",
     .write = Set}};

}  // namespace
}  // namespace pleiad
