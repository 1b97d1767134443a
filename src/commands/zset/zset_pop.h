// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What ZPOPMIN, ZMPOP and their blocking forms share.
#pragma once

#include <optional>
#include <string_view>

#include "commands/zset/zset_args.h"

namespace pleiad {

enum class ZsetEnd { kMin, kMax };
inline std::string_view ZsetPopEvent(ZsetEnd end) {
  return end == ZsetEnd::kMin ? "zpopmin" : "zpopmax";
}

// Takes up to `count` items, at least one, off an end of a set that is not empty, and writes them
// (no head). Changes, events and the deletion of what became empty included. REQUIRES: cell is open
// and its key is there. Returns how many.
size_t PopZset(WriteContext& ctx, const Key& key, ValueCell* cell, ZsetEnd end, size_t count,
               ZsetShape shape, resp::Writer& out);
// How many that will be.
size_t PopCount(const ValueCell& cell, int64_t wanted);

// Seconds, maybe with a fraction, as milliseconds; 0: for ever. nullopt: the error was written.
std::optional<int64_t> ZsetTimeout(std::string_view text, resp::Writer& out);

// The numkeys keys at args[at]: their positions, for the registry. False: numkeys is wrong.
bool ZsetNumkeysPositions(const Args& args, size_t at, size_t tail, std::vector<size_t>* positions);

}  // namespace pleiad
