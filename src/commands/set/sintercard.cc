// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/text.h"
#include "commands/set/set_operation.h"

namespace pleiad {
namespace {

// SINTERCARD numkeys key [key ...] [LIMIT limit]: how many members are in all of the sets; it
// counts no further than the limit, if that is not 0.
//
// > SADD a 1 2 3 4
// (integer) 4
// > SADD b 2 3 4 5
// (integer) 4
// > SINTERCARD 2 a b
// (integer) 3
// > SINTERCARD 2 a b LIMIT 2
// (integer) 2
// > SINTERCARD 2 a b LIMIT 0
// (integer) 3
// > SINTERCARD 2 a nosuchkey
// (integer) 0
// > SINTERCARD 0 a
// (error) ERR numkeys should be greater than 0
// > SINTERCARD many a
// (error) ERR numkeys should be greater than 0
// > SINTERCARD 3 a b
// (error) ERR Number of keys can't be greater than number of args
// > SINTERCARD 1 a b
// (error) ERR syntax error
// > SINTERCARD 1 a LIMIT
// (error) ERR syntax error
// > SINTERCARD 1 a LIMIT -1
// (error) ERR LIMIT can't be negative
// > SET text v
// OK
// > SINTERCARD 2 a text
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Sintercard(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto keys = IntArg(args, 1, out, "ERR numkeys should be greater than 0");
  if (!keys.has_value()) return;
  if (*keys <= 0) {
    out.Error("ERR numkeys should be greater than 0");
    return;
  }
  if (static_cast<uint64_t>(*keys) > args.size() - 2) {
    out.Error("ERR Number of keys can't be greater than number of args");
    return;
  }
  uint64_t limit = 0;
  for (size_t i = 2 + static_cast<size_t>(*keys); i < args.size(); i += 2) {
    if (!args.Is(i, "limit") || i + 1 == args.size()) {
      out.Error(kSyntaxError);
      return;
    }
    const auto number = IntArg(args, i + 1, out, "ERR LIMIT can't be negative");
    if (!number.has_value()) return;
    if (*number < 0) {
      out.Error("ERR LIMIT can't be negative");
      return;
    }
    limit = static_cast<uint64_t>(*number);
  }
  const auto sets = ReadSets(ctx, 0, out);
  if (!sets.has_value()) return;
  uint64_t count = 0;
  Intersect(*sets, [&](std::string_view) { return ++count != limit; });
  out.Integer(static_cast<int64_t>(count));
}

bool SintercardKeys(const Args& args, std::vector<size_t>* positions) {
  const auto keys = ParseInt64(args[1]);
  if (!keys.has_value() || *keys <= 0 || static_cast<uint64_t>(*keys) > args.size() - 2)
    return false;
  for (size_t i = 0; i < static_cast<size_t>(*keys); ++i) positions->push_back(2 + i);
  return true;
}

const CommandRegistration kSintercard{
    {.name = "sintercard",
     .arity = -3,
     .flags = kCmdReadonly | kCmdMovableKeys,
     .group = "set",
     .since = "7.0.0",
     .usage = "numkeys key [key ...] [LIMIT limit]",
     .summary = "Returns the number of members of the intersection of sets.",
     .complexity = "O(N*M) worst case where N is the cardinality of the smallest set and M is the "
                   "number of sets.",
     .read = Sintercard,
     .get_keys = SintercardKeys}};

}  // namespace
}  // namespace pleiad
