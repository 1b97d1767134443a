// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Work on several threads for tools: numbered pieces that know nothing of each other.
#pragma once

#include <cstdint>
#include <functional>

namespace pleiad::runtime {

// Calls work(n) for each n in [first, last], on up to `jobs` threads at once, and returns when all
// are done. `work` must be safe to call from several threads; false from it: no further pieces are
// begun.
void ForEachNumber(uint64_t first, uint64_t last, int jobs,
                   const std::function<bool(uint64_t)>& work);

}  // namespace pleiad::runtime
