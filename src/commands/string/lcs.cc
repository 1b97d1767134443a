// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>
#include <vector>

#include "command/command.h"

namespace pleiad {
namespace {

struct LcsOptions {
  bool length = false;
  bool index = false;
  bool with_match_length = false;
  int64_t match_length_min = 0;
};

// A run of bytes that both strings have in common: where it begins in each.
struct Match {
  size_t a;
  size_t b;
  size_t size;
};

// Longest common subsequence by the usual table of prefix lengths, of which only two rows are kept,
// plus one bit a cell for the way back: so 134 million cells, which is what is allowed, take 16 MB
// instead of 512.
class LcsTable {
 public:
  LcsTable(std::string_view a, std::string_view b, bool way_back)
      : a_(a), b_(b), row_(b.size() + 1, 0), up_(way_back ? a.size() * b.size() : 0) {
    std::vector<uint32_t> above(b.size() + 1, 0);
    for (size_t i = 1; i <= a.size(); ++i) {
      above.swap(row_);
      for (size_t j = 1; j <= b.size(); ++j) {
        if (a[i - 1] == b[j - 1]) {
          row_[j] = above[j - 1] + 1;
        } else {
          row_[j] = std::max(above[j], row_[j - 1]);
          if (way_back && above[j] > row_[j - 1]) up_[Cell(i, j)] = true;
        }
      }
    }
  }

  size_t length() const { return row_.back(); }

  // The runs of the subsequence, the last one first. REQUIRES: way_back.
  std::vector<Match> Matches() const {
    std::vector<Match> matches;
    bool in_run = false;
    for (size_t i = a_.size(), j = b_.size(); i > 0 && j > 0;) {
      if (a_[i - 1] == b_[j - 1]) {
        --i;
        --j;
        if (in_run) {
          matches.back() = {i, j, matches.back().size + 1};
        } else {
          matches.push_back({i, j, 1});
        }
        in_run = true;
      } else {
        (up_[Cell(i, j)] ? i : j) -= 1;
        in_run = false;
      }
    }
    return matches;
  }

 private:
  size_t Cell(size_t i, size_t j) const { return (i - 1) * b_.size() + (j - 1); }

  std::string_view a_;
  std::string_view b_;
  std::vector<uint32_t> row_;
  std::vector<bool> up_;
};

bool ParseLcsOptions(const Args& args, LcsOptions* o, resp::Writer& out) {
  for (size_t i = 3; i < args.size(); ++i) {
    if (args.Is(i, "len")) {
      o->length = true;
    } else if (args.Is(i, "idx")) {
      o->index = true;
    } else if (args.Is(i, "withmatchlen")) {
      o->with_match_length = true;
    } else if (args.Is(i, "minmatchlen") && i + 1 < args.size()) {
      const auto n = IntArg(args, ++i, out);
      if (!n.has_value()) return false;
      o->match_length_min = std::max<int64_t>(*n, 0);
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  if (o->length && o->index) {
    out.Error("ERR If you want both the length and indexes, please just use IDX.");
    return false;
  }
  return true;
}

void WriteRange(size_t first, size_t size, resp::Writer& out) {
  out.Array(2);
  out.Integer(static_cast<int64_t>(first));
  out.Integer(static_cast<int64_t>(first + size - 1));
}

void WriteIndex(const LcsTable& table, const LcsOptions& o, resp::Writer& out) {
  std::vector<Match> matches = table.Matches();
  std::erase_if(matches,
                [&](const Match& m) { return static_cast<int64_t>(m.size) < o.match_length_min; });
  out.Map(2);
  out.Bulk("matches");
  out.Array(matches.size());
  for (const Match& m : matches) {
    out.Array(o.with_match_length ? 3 : 2);
    WriteRange(m.a, m.size, out);
    WriteRange(m.b, m.size, out);
    if (o.with_match_length) out.Integer(static_cast<int64_t>(m.size));
  }
  out.Bulk("len");
  out.Integer(static_cast<int64_t>(table.length()));
}

std::string Subsequence(std::string_view a, const LcsTable& table) {
  const std::vector<Match> matches = table.Matches();
  std::string text;
  for (auto m = matches.rbegin(); m != matches.rend(); ++m) text += a.substr(m->a, m->size);
  return text;
}

// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]: the longest sequence of bytes that both
// values have in this order, with gaps; its length; or where its parts are, the last one first.
//
// > MSET a ohmytext b mynewtext
// OK
// > LCS a b
// "mytext"
// > LCS a b LEN
// (integer) 6
// > LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
// 1) "matches"
// 2) 1) 1) 1) (integer) 4
//          2) (integer) 7
//       2) 1) (integer) 5
//          2) (integer) 8
//       3) (integer) 4
// 3) "len"
// 4) (integer) 6
// > LCS a absent
// ""
// > LCS a b LEN IDX
// (error) ERR If you want both the length and indexes, please just use IDX.
void Lcs(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const Entry* first = ctx.Find(ctx.key(0));
  const Entry* second = ctx.Find(ctx.key(1));
  for (const Entry* e : {first, second}) {
    if (e != nullptr && e->type() != ValueType::kString) {
      out.Error("ERR The specified keys must contain string values");
      return;
    }
  }
  LcsOptions o;
  if (!ParseLcsOptions(args, &o, out)) return;
  const std::string_view a = first == nullptr ? std::string_view() : first->str();
  const std::string_view b = second == nullptr ? std::string_view() : second->str();
  // Both slots are locked meanwhile: the limit of the field (a table of 4 bytes a cell) is kept for
  // the time it takes.
  uint64_t cost;
  if (__builtin_mul_overflow((a.size() + 1) * 4, b.size() + 1, &cost) ||
      cost > ctx.engine().bulk_bytes_max.load(std::memory_order_relaxed)) {
    out.Error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    return;
  }
  const LcsTable table(a, b, !o.length);
  if (o.length) {
    out.Integer(static_cast<int64_t>(table.length()));
  } else if (o.index) {
    WriteIndex(table, o, out);
  } else {
    out.Bulk(Subsequence(a, table));
  }
}

const CommandRegistration kLcs{
    {.name = "lcs",
     .arity = -3,
     .flags = kCmdReadonly,
     .keys = {1, 2, 1},
     .group = "string",
     .since = "7.0.0",
     .usage = "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
     .summary = "Finds the longest common subsequence of two string values.",
     .complexity = "O(N*M) where N and M are the lengths of the values.",
     .read = Lcs}};

}  // namespace
}  // namespace pleiad
