// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The timeout of commands that may wait.
#pragma once

#include <cstdint>
#include <optional>

#include "command/command.h"

namespace pleiad {

// Seconds, maybe with a fraction, as milliseconds, rounded up; 0: for ever. Nullopt: it is none,
// and the error was written.
std::optional<int64_t> TimeoutArg(const Args& args, size_t i, resp::Writer& out);

}  // namespace pleiad
