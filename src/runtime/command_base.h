// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A key as the commands that make it: the base of an AOF under `aof-use-rdb-preamble no`.
// Collections come in commands of at most 64 elements; a stream, whose groups no few commands say,
// as RESTORE. Threads: the holder of the slot's lock. Cost: one pass over the value.
#pragma once

#include <string>

#include "slot/entry.h"

namespace pleiad::runtime {

void AppendAsCommands(std::string* out, const Entry& entry);

}  // namespace pleiad::runtime
