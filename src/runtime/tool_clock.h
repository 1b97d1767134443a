// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Time for tools that run on one thread and may block. Servers get their time from the reactor.
#pragma once

#include "base/ids.h"

namespace pleiad::runtime {

MonoMs ToolNow();

// Blocks the thread. For waiting between two looks at something outside the process; what can be
// awaited must be awaited.
void ToolPause(int64_t ms);

}  // namespace pleiad::runtime
