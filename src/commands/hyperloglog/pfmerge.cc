// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <memory>
#include <string>

#include "commands/hyperloglog/hll_argument.h"

namespace pleiad {
namespace {

// The destination with the registers of `set`; dense if `dense`. nullopt: damaged.
std::optional<std::string> PfMerged(std::string bytes, const HllSet& set, bool dense,
                                    size_t sparse_max) {
  if (dense && !HllMakeDense(&bytes)) return std::nullopt;
  for (size_t i = 0; i < kHllRegisters; ++i) {
    if (set.at(i) == 0) continue;
    if (HllRaise(&bytes, i, set.at(i), sparse_max) == HllChange::kDamaged) return std::nullopt;
  }
  HllVoidCount(bytes.data());
  return bytes;
}

// PFMERGE destkey [sourcekey ...]: the union, the destination's own included.
//
// > PFADD a 1 2 3
// (integer) 1
// > PFADD b 3 4 5
// (integer) 1
// > PFMERGE c a b absent
// OK
// > PFCOUNT c
// (integer) 5
// > PFADD c 6
// (integer) 1
// > PFMERGE c a
// OK
// > PFCOUNT c
// (integer) 6
// > PFMERGE fresh
// OK
// > PFCOUNT fresh
// (integer) 0
// > SET s text
// OK
// > PFMERGE c s
// (error) WRONGTYPE Key is not a valid HyperLogLog string value.
// > SET s "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
// OK
// > PFMERGE c s
// (error) INVALIDOBJ Corrupted HLL object detected
void PfMerge(WriteContext& ctx, const Args&, resp::Writer& out) {
  const auto set = std::make_unique<HllSet>();
  bool dense = false;
  for (const Key& key : ctx.keys()) {
    const Entry* e = ctx.Find(key);
    if (!CheckHll(e, out)) return;
    if (e == nullptr) continue;
    dense |= HllIsDense(e->str());
    if (!set->Merge(e->str())) {
      out.Error(kHllDamaged);
      return;
    }
  }
  const Key& destination = ctx.key(0);
  Entry* const e = ctx.FindForWrite(destination);
  const auto merged = PfMerged(e == nullptr ? HllEmpty() : std::string(e->str()), *set, dense,
                               HllSparseBytesMax(ctx));
  if (!merged.has_value()) {
    out.Error(kHllDamaged);
    return;
  }
  WriteHll(ctx, destination, e, *merged);
  ctx.Notify(kNotifyString, "pfadd", destination);
  out.Ok();
}

const CommandRegistration kPfMerge{
    {.name = "pfmerge",
     .arity = -2,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, -1, 1},
     .group = "hyperloglog",
     .since = "2.8.9",
     .usage = "destkey [sourcekey [sourcekey ...]]",
     .summary = "Merges one or more HyperLogLog values into a single key.",
     .complexity = "O(N) to merge N HyperLogLogs, but with high constant times.",
     .write = PfMerge}};

}  // namespace
}  // namespace pleiad
