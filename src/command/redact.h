// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Passwords in commands: what others see of them (MONITOR, the logs of commands). Pure.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace pleiad {

// The arguments with "(redacted)" in the place of names and passwords: AUTH, HELLO ... AUTH,
// MIGRATE ... AUTH and AUTH2.
std::vector<std::string_view> Redacted(std::span<const std::string_view> args);

}  // namespace pleiad
