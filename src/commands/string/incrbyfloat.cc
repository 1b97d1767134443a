// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <string>

#include "base/text.h"
#include "command/command.h"
#include "commands/string/float_text.h"

namespace pleiad {
namespace {

// INCRBYFLOAT key increment. Keeps the expiry. In the journal: SET key value KEEPTTL, as machines
// round differently.
//
// > SET k 10.50
// OK
// > INCRBYFLOAT k 0.1
// "10.6"
// > INCRBYFLOAT k -5
// "5.6"
// > SET k 5.0e3
// OK
// > INCRBYFLOAT k 2.0e2
// "5200"
// > INCRBYFLOAT k much
// (error) ERR value is not a valid float
// > INCRBYFLOAT k inf
// (error) ERR increment would produce NaN or Infinity
void IncrByFloat(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const Key& key = ctx.key();
  const Entry* e = ctx.Find(key, false);
  if (!CheckString(e, out)) return;
  const auto old = e == nullptr ? std::optional<long double>(0) : ParseLongDouble(e->str());
  const auto delta = old.has_value() ? ParseLongDouble(args[2]) : std::nullopt;
  if (!delta.has_value()) {
    out.Error(kNotFloat);
    return;
  }
  const long double value = *old + *delta;
  if (std::isnan(value) || std::isinf(value)) {
    out.Error("ERR increment would produce NaN or Infinity");
    return;
  }
  const std::string text = FormatForPeople(value);
  ctx.SetString(key, text, Entry::kNoExpiry, true);
  ctx.Notify(kNotifyString, "incrbyfloat", key);
  out.Bulk(text);
  ctx.Propagate({"SET", key.bytes, text, "KEEPTTL"});
}

const CommandRegistration kIncrByFloat{
    {.name = "incrbyfloat",
     .arity = 3,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "2.6.0",
     .usage = "key increment",
     .summary = "Adds a number to the floating point value of a key. An absent key counts as 0.",
     .complexity = "O(1)",
     .write = IncrByFloat}};

}  // namespace
}  // namespace pleiad
