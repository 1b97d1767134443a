// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CLIENT TRACKING and what belongs to it: the server tells clients that keep copies of values when
// these are not good any more. How it works is in command/tracking.h.
#include <fmt/core.h>

#include <algorithm>

#include "command/command.h"
#include "command/tracking.h"
#include "commands/server/client_list.h"
#include "runtime/connection.h"
#include "runtime/reactor.h"

namespace pleiad {
namespace {

struct TrackingOptions {
  uint64_t redirect = 0;
  int redirect_thread = 0;
  bool broadcast = false;
  bool opt_in = false;
  bool opt_out = false;
  bool no_loop = false;
  std::vector<std::string_view> prefixes;
};

// The client must be there now; that it may go away later is dealt with then. It is made known to
// its desk, so that letters to it find it. False: there is none.
bool FindRedirect(ServerContext& ctx, uint64_t id, int* thread) {
  bool found = false;
  ForEachClient(ctx, [&](ClientState& client) {
    if (client.id != id) return;
    found = true;
    *thread = client.connection == nullptr ? ctx.thread : client.connection->reactor()->index();
    Subscriber::Of(&ctx.engine.pubsub, *thread, &client);
  });
  return found;
}

// False: the error has been written.
bool ReadTrackingOptions(ServerContext& ctx, const Args& args, TrackingOptions* options,
                         resp::Writer& out) {
  for (size_t i = 3; i < args.size(); ++i) {
    const bool more = i + 1 < args.size();
    if (args.Is(i, "redirect") && more) {
      if (options->redirect != 0) {
        out.Error("ERR A client can only redirect to a single other client");
        return false;
      }
      const auto id = IntArg(args, ++i, out);
      if (!id.has_value()) return false;
      options->redirect = static_cast<uint64_t>(*id);
      if (!FindRedirect(ctx, options->redirect, &options->redirect_thread)) {
        out.Error("ERR The client ID you want redirect to does not exist");
        return false;
      }
    } else if (args.Is(i, "bcast")) {
      options->broadcast = true;
    } else if (args.Is(i, "optin")) {
      options->opt_in = true;
    } else if (args.Is(i, "optout")) {
      options->opt_out = true;
    } else if (args.Is(i, "noloop")) {
      options->no_loop = true;
    } else if (args.Is(i, "prefix") && more) {
      options->prefixes.push_back(args[++i]);
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

bool Overlap(std::string_view a, std::string_view b) {
  return a.starts_with(b) || b.starts_with(a);
}

// Two prefixes of one client that a key can fit both. False: the error has been written.
bool CheckPrefixes(const std::vector<std::string_view>& prefixes, const TrackingState* state,
                   resp::Writer& out) {
  constexpr std::string_view kRule = "Prefixes for a single client must not overlap.";
  for (size_t i = 0; i < prefixes.size(); ++i) {
    if (state != nullptr) {
      for (const std::string& old : state->prefixes) {
        if (!Overlap(old, prefixes[i])) continue;
        out.Error(fmt::format("ERR Prefix '{}' overlaps with an existing prefix '{}'. {}",
                              prefixes[i], old, kRule));
        return false;
      }
    }
    for (size_t j = i + 1; j < prefixes.size(); ++j) {
      if (!Overlap(prefixes[i], prefixes[j])) continue;
      out.Error(fmt::format("ERR Prefix '{}' overlaps with another provided prefix '{}'. {}",
                            prefixes[i], prefixes[j], kRule));
      return false;
    }
  }
  return true;
}

// Whether the options agree with each other and with how the client tracks now. False: the error
// has been written.
bool CheckTrackingOptions(const TrackingOptions& o, const TrackingState* now, resp::Writer& out) {
  if (!o.broadcast && !o.prefixes.empty()) {
    out.Error("ERR PREFIX option requires BCAST mode to be enabled");
  } else if (now != nullptr && now->broadcast != o.broadcast) {
    out.Error(
        "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and "
        "then re-enabling it with a different mode.");
  } else if (o.broadcast && (o.opt_in || o.opt_out)) {
    out.Error("ERR OPTIN and OPTOUT are not compatible with BCAST");
  } else if (o.opt_in && o.opt_out) {
    out.Error("ERR You can't specify both OPTIN mode and OPTOUT mode");
  } else if (now != nullptr && ((o.opt_in && now->opt_out) || (o.opt_out && now->opt_in))) {
    out.Error(
        "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and "
        "then re-enabling it with a different mode.");
  } else {
    return !o.broadcast || CheckPrefixes(o.prefixes, now, out);
  }
  return false;
}

// The first prefix of all: from now on every change is looked at.
void MarkAllSlots(Engine& engine) {
  for (int i = 0; i < kSlotCount; ++i) {
    const SlotId id(static_cast<uint16_t>(i));
    LockSet locks(&engine.keyspace);
    locks.LockOne(id);
    locks.slot(id).watched |= Slot::kWatched;
  }
}

void StartTracking(ServerContext& ctx, const TrackingOptions& options) {
  Subscriber& subscriber = Subscriber::Of(&ctx.engine.pubsub, ctx.thread, &ctx.client);
  if (subscriber.tracking == nullptr)
    subscriber.tracking =
        std::make_shared<TrackingState>(&ctx.engine.tracking, ctx.client.id, ctx.thread);
  TrackingState& state = *subscriber.tracking;
  state.broadcast = options.broadcast;
  state.opt_in = options.opt_in;
  state.opt_out = options.opt_out;
  state.no_loop = options.no_loop;
  state.broken = false;
  state.redirect = options.redirect;
  state.redirect_thread = options.redirect_thread;
  ctx.client.tracking = !options.broadcast;
  std::vector<std::string_view> prefixes = options.prefixes;
  if (options.broadcast && prefixes.empty()) prefixes.emplace_back();
  for (const std::string_view prefix : prefixes) {
    if (ctx.engine.tracking.AddPrefix(&state, prefix)) MarkAllSlots(ctx.engine);
  }
}

TrackingState* MyTracking(ClientState& client) {
  return client.subscriber == nullptr ? nullptr : client.subscriber->tracking.get();
}

// CLIENT TRACKING <ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST]
// [OPTIN] [OPTOUT] [NOLOOP]: tells this connection, or another one, when a key that it has read
// changes; once for each read. With BCAST: of all keys, or those with the prefixes, read or not.
// RESP3 connections get a push, RESP2 ones only by REDIRECT to a connection that is subscribed to
// __redis__:invalidate. After FLUSHALL the keys are a null.
//
// > HELLO 3
// 1# "server" => "redis"
// ...
// > CLIENT TRACKING ON
// OK
// > SET k v
// OK
// > GET k
// "v"
// > SET k w
// OK
// 1) "invalidate"
// 2) 1) "k"
// > SET k x
// OK
// > GET k
// "x"
// > FLUSHALL
// OK
// 1) "invalidate"
// 2) (nil)
// > CLIENT TRACKING OFF
// OK
// > CLIENT TRACKING ON BCAST PREFIX a PREFIX ab
// (error) ERR Prefix 'a' overlaps with another provided prefix 'ab'. Prefixes for a single ...
// > CLIENT TRACKING ON OPTIN OPTOUT
// (error) ERR You can't specify both OPTIN mode and OPTOUT mode
// > CLIENT TRACKING ON PREFIX a
// (error) ERR PREFIX option requires BCAST mode to be enabled
// > CLIENT TRACKING ON REDIRECT 77
// (error) ERR The client ID you want redirect to does not exist
// > CLIENT TRACKING perhaps
// (error) ERR syntax error
void ClientTracking(ServerContext& ctx, const Args& args, resp::Writer& out) {
  TrackingOptions options;
  if (!ReadTrackingOptions(ctx, args, &options, out)) return;
  if (args.Is(2, "on")) {
    if (!CheckTrackingOptions(options, MyTracking(ctx.client), out)) return;
    StartTracking(ctx, options);
  } else if (args.Is(2, "off")) {
    ctx.client.tracking = false;
    if (ctx.client.subscriber != nullptr) ctx.client.subscriber->tracking.reset();
  } else {
    out.Error(kSyntaxError);
    return;
  }
  out.Ok();
}

// CLIENT CACHING <YES | NO>: with OPTIN, the keys of the next command are tracked; with OPTOUT,
// they are not. Of a transaction: of all its commands.
//
// > CLIENT CACHING YES
// (error) ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN ...
// > HELLO 3
// 1# "server" => "redis"
// ...
// > CLIENT TRACKING ON OPTIN
// OK
// > CLIENT CACHING NO
// (error) ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.
// > GET a
// (nil)
// > CLIENT CACHING YES
// OK
// > GET b
// (nil)
// > MSET a 1 b 1
// OK
// 1) "invalidate"
// 2) 1) "b"
void ClientCaching(ServerContext& ctx, const Args& args, resp::Writer& out) {
  TrackingState* const state = MyTracking(ctx.client);
  if (state == nullptr) {
    out.Error(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
        "OPTOUT mode enabled");
  } else if (args.Is(2, "yes") && !state->opt_in) {
    out.Error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
  } else if (args.Is(2, "no") && !state->opt_out) {
    out.Error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
  } else if (!args.Is(2, "yes") && !args.Is(2, "no")) {
    out.Error(kSyntaxError);
  } else {
    state->caching = true;
    out.Ok();
  }
}

int64_t RedirectOf(ClientState& client) {
  const TrackingState* const state = MyTracking(client);
  return state == nullptr ? -1 : static_cast<int64_t>(state->redirect);
}

// CLIENT GETREDIR: who gets the messages; 0: this connection, -1: it does not track.
//
// > CLIENT GETREDIR
// (integer) -1
// > CLIENT TRACKING ON
// OK
// > CLIENT GETREDIR
// (integer) 0
void ClientGetredir(ServerContext& ctx, const Args&, resp::Writer& out) {
  out.Integer(RedirectOf(ctx.client));
}

// CLIENT TRACKINGINFO
//
// > CLIENT TRACKINGINFO
// 1) "flags"
// 2) 1) "off"
// 3) "redirect"
// 4) (integer) -1
// 5) "prefixes"
// 6) (empty array)
// > CLIENT TRACKING ON BCAST PREFIX a: PREFIX b: NOLOOP
// OK
// > CLIENT TRACKINGINFO
// 1) "flags"
// 2) 1) "on"
//    2) "bcast"
//    3) "noloop"
// 3) "redirect"
// 4) (integer) 0
// 5) "prefixes"
// 6) 1) "a:"
//    2) "b:"
void ClientTrackinginfo(ServerContext& ctx, const Args&, resp::Writer& out) {
  const TrackingState* const state = MyTracking(ctx.client);
  std::vector<std::string_view> flags = {state == nullptr ? "off" : "on"};
  if (state != nullptr) {
    if (state->broadcast) flags.emplace_back("bcast");
    if (state->opt_in) flags.emplace_back("optin");
    if (state->opt_in && state->caching) flags.emplace_back("caching-yes");
    if (state->opt_out) flags.emplace_back("optout");
    if (state->opt_out && state->caching) flags.emplace_back("caching-no");
    if (state->no_loop) flags.emplace_back("noloop");
    if (state->broken) flags.emplace_back("broken_redirect");
  }
  out.Map(3);
  out.Bulk("flags");
  out.Set(flags.size());
  for (const std::string_view flag : flags) out.Bulk(flag);
  out.Bulk("redirect");
  out.Integer(RedirectOf(ctx.client));
  out.Bulk("prefixes");
  out.Array(state == nullptr ? 0 : state->prefixes.size());
  if (state == nullptr) return;
  for (const std::string& prefix : state->prefixes) out.Bulk(prefix);
}

// CLIENT CAPA capability [capability ...]: what this client can do. "redirect": a replica without
// cluster mode answers its reads (unless it said READONLY) and writes with -REDIRECT and where its
// master is. Others are unknown and do no harm.
//
// > CLIENT CAPA redirect whatever
// OK
// > GET k
// (nil)
void ClientCapa(ServerContext& ctx, const Args& args, resp::Writer& out) {
  for (size_t i = 2; i < args.size(); ++i) ctx.client.redirectable |= args.Is(i, "redirect");
  out.Ok();
}

constexpr uint32_t kTrackFlags = kCmdNoScript | kCmdLoading | kCmdStale;

const CommandRegistration kClientTracking{
    {.name = "client|tracking",
     .arity = -3,
     .flags = kTrackFlags,
     .keys = {},
     .group = "connection",
     .since = "6.0.0",
     .usage = "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] "
              "[OPTOUT] [NOLOOP]",
     .summary = "Controls server-assisted client-side caching for the connection.",
     .complexity = "O(1). Some options may introduce additional complexity.",
     .server = ClientTracking}};
const CommandRegistration kClientCaching{
    {.name = "client|caching",
     .arity = 3,
     .flags = kTrackFlags | kCmdAllowBusy,
     .keys = {},
     .group = "connection",
     .since = "6.0.0",
     .usage = "<YES | NO>",
     .summary = "Instructs the server whether to track the keys in the next request.",
     .complexity = "O(1)",
     .server = ClientCaching}};
const CommandRegistration kClientGetredir{
    {.name = "client|getredir",
     .arity = 2,
     .flags = kTrackFlags | kCmdAllowBusy,
     .keys = {},
     .group = "connection",
     .since = "6.0.0",
     .usage = "",
     .summary = "Returns the client ID to which the connection's tracking notifications are "
                "redirected.",
     .complexity = "O(1)",
     .server = ClientGetredir}};
const CommandRegistration kClientTrackinginfo{
    {.name = "client|trackinginfo",
     .arity = 2,
     .flags = kTrackFlags,
     .keys = {},
     .group = "connection",
     .since = "6.2.0",
     .usage = "",
     .summary = "Returns information about server-assisted client-side caching for the connection.",
     .complexity = "O(1)",
     .server = ClientTrackinginfo}};
const CommandRegistration kClientCapa{{.name = "client|capa",
                                       .arity = -3,
                                       .flags = kTrackFlags | kCmdAllowBusy,
                                       .keys = {},
                                       .group = "connection",
                                       .since = "8.0.0",
                                       .usage = "capability [capability ...]",
                                       .summary = "A client claims its capability.",
                                       .complexity = "O(1)",
                                       .server = ClientCapa}};

}  // namespace
}  // namespace pleiad
