// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Replication and clients, as a model. Replication keeps the server's rules of partial
// resynchronisation (replication/replication_state.h) and its habits: asynchronous, one stream a
// replica, a full copy when the histories differ. Clients write values that never repeat, follow
// MOVED, and believe a write only when the answer reaches them.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "sim/fleet.h"

namespace pleiad::sim {

namespace {

constexpr Us kReplRetry = kSecond;
constexpr Us kReplTimeout = 60 * kSecond;
constexpr uint64_t kReplPingTicks = 100;  // repl-ping-replica-period, ten seconds
constexpr uint64_t kReplAckTicks = 10;
constexpr Us kClientTimeout = kSecond;
constexpr int kClientTries = 6;

}  // namespace

// ---- replication

void Fleet::SetRole(Process& p, const cluster::ReplicationRole& role) {
  if (const auto* from = std::get_if<cluster::ReplicateFrom>(&role)) {
    DropSession(p);
    DropFeeds(p);
    p.follows = checker_.IndexOf(from->master);
    p.want_full = from->full_sync;
    if (p.want_full) p.ever_synced = false;
    After(kMs, Kind::kReplTry, p.index, p.life, ++p.trying);
    return;
  }
  if (p.follows >= 0) {
    DropSession(p);
    p.store.ids.OnPromoted(prng_.Hex(kReplicationIdSize), Offset(p.store.offset()));
  }
  p.follows = -1;
}

void Fleet::DropSession(Process& p) {
  if (p.in_sync && p.up) p.last_interaction = p.clock.Mono(now_);
  p.session = p.pending = 0;
  p.in_sync = false;
}

void Fleet::DropFeeds(Process& p) {
  for (const auto& [replica, feed] : p.feeds) {
    ReplMessage end;
    end.what = ReplMessage::What::kEnd;
    end.session = feed.session;
    if (p.host_up) SendRepl(p.index, replica, std::move(end));
  }
  p.feeds.clear();
}

void Fleet::SendRepl(int from, int to, ReplMessage message, Us extra) {
  if (!network_.Reaches(from, to) || !node(to).up) return;
  message.from = from;
  HeapEvent e;
  e.at = now_ + Delay(from, to) + extra;
  const auto feed = node(from).feeds.find(to);
  if (feed != node(from).feeds.end() && feed->second.session == message.session) {
    e.at = std::max(e.at, feed->second.busy_until);
    feed->second.busy_until = e.at;
  }
  e.kind = Kind::kReplMessage;
  e.node = to;
  e.life = node(to).life;
  e.body = std::make_unique<ReplMessage>(std::move(message));
  heap_.Push(std::move(e));
}

void Fleet::TryReplicate(int i, uint64_t attempt) {
  Process& p = node(i);
  if (attempt != p.trying || p.follows < 0) return;
  After(kReplRetry, Kind::kReplTry, i, p.life, attempt);
  if (p.paused || p.session != 0) return;
  if (p.pending != 0 && now_ - p.pending_since < 10 * kSecond) return;
  const int master = p.follows;
  if (!network_.Reaches(i, master) || !network_.Reaches(master, i) || !node(master).up) return;
  ReplMessage psync;
  psync.what = ReplMessage::What::kPsync;
  psync.session = p.pending = next_session_++;
  p.pending_since = now_;
  psync.replid = p.want_full ? "?" : p.store.ids.replid;
  psync.offset = p.store.offset();
  SendRepl(i, master, std::move(psync));
}

void Fleet::OnPsync(int i, ReplMessage& message) {
  Process& p = node(i);
  ReplMessage answer;
  answer.session = message.session;
  if (p.follows >= 0) {
    answer.what = ReplMessage::What::kRefused;
    return SendRepl(i, message.from, std::move(answer));
  }
  const Store& store = p.store;
  BacklogRange backlog;
  backlog.active = true;
  backlog.size = swarm_.backlog;
  backlog.length = std::clamp<int64_t>(store.offset(), 0, swarm_.backlog);
  backlog.first = Offset(store.offset() - backlog.length + 1);
  ReplicaFeed& feed = p.feeds[message.from];
  feed = ReplicaFeed();
  feed.session = message.session;
  feed.heard = now_;
  feed.online = true;
  answer.replid = store.ids.replid;
  if (CanContinue(store.ids, backlog, message.replid, Offset(message.offset + 1))) {
    Probe("partial resynchronisation");
    answer.what = ReplMessage::What::kContinue;
    feed.sent = message.offset;
    SendRepl(i, message.from, std::move(answer));
    return Flush(i, message.from);
  }
  Probe("full synchronisation");
  answer.what = ReplMessage::What::kFull;
  answer.entries = store.log;
  answer.base = store.base;
  feed.sent = store.offset();
  if (timeline_ != nullptr) {
    timeline_->points.push_back({now_, message.from, Timeline::Mark::kFullSync, ""});
  }
  SendRepl(i, message.from, std::move(answer), Exponential(swarm_.full_sync_mean));
}

void Fleet::OnRepl(int i, ReplMessage& message) {
  Process& p = node(i);
  switch (message.what) {
    case ReplMessage::What::kPsync:
      return OnPsync(i, message);
    case ReplMessage::What::kRefused:
      if (p.pending == message.session) p.pending = 0;
      return;
    case ReplMessage::What::kAck: {
      const auto it = p.feeds.find(message.from);
      if (it != p.feeds.end() && it->second.session == message.session) {
        it->second.heard = now_;
        it->second.acked = message.offset;
        return;
      }
      ReplMessage end;
      end.what = ReplMessage::What::kEnd;
      end.session = message.session;
      return SendRepl(i, message.from, std::move(end));
    }
    case ReplMessage::What::kEnd:
      if (p.session == message.session || p.pending == message.session) DropSession(p);
      return;
    default:
      if (message.from != p.follows) return;
      return OnMasterData(p, message);
  }
}

void Fleet::OnMasterData(Process& p, ReplMessage& message) {
  Store& store = p.store;
  if (message.what == ReplMessage::What::kFull || message.what == ReplMessage::What::kContinue) {
    if (message.session != p.pending) return;
    p.pending = 0;
    p.session = message.session;
    if (message.what == ReplMessage::What::kFull) {
      store.log = std::move(message.entries);
      store.base = message.base;
      store.synced = 0;
      store.ids.OnFullSync(message.replid);
      p.want_full = false;
      Say(p.index, fmt::format("has {} writes by a full synchronisation with node {}",
                               store.log.size(), message.from));
    } else {
      store.ids.OnContinue(message.replid, Offset(store.offset()));
      Say(p.index,
          fmt::format("goes on from {} writes with node {}", store.log.size(), message.from));
    }
    p.in_sync = p.ever_synced = true;
  } else if (message.session != p.session) {
    return;
  }
  p.last_interaction = p.clock.Mono(now_);
  if (message.what != ReplMessage::What::kStream) return;
  if (message.offset != store.offset()) {
    return checker_.Fail(now_, "model", fmt::format("stream of node {} has a gap", p.index));
  }
  for (const Entry& entry : message.entries) store.log.push_back(entry);
}

void Fleet::Flush(int i, int replica) {
  Process& p = node(i);
  const auto it = p.feeds.find(replica);
  if (it == p.feeds.end()) return;
  ReplicaFeed& feed = it->second;
  feed.flush_due = false;
  if (feed.sent >= p.store.offset()) return;
  if (p.paused || !network_.Reaches(i, replica)) {
    feed.flush_due = true;
    return After(100 * kMs, Kind::kReplFlush, i, p.life, static_cast<uint64_t>(replica));
  }
  ReplMessage stream;
  stream.what = ReplMessage::What::kStream;
  stream.session = feed.session;
  stream.offset = feed.sent;
  const auto first = static_cast<std::ptrdiff_t>(feed.sent - p.store.base);
  stream.entries.assign(p.store.log.begin() + first, p.store.log.end());
  feed.sent = p.store.offset();
  SendRepl(i, replica, std::move(stream));
}

void Fleet::Append(Process& p, Entry entry) {
  p.store.log.push_back(entry);
  for (auto& [replica, feed] : p.feeds) {
    if (std::exchange(feed.flush_due, true)) continue;
    After(static_cast<Us>(prng_.Below(kMs)), Kind::kReplFlush, p.index, p.life,
          static_cast<uint64_t>(replica));
  }
}

// Ten times a second.
void Fleet::ReplCron(int i) {
  Process& p = node(i);
  ++p.cron;
  if (p.cron % kReplAckTicks != 0) return;
  p.store.synced = p.store.log.size();  // appendfsync everysec
  if (p.session != 0) {
    Process& master = node(p.follows);
    const bool reaches = network_.Reaches(i, p.follows) && network_.Reaches(p.follows, i);
    const bool reset = reaches && master.host_up && !master.up;
    if (reset || p.clock.Mono(now_) - p.last_interaction > kReplTimeout / kMs) DropSession(p);
    if (p.session != 0) {
      ReplMessage ack;
      ack.what = ReplMessage::What::kAck;
      ack.session = p.session;
      ack.offset = p.store.offset();
      SendRepl(i, p.follows, std::move(ack));
    }
  }
  std::erase_if(p.feeds, [this](const auto& f) { return now_ - f.second.heard > kReplTimeout; });
  if (p.cron % kReplPingTicks != 0) return;
  for (const auto& [replica, feed] : p.feeds) {
    ReplMessage ping;
    ping.session = feed.session;
    SendRepl(i, replica, std::move(ping));
  }
}

cluster::ReplicationProgress Fleet::Progress(const Process& p) const {
  cluster::ReplicationProgress progress;
  progress.offset = Offset(p.store.offset());
  progress.link_up = p.in_sync;
  progress.ever_synced = p.ever_synced;
  progress.last_interaction = p.last_interaction;
  return progress;
}

// ---- clients

// What the server asks itself before it runs a write: under the slot's lock, by the last published
// view, if that is not too old.
bool Fleet::WouldAccept(const Process& p, int slot) const {
  if (!p.up || p.paused || !p.ok || p.writes_paused || p.follows >= 0) return false;
  if (p.owned[static_cast<size_t>(slot)] == 0) return false;
  if (p.clock.Mono(now_) >= p.serve_until) return false;
  return p.clock.Mono(now_) - p.last_round <= std::max<int64_t>(p.config.node_timeout_ms / 2, 200);
}

void Fleet::ClientLater(int client, Us delay) {
  After(delay + Exponential(swarm_.think_mean), Kind::kClientOp, -1, 0,
        static_cast<uint64_t>(client));
}

void Fleet::BeginOp(int client) {
  if (!clients_on_) return;
  Client& c = clients_[static_cast<size_t>(client)];
  if (c.tries == 0) c.slot = static_cast<int>(prng_.Below(slots_.size()));
  c.waiting = next_value_++;
  const int target = c.map[static_cast<size_t>(c.slot)];
  HeapEvent timeout;
  timeout.at = now_ + kClientTimeout;
  timeout.kind = Kind::kClientTimeout;
  timeout.node = client;
  timeout.a = c.waiting;
  heap_.Push(std::move(timeout));
  if (!network_.Reaches(c.at, target) || !network_.Reaches(target, c.at)) return;
  HeapEvent e;
  e.at = now_ + Delay(c.at, target);
  Op op;
  op.client = client;
  op.value = c.waiting;
  op.slot = c.slot;
  if (node(target).up) {
    e.kind = Kind::kRequest;
    e.node = target;
  } else if (node(target).host_up) {
    op.outcome = static_cast<int>(Outcome::kRefused);
    e.kind = Kind::kReply;
  } else {
    return;
  }
  e.body = op;
  heap_.Push(std::move(e));
}

void Fleet::OnRequest(int i, Op op) {
  Process& p = node(i);
  const auto slot = static_cast<size_t>(op.slot);
  if (WouldAccept(p, op.slot)) {
    CountOverlap(i, op.slot);
    ++p.writes;
    ledger_.Accepted(op.value, op.slot, i, now_);
    if (authority_[static_cast<size_t>(slot_shard_[slot])] != i) {
      ledger_.Excuse(op.value, "accepted by a master already replaced");
      Probe("replaced master accepted a write");
    }
    if (p.cut_since >= 0) {
      const int64_t permille = (now_ - p.cut_since) / p.config.node_timeout_ms;
      report_->fence_permille_max = std::max(report_->fence_permille_max, permille);
      if (permille > 1000) {
        checker_.Fail(now_, "S5",
                      fmt::format("node {} takes writes {} ms after it was cut from the majority",
                                  i, (now_ - p.cut_since) / kMs));
      }
    }
    Append(p, {op.slot, op.value});
    op.outcome = static_cast<int>(Outcome::kOk);
  } else {
    const cluster::Node* owner = p.machine->state().Owner(SlotId(slots_[slot]));
    const int to = owner == nullptr ? -1 : checker_.IndexOf(owner->id);
    const bool moved = to >= 0 && to != i && p.ok;
    op.redirect = moved ? to : -1;
    op.outcome = static_cast<int>(moved ? Outcome::kMoved : Outcome::kDown);
  }
  const int at = clients_[static_cast<size_t>(op.client)].at;
  if (!network_.Reaches(i, at)) return;
  HeapEvent e;
  e.at = now_ + Delay(i, at);
  e.kind = Kind::kReply;
  e.body = op;
  heap_.Push(std::move(e));
}

void Fleet::OnReply(Op op) {
  Client& c = clients_[static_cast<size_t>(op.client)];
  if (c.waiting != op.value) return;  // it came too late: for the client, who knows
  c.waiting = 0;
  const auto slot = static_cast<size_t>(op.slot);
  switch (static_cast<Outcome>(op.outcome)) {
    case Outcome::kOk:
      ++report_->writes_acked;
      last_ok_[slot] = now_;
      ledger_.Acked(op.value);
      c.tries = 0;
      return ClientLater(op.client, 0);
    case Outcome::kMoved:
      c.map[slot] = op.redirect;
      if (++c.tries < kClientTries) return ClientLater(op.client, kMs - swarm_.think_mean / 2);
      break;
    default:
      c.map[slot] = static_cast<int>(prng_.Below(static_cast<uint64_t>(count())));
      break;
  }
  ++report_->writes_refused;
  c.tries = 0;
  ClientLater(op.client, 50 * kMs);
}

void Fleet::OnTimeout(int client, uint64_t value) {
  Client& c = clients_[static_cast<size_t>(client)];
  if (c.waiting != value) return;
  c.waiting = 0;
  c.tries = 0;
  ++report_->writes_unknown;
  c.map[static_cast<size_t>(c.slot)] =
      static_cast<int>(prng_.Below(static_cast<uint64_t>(count())));
  ClientLater(client, 0);
}

// Another node that would take the same write at this very moment.
void Fleet::CountOverlap(int i, int slot) {
  const auto k = static_cast<size_t>(slot);
  for (const Process& other : nodes_) {
    if (other.index == i || !WouldAccept(other, slot)) continue;
    ++report_->overlaps;
    if (overlap_since_[k] < 0 || now_ - overlap_last_[k] > kSecond) overlap_since_[k] = now_;
    overlap_last_[k] = now_;
    report_->overlap_longest = std::max(report_->overlap_longest, now_ - overlap_since_[k]);
    checker_.Fail(
        now_, "S4",
        fmt::format("nodes {} and {} both take a write for slot {}", i, other.index, slots_[k]));
    return;
  }
}

}  // namespace pleiad::sim
