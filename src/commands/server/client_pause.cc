// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <limits>

#include "command/command.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

// CLIENT PAUSE timeout [WRITE | ALL]: commands (those that write, or all) wait until the
// milliseconds are over or CLIENT UNPAUSE ends it, and run then in the order in which they came.
// Nothing expires or is evicted meanwhile. Of two pauses the later end and the stricter mode hold.
// ALL holds CLIENT UNPAUSE back, too.
//
// > CLIENT PAUSE 100 WRITE
// OK
// > CLIENT UNPAUSE
// OK
// > CLIENT PAUSE x
// (error) ERR timeout is not an integer or out of range
// > CLIENT PAUSE -1
// (error) ERR timeout is negative
// > CLIENT PAUSE 100 READ
// (error) ERR CLIENT PAUSE mode must be WRITE or ALL
void ClientPause(ServerContext& ctx, const Args& args, resp::Writer& out) {
  PauseLevel level = PauseLevel::kAll;
  if (args.size() == 4) {
    if (args.Is(3, "write")) {
      level = PauseLevel::kWrites;
    } else if (!args.Is(3, "all")) {
      out.Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
      return;
    }
  } else if (args.size() > 4) {
    out.Error(kSyntaxError);
    return;
  }
  const auto timeout = IntArg(args, 2, out, "ERR timeout is not an integer or out of range");
  if (!timeout.has_value()) return;
  if (*timeout < 0) {
    out.Error("ERR timeout is negative");
    return;
  }
  if (*timeout > std::numeric_limits<int64_t>::max() - ctx.mono_now.value) {
    out.Error("ERR timeout is out of range");
    return;
  }
  ctx.engine.pauses.Begin(PausePurpose::kClient, level, ctx.mono_now.value + *timeout);
  // When this is answered, no write is under way on another thread.
  ctx.Exclusive([] {});
  out.Ok();
}

// CLIENT UNPAUSE: ends CLIENT PAUSE before its time.
//
// > CLIENT UNPAUSE
// OK
void ClientUnpause(ServerContext& ctx, const Args&, resp::Writer& out) {
  ctx.server->EndPause(PausePurpose::kClient);
  out.Ok();
}

constexpr uint32_t kPauseFlags = kCmdAdmin | kCmdNoScript | kCmdLoading | kCmdStale;

const CommandRegistration kClientPause{{.name = "client|pause",
                                        .arity = -3,
                                        .flags = kPauseFlags,
                                        .keys = {},
                                        .group = "connection",
                                        .since = "3.0.0",
                                        .usage = "timeout [WRITE | ALL]",
                                        .summary = "Suspends the processing of commands.",
                                        .complexity = "O(1)",
                                        .server = ClientPause}};
const CommandRegistration kClientUnpause{
    {.name = "client|unpause",
     .arity = 2,
     .flags = kPauseFlags,
     .keys = {},
     .group = "connection",
     .since = "6.2.0",
     .usage = "",
     .summary = "Resumes the processing of commands.",
     .complexity = "O(N) where N is the number of paused clients",
     .server = ClientUnpause}};

}  // namespace
}  // namespace pleiad
