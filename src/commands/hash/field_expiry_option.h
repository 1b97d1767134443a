// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The expiry of HSETEX and HGETEX: as SET and GETEX have it, but a moment that has passed (0
// included) is not an error: the fields go.
#pragma once

#include "commands/string/expiry_option.h"

namespace pleiad {

// Resolves an option that has a number. False: "not an integer" or "invalid expire time in
// '<command>' command" was written.
bool ResolveFieldExpiry(ExpiryOption* option, UnixMs now, std::string_view command,
                        resp::Writer& out);

}  // namespace pleiad
