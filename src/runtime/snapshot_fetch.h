// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Asks a server for a snapshot as a replica would (PSYNC ? -1) and keeps it as an RDB file; the
// connection is closed where the stream of writes begins. For tools: blocks until done.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/client_connection.h"

namespace pleiad::runtime {

// Returns the size of the file. It appears under its name when it is whole. Error: the reason,
// without a trace of a file.
Result<int64_t> FetchSnapshot(const ConnectOptions& options, const std::string& user,
                              const std::string& password, const std::string& path);

}  // namespace pleiad::runtime
