// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "command/command.h"
#include "commands/string/expiry_option.h"

namespace pleiad {
namespace {

void SetWithExpiry(WriteContext& ctx, const Args& args, ExpiryOption::Kind unit,
                   std::string_view name, resp::Writer& out) {
  const Key& key = ctx.key();
  ExpiryOption expiry{.kind = unit, .text = args[2]};
  if (!expiry.Resolve(ctx.now(), name, out)) return;
  ctx.SetString(key, args[3], expiry.at_ms, false, args.Take(3));
  ctx.Notify(kNotifyString, "set", key);
  ctx.Notify(kNotifyGeneric, "expire", key);
  ctx.Propagate({"SET", key.bytes, args[3], "PXAT", std::to_string(expiry.at_ms)});
  out.Ok();
}

// SETEX key seconds value, PSETEX key milliseconds value. In the journal: SET key value PXAT ms.
//
// > SETEX k 100 v
// OK
// > TTL k
// (integer) 100
// > PSETEX k 1500 w
// OK
// > PTTL k
// (integer) 1500
// > GET k
// "w"
// > SETEX k 0 v
// (error) ERR invalid expire time in 'setex' command
// > PSETEX k -1 v
// (error) ERR invalid expire time in 'psetex' command
// > SETEX k soon v
// (error) ERR value is not an integer or out of range
void SetEx(WriteContext& ctx, const Args& args, resp::Writer& out) {
  SetWithExpiry(ctx, args, ExpiryOption::Kind::kSeconds, "setex", out);
}
void PSetEx(WriteContext& ctx, const Args& args, resp::Writer& out) {
  SetWithExpiry(ctx, args, ExpiryOption::Kind::kMillis, "psetex", out);
}

const CommandRegistration kSetEx{
    {.name = "setex",
     .arity = 4,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "2.0.0",
     .usage = "key seconds value",
     .summary = "Sets the string value of a key and how many seconds it lives.",
     .complexity = "O(1)",
     .write = SetEx}};

const CommandRegistration kPSetEx{
    {.name = "psetex",
     .arity = 4,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "2.6.0",
     .usage = "key milliseconds value",
     .summary = "Sets the string value of a key and how many milliseconds it lives.",
     .complexity = "O(1)",
     .write = PSetEx}};

}  // namespace
}  // namespace pleiad
