// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What several commands share.
#pragma once

#include <string_view>

#include "admin/options.h"
#include "admin/session.h"

namespace pleiad::admin {

inline Credentials MakeCredentials(const Environment& env, const Options& options) {
  return {options.user, options.password.value_or(env.default_password)};
}

// Prints the line of an error and returns the exit code 1.
int Fail(Session& session, std::string_view line);

// ">>> Performing Cluster Check", the nodes, the verdict. False if something is wrong (unreachable
// nodes count).
bool ShowCheck(Session& session, const std::vector<std::string>& node_lines);

}  // namespace pleiad::admin
