// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/server/debug_words.h"
#include "runtime/persistence.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

// Runs f outside the keyspace, which it fills anew. False: the reply was written.
template <typename F>
void LoadOutside(ServerContext& ctx, std::string_view error, resp::Writer& out, F f) {
  if (ctx.client.exclusive || ctx.group != nullptr) {
    out.Error("ERR Command not allowed inside a transaction");
    return;
  }
  ctx.engine.keyspace.Leave(ctx.thread);
  const Status status = f(ctx.server->persistence());
  ctx.engine.keyspace.Enter(ctx.thread);
  if (!status.ok()) {
    out.Error("ERR " + std::string(error) + ": " + status.message());
  } else {
    out.Ok();
  }
}

}  // namespace

void DebugReload(ServerContext& ctx, const Args& args, resp::Writer& out) {
  runtime::ReloadOptions options;
  for (size_t i = 2; i < args.size(); ++i) {
    if (args.Is(i, "nosave")) {
      options.save = false;
    } else if (args.Is(i, "noflush")) {
      options.flush = false;
    } else if (args.Is(i, "merge")) {
      options.merge = true;
    } else {
      out.Error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
      return;
    }
  }
  LoadOutside(ctx, "Error trying to load the RDB dump, check server logs", out,
              [&](runtime::Persistence& persistence) { return persistence.Reload(options); });
}

void DebugLoadAof(ServerContext& ctx, const Args&, resp::Writer& out) {
  LoadOutside(ctx, "Error trying to load the AOF files, check server logs", out,
              [](runtime::Persistence& persistence) { return persistence.ReloadLog(); });
}

}  // namespace pleiad
