// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"
#include "snapshot/dump_payload.h"

namespace pleiad {
namespace {

// DUMP key: the value as bytes for RESTORE, here or on a Redis from 7.0 on. The expiry is not in
// it.
//
// > SET k hello
// OK
// > DUMP k
// "\x00\x05hello\n\x00cr\xdfve4 \n"
// > DUMP nosuchkey
// (nil)
void Dump(ReadContext& ctx, const Args&, resp::Writer& out) {
  const Entry* e = ctx.Find(ctx.key());
  if (e == nullptr) {
    out.Null();
    return;
  }
  const bool compress = ctx.engine().rdb_compression.load(std::memory_order_relaxed);
  out.Bulk(DumpEntry(*e, {.compress = compress}));
}

const CommandRegistration kDump{
    {.name = "dump",
     .arity = 2,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "generic",
     .since = "2.6.0",
     .usage = "key",
     .summary = "Returns a serialized representation of the value stored at a key.",
     .complexity = "O(N) where N is the size of the value",
     .read = Dump}};

}  // namespace
}  // namespace pleiad
