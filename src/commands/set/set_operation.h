// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Intersection, union and difference of the sets under some keys, as SINTER, SUNION, SDIFF and
// their ...STORE forms need them.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "command/command.h"
#include "data/set.h"

namespace pleiad {

// The set under a key; an empty one if there is none. nullopt: WRONGTYPE was written.
std::optional<SetView> ReadSet(ReadContext& ctx, const Key& key, resp::Writer& out,
                               bool touch = true);

// The sets under keys number `first` to the last. nullopt: WRONGTYPE was written.
std::optional<std::vector<SetView>> ReadSets(ReadContext& ctx, size_t first, resp::Writer& out);

// f(member) for each member that is in all of them, until it returns false. Cost: size of the
// smallest times number of sets.
void Intersect(std::vector<SetView> sets, const std::function<bool(std::string_view)>& f);

enum class SetOperation { kIntersect, kUnite, kSubtract };

// The result as a set in `result`.
void Combine(SetOperation operation, const std::vector<SetView>& sets,
             const CollectionSettings& settings, MemoryStore* result);

// The whole of SINTER and its like, and of SINTERSTORE and its like.
void ReplyCombined(ReadContext& ctx, SetOperation operation, resp::Writer& out);
void StoreCombined(WriteContext& ctx, SetOperation operation, std::string_view event,
                   resp::Writer& out);

// Writes all members, as a set.
void WriteMembers(const SetView& set, resp::Writer& out);

}  // namespace pleiad
