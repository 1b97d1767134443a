// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <unordered_set>
#include <vector>

#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

struct HrandfieldReply {
  resp::Writer& out;
  bool values;

  void Begin(size_t count) const { out.Array(values && out.protocol() != 3 ? count * 2 : count); }
  void Write(const FieldElement& e) const {
    if (values && out.protocol() == 3) out.Array(2);
    out.Bulk(e.field);
    if (values) out.Bulk(e.value);
  }
};

// So many, each at most once.
void HrandfieldDistinct(ReadContext& ctx, const HashView& hash, size_t count,
                        const HrandfieldReply& reply) {
  const size_t size = hash.size();
  if (count * 3 < size && !hash.AnyHidden()) {
    reply.Begin(count);
    std::unordered_set<std::string_view> drawn;
    while (drawn.size() < count) {
      const auto e = hash.Random(&ctx.prng());
      if (drawn.insert(e->field).second) reply.Write(*e);
    }
    return;
  }
  std::vector<FieldElement> all;
  hash.ForEach([&](const FieldElement& e) { all.push_back(e); });
  count = std::min(count, all.size());
  reply.Begin(count);
  // Each is taken with the chance that the sample still needs it.
  for (size_t i = 0; count != 0; ++i) {
    if (!ctx.prng().Chance(count, all.size() - i)) continue;
    reply.Write(all[i]);
    --count;
  }
}

// `count` times any.
void HrandfieldAny(ReadContext& ctx, const HashView& hash, size_t count,
                   const HrandfieldReply& reply) {
  std::vector<FieldElement> all;
  const bool collect = hash.AnyHidden() || count > hash.size();
  if (collect) hash.ForEach([&](const FieldElement& e) { all.push_back(e); });
  if (collect && all.empty()) count = 0;
  reply.Begin(count);
  for (size_t i = 0; i < count; ++i) {
    reply.Write(collect ? all[ctx.prng().Below(all.size())] : *hash.Random(&ctx.prng()));
  }
}

// HRANDFIELD key [count [WITHVALUES]]: a random field, or so many different ones; a negative count:
// so many, some perhaps twice.
//
// > HSET k a 1
// (integer) 1
// > HRANDFIELD k
// "a"
// > HRANDFIELD k 3
// 1) "a"
// > HRANDFIELD k -2
// 1) "a"
// 2) "a"
// > HRANDFIELD k -2 WITHVALUES
// 1) "a"
// 2) "1"
// 3) "a"
// 4) "1"
// > HRANDFIELD k 0
// (empty array)
// > HRANDFIELD nosuchkey
// (nil)
// > HRANDFIELD nosuchkey 3 WITHVALUES
// (empty array)
// > HELLO 3
// ...
// > HRANDFIELD k 1 WITHVALUES
// 1) 1) "a"
//    2) "1"
// > HRANDFIELD k many
// (error) ERR value is not an integer or out of range
// > HRANDFIELD k 1 VALUES
// (error) ERR syntax error
// > HRANDFIELD k 1 WITHVALUES 2
// (error) ERR syntax error
// > HRANDFIELD k -9223372036854775808
// (error) ERR value is out of range, value must between -9223372036854775807 and ...
// > HRANDFIELD k -9223372036854770000 WITHVALUES
// (error) ERR value is out of range
// > SET text v
// OK
// > HRANDFIELD text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hrandfield(ReadContext& ctx, const Args& args, resp::Writer& out) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  if (args.size() == 2) {
    const auto hash = ReadHash(ctx, out);
    if (!hash.has_value()) return;
    const auto e = hash->size() == 0 ? std::nullopt : hash->Random(&ctx.prng());
    if (e.has_value()) {
      out.Bulk(e->field);
    } else {
      out.Null();
    }
    return;
  }
  const auto count = IntArg(args, 2, out);
  if (!count.has_value()) return;
  if (*count < -kMax) {
    out.Error(
        "ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
    return;
  }
  const bool values = args.size() == 4 && args.Is(3, "withvalues");
  if (args.size() > 3 && !values) {
    out.Error(kSyntaxError);
    return;
  }
  if (values && (*count < -kMax / 2 || *count > kMax / 2)) {
    out.Error("ERR value is out of range");
    return;
  }
  const auto hash = ReadHash(ctx, out);
  if (!hash.has_value()) return;
  const HrandfieldReply reply{out, values};
  if (*count == 0 || hash->size() == 0) {
    out.Array(0);
  } else if (*count > 0) {
    HrandfieldDistinct(ctx, *hash, std::min(static_cast<size_t>(*count), hash->size()), reply);
  } else {
    HrandfieldAny(ctx, *hash, static_cast<size_t>(-*count), reply);
  }
}

const CommandRegistration kHrandfield{
    {.name = "hrandfield",
     .arity = -2,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "6.2.0",
     .usage = "key [count [WITHVALUES]]",
     .summary = "Returns random fields of a hash.",
     .complexity = "O(N) where N is the number of fields returned, or the size of the hash if that "
                   "is less than three times as many",
     .read = Hrandfield}};

}  // namespace
}  // namespace pleiad
