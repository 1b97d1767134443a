// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

// HSET key field value [field value ...]: how many of the fields are new. HMSET: the same, with OK
// as its reply. A field's expiry is gone with its old value.
//
// > HSET k a 1 b 2
// (integer) 2
// > HSET k b 3 c 4
// (integer) 1
// > HGETALL k
// 1) "a"
// 2) "1"
// 3) "b"
// 4) "3"
// 5) "c"
// 6) "4"
// > OBJECT ENCODING k
// "listpack"
// > HSET k long 12345678901234567890123456789012345678901234567890123456789012345
// (integer) 1
// > OBJECT ENCODING k
// "hashtable"
// > HMSET k a 5
// OK
// > HGET k a
// "5"
// > HSET k a 1 b
// (error) ERR wrong number of arguments for 'hset' command
// > HMSET k a 1 b
// (error) ERR wrong number of arguments for 'hmset' command
// > SET text v
// OK
// > HSET text a 1
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hset(WriteContext& ctx, const Args& args, resp::Writer& out) {
  if (args.size() % 2 != 0) {
    out.Error("ERR wrong number of arguments for 'hset' command");
    return;
  }
  HashEdit edit(&ctx);
  if (!edit.Open(out)) return;
  const int64_t added = edit.PutPairs(args);
  edit.Finish("hset");
  out.Integer(added);
}

void Hmset(WriteContext& ctx, const Args& args, resp::Writer& out) {
  if (args.size() % 2 != 0) {
    out.Error("ERR wrong number of arguments for 'hmset' command");
    return;
  }
  HashEdit edit(&ctx);
  if (!edit.Open(out)) return;
  edit.PutPairs(args);
  edit.Finish("hset");
  out.Ok();
}

const CommandRegistration kHset{{.name = "hset",
                                 .arity = -4,
                                 .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
                                 .keys = {1, 1, 1},
                                 .group = "hash",
                                 .since = "2.0.0",
                                 .usage = "key field value [field value ...]",
                                 .summary = "Creates or modifies the values of fields in a hash.",
                                 .complexity = "O(N) where N is the number of fields",
                                 .write = Hset}};
const CommandRegistration kHmset{{.name = "hmset",
                                  .arity = -4,
                                  .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
                                  .keys = {1, 1, 1},
                                  .group = "hash",
                                  .since = "2.0.0",
                                  .usage = "key field value [field value ...]",
                                  .summary = "Sets the values of several fields.",
                                  .complexity = "O(N) where N is the number of fields",
                                  .write = Hmset}};

}  // namespace
}  // namespace pleiad
