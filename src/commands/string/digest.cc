// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/string/value_condition.h"

namespace pleiad {
namespace {

// DIGEST key: a hash of the string, for SET ... IFDEQ and DELEX ... IFDEQ.
//
// > SET k hello
// OK
// > DIGEST k
// "9555e8555c62dcfd"
// > SET k v8
// OK
// > DIGEST k
// "0cc76dbb41381419"
// > SET k ""
// OK
// > DIGEST k
// "2d06800538d394c2"
// > DIGEST absent
// (nil)
void Digest(ReadContext& ctx, const Args&, resp::Writer& out) {
  const Entry* e = ctx.Find(ctx.key());
  if (!CheckString(e, out)) return;
  if (e == nullptr) {
    out.Null();
  } else {
    out.Bulk(ValueDigest(e->str()));
  }
}

const CommandRegistration kDigest{{.name = "digest",
                                   .arity = 2,
                                   .flags = kCmdReadonly | kCmdFast,
                                   .keys = {1, 1, 1},
                                   .group = "string",
                                   .since = "8.4.0",
                                   .usage = "key",
                                   .summary = "Returns the XXH3 hash of a string value.",
                                   .complexity = "O(N) where N is the length of the string value.",
                                   .read = Digest}};

}  // namespace
}  // namespace pleiad
