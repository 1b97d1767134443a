// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "command/command.h"
#include "commands/string/expiry_option.h"

namespace pleiad {
namespace {

bool ParseGetExOption(WriteContext& ctx, const Args& args, ExpiryOption* option,
                      resp::Writer& out) {
  for (size_t i = 2; i < args.size(); ++i) {
    if (!ParseExpiryOption(args, &i, ExpiryWords::kGetEx, option)) {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return option->Resolve(ctx.now(), "getex", out);
}

void ChangeExpiry(WriteContext& ctx, const Key& key, int64_t at_ms) {
  // A replica never deletes on its own account.
  if (at_ms <= ctx.now().value && !ctx.engine().replica.load(std::memory_order_relaxed)) {
    ctx.Delete(key);
    ctx.Notify(kNotifyGeneric, "del", key);
    ctx.Propagate({"DEL", key.bytes});
    return;
  }
  ctx.SetExpiry(key, at_ms);
  ctx.Notify(kNotifyGeneric, "expire", key);
  ctx.Propagate({"PEXPIREAT", key.bytes, std::to_string(at_ms)});
}

// GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]
//
// In the journal: PEXPIREAT, PERSIST, DEL if the moment has passed, or nothing.
//
// > SET k v
// OK
// > GETEX k EX 100
// "v"
// > TTL k
// (integer) 100
// > GETEX k
// "v"
// > TTL k
// (integer) 100
// > GETEX k PERSIST
// "v"
// > TTL k
// (integer) -1
// > GETEX k KEEPTTL
// (error) ERR syntax error
// > GETEX k EX 1 PERSIST
// (error) ERR syntax error
// > GETEX k PX 0
// (error) ERR invalid expire time in 'getex' command
// > GETEX k EXAT 1
// "v"
// > GETEX k
// (nil)
void GetEx(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const Key& key = ctx.key();
  ExpiryOption option;
  if (!ParseGetExOption(ctx, args, &option, out)) return;
  const Entry* e = ctx.Find(key);
  if (!CheckString(e, out)) return;
  if (e == nullptr) {
    out.Null();
    return;
  }
  out.Bulk(e->str());
  if (option.kind == ExpiryOption::Kind::kPersist) {
    if (!e->has_expiry()) return;
    ctx.SetExpiry(key, Entry::kNoExpiry);
    ctx.Notify(kNotifyGeneric, "persist", key);
    ctx.Propagate({"PERSIST", key.bytes});
  } else if (option.kind != ExpiryOption::Kind::kNone) {
    ChangeExpiry(ctx, key, option.at_ms);
  }
}

const CommandRegistration kGetEx{
    {.name = "getex",
     .arity = -2,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "6.2.0",
     .usage = "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT "
              "unix-time-milliseconds | PERSIST]",
     .summary = "Returns the string value of a key and sets, changes or removes its expiry.",
     .complexity = "O(1)",
     .write = GetEx}};

}  // namespace
}  // namespace pleiad
