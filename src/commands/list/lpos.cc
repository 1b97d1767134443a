// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <limits>
#include <vector>

#include "commands/list/list_value.h"

namespace pleiad {
namespace {

struct LPosOptions {
  int64_t rank = 1;
  int64_t count = -1;  // not given
  int64_t maxlen = 0;  // compare no more than so many; 0: all
};

bool LPosNumber(const Args& args, size_t i, std::string_view name, int64_t* number,
                resp::Writer& out) {
  const std::string error = std::string("ERR ") + std::string(name) + " can't be negative";
  const auto value = IntArg(args, i, out, error);
  if (!value.has_value()) return false;
  if (*value < 0) {
    out.Error(error);
    return false;
  }
  *number = *value;
  return true;
}

bool LPosRank(const Args& args, size_t i, int64_t* rank, resp::Writer& out) {
  const auto value = IntArg(args, i, out);
  if (!value.has_value()) return false;
  if (*value == std::numeric_limits<int64_t>::min()) {
    out.Error(
        "ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
    return false;
  }
  if (*value == 0) {
    out.Error(
        "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... "
        "or use negative to start from the end of the list");
    return false;
  }
  *rank = *value;
  return true;
}

bool ReadLPosOptions(const Args& args, LPosOptions* o, resp::Writer& out) {
  for (size_t i = 3; i < args.size(); i += 2) {
    if (i + 1 == args.size()) {
      out.Error(kSyntaxError);
      return false;
    }
    bool good = true;
    if (args.Is(i, "rank")) {
      good = LPosRank(args, i + 1, &o->rank, out);
    } else if (args.Is(i, "count")) {
      good = LPosNumber(args, i + 1, "COUNT", &o->count, out);
    } else if (args.Is(i, "maxlen")) {
      good = LPosNumber(args, i + 1, "MAXLEN", &o->maxlen, out);
    } else {
      out.Error(kSyntaxError);
      good = false;
    }
    if (!good) return false;
  }
  return true;
}

std::vector<int64_t> FindPositions(const ListReader& list, std::string_view element,
                                   const LPosOptions& o) {
  const bool forward = o.rank > 0;
  const size_t size = list.size();
  ListCursor cursor =
      list.From(forward || size == 0 ? 0 : size - 1, forward ? ListEnd::kTail : ListEnd::kHead);
  int64_t skip = (forward ? o.rank : -o.rank) - 1;
  const size_t most = o.count < 0 ? 1 : static_cast<size_t>(o.count);
  std::vector<int64_t> found;
  std::string_view at;
  for (size_t i = 0; (o.maxlen == 0 || i < static_cast<size_t>(o.maxlen)) && cursor.Next(&at);
       ++i) {
    if (at != element || skip-- > 0) continue;
    found.push_back(static_cast<int64_t>(forward ? i : size - 1 - i));
    if (most != 0 && found.size() == most) break;
  }
  return found;
}

// LPOS key element [RANK rank] [COUNT count] [MAXLEN len]: where the element stands. RANK 2 skips
// the first match, -1 looks from the tail; COUNT asks for several (0: all) and makes the reply an
// array.
//
// > RPUSH l a b c a b a
// (integer) 6
// > LPOS l a
// (integer) 0
// > LPOS l a RANK 2
// (integer) 3
// > LPOS l a RANK -1
// (integer) 5
// > LPOS l a COUNT 0
// 1) (integer) 0
// 2) (integer) 3
// 3) (integer) 5
// > LPOS l a COUNT 2 RANK -1
// 1) (integer) 5
// 2) (integer) 3
// > LPOS l c MAXLEN 2
// (nil)
// > LPOS l z COUNT 1
// (empty array)
// > LPOS nosuchlist a
// (nil)
// > LPOS l a RANK 0
// (error) ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or ...
// > LPOS l a COUNT -1
// (error) ERR COUNT can't be negative
// > LPOS l a MAXLEN -1
// (error) ERR MAXLEN can't be negative
// > LPOS l a MAXLEN x
// (error) ERR MAXLEN can't be negative
// > LPOS l a RANK
// (error) ERR syntax error
void LPos(ReadContext& ctx, const Args& args, resp::Writer& out) {
  LPosOptions options;
  if (!ReadLPosOptions(args, &options, out)) return;
  const auto list = ReadList(ctx, out);
  if (!list.has_value()) return;
  const std::vector<int64_t> found = FindPositions(*list, args[2], options);
  if (options.count < 0) {
    found.empty() ? out.Null() : out.Integer(found[0]);
    return;
  }
  out.Array(found.size());
  for (const int64_t position : found) out.Integer(position);
}

const CommandRegistration kLPos{
    {.name = "lpos",
     .arity = -3,
     .flags = kCmdReadonly,
     .keys = {1, 1, 1},
     .group = "list",
     .since = "6.0.6",
     .usage = "key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
     .summary = "Returns the index of matching elements in a list.",
     .complexity = "O(N) where N is the number of elements compared",
     .read = LPos}};

}  // namespace
}  // namespace pleiad
