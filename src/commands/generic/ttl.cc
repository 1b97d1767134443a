// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "command/command.h"

namespace pleiad {
namespace {

constexpr int64_t kAbsent = -2;
constexpr int64_t kForever = -1;

// The expiry of the command's key in unix ms, or kAbsent, or kForever.
int64_t ExpiryOf(ReadContext& ctx) {
  const Entry* e = ctx.Peek(ctx.key());
  if (e == nullptr) return kAbsent;
  return e->has_expiry() ? e->expiry_ms() : kForever;
}

// Seconds are rounded to the nearest: 1500 ms are 2 s.
int64_t Seconds(int64_t ms) { return ms < 0 ? ms : (ms + 500) / 1000; }

int64_t TimeLeft(ReadContext& ctx) {
  const int64_t at = ExpiryOf(ctx);
  return at < 0 ? at : std::max<int64_t>(at - ctx.now().value, 0);
}

// TTL, PTTL: how long a key still lives. EXPIRETIME, PEXPIRETIME: the moment at which it goes. In
// seconds and in milliseconds; -1 if it has no expiry, -2 if it is absent.
//
// > SET k v PX 1500
// OK
// > TTL k
// (integer) 2
// > PTTL k
// (integer) 1500
// > PEXPIREAT k 33177117420000
// (integer) 1
// > EXPIRETIME k
// (integer) 33177117420
// > PEXPIRETIME k
// (integer) 33177117420000
// > PERSIST k
// (integer) 1
// > TTL k
// (integer) -1
// > EXPIRETIME k
// (integer) -1
// > TTL nosuchkey
// (integer) -2
// > PEXPIRETIME nosuchkey
// (integer) -2
void Ttl(ReadContext& ctx, const Args&, resp::Writer& out) { out.Integer(Seconds(TimeLeft(ctx))); }
void PTtl(ReadContext& ctx, const Args&, resp::Writer& out) { out.Integer(TimeLeft(ctx)); }
void ExpireTime(ReadContext& ctx, const Args&, resp::Writer& out) {
  out.Integer(Seconds(ExpiryOf(ctx)));
}
void PExpireTime(ReadContext& ctx, const Args&, resp::Writer& out) { out.Integer(ExpiryOf(ctx)); }

constexpr uint32_t kTtlFlags = kCmdReadonly | kCmdFast;

const CommandRegistration kTtl{{.name = "ttl",
                                .arity = 2,
                                .flags = kTtlFlags,
                                .keys = {1, 1, 1},
                                .group = "generic",
                                .since = "1.0.0",
                                .usage = "key",
                                .summary = "Tells how many seconds a key still lives.",
                                .complexity = "O(1)",
                                .read = Ttl}};

const CommandRegistration kPTtl{{.name = "pttl",
                                 .arity = 2,
                                 .flags = kTtlFlags,
                                 .keys = {1, 1, 1},
                                 .group = "generic",
                                 .since = "2.6.0",
                                 .usage = "key",
                                 .summary = "Tells how many milliseconds a key still lives.",
                                 .complexity = "O(1)",
                                 .read = PTtl}};

const CommandRegistration kExpireTime{
    {.name = "expiretime",
     .arity = 2,
     .flags = kTtlFlags,
     .keys = {1, 1, 1},
     .group = "generic",
     .since = "7.0.0",
     .usage = "key",
     .summary = "Tells the Unix time in seconds at which a key expires.",
     .complexity = "O(1)",
     .read = ExpireTime}};

const CommandRegistration kPExpireTime{
    {.name = "pexpiretime",
     .arity = 2,
     .flags = kTtlFlags,
     .keys = {1, 1, 1},
     .group = "generic",
     .since = "7.0.0",
     .usage = "key",
     .summary = "Tells the Unix time in milliseconds at which a key expires.",
     .complexity = "O(1)",
     .read = PExpireTime}};

}  // namespace
}  // namespace pleiad
