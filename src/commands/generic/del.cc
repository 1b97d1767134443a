// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// DEL key [key ...], UNLINK key [key ...]: how many there were.
//
// > MSET a 1 b 2
// OK
// > DEL a b a nosuchkey
// (integer) 2
// > EXISTS a b
// (integer) 0
// > SET c 3
// OK
// > UNLINK c
// (integer) 1
// > DEL
// (error) ERR wrong number of arguments for 'del' command
void Del(WriteContext& ctx, const Args&, resp::Writer& out) {
  int64_t deleted = 0;
  for (const Key& key : ctx.keys()) {
    if (!ctx.Delete(key)) continue;
    ctx.Notify(kNotifyGeneric, "del", key);
    ++deleted;
  }
  out.Integer(deleted);
}

const CommandRegistration kDel{
    {.name = "del",
     .arity = -2,
     .flags = kCmdWrite,
     .keys = {1, -1, 1},
     .group = "generic",
     .since = "1.0.0",
     .usage = "key [key ...]",
     .summary = "Deletes one or more keys.",
     .complexity =
         "O(N) where N is the number of keys, and of elements in them where they hold no strings.",
     .write = Del}};

// One allocation a string: there is nothing that a thread of its own would have to free.
const CommandRegistration kUnlink{
    {.name = "unlink",
     .arity = -2,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, -1, 1},
     .group = "generic",
     .since = "4.0.0",
     .usage = "key [key ...]",
     .summary = "Deletes one or more keys without making others wait for large ones.",
     .complexity = "O(N) where N is the number of keys.",
     .write = Del}};

}  // namespace
}  // namespace pleiad
