// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/zset/zset_combine.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <string>
#include <unordered_map>

#include "base/stable_sort.h"
#include "base/text.h"

namespace pleiad {
namespace {

double Weighted(double score, double weight) {
  const double product = score * weight;
  return std::isnan(product) ? 0 : product;
}

}  // namespace

bool ZsetCombination::ParseInputs(ReadContext& ctx, const Args& args, size_t at, size_t first_key,
                                  resp::Writer& out) {
  const auto numkeys = IntArg(args, at, out);
  if (!numkeys.has_value()) return false;
  if (*numkeys < 1) {
    out.Error(fmt::format("ERR at least 1 input key is needed for '{}' command", ToLower(args[0])));
    return false;
  }
  if (static_cast<uint64_t>(*numkeys) > args.size() - at - 1) {
    out.Error(kSyntaxError);
    return false;
  }
  for (size_t i = first_key; i < ctx.keys().size(); ++i) {
    const Entry* e = ctx.Find(ctx.key(i));
    if (e != nullptr && e->type() != ValueType::kSet && !CheckType(e, ValueType::kZset, out))
      return false;
    inputs.emplace_back(e);
  }
  return true;
}

bool ZsetCombination::ParseWeights(const Args& args, size_t at, resp::Writer& out) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto weight = ParseScore(args[at + i]);
    if (!weight.has_value()) {
      out.Error("ERR weight value is not a float");
      return false;
    }
    inputs[i].weight = *weight;
  }
  return true;
}

bool ZsetCombination::ParseOptions(const Args& args, size_t at, ZsetOperation operation, bool store,
                                   resp::Writer& out) {
  const bool weighted = operation != ZsetOperation::kDifference;
  for (size_t i = at + 1 + inputs.size(); i < args.size(); ++i) {
    const size_t left = args.size() - i - 1;
    if (weighted && args.Is(i, "weights") && left >= inputs.size()) {
      if (!ParseWeights(args, i + 1, out)) return false;
      i += inputs.size();
    } else if (weighted && args.Is(i, "aggregate") && left >= 1) {
      ++i;
      if (args.Is(i, "sum")) {
        aggregate = Aggregate::kSum;
      } else if (args.Is(i, "min")) {
        aggregate = Aggregate::kMin;
      } else if (args.Is(i, "max")) {
        aggregate = Aggregate::kMax;
      } else {
        out.Error(kSyntaxError);
        return false;
      }
    } else if (!store && args.Is(i, "withscores")) {
      with_scores = true;
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

double ZsetCombination::Join(double a, double b) const {
  if (aggregate == Aggregate::kMin) return std::min(a, b);
  if (aggregate == Aggregate::kMax) return std::max(a, b);
  const double sum = a + b;  // inf + -inf
  return std::isnan(sum) ? 0 : sum;
}

void ZsetCombination::Run(ZsetOperation operation, const CollectionSettings& settings,
                          MemoryStore* result) {
  Zset zset(result, settings);
  if (operation == ZsetOperation::kDifference) {
    Subtract(&zset);
    return;
  }
  if (operation == ZsetOperation::kUnion) {
    Unite(&zset);
    return;
  }
  Intersect([&](std::string_view member, double score) {
    zset.Add(member, score);
    return true;
  });
}

// From the smallest to the largest: also the order in which scores are added up.
void ZsetCombination::Intersect(const std::function<bool(std::string_view, double)>& f) {
  StableSort(inputs.begin(), inputs.end(),
             [](const ZsetInput& a, const ZsetInput& b) { return a.size() < b.size(); });
  if (inputs[0].size() == 0) return;
  bool more = true;
  inputs[0].ForEach([&](std::string_view member, double score) {
    if (!more) return;
    double sum = Weighted(score, inputs[0].weight);
    for (size_t i = 1; i < inputs.size(); ++i) {
      const auto other = inputs[i].Score(member);
      if (!other.has_value()) return;
      sum = Join(sum, *other * inputs[i].weight);  // a product that is no number makes the sum 0
    }
    more = f(member, sum);
  });
}

void ZsetCombination::Unite(Zset* result) {
  StableSort(inputs.begin(), inputs.end(),
             [](const ZsetInput& a, const ZsetInput& b) { return a.size() < b.size(); });
  std::unordered_map<std::string_view, double> scores;
  std::deque<std::string> names;  // members outlive the call they were given in
  for (const ZsetInput& input : inputs) {
    input.ForEach([&](std::string_view member, double score) {
      const double weighted = Weighted(score, input.weight);
      const auto it = scores.find(member);
      if (it != scores.end()) {
        it->second = Join(it->second, weighted);
        return;
      }
      scores.emplace(names.emplace_back(member), weighted);
    });
  }
  result->Expect(scores.size());
  for (const auto& [member, score] : scores) result->Add(member, score);
}

void ZsetCombination::Subtract(Zset* result) {
  inputs[0].ForEach([&](std::string_view member, double score) {
    for (size_t i = 1; i < inputs.size(); ++i) {
      if (inputs[i].Score(member).has_value()) return;
    }
    result->Add(member, score);
  });
}

}  // namespace pleiad
