// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "commands/set/set_operation.h"

namespace pleiad {
namespace {

// `count` of all, each at most once.
void SrandmemberDistinct(ReadContext& ctx, const SetView& set, size_t count, resp::Writer& out) {
  out.Array(std::min(count, set.size()));
  if (count >= set.size()) {
    set.ForEach([&](std::string_view member) { out.Bulk(member); });
    return;
  }
  // One pass that takes each member with the chance that the sample still needs it.
  size_t left = set.size();
  size_t wanted = count;
  if (count * 3 > left) {
    set.ForEach([&](std::string_view member) {
      if (ctx.prng().Chance(wanted, left--)) {
        out.Bulk(member);
        --wanted;
      }
    });
    return;
  }
  MemoryStore drawn;
  const CollectionSettings settings;
  Set sample(&drawn, settings);
  while (wanted != 0) {
    const std::string member = set.Random(&ctx.prng());
    if (!sample.Add(member)) continue;
    out.Bulk(member);
    --wanted;
  }
}

// SRANDMEMBER key [count]: a random member, or so many different ones; a negative count: so many,
// some perhaps twice.
//
// > SADD k a
// (integer) 1
// > SRANDMEMBER k
// "a"
// > SRANDMEMBER k 2
// 1) "a"
// > SRANDMEMBER k -2
// 1) "a"
// 2) "a"
// > SRANDMEMBER k 0
// (empty array)
// > SRANDMEMBER nosuchkey
// (nil)
// > SRANDMEMBER nosuchkey 2
// (empty array)
// > SRANDMEMBER k many
// (error) ERR value is not an integer or out of range
// > SRANDMEMBER k -9223372036854775808
// (error) ERR value is out of range, value must between -9223372036854775807 and ...
// > SRANDMEMBER k 1 2
// (error) ERR syntax error
// > SET text v
// OK
// > SRANDMEMBER text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
// > SRANDMEMBER text 1
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Srandmember(ReadContext& ctx, const Args& args, resp::Writer& out) {
  if (args.size() > 3) {
    out.Error(kSyntaxError);
    return;
  }
  std::optional<int64_t> count;
  if (args.size() == 3) {
    count = IntArg(args, 2, out);
    if (!count.has_value()) return;
    if (*count == std::numeric_limits<int64_t>::min()) {
      out.Error(
          "ERR value is out of range, value must between -9223372036854775807 and "
          "9223372036854775807");
      return;
    }
  }
  const auto set = ReadSet(ctx, ctx.key(), out);
  if (!set.has_value()) return;
  if (!count.has_value()) {
    if (set->size() == 0) {
      out.Null();
    } else {
      out.Bulk(set->Random(&ctx.prng()));
    }
  } else if (set->size() == 0) {
    out.Array(0);
  } else if (*count >= 0) {
    SrandmemberDistinct(ctx, *set, static_cast<size_t>(*count), out);
  } else {
    out.Array(static_cast<size_t>(-*count));
    for (int64_t i = 0; i < -*count; ++i) out.Bulk(set->Random(&ctx.prng()));
  }
}

const CommandRegistration kSrandmember{
    {.name = "srandmember",
     .arity = -2,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "set",
     .since = "1.0.0",
     .usage = "key [count]",
     .summary = "Returns random members of a set.",
     .complexity = "O(N) where N is the count, or the set cardinality if the count is more than a "
                   "third of it",
     .read = Srandmember}};

}  // namespace
}  // namespace pleiad
