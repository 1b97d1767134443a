// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Union, intersection and difference of sorted sets and sets: ZUNION, ZINTER, ZDIFF, their ...STORE
// forms and ZINTERCARD.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "commands/zset/zset_args.h"
#include "data/set.h"

namespace pleiad {

enum class ZsetOperation { kUnion, kIntersection, kDifference };

// A sorted set, or a set, whose members have score 1.
class ZsetInput {
 public:
  explicit ZsetInput(const Entry* e)
      : is_set_(e != nullptr && e->type() == ValueType::kSet),
        value_(e == nullptr ? ValueView() : e->value()) {}
  size_t size() const { return is_set_ ? SetView(value_).size() : ZsetView(value_).size(); }
  std::optional<double> Score(std::string_view member) const {
    if (!is_set_) return ZsetView(value_).Score(member);
    return SetView(value_).Contains(member) ? std::optional<double>(1) : std::nullopt;
  }
  // f(member, score). The view of a member is valid during the call alone.
  template <typename F>
  void ForEach(F f) const {
    if (is_set_) {
      SetView(value_).ForEach([&](std::string_view member) { f(member, 1.0); });
    } else {
      ZsetView(value_).ForEach(f);
    }
  }

  double weight = 1;

 private:
  bool is_set_;
  ValueView value_;
};

// `at` is the argument that is numkeys, `first_key` the number of the first input among ctx.keys().
// False: the error was written.
struct ZsetCombination {
  enum class Aggregate { kSum, kMin, kMax };
  std::vector<ZsetInput> inputs;
  Aggregate aggregate = Aggregate::kSum;
  bool with_scores = false;

  bool ParseInputs(ReadContext& ctx, const Args& args, size_t at, size_t first_key,
                   resp::Writer& out);
  // What follows the keys. WEIGHTS and AGGREGATE unless it is a difference; WITHSCORES unless it is
  // stored.
  bool ParseOptions(const Args& args, size_t at, ZsetOperation operation, bool store,
                    resp::Writer& out);
  void Run(ZsetOperation operation, const CollectionSettings& settings, MemoryStore* result);
  // f(member, score) for what is in all inputs, until it returns false.
  void Intersect(const std::function<bool(std::string_view, double)>& f);

 private:
  bool ParseWeights(const Args& args, size_t at, resp::Writer& out);
  double Join(double a, double b) const;
  void Unite(Zset* result);
  void Subtract(Zset* result);
};

}  // namespace pleiad
