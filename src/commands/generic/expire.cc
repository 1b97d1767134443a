// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <algorithm>
#include <string>

#include "command/command.h"
#include "commands/string/expiry_option.h"

namespace pleiad {
namespace {

struct Condition {
  bool nx = false;  // only if the key has no expiry
  bool xx = false;  // only if it has one
  bool gt = false;  // only to a later moment; no expiry is the latest
  bool lt = false;  // only to an earlier one

  bool Allows(const Entry& e, int64_t at_ms) const {
    const bool has = e.has_expiry();
    if (nx && has) return false;
    if (xx && !has) return false;
    if (gt && (!has || at_ms <= e.expiry_ms())) return false;
    if (lt && has && at_ms >= e.expiry_ms()) return false;
    return true;
  }
};

bool ParseCondition(const Args& args, Condition* c, resp::Writer& out) {
  for (size_t i = 3; i < args.size(); ++i) {
    if (args.Is(i, "nx")) {
      c->nx = true;
    } else if (args.Is(i, "xx")) {
      c->xx = true;
    } else if (args.Is(i, "gt")) {
      c->gt = true;
    } else if (args.Is(i, "lt")) {
      c->lt = true;
    } else {
      out.Error(fmt::format("ERR Unsupported option {}", args[i]));
      return false;
    }
  }
  if (c->nx && (c->xx || c->gt || c->lt)) {
    out.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (c->gt && c->lt) {
    out.Error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

struct Unit {
  std::string_view name;
  bool seconds;
  bool absolute;
};

void SetOrDelete(WriteContext& ctx, const Key& key, int64_t at_ms) {
  // On a replica, or for what a master sends, the moment may have passed: the DEL comes from the
  // master.
  if (at_ms <= ctx.now().value && !ctx.engine().replica.load(std::memory_order_relaxed)) {
    ctx.Delete(key);
    ctx.Notify(kNotifyGeneric, "del", key);
    ctx.Propagate({"DEL", key.bytes});
    return;
  }
  at_ms = std::max<int64_t>(at_ms, 0);
  ctx.SetExpiry(key, at_ms);
  ctx.Notify(kNotifyGeneric, "expire", key);
  ctx.Propagate({"PEXPIREAT", key.bytes, std::to_string(at_ms)});
}

void ExpireBy(WriteContext& ctx, const Args& args, Unit unit, resp::Writer& out) {
  Condition condition;
  if (!ParseCondition(args, &condition, out)) return;
  const auto amount = IntArg(args, 2, out);
  if (!amount.has_value()) return;
  const auto at_ms = ExpiryFrom(*amount, unit.seconds, unit.absolute, ctx.now());
  if (!at_ms.has_value()) {
    out.Error(fmt::format("ERR invalid expire time in '{}' command", unit.name));
    return;
  }
  const Entry* e = ctx.Find(ctx.key(), false);
  if (e == nullptr || !condition.Allows(*e, *at_ms)) {
    out.Integer(0);
    return;
  }
  SetOrDelete(ctx, ctx.key(), *at_ms);
  out.Integer(1);
}

// EXPIRE key seconds, PEXPIRE key milliseconds, EXPIREAT key unix-seconds, PEXPIREAT key
// unix-milliseconds, each with [NX | XX | GT | LT]. 1 if the expiry was set; a moment that has
// passed deletes the key. In the journal: PEXPIREAT or DEL.
//
// > SET k v
// OK
// > EXPIRE k 100
// (integer) 1
// > PEXPIRE k 2500
// (integer) 1
// > PTTL k
// (integer) 2500
// > EXPIRE k 100 NX
// (integer) 0
// > EXPIRE k 1 GT
// (integer) 0
// > EXPIRE k 50 XX GT
// (integer) 1
// > EXPIRE k 10 LT
// (integer) 1
// > TTL k
// (integer) 10
// > EXPIREAT k 33177117420
// (integer) 1
// > EXPIRETIME k
// (integer) 33177117420
// > PERSIST k
// (integer) 1
// > EXPIRE k 10 XX
// (integer) 0
// > EXPIRE k 10 GT
// (integer) 0
// > EXPIRE nosuchkey 10
// (integer) 0
// > PEXPIREAT k 1
// (integer) 1
// > EXISTS k
// (integer) 0
// > EXPIRE k 10 NX LT
// (error) ERR NX and XX, GT or LT options at the same time are not compatible
// > EXPIRE k 10 GT LT
// (error) ERR GT and LT options at the same time are not compatible
// > EXPIRE k 10 soon
// (error) ERR Unsupported option soon
// > EXPIRE k 9223372036854775807
// (error) ERR invalid expire time in 'expire' command
// > EXPIRE k soon
// (error) ERR value is not an integer or out of range
void Expire(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ExpireBy(ctx, args, {"expire", true, false}, out);
}
void PExpire(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ExpireBy(ctx, args, {"pexpire", false, false}, out);
}
void ExpireAt(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ExpireBy(ctx, args, {"expireat", true, true}, out);
}
void PExpireAt(WriteContext& ctx, const Args& args, resp::Writer& out) {
  ExpireBy(ctx, args, {"pexpireat", false, true}, out);
}

constexpr uint32_t kExpireFlags = kCmdWrite | kCmdFast;

const CommandRegistration kExpire{{.name = "expire",
                                   .arity = -3,
                                   .flags = kExpireFlags,
                                   .keys = {1, 1, 1},
                                   .group = "generic",
                                   .since = "1.0.0",
                                   .usage = "key seconds [NX | XX | GT | LT]",
                                   .summary = "Lets a key expire in so many seconds.",
                                   .complexity = "O(1)",
                                   .write = Expire}};

const CommandRegistration kPExpire{{.name = "pexpire",
                                    .arity = -3,
                                    .flags = kExpireFlags,
                                    .keys = {1, 1, 1},
                                    .group = "generic",
                                    .since = "2.6.0",
                                    .usage = "key milliseconds [NX | XX | GT | LT]",
                                    .summary = "Lets a key expire in so many milliseconds.",
                                    .complexity = "O(1)",
                                    .write = PExpire}};

const CommandRegistration kExpireAt{{.name = "expireat",
                                     .arity = -3,
                                     .flags = kExpireFlags,
                                     .keys = {1, 1, 1},
                                     .group = "generic",
                                     .since = "1.2.0",
                                     .usage = "key unix-time-seconds [NX | XX | GT | LT]",
                                     .summary = "Lets a key expire at a Unix time in seconds.",
                                     .complexity = "O(1)",
                                     .write = ExpireAt}};

const CommandRegistration kPExpireAt{
    {.name = "pexpireat",
     .arity = -3,
     .flags = kExpireFlags,
     .keys = {1, 1, 1},
     .group = "generic",
     .since = "2.6.0",
     .usage = "key unix-time-milliseconds [NX | XX | GT | LT]",
     .summary = "Lets a key expire at a Unix time in milliseconds.",
     .complexity = "O(1)",
     .write = PExpireAt}};

}  // namespace
}  // namespace pleiad
