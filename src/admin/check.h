// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The health check: do all nodes agree who owns which slot, is a slot on the move, does each slot
// have an owner.
#pragma once

#include <string>
#include <vector>

#include "admin/view.h"

namespace pleiad::admin {

struct CheckReport {
  struct OpenSlots {
    size_t node = 0;
    bool migrating = false;  // otherwise importing
    std::vector<int> slots;
  };
  bool agree = false;
  std::vector<OpenSlots> open;  // per node, migrating before importing
  bool covered = false;

  bool ok() const { return agree && open.empty() && covered; }
};

CheckReport CheckCluster(const ClusterView& view);

// The two halves of the verdict: agreement and open slots; coverage.
std::vector<std::string> AgreementLines(const ClusterView& view, const CheckReport& report);
std::vector<std::string> CoverageLines(const CheckReport& report);

// Two lines, the second good, or one for each slot that several nodes say is theirs.
std::vector<std::string> MultipleOwnerLines(const ClusterView& view);

// The verdict as it is printed, from "[OK] All nodes agree..." on.
std::vector<std::string> CheckLines(const ClusterView& view, const CheckReport& report);

}  // namespace pleiad::admin
