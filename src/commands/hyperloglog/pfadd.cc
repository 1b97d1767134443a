// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "commands/hyperloglog/hll_argument.h"

namespace pleiad {
namespace {

// Into a dense string, in its place. True if it changed.
bool PfAddDense(WriteContext& ctx, const Args& args, Entry* e) {
  const Key& key = ctx.key();
  const Entry* const before = e;
  char* const bytes = Entry::Resize(&e, kHllDenseSize);
  bool changed = false;
  for (size_t i = 2; i < args.size(); ++i) {
    changed |= HllAddDense(bytes, args[i]) == HllChange::kChanged;
  }
  e->set_modified();
  ctx.ReplaceMoved(key, before, e);
  if (changed) ctx.Changed(key);
  return changed;
}

// PFADD key [element ...]: 1 if the estimate may have changed. Without elements it makes an empty
// HyperLogLog.
//
// > PFADD h a b c d e f g
// (integer) 1
// > PFADD h a b c
// (integer) 0
// > PFCOUNT h
// (integer) 7
// > PFADD empty
// (integer) 1
// > PFADD empty
// (integer) 0
// > GET empty
// "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
// > SET s text
// OK
// > PFADD s a
// (error) WRONGTYPE Key is not a valid HyperLogLog string value.
// > SET s "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
// OK
// > PFADD s a
// (error) INVALIDOBJ Corrupted HLL object detected
void PfAdd(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const Key& key = ctx.key();
  Entry* e = ctx.FindForWrite(key);
  if (!CheckHll(e, out)) return;
  bool changed = e == nullptr;
  if (e != nullptr && HllIsDense(e->str())) {
    changed = PfAddDense(ctx, args, e);
  } else {
    std::string bytes = e == nullptr ? HllEmpty() : std::string(e->str());
    const size_t sparse_max = HllSparseBytesMax(ctx);
    for (size_t i = 2; i < args.size(); ++i) {
      const HllChange change = HllAdd(&bytes, args[i], sparse_max);
      if (change == HllChange::kDamaged) {
        out.Error(kHllDamaged);
        return;
      }
      changed |= change == HllChange::kChanged;
    }
    if (changed) {
      HllVoidCount(bytes.data());
      WriteHll(ctx, key, e, bytes);
    }
  }
  if (changed) ctx.Notify(kNotifyString, "pfadd", key);
  out.Integer(changed ? 1 : 0);
}

const CommandRegistration kPfAdd{
    {.name = "pfadd",
     .arity = -2,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hyperloglog",
     .since = "2.8.9",
     .usage = "key [element [element ...]]",
     .summary = "Adds elements to a HyperLogLog key. Creates the key if it doesn't exist.",
     .complexity = "O(1) to add every element.",
     .write = PfAdd}};

}  // namespace
}  // namespace pleiad
