// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// "on" or "off"; false: the error has been written.
bool ReadSwitch(const Args& args, bool* value, resp::Writer& out) {
  *value = args.Is(2, "on");
  if (*value || args.Is(2, "off")) return true;
  out.Error(kSyntaxError);
  return false;
}

// CLIENT NO-EVICT <ON | OFF>: this connection is not closed to win memory.
//
// > CLIENT NO-EVICT ON
// OK
// > CLIENT INFO
// id=1 ... flags=e ...
// > CLIENT NO-EVICT OFF
// OK
// > CLIENT NO-EVICT maybe
// (error) ERR syntax error
void NoEvict(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!ReadSwitch(args, &ctx.client.no_evict, out)) return;
  out.Ok();
}

// CLIENT NO-TOUCH <ON | OFF>: its reads are no accesses for LRU and LFU.
//
// > CLIENT NO-TOUCH ON
// OK
// > CLIENT NO-TOUCH OFF
// OK
void NoTouch(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!ReadSwitch(args, &ctx.client.no_touch, out)) return;
  out.Ok();
}

// CLIENT REPLY <ON | OFF | SKIP>: no replies any more, or not to the next command. OFF and SKIP
// themselves have none.
//
// > CLIENT REPLY ON
// OK
// > CLIENT REPLY maybe
// (error) ERR syntax error
void Reply(ServerContext& ctx, const Args& args, resp::Writer& out) {
  using Mode = ClientState::ReplyMode;
  if (args.Is(2, "on")) {
    ctx.client.reply_mode = Mode::kOn;
    out.Ok();
  } else if (args.Is(2, "off")) {
    ctx.client.reply_mode = Mode::kOff;
  } else if (args.Is(2, "skip")) {
    if (ctx.client.reply_mode != Mode::kOff) ctx.client.reply_mode = Mode::kSkipNext;
  } else {
    out.Error(kSyntaxError);
  }
}

constexpr uint32_t kClientModeFlags = kCmdNoScript | kCmdLoading | kCmdStale;

const CommandRegistration kNoEvict{{.name = "client|no-evict",
                                    .arity = 3,
                                    .flags = kClientModeFlags | kCmdAdmin,
                                    .keys = {},
                                    .group = "connection",
                                    .since = "7.0.0",
                                    .usage = "<ON | OFF>",
                                    .summary = "Sets the client eviction mode of the connection.",
                                    .complexity = "O(1)",
                                    .server = NoEvict}};
const CommandRegistration kNoTouch{
    {.name = "client|no-touch",
     .arity = 3,
     .flags = kClientModeFlags,
     .keys = {},
     .group = "connection",
     .since = "7.2.0",
     .usage = "<ON | OFF>",
     .summary = "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.",
     .complexity = "O(1)",
     .server = NoTouch}};
const CommandRegistration kReply{{.name = "client|reply",
                                  .arity = 3,
                                  .flags = kClientModeFlags,
                                  .keys = {},
                                  .group = "connection",
                                  .since = "3.2.0",
                                  .usage = "<ON | OFF | SKIP>",
                                  .summary = "Instructs the server whether to reply to commands.",
                                  .complexity = "O(1)",
                                  .server = Reply}};

}  // namespace
}  // namespace pleiad
