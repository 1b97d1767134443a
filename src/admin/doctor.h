// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `doctor`: what is wrong with a cluster, and which command repairs it. The findings are a pure
// function of what the nodes said.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "admin/view.h"

namespace pleiad::admin {

struct Finding {
  bool serious = false;  // data can't be reached, or would be lost with one node
  std::string what;
  std::string remedy;  // a command, or what to do
  bool operator==(const Finding&) const = default;
};

// The fields of a node's INFO and CLUSTER INFO, by name.
using NodeFacts = std::map<std::string, std::string>;
NodeFacts ParseFacts(std::string_view info);

// `facts` by node index. `entry`: the address that the remedies name.
std::vector<Finding> Diagnose(const ClusterView& view, const std::vector<NodeFacts>& facts,
                              const std::string& entry);

}  // namespace pleiad::admin
