// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "command/command.h"

namespace pleiad {
namespace {

// The bytes from `start` to `end`, both included; negative ones count from the end.
std::string_view Range(std::string_view text, int64_t start, int64_t end) {
  const auto size = static_cast<int64_t>(text.size());
  if (start < 0 && end < 0 && start > end) return {};
  if (start < 0) start = std::max<int64_t>(start + size, 0);
  if (end < 0) end = std::max<int64_t>(end + size, 0);
  end = std::min(end, size - 1);
  if (start > end) return {};
  return text.substr(static_cast<size_t>(start), static_cast<size_t>(end - start + 1));
}

// GETRANGE key start end, of old SUBSTR.
//
// > SET k "This is a string"
// OK
// > GETRANGE k 0 3
// "This"
// > GETRANGE k -3 -1
// "ing"
// > SUBSTR k 10 100
// "string"
// > GETRANGE k 5 2
// ""
// > GETRANGE absent 0 -1
// ""
// > GETRANGE k zero 1
// (error) ERR value is not an integer or out of range
void GetRange(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto start = IntArg(args, 2, out);
  if (!start.has_value()) return;
  const auto end = IntArg(args, 3, out);
  if (!end.has_value()) return;
  const Entry* e = ctx.Find(ctx.key());
  if (!CheckString(e, out)) return;
  out.Bulk(e == nullptr ? std::string_view() : Range(e->str(), *start, *end));
}

const CommandRegistration kGetRange{{.name = "getrange",
                                     .arity = 4,
                                     .flags = kCmdReadonly,
                                     .keys = {1, 1, 1},
                                     .group = "string",
                                     .since = "2.4.0",
                                     .usage = "key start end",
                                     .summary = "Returns a part of the string value of a key.",
                                     .complexity = "O(N) where N is the length of the part.",
                                     .read = GetRange}};

const CommandRegistration kSubstr{
    {.name = "substr",
     .arity = 4,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "1.0.0",
     .usage = "key start end",
     .summary = "Returns a part of the string value of a key. GETRANGE is its new name.",
     .complexity = "O(N) where N is the length of the part.",
     .read = GetRange}};

}  // namespace
}  // namespace pleiad
