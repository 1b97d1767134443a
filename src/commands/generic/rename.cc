// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// The value goes over without a copy, with its expiry.
void MoveKey(WriteContext& ctx, const Key& from, const Key& to) {
  Entry* e = ctx.Extract(from);
  ctx.Notify(kNotifyGeneric, "rename_from", from);
  ctx.Put(to, Entry::WithKey(e, to.bytes));
  ctx.Notify(kNotifyGeneric, "rename_to", to);
}

// RENAME key newkey: newkey's old value is gone.
//
// > MSET a 1 b 2
// OK
// > EXPIRE a 100
// (integer) 1
// > RENAME a b
// OK
// > GET b
// "1"
// > TTL b
// (integer) 100
// > EXISTS a
// (integer) 0
// > RENAME b b
// OK
// > RENAME nosuchkey nosuchkey
// (error) ERR no such key
void Rename(WriteContext& ctx, const Args&, resp::Writer& out) {
  const Key& from = ctx.key(0);
  const Key& to = ctx.key(1);
  if (ctx.Find(from, false) == nullptr) {
    out.Error(kNoSuchKey);
    return;
  }
  if (from.bytes != to.bytes) {
    ctx.Find(to, false);  // what expired is to be heard of as expired, not as overwritten
    MoveKey(ctx, from, to);
  }
  out.Ok();
}

// RENAMENX key newkey: 1, or 0 if there is a newkey.
//
// > MSET a 1 b 2
// OK
// > RENAMENX a b
// (integer) 0
// > RENAMENX a a
// (integer) 0
// > RENAMENX a c
// (integer) 1
// > MGET a b c
// 1) (nil)
// 2) "2"
// 3) "1"
// > RENAMENX a d
// (error) ERR no such key
void RenameNx(WriteContext& ctx, const Args&, resp::Writer& out) {
  if (ctx.Find(ctx.key(0), false) == nullptr) {
    out.Error(kNoSuchKey);
    return;
  }
  if (ctx.Find(ctx.key(1), false) != nullptr) {
    out.Integer(0);
    return;
  }
  MoveKey(ctx, ctx.key(0), ctx.key(1));
  out.Integer(1);
}

const CommandRegistration kRename{{.name = "rename",
                                   .arity = 3,
                                   .flags = kCmdWrite,
                                   .keys = {1, 2, 1},
                                   .group = "generic",
                                   .since = "1.0.0",
                                   .usage = "key newkey",
                                   .summary = "Renames a key and overwrites the destination.",
                                   .complexity = "O(1)",
                                   .write = Rename}};
const CommandRegistration kRenameNx{
    {.name = "renamenx",
     .arity = 3,
     .flags = kCmdWrite | kCmdFast,
     .keys = {1, 2, 1},
     .group = "generic",
     .since = "1.0.0",
     .usage = "key newkey",
     .summary = "Renames a key only when the target key name doesn't exist.",
     .complexity = "O(1)",
     .write = RenameNx}};

}  // namespace
}  // namespace pleiad
