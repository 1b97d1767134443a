// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/move.h"

#include <algorithm>

#include "admin/command_support.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

Error NodeError(const std::string& name, std::string_view what) {
  return Error{"[ERR] Node " + name + ": " + std::string(what)};
}

constexpr int64_t kPassingMsMax = 15'000;
constexpr int64_t kPassingLookMs = 100;

// A refusal of this moment, by the source or by the target.
bool Passing(const resp::Reply& reply) {
  if (!reply.is_error()) return false;
  for (const char* code : {"CLUSTERDOWN", "TRYAGAIN", "LOADING"}) {
    if (reply.text.find(code) != std::string::npos) return true;
  }
  return false;
}

bool SaysBusy(const resp::Reply& reply) {
  return reply.is_error() && reply.text.find("BUSYKEY") != std::string::npos;
}

}  // namespace

MoveOptions MakeMoveOptions(const Environment& env, const Options& options) {
  return {options.timeout_ms, options.pipeline, options.replace, options.classic,
          MakeCredentials(env, options)};
}

Status SlotMover::SetSlot(size_t node, int slot, const std::string& action, const std::string& id) {
  std::vector<std::string> args = {"CLUSTER", "SETSLOT", std::to_string(slot), action};
  if (!id.empty()) args.push_back(id);
  const Result<resp::Reply> reply = session_.Demand(node, args);
  return reply.ok() ? Status::Ok() : Status(reply.error());
}

Status SlotMover::Move(const SlotMove& move, bool dots) {
  const std::vector<NodeView>& nodes = session_.view().nodes;
  const std::string from = nodes[move.from].self.id.str();
  const std::string to = nodes[move.to].self.id.str();
  if (const Status s = SetSlot(move.to, move.slot, "IMPORTING", from); !s.ok()) return s;
  if (const Status s = SetSlot(move.from, move.slot, "MIGRATING", to); !s.ok()) {
    (void)SetSlot(move.to, move.slot, "STABLE", "");  // nothing has happened yet
    return s;
  }
  const int64_t before = keys_;
  const Result<KeysMoved> moved = MoveKeys(move, dots, false);
  if (!moved.ok()) {
    if (keys_ == before) {  // no key left: as if nothing had been
      (void)SetSlot(move.from, move.slot, "STABLE", "");
      (void)SetSlot(move.to, move.slot, "STABLE", "");
    }
    return moved.error();
  }
  return Announce(move);
}

Status SlotMover::Announce(const SlotMove& move) {
  const std::vector<NodeView>& nodes = session_.view().nodes;
  const std::string owner = nodes[move.to].self.id.str();
  if (const Status s = SetSlot(move.to, move.slot, "NODE", owner); !s.ok()) return s;
  if (const Status s = SetSlot(move.from, move.slot, "NODE", owner); !s.ok()) {
    // It lost its last slot and follows the new owner already: it knows.
    if (s.message().find("only with masters") == std::string::npos) return s;
  }
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (i == move.to || i == move.from || !nodes[i].self.Has("master")) continue;
    // They would learn it from the bus; a node that can't be told now does not spoil the move.
    (void)SetSlot(i, move.slot, "NODE", owner);
  }
  return Status::Ok();
}

Result<KeysMoved> SlotMover::MoveKeys(const SlotMove& move, bool dots, bool target_wins) {
  KeysMoved moved;
  for (;;) {
    const Result<resp::Reply> list = session_.Demand(
        move.from,
        {"CLUSTER", "GETKEYSINSLOT", std::to_string(move.slot), std::to_string(options_.pipeline)});
    if (!list.ok()) return list.error();
    if (list->items.empty()) return moved;
    std::vector<std::string> keys;
    for (const resp::Reply& item : list->items) keys.push_back(item.text);
    const Result<resp::Reply> reply = Migrate(move, keys, options_.replace && !target_wins);
    if (!reply.ok()) return reply.error();
    if (!reply->is_error()) {
      moved.keys += std::ssize(keys);
      keys_ += std::ssize(keys);
    } else if (SaysBusy(*reply) || EqualsIgnoreCase(reply->text, "ERR syntax error")) {
      // One key at a time: some are there already, or the node is older than MIGRATE ... KEYS.
      if (const Status s = MigrateEach(move, keys, target_wins, &moved); !s.ok()) return s.error();
    } else {
      return NodeError(session_.name(move.from), reply->text);
    }
    if (dots) session_.Text(std::string(keys.size(), '.'));
  }
}

