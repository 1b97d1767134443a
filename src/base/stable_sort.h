// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// StableSort: std::stable_sort for types that move. The library's own does not compile without a
// warning under clang 19 with libstdc++ 12 (it asks for its scratch memory in a deprecated way).
// Cost: N log N comparisons, most of them twice, and N moves.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

namespace pleiad {

template <typename Iterator, typename Before>
void StableSort(Iterator first, Iterator last, Before before) {
  using Value = typename std::iterator_traits<Iterator>::value_type;
  std::vector<Value> from(std::make_move_iterator(first), std::make_move_iterator(last));
  std::vector<size_t> order(from.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (before(from[a], from[b])) return true;
    return !before(from[b], from[a]) && a < b;
  });
  for (const size_t i : order) *first++ = std::move(from[i]);
}

}  // namespace pleiad
