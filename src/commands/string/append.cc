// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <cstring>

#include "command/command.h"
#include "commands/string/string_size.h"

namespace pleiad {
namespace {

// APPEND key value: the length afterwards. Keeps the expiry.
//
// > APPEND k Hello
// (integer) 5
// > APPEND k " World"
// (integer) 11
// > GET k
// "Hello World"
// > APPEND k ""
// (integer) 11
void Append(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const Key& key = ctx.key();
  const std::string_view tail = args[2];
  Entry* e = ctx.FindForWrite(key);
  if (!CheckString(e, out)) return;
  size_t size = tail.size();
  if (e == nullptr) {
    ctx.SetString(key, tail, Entry::kNoExpiry, false, args.Take(2));
  } else {
    const size_t old_size = e->str().size();
    if (!CheckStringSize(ctx, old_size, tail.size(), out)) return;
    size += old_size;
    const Entry* const before = e;
    char* const bytes = Entry::Resize(&e, size);
    std::memcpy(bytes + old_size, tail.data(), tail.size());
    e->set_modified();
    ctx.ReplaceMoved(key, before, e);
    ctx.Changed(key);
  }
  ctx.Notify(kNotifyString, "append", key);
  out.Integer(static_cast<int64_t>(size));
}

const CommandRegistration kAppend{
    {.name = "append",
     .arity = 3,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "2.0.0",
     .usage = "key value",
     .summary = "Appends to the string value of a key. The key is created if it doesn't exist.",
     .complexity = "O(M) where M is the length of what is appended: the room for it doubles when "
                   "it runs out.",
     .write = Append}};

}  // namespace
}  // namespace pleiad
