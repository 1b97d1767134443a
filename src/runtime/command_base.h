// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A key as the commands that make it: the base of an AOF under `aof-use-rdb-preamble no`.
// Collections come in commands of at most 64 elements; a stream, whose groups no few commands say,
// as RESTORE. Threads: the holder of the slot's lock. Cost: one pass over the value.
#pragma once

#include <string>
#include <string_view>

#include "slot/entry.h"

namespace pleiad {
class Stream;
}

namespace pleiad::runtime {

void AppendAsCommands(std::string* out, const Entry& entry);

// A score as it is read back: the same double.
std::string ScoreText(double score);

// What a stream has beside its entries, for a stream that has these already: counters, groups,
// consumers (but for when they were last seen), what is pending. False, and nothing appended: too
// much is pending, or something whose entry is gone.
bool AppendStreamState(std::string* out, std::string_view key, const Stream& stream);

}  // namespace pleiad::runtime
