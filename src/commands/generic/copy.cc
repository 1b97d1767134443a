// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <optional>

#include "commands/generic/other_database.h"

namespace pleiad {
namespace {

struct CopyOptions {
  int db = 0;
  bool replace = false;
};

bool ParseCopyOptions(WriteContext& ctx, const Args& args, CopyOptions* options,
                      resp::Writer& out) {
  options->db = ctx.db();
  for (size_t i = 3; i < args.size(); ++i) {
    if (args.Is(i, "replace")) {
      options->replace = true;
    } else if (args.Is(i, "db") && i + 1 < args.size()) {
      const auto db = DatabaseArg(
          ctx, args, ++i, "ERR Copying to another database is not allowed in cluster mode", out);
      if (!db.has_value()) return false;
      options->db = *db;
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// COPY source destination [DB destination-db] [REPLACE]: 1, or 0 if there is nothing to copy or no
// room for it. The copy has the expiry of the source.
//
// > SET a 1 EX 100
// OK
// > COPY a b
// (integer) 1
// > GET b
// "1"
// > TTL b
// (integer) 100
// > COPY a b
// (integer) 0
// > SET a 2
// OK
// > COPY a b REPLACE
// (integer) 1
// > GET b
// "2"
// > COPY a a DB 1
// (integer) 1
// > COPY nosuchkey c
// (integer) 0
// > SELECT 1
// OK
// > GET a
// "2"
// > COPY a a DB 1
// (error) ERR source and destination objects are the same
// > COPY a b DB 16
// (error) ERR DB index is out of range
// > COPY a b DB x
// (error) ERR value is not an integer or out of range
// > COPY a b DB
// (error) ERR syntax error
void Copy(WriteContext& ctx, const Args& args, resp::Writer& out) {
  CopyOptions options;
  if (!ParseCopyOptions(ctx, args, &options, out)) return;
  const Key& from = ctx.key(0);
  const Key& to = ctx.key(1);
  if (options.db == ctx.db() && from.bytes == to.bytes) {
    out.Error(kSameObject);
    return;
  }
  const Entry* source = ctx.Find(from);
  if (source == nullptr || (ctx.Find(to, options.db, false) != nullptr && !options.replace)) {
    out.Integer(0);
    return;
  }
  Entry* copy = Entry::Copy(*source, to.bytes);
  copy->set_access(FreshAccessBits(ctx.engine(), ctx.now()));
  ctx.Put(to, copy, options.db);
  ctx.Notify(kNotifyGeneric, "copy_to", to, options.db);
  out.Integer(1);
}

const CommandRegistration kCopy{{.name = "copy",
                                 .arity = -3,
                                 .flags = kCmdWrite | kCmdDenyOom,
                                 .keys = {1, 2, 1},
                                 .group = "generic",
                                 .since = "6.2.0",
                                 .usage = "source destination [DB destination-db] [REPLACE]",
                                 .summary = "Copies the value of a key to a new key.",
                                 .complexity = "O(N) where N is the size of the value",
                                 .write = Copy}};

}  // namespace
}  // namespace pleiad
