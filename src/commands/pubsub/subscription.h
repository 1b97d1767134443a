// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the six commands that (un)subscribe have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command/command.h"

namespace pleiad {

inline constexpr uint32_t kSubscribeFlags =
    kCmdPubsub | kCmdNoScript | kCmdLoading | kCmdStale | kCmdPushReply;

// One of the replies: {"subscribe", name, how many there are now}.
inline void WriteSubscription(std::string_view what, std::string_view name, size_t count,
                              resp::Writer& out) {
  out.Push(3);
  out.Bulk(what);
  out.Bulk(name);
  out.Integer(static_cast<int64_t>(count));
}

// A reply for each name.
inline void SubscribeAll(ServerContext& ctx, const Args& args, ChannelKind kind,
                         std::string_view what, resp::Writer& out) {
  Subscriber& subscriber = Subscriber::Of(&ctx.engine.pubsub, ctx.thread, &ctx.client);
  for (size_t i = 1; i < args.size(); ++i) {
    subscriber.Subscribe(kind, args[i]);
    WriteSubscription(what, args[i], subscriber.CountFor(kind), out);
  }
}

// A reply for each name; without names: for each that there is, or one with a null.
inline void UnsubscribeAll(ServerContext& ctx, const Args& args, ChannelKind kind,
                           std::string_view what, resp::Writer& out) {
  Subscriber& subscriber = Subscriber::Of(&ctx.engine.pubsub, ctx.thread, &ctx.client);
  std::vector<std::string> names(args.all().begin() + 1, args.all().end());
  if (args.size() == 1) names.assign(subscriber.names(kind).begin(), subscriber.names(kind).end());
  for (const std::string& name : names) {
    subscriber.Unsubscribe(kind, name);
    WriteSubscription(what, name, subscriber.CountFor(kind), out);
  }
  if (!names.empty()) return;
  out.Push(3);
  out.Bulk(what);
  out.Null();
  out.Integer(static_cast<int64_t>(subscriber.CountFor(kind)));
}

}  // namespace pleiad
