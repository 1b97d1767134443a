// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Ledger: every write that a node accepted, and what became of it. When a node is put in another's
// place, or loses data in a crash, its data is compared; what is missing then is gone for a reason
// with a name. An acknowledged write that is missing at the end without such a reason is a fault of
// the code under test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "sim/heap.h"

namespace pleiad::sim {

class Ledger {
 public:
  struct Write {
    uint64_t value = 0;
    int slot = 0;
    int node = 0;  // who accepted it
    Us at = 0;
    bool acked = false;           // and the client heard so
    const char* cause = nullptr;  // why it may be gone; nullptr: it must be there
  };
  void Accepted(uint64_t value, int slot, int node, Us at) {
    index_[value] = writes_.size();
    writes_.push_back({value, slot, node, at, false, nullptr});
  }
  void Acked(uint64_t value) {
    if (Write* write = Find(value)) write->acked = true;
  }
  void Excuse(uint64_t value, const char* cause) {
    Write* write = Find(value);
    if (write != nullptr && write->cause == nullptr) write->cause = cause;
  }
  // `kept`: the data that counts from now on; `dropped`: what it replaces. Writes of `dropped`
  // that `kept` lacks may be gone for `cause`. Returns how many had no such reason before.
  size_t Compare(const std::vector<Entry>& dropped, const std::vector<Entry>& kept,
                 const char* cause);
  const std::vector<Write>& writes() const { return writes_; }

 private:
  Write* Find(uint64_t value) {
    const auto it = index_.find(value);
    return it == index_.end() ? nullptr : &writes_[it->second];
  }
  std::vector<Write> writes_;  // in the order of acceptance
  std::unordered_map<uint64_t, size_t> index_;
};

}  // namespace pleiad::sim
