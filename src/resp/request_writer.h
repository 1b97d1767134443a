// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Arguments -> the bytes of a request: "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n". Appends, so a pipeline is
// one string. Cost: one pass, the string grows at most once per call.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace pleiad::resp {

// REQUIRES: args is not empty (a server skips "*0" without a reply).
void AppendRequest(std::span<const std::string> args, std::string* out);
void AppendRequest(std::span<const std::string_view> args, std::string* out);
void AppendRequest(std::initializer_list<std::string_view> args, std::string* out);

}  // namespace pleiad::resp
