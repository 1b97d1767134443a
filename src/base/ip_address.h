// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace pleiad {

// The canonical text of an IPv4 or IPv6 address ("::0001" -> "::1"); empty if it
// is none. Looks nothing up.
std::string CanonicalIp(const std::string& text);

}  // namespace pleiad
