// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstring>
#include <string>

#include "command/command.h"
#include "commands/string/string_size.h"

namespace pleiad {
namespace {

// SETRANGE key offset value: writes over a part, behind zero bytes where the string is too short.
// Keeps the expiry.
//
// > SET k "Hello World"
// OK
// > SETRANGE k 6 Redis
// (integer) 11
// > GET k
// "Hello Redis"
// > SETRANGE fresh 2 x
// (integer) 3
// > GET fresh
// "\x00\x00x"
// > SETRANGE absent 5 ""
// (integer) 0
// > EXISTS absent
// (integer) 0
// > SETRANGE k -1 x
// (error) ERR offset is out of range
// > SETRANGE k 536870912 x
// (error) ERR string exceeds maximum allowed size (proto-max-bulk-len)
void SetRange(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const Key& key = ctx.key();
  const std::string_view part = args[3];
  const auto offset_arg = IntArg(args, 2, out);
  if (!offset_arg.has_value()) return;
  if (*offset_arg < 0) {
    out.Error("ERR offset is out of range");
    return;
  }
  const auto offset = static_cast<size_t>(*offset_arg);
  Entry* e = ctx.FindForWrite(key);
  if (!CheckString(e, out)) return;
  size_t size = e == nullptr ? 0 : e->str().size();
  if (part.empty()) {
    out.Integer(static_cast<int64_t>(size));
    return;
  }
  if (!CheckStringSize(ctx, offset, part.size(), out)) return;
  if (e == nullptr) {
    ctx.SetString(key, "", Entry::kNoExpiry);
    e = ctx.FindForWrite(key);
  }
  size = std::max(size, offset + part.size());
  const Entry* const before = e;
  char* const bytes = Entry::Resize(&e, size);
  std::memcpy(bytes + offset, part.data(), part.size());
  e->set_modified();
  ctx.ReplaceMoved(key, before, e);
  ctx.Changed(key);
  ctx.Notify(kNotifyString, "setrange", key);
  out.Integer(static_cast<int64_t>(size));
}

const CommandRegistration kSetRange{
    {.name = "setrange",
     .arity = 4,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "2.2.0",
     .usage = "key offset value",
     .summary =
         "Writes over a part of the string value of a key. The key is created if it doesn't exist.",
     .complexity = "O(M) where M is the length of the part, and of the zero bytes before it.",
     .write = SetRange}};

}  // namespace
}  // namespace pleiad
