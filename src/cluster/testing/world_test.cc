// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The world of world.h, and a proof that its watchers see.
#include "cluster/testing/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/check.h"

namespace pleiad::cluster::testing {

namespace {
constexpr int64_t kWallStart = 1'700'000'000'000;
constexpr int64_t kHop = 1;
NodeId IdOf(char name) { return *NodeId::Parse(std::string(40, name)); }
UnixMs Wall(int64_t now) { return UnixMs(kWallStart + now); }
}  // namespace

World::World(int count, int64_t node_timeout_ms, uint64_t seed) : seed_(seed), delays_(seed) {
  CHECK(count <= 6);
  nodes_.resize(static_cast<size_t>(count));
  lives_.resize(nodes_.size());
  for (int i = 0; i < count; ++i) {
    node(i).name = static_cast<char>('a' + i);
    node(i).config.node_timeout_ms = node_timeout_ms;
    node(i).config.port = static_cast<uint16_t>(7000 + i);
    node(i).config.cport = static_cast<uint16_t>(17000 + i);
    Start(i);
  }
}

void World::Start(int i) {
  WorldNode& n = node(i);
  CHECK(!n.up);
  std::unique_ptr<ClusterState> state;
  if (n.disk.empty()) {
    state = std::make_unique<ClusterState>(IdOf(n.name), IdOf(n.name));
    state->now = Clock(i);
    state->wall = Wall(now_);
  } else {
    auto loaded = LoadNodesConf(n.disk, Clock(i), Wall(now_));
    CHECK_MSG(loaded.ok(), loaded.message());
    state = std::move(*loaded);
  }
  const uint64_t life = ++lives_[static_cast<size_t>(i)];
  n.machine = std::make_unique<Machine>(
      n.config, seed_ * 1000 + static_cast<uint64_t>(i) * 10 + life, std::move(state));
  n.up = true;
  n.owned.clear();
  n.synced = false;
  n.follows = -1;
  n.last_interaction = 0;
  n.writes_paused = false;
  Obey(i, n.machine->Start(Clock(i), Wall(now_)));
  TickNode(i, life);
}

void World::TickNode(int i, uint64_t life) {
  // Not all at the same moment, as in life.
  At(now_ + 100 + (node(i).up && life == 1 && now_ == 1000 ? i * 7 : 0), [this, i, life] {
    if (lives_[static_cast<size_t>(i)] != life || !node(i).up) return;
    if (!node(i).paused) {
      Replicate(i);
      Feed(i, Tick{});
    }
    TickNode(i, life);
  });
}

// A replica that can talk to its master holds what the master had 0 to 100 ms ago.
void World::Replicate(int i) {
  WorldNode& n = node(i);
  ReplicationProgress progress;
  if (n.follows >= 0) {
    WorldNode& master = node(n.follows);
    progress.link_up = master.up && !master.paused && Reaches(i, n.follows) &&
                       Reaches(n.follows, i) && master.follows < 0;
    if (progress.link_up) {
      n.offset = master.offset;
      n.synced = true;
      n.last_interaction = Clock(i).value;
    }
  }
  progress.offset = Offset(n.offset);
  progress.ever_synced = n.synced;
  progress.last_interaction = MonoMs(n.last_interaction);
  Feed(i, progress);
}

void World::Kill(int i) {
  WorldNode& n = node(i);
  n.up = n.paused = false;
  n.held.clear();
  n.machine.reset();
  ++lives_[static_cast<size_t>(i)];
  for (const auto& c : connections_) {
    if (c->open && (c->from == i || c->to == i)) {
      c->open = false;
      const int peer = c->from == i ? c->to : c->from;
      const LinkId link = c->from == i ? c->in : c->out;
      const uint64_t life = lives_[static_cast<size_t>(peer)];
      auto make = [link] { return LinkDown{link, false, true}; };
      int64_t* last = &c->last_arrival[c->from == i ? 0 : 1];
      if (Reaches(i, peer)) {
        Deliver(peer, life, make, last);
      } else {  // the other side goes on believing in it
        c->stuck.assign(1, [this, peer, life, make, last] { Deliver(peer, life, make, last); });
      }
    }
  }
}

void World::Pause(int i) { node(i).paused = true; }

void World::Resume(int i) {
  node(i).paused = false;
  WatchLeases();
  auto held = std::exchange(node(i).held, {});
  for (auto& action : held) action();
}

void World::Cut(int i, int j, bool both) {
  cuts_.insert({i, j});
  if (both) cuts_.insert({j, i});
}

// What was sent into a cut is sent again by TCP.
void World::Heal() {
  cuts_.clear();
  for (const auto& c : connections_) {
    for (auto& action : std::exchange(c->stuck, {})) action();
  }
}

AdminReply World::Admin(int i, AdminCommand command, int slot) {
  AdminRequest request;
  request.request = ++sequence_;
  request.command = std::move(command);
  for (const auto& [s, keys] : node(i).keys) request.keys_total += keys;
  if (slot >= 0 && node(i).keys.count(slot) != 0) request.keys_in_slot = node(i).keys[slot];
  const auto* failover = std::get_if<AdminFailover>(&request.command);
  by_hand_ = by_hand_ ||
             (failover != nullptr && failover->mode == AdminFailover::Mode::kTakeover) ||
             (now_ > 1000 && std::holds_alternative<AdminAddSlots>(request.command)) ||
             std::holds_alternative<AdminSetSlot>(request.command);
  Effects effects = node(i).machine->Step({Clock(i), Wall(now_), request});
  CHECK(effects.replies.size() == 1 && effects.replies[0].request == request.request);
  AdminReply reply = effects.replies[0];
  Obey(i, std::move(effects));
  return reply;
}

void World::Configure(int i, const ClusterConfig& config) {
  node(i).config = config;
  Feed(i, ConfigChanged{config});
}

void World::At(int64_t when, std::function<void()> action) {
  queue_.emplace(std::make_pair(when, ++sequence_), std::move(action));
}

void World::Run(int64_t ms) {
  const int64_t end = now_ + ms;
  while (!queue_.empty() && queue_.begin()->first.first <= end) {
    auto entry = queue_.extract(queue_.begin());
    now_ = std::max(now_, entry.key().first);
    entry.mapped()();
  }
  now_ = end;
}

int64_t World::RunUntil(const std::function<bool()>& done, int64_t limit_ms) {
  const int64_t start = now_;
  while (!done()) {
    if (now_ - start >= limit_ms) return -1;
    Run(1);
  }
  return now_ - start;
}

bool World::AllOk() {
  return std::all_of(nodes_.begin(), nodes_.end(),
                     [](const WorldNode& n) { return !n.up || n.machine->state().ok; });
}

void World::Deliver(int i, uint64_t life, std::function<Event()> make, int64_t* last_arrival) {
  int64_t arrival = now_ + kHop;
  if (slow_ms_ > 0 && delays_.Chance(1, 4)) {
    arrival += static_cast<int64_t>(delays_.Below(static_cast<uint64_t>(slow_ms_)));
  }
  if (last_arrival != nullptr) arrival = *last_arrival = std::max(arrival, *last_arrival);
  At(arrival, [this, i, life, make = std::move(make)] {
    auto action = [this, i, life, make] {
      if (node(i).up && lives_[static_cast<size_t>(i)] == life) Feed(i, make());
    };
    if (node(i).paused) {
      node(i).held.push_back(action);
    } else {
      action();
    }
  });
}

void World::Feed(int i, Event event) {
  Obey(i, node(i).machine->Step({Clock(i), Wall(now_), std::move(event)}));
}

void World::Obey(int i, Effects effects) {
  WorldNode& n = node(i);
  if (effects.persist) {
    n.disk = effects.persist->content;
    auto saved = ParseNodesConf(n.disk);
    CHECK_MSG(saved.ok(), saved.message());
    n.saved = *saved;
  }
  for (const LinkAction& action : effects.links) ObeyLink(i, action);
  WatchSlots(i, effects);
  if (effects.role) {
    if (const auto* from = std::get_if<ReplicateFrom>(&*effects.role)) {
      n.follows = from->port - 7000;
      if (from->full_sync) n.synced = false;
    } else {
      n.follows = -1;
    }
  }
  if (effects.flush_all_keys) n.keys.clear();
  for (const Trace& trace : effects.traces) {
    if (trace.text.rfind("Failover election won", 0) == 0 &&
        !winners_.insert(n.machine->state().myself()->config_epoch.value).second) {
      faults.push_back("two winners of one epoch");
    }
    if (trace.level < Trace::Level::kNotice) continue;
    log_ += fmt::format("t={} {}: {}\n", now_ - 1000, n.name, Readable(trace.text));
  }
  if (effects.pause_writes) {
    n.writes_paused = *effects.pause_writes;
    log_ += fmt::format("t={} {}: writes {}\n", now_ - 1000, n.name,
                        n.writes_paused ? "stopped" : "resumed");
    if (n.writes_paused) Replicate(i);
  }
  WatchLeases();
}

bool World::Serves(int i) {
  WorldNode& n = node(i);
  return n.up && !n.paused && !n.writes_paused && Clock(i) < state(i).serve_until;
}

// A lease only runs out by itself, so that looking after each step is looking always.
void World::WatchLeases() {
  if (by_hand_) return;
  for (int i = 0; i < count(); ++i) {
    if (node(i).machine == nullptr || !Serves(i)) continue;
    for (int j = i + 1; j < count(); ++j) {
      if (node(j).machine == nullptr || !Serves(j)) continue;
      if (!state(i).myself()->slots.Intersects(state(j).myself()->slots)) continue;
      if (node(i).holds || node(j).holds) continue;
      faults.push_back(fmt::format("t={}: {} and {} both serve a slot", now_ - 1000, node(i).name,
                                   node(j).name));
    }
  }
}

void World::ObeyLink(int i, const LinkAction& action) {
  if (const auto* connect = std::get_if<ConnectLink>(&action)) {
    Dial(i, *connect);
  } else if (const auto* send = std::get_if<SendPacket>(&action)) {
    Transmit(i, *send);
  } else {
    Hang(i, std::get<CloseLink>(action).link);
  }
}

void World::Dial(int i, const ConnectLink& connect) {
  const int to = connect.cport - 17000;
  const uint64_t life = lives_[static_cast<size_t>(i)];
  const LinkId out = connect.link;
  const bool exists = to >= 0 && to < count() && connect.ip == "127.0.0.1";
  if (exists && (!Reaches(i, to) || !Reaches(to, i))) return;  // no answer, ever
  if (!exists || !node(to).up) {
    Deliver(i, life, [out] { return LinkDown{out, true}; });
    return;
  }
  auto c = std::make_shared<Connection>();
  c->from = i;
  c->to = to;
  c->out = out;
  c->in = LinkId(kInboundLink | next_inbound_++);
  connections_.push_back(c);
  Deliver(
      to, lives_[static_cast<size_t>(to)],
      [c] { return InboundOpened{c->in, "127.0.0.1", "127.0.0.1"}; }, &c->last_arrival[0]);
  Deliver(i, life, [out] { return LinkUp{out}; }, &c->last_arrival[1]);
}

void World::Transmit(int i, const SendPacket& send) {
  Watch(i, send.packet);
  const std::string bytes = Encode(send.packet);
  auto decoded = Decode(bytes);
  CHECK_MSG(decoded.ok(), decoded.message());
  if (!(*decoded == send.packet)) faults.push_back("a packet changed on its way through the codec");
  for (const auto& c : connections_) {
    const bool forward = c->from == i && c->out == send.link;
    if (!c->open || (!forward && !(c->to == i && c->in == send.link))) continue;
    const int to = forward ? c->to : c->from;
    const LinkId link = forward ? c->in : c->out;
    const uint64_t life = lives_[static_cast<size_t>(to)];
    auto make = [link, packet = std::move(*decoded)] { return PacketReceived{link, packet}; };
    int64_t* last = &c->last_arrival[forward ? 0 : 1];
    if (Reaches(i, to)) {
      Deliver(to, life, make, last);
    } else {
      c->stuck.push_back([this, to, life, make, last] { Deliver(to, life, make, last); });
    }
    return;
  }
}

void World::Hang(int i, LinkId link) {
  for (const auto& c : connections_) {
    const bool forward = c->from == i && c->out == link;
    if (!c->open || (!forward && !(c->to == i && c->in == link))) continue;
    c->open = false;
    const int to = forward ? c->to : c->from;
    const LinkId theirs = forward ? c->in : c->out;
    const uint64_t life = lives_[static_cast<size_t>(to)];
    auto make = [theirs] { return LinkDown{theirs, false, true}; };
    int64_t* last = &c->last_arrival[forward ? 0 : 1];
    if (Reaches(i, to)) {
      Deliver(to, life, make, last);
    } else {
      c->stuck.assign(1, [this, to, life, make, last] { Deliver(to, life, make, last); });
    }
    return;
  }
}

void World::Watch(int i, const Packet& packet) {
  const WorldNode& n = node(i);
  const auto fault = [&](const char* what) {
    faults.push_back(fmt::format("t={} {}: {}", now_ - 1000, n.name, what));
  };
  if (packet.type == PacketType::kAuthAck) {
    if (n.saved.last_vote_epoch < packet.current_epoch) fault("a vote left before it was saved");
    if (!votes_.insert({packet.sender, packet.current_epoch.value}).second) fault("voted twice");
  }
  if (packet.type == PacketType::kAuthRequest && n.saved.current_epoch < packet.current_epoch) {
    fault("a request for votes left before its epoch was saved");
  }
  if (!packet.replica_of.empty()) return;
  for (const NodesConfNode& row : n.saved.nodes) {
    if ((row.flags & kFlagMyself) == 0) continue;
    // An answer made before the claim changed within the same step is older than the disk, which is
    // fine.
    bool saved = packet.config_epoch <= row.config_epoch;
    const ClusterState& state = n.machine->state();
    packet.slots.ForEach([&](SlotId slot) {
      if (state.Owner(slot) == state.myself() && !row.slots.Test(slot)) saved = false;
    });
    if (!saved) fault("a claim left before it was saved");
  }
}

void World::WatchSlots(int i, const Effects& effects) {
  WorldNode& n = node(i);
  for (const SlotChange& change : effects.slot_changes) {
    const int slot = change.slot.value;
    if (change.mine) {
      n.owned.insert(slot);
    } else {
      n.owned.erase(slot);
    }
    if (change.delete_keys && n.keys.count(slot) != 0 && std::exchange(n.keys[slot], 0) > 0) {
      log_ += fmt::format("t={} {}: deletes the keys of slot {}\n", now_ - 1000, n.name, slot);
    }
  }
  if (static_cast<int>(n.owned.size()) != n.machine->state().myself()->slot_count) {
    faults.push_back(fmt::format("t={} {}: told of {} slots, owns {}", now_ - 1000, n.name,
                                 n.owned.size(), n.machine->state().myself()->slot_count));
  }
}

std::string World::NameOf(const NodeId& id) const {
  if (id.empty()) return "-";
  for (const WorldNode& n : nodes_) {
    if (id == IdOf(n.name)) return std::string(1, n.name);
    if (n.machine && n.machine->state().myself()->id == id) return std::string(1, n.name) + "'";
  }
  return "?";
}

// Ids become names; the address behind an id is left out.
std::string World::Readable(std::string text) const {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const auto id = NodeId::Parse(std::string_view(text).substr(i, 40));
    if (!id) {
      out += text[i++];
      continue;
    }
    out += NameOf(*id);
    i += 40;
    if (text.compare(i, 2, " (") == 0) i = text.find(')', i) + 1;
  }
  return out;
}

std::string World::TakeLog() { return std::exchange(log_, {}); }

// A watcher that sees nothing would let every transcript pass.
TEST(World, SeesAClaimThatWasNotSaved) {
  World world(2, 2000, 1);
  EXPECT_EQ(world.Admin(0, AdminSetConfigEpoch{5}).text, "OK");
  EXPECT_EQ(world.Admin(0, AdminMeet{"127.0.0.1", 7001, 17001}).text, "OK");
  world.Run(500);
  EXPECT_TRUE(world.faults.empty()) << world.faults.front();
  for (NodesConfNode& row : world.node(0).saved.nodes) row.config_epoch = Epoch(0);
  world.Run(2000);
  EXPECT_FALSE(world.faults.empty());
}

}  // namespace pleiad::cluster::testing
