// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <memory>

#include "commands/hyperloglog/hll_argument.h"

namespace pleiad {
namespace {

// The count of one string, from its header if it is there.
void PfCountOne(const Entry* e, resp::Writer& out) {
  if (e == nullptr) {
    out.Integer(0);
    return;
  }
  const auto cached = HllCachedCount(e->str());
  if (cached.has_value()) {
    out.Integer(static_cast<int64_t>(*cached));
    return;
  }
  const auto set = std::make_unique<HllSet>();
  if (!set->Merge(e->str())) {
    out.Error(kHllDamaged);
    return;
  }
  const uint64_t count = set->Count();
  // The header's count is no part of the value: it is derived from it, whoever reads next may find
  // either. So it is kept without a pre-image, a record or a change; the slot is locked.
  HllStoreCount(const_cast<char*>(e->str().data()), count);
  out.Integer(static_cast<int64_t>(count));
}

// PFCOUNT key [key ...]: about how many different elements there are in all of them together.
//
// > PFADD a 1 2 3
// (integer) 1
// > PFADD b 3 4
// (integer) 1
// > PFCOUNT a
// (integer) 3
// > PFCOUNT a b absent
// (integer) 4
// > PFCOUNT absent
// (integer) 0
// > SET s text
// OK
// > PFCOUNT s
// (error) WRONGTYPE Key is not a valid HyperLogLog string value.
// > PFCOUNT a s
// (error) WRONGTYPE Key is not a valid HyperLogLog string value.
// > SET s "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00"
// OK
// > SETRANGE s 15 "\x80"
// (integer) 19
// > PFCOUNT s
// (error) INVALIDOBJ Corrupted HLL object detected
void PfCount(ReadContext& ctx, const Args&, resp::Writer& out) {
  if (ctx.keys().size() == 1) {
    const Entry* e = ctx.Find(ctx.key());
    if (CheckHll(e, out)) PfCountOne(e, out);
    return;
  }
  const auto set = std::make_unique<HllSet>();
  for (const Key& key : ctx.keys()) {
    const Entry* e = ctx.Find(key);
    if (!CheckHll(e, out)) return;
    if (e != nullptr && !set->Merge(e->str())) {
      out.Error(kHllDamaged);
      return;
    }
  }
  out.Integer(static_cast<int64_t>(set->Count()));
}

const CommandRegistration kPfCount{
    {.name = "pfcount",
     .arity = -2,
     .flags = kCmdReadonly,
     .keys = {1, -1, 1},
     .group = "hyperloglog",
     .since = "2.8.9",
     .usage = "key [key ...]",
     .summary = "Returns the approximated cardinality of the set(s) observed by the HyperLogLog "
                "key(s).",
     .complexity = "O(1) with a very small average constant time when called with a single key. "
                   "O(N) with N being the number of keys, and much bigger constant times, when "
                   "called with multiple keys.",
     .read = PfCount}};

}  // namespace
}  // namespace pleiad