Result<resp::Reply> SlotMover::Migrate(const SlotMove& move, const std::vector<std::string>& keys,
                                       bool replace) {
  const NodeView& target = session_.view().nodes[move.to];
  std::vector<std::string> args = {"MIGRATE",
                                   target.ip,
                                   std::to_string(target.address.port),
                                   keys.size() == 1 ? keys[0] : "",
                                   "0",
                                   std::to_string(options_.timeout_ms)};
  if (replace) args.emplace_back("REPLACE");
  if (!options_.credentials.password.empty()) {
    args.emplace_back(options_.credentials.user.empty() ? "AUTH" : "AUTH2");
    if (!options_.credentials.user.empty()) args.push_back(options_.credentials.user);
    args.push_back(options_.credentials.password);
  }
  if (keys.size() > 1) {
    args.emplace_back("KEYS");
    args.insert(args.end(), keys.begin(), keys.end());
  }
  // A node that is short of time, or a failover under way: it passes, or it is an error after all.
  const MonoMs start = session_.clock().Now();
  for (;;) {
    Result<resp::Reply> reply = session_.Call(move.from, args);
    if (!reply.ok() || !Passing(*reply) || session_.clock().Now() - start > kPassingMsMax)
      return reply;
    session_.clock().Pause(kPassingLookMs);
  }
}

Status SlotMover::MigrateEach(const SlotMove& move, const std::vector<std::string>& keys,
                              bool target_wins, KeysMoved* moved) {
  for (const std::string& key : keys) {
    const Result<resp::Reply> reply = Migrate(move, {key}, options_.replace && !target_wins);
    if (!reply.ok()) return reply.error();
    if (SaysBusy(*reply)) {
      if (const Status s = ResolveBusy(move, key, target_wins, moved); !s.ok()) return s;
    } else if (reply->is_error()) {
      return NodeError(session_.name(move.from), reply->text);
    }
    ++moved->keys;
    ++keys_;
  }
  return Status::Ok();
}

// A key that is on both sides is what an interrupted MIGRATE leaves behind: the owner's is the true
// one. Moving on from the owner, its value may replace the copy if that is the same; if it is not,
// somebody has to decide (--replace).
Status SlotMover::ResolveBusy(const SlotMove& move, const std::string& key, bool target_wins,
                              KeysMoved* moved) {
  const Result<std::string> here = Digest(move.from, key, target_wins);
  if (!here.ok()) return here.error();
  const Result<std::string> there = Digest(move.to, key, !target_wins);
  if (!there.ok()) return there.error();
  if (target_wins) {
    if (*here != *there) ++moved->kept;
    if (const Result<resp::Reply> asking = session_.Demand(move.from, {"ASKING"}); !asking.ok())
      return asking.error();
    const Result<resp::Reply> gone = session_.Demand(move.from, {"DEL", key});
    return gone.ok() ? Status::Ok() : Status(gone.error());
  }
  if (*here != *there) {
    return Error{"[ERR] The key " + Quoted(key) + " of slot " + std::to_string(move.slot) +
                 " has another value at " + session_.name(move.to) +
                 " already. With --replace the value of " + session_.name(move.from) +
                 " will be taken."};
  }
  const Result<resp::Reply> reply = Migrate(move, {key}, true);
  if (!reply.ok()) return reply.error();
  if (reply->is_error()) return NodeError(session_.name(move.from), reply->text);
  return Status::Ok();
}

// What tells two values apart. `asking`: the slot is on its way to that node.
Result<std::string> SlotMover::Digest(size_t node, const std::string& key, bool asking) {
  if (asking) {
    if (const Result<resp::Reply> ask = session_.Demand(node, {"ASKING"}); !ask.ok())
      return ask.error();
  }
  const Result<resp::Reply> dump = session_.Call(node, {"DUMP", key});
  if (!dump.ok()) return dump.error();
  return dump->text;
}

}  // namespace pleiad::admin
