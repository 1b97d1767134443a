// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <charconv>
#include <limits>

#include "base/text.h"
#include "command/command.h"

namespace pleiad {
namespace {

void IncrementBy(WriteContext& ctx, int64_t delta, resp::Writer& out) {
  const Key& key = ctx.key();
  const Entry* e = ctx.Find(key, false);
  if (!CheckString(e, out)) return;
  const auto old = e == nullptr ? std::optional<int64_t>(0) : ParseInt64(e->str());
  if (!old.has_value()) {
    out.Error(kNotInteger);
    return;
  }
  int64_t value;
  if (__builtin_add_overflow(*old, delta, &value)) {
    out.Error("ERR increment or decrement would overflow");
    return;
  }
  char text[24];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  ctx.SetString(key, {text, static_cast<size_t>(end - text)}, Entry::kNoExpiry, true);
  ctx.Notify(kNotifyString, "incrby", key);
  out.Integer(value);
}

// INCR key, DECR key, INCRBY key n, DECRBY key n: the value afterwards. An absent key counts as 0.
// Keeps the expiry.
//
// > INCR n
// (integer) 1
// > INCRBY n 41
// (integer) 42
// > DECR n
// (integer) 41
// > DECRBY n -9
// (integer) 50
// > SET n 9223372036854775807
// OK
// > INCR n
// (error) ERR increment or decrement would overflow
// > DECRBY n -9223372036854775808
// (error) ERR decrement would overflow
// > SET n "12 "
// OK
// > INCR n
// (error) ERR value is not an integer or out of range
// > INCRBY n 1.5
// (error) ERR value is not an integer or out of range
void Incr(WriteContext& ctx, const Args&, resp::Writer& out) { IncrementBy(ctx, 1, out); }
void Decr(WriteContext& ctx, const Args&, resp::Writer& out) { IncrementBy(ctx, -1, out); }

void IncrBy(WriteContext& ctx, const Args& args, resp::Writer& out) {
  if (const auto delta = IntArg(args, 2, out)) IncrementBy(ctx, *delta, out);
}

void DecrBy(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto delta = IntArg(args, 2, out);
  if (!delta.has_value()) return;
  if (*delta == std::numeric_limits<int64_t>::min()) {
    out.Error("ERR decrement would overflow");
    return;
  }
  IncrementBy(ctx, -*delta, out);
}

constexpr uint32_t kFlags = kCmdWrite | kCmdDenyOom | kCmdFast;

const CommandRegistration kIncr{
    {.name = "incr",
     .arity = 2,
     .flags = kFlags,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "1.0.0",
     .usage = "key",
     .summary = "Adds one to the integer value of a key. An absent key counts as 0.",
     .complexity = "O(1)",
     .write = Incr}};

const CommandRegistration kDecr{
    {.name = "decr",
     .arity = 2,
     .flags = kFlags,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "1.0.0",
     .usage = "key",
     .summary = "Takes one from the integer value of a key. An absent key counts as 0.",
     .complexity = "O(1)",
     .write = Decr}};

const CommandRegistration kIncrBy{
    {.name = "incrby",
     .arity = 3,
     .flags = kFlags,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "1.0.0",
     .usage = "key increment",
     .summary = "Adds a number to the integer value of a key. An absent key counts as 0.",
     .complexity = "O(1)",
     .write = IncrBy}};

const CommandRegistration kDecrBy{
    {.name = "decrby",
     .arity = 3,
     .flags = kFlags,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "1.0.0",
     .usage = "key decrement",
     .summary = "Takes a number from the integer value of a key. An absent key counts as 0.",
     .complexity = "O(1)",
     .write = DecrBy}};

}  // namespace
}  // namespace pleiad
