// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <cstdio>
#include <string>

#include "base/text.h"
#include "command/command.h"

namespace pleiad {
namespace {

// Without an exponent, at most 17 digits behind the point, no zeros at the end.
std::string FormatForPeople(long double value) {
  char text[5 * 1024];  // the largest long double has 4933 digits
  const int size = std::snprintf(text, sizeof(text), "%.17Lf", value);
  std::string_view view(text, static_cast<size_t>(size));
  view = view.substr(0, view.find_last_not_of('0') + 1);
  if (view.ends_with('.')) view.remove_suffix(1);
  return view == "-0" ? "0" : std::string(view);
}

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
