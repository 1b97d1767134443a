// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// When collections change their form: the `*-max-listpack-*` directives and their like. One per
// engine; written by CONFIG SET, read with relaxed loads by any thread. A default-constructed one
// has the defaults of the directives, for tests and tools.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pleiad {

// A number that may be read while another thread sets it.
class Setting {
 public:
  constexpr Setting(int64_t value) : value_(value) {}  // NOLINT: reads as a number
  operator int64_t() const { return value_.load(std::memory_order_relaxed); }
  Setting& operator=(int64_t value) {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }

 private:
  std::atomic<int64_t> value_;
};

struct CollectionSettings {
  Setting hash_max_packed_entries{512};
  Setting hash_max_packed_value{64};  // bytes of a field or value
  Setting list_max_node_size{-2};     // > 0: elements a node; -1..-5: 4, 8, 16, 32, 64 KB
  Setting set_max_intset_entries{512};
  Setting set_max_packed_entries{128};
  Setting set_max_packed_value{64};
  Setting zset_max_packed_entries{128};
  Setting zset_max_packed_value{64};
  Setting hll_sparse_max_bytes{3000};
  Setting stream_node_max_bytes{4096};
  Setting stream_node_max_entries{100};
  // Seed of the tables inside collections, so that a client can't aim at a bucket. Set before the
  // first object is made, constant afterwards.
  uint64_t hash_seed = 0;
};

}  // namespace pleiad
