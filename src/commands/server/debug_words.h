// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The words of DEBUG that need more than a line. debug.cc has the list, and says what each does.
#pragma once

#include "command/command.h"

namespace pleiad {

// debug_digest.cc
void DebugDigest(ServerContext& ctx, const Args& args, resp::Writer& out);
void DebugDigestValue(ServerContext& ctx, const Args& args, resp::Writer& out);

// debug_load.cc
void DebugReload(ServerContext& ctx, const Args& args, resp::Writer& out);
void DebugLoadAof(ServerContext& ctx, const Args& args, resp::Writer& out);

// debug_table.cc
void DebugHtstats(ServerContext& ctx, const Args& args, resp::Writer& out);
void DebugHtstatsKey(ServerContext& ctx, const Args& args, resp::Writer& out);

// debug_protocol.cc
void DebugProtocol(ServerContext& ctx, const Args& args, resp::Writer& out);

}  // namespace pleiad
