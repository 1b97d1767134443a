// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// How a Server and its drivers (cluster bus, replication) are wired: the drivers know nothing of
// each other or of the data.
#include <algorithm>

#include "base/log.h"
#include "command/context.h"
#include "runtime/ack_waiters.h"
#include "runtime/clock.h"
#include "runtime/cluster_driver.h"
#include "runtime/cluster_router.h"
#include "runtime/migration_driver.h"
#include "runtime/migrator.h"
#include "runtime/persistence.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"

namespace pleiad::runtime {
namespace {

SlotState StateOf(const cluster::SlotChange& change) {
  if (change.mine) return change.migrating_to.empty() ? SlotState::kMine : SlotState::kMigrating;
  return change.importing_from.empty() ? SlotState::kNotMine : SlotState::kImporting;
}

// The cluster driver's callbacks, one at a time whatever thread they run on, have a keyspace number
// of their own.
class InsideKeyspace {
 public:
  explicit InsideKeyspace(Keyspace* keyspace) : keyspace_(keyspace) { keyspace_->Enter(kNumber); }
  ~InsideKeyspace() { keyspace_->Leave(kNumber); }
  InsideKeyspace(const InsideKeyspace&) = delete;
  InsideKeyspace& operator=(const InsideKeyspace&) = delete;

 private:
  static constexpr int kNumber = Keyspace::kMaxThreads - 2;
  Keyspace* keyspace_;
};

cluster::ReplicationProgress ToProgress(const ReplicationDriver::Progress& p) {
  cluster::ReplicationProgress out;
  out.offset = p.offset;
  out.link_up = p.link_up;
  out.ever_synced = p.ever_synced;
  out.last_interaction = p.last_interaction;
  return out;
}

}  // namespace

cluster::ClusterConfig Server::MakeClusterConfig() const {
  const auto s = config_->settings();
  cluster::ClusterConfig c;
  c.node_timeout_ms = s->cluster_node_timeout_ms;
  c.require_full_coverage = s->cluster_require_full_coverage;
  c.allow_replica_migration = s->cluster_allow_replica_migration;
  c.replica_no_failover = s->cluster_replica_no_failover;
  c.replica_validity_factor = s->cluster_replica_validity_factor;
  c.migration_barrier = s->cluster_migration_barrier;
  c.repl_ping_replica_period_ms = s->repl_ping_replica_period_seconds * 1000LL;
  c.forget_ban_ms = s->cluster_blacklist_ttl_seconds * 1000;
  c.manual_failover_timeout_ms = s->cluster_manual_failover_timeout_ms;
  c.fast_failover = s->cluster_fast_failover;
  c.port = static_cast<uint16_t>(s->port);
  c.announce_ip = s->cluster_announce_ip;
  c.announce_port = static_cast<uint16_t>(s->cluster_announce_port);
  c.announce_bus_port = static_cast<uint16_t>(s->cluster_announce_bus_port);
  c.announce_hostname = s->cluster_announce_hostname;
  c.announce_nodename = s->cluster_announce_human_nodename;
  c.availability_zone = s->availability_zone;
  return c;
}

// The ownership of slots changes under their locks, so that no write can be acknowledged after its
// slot went away.
void Server::ApplySlots(const std::vector<cluster::SlotChange>& changes) {
  std::vector<SlotId> leftovers;
  {
    const InsideKeyspace inside(&engine_.keyspace);
    for (const cluster::SlotChange& change : changes) {
      if (ApplySlot(change)) leftovers.push_back(change.slot);
    }
  }
  migration_->Purge(leftovers);
  migration_->OnTable();
}

bool Server::OfMyMaster(SlotId slot) const {
  if (cluster_ == nullptr) return false;
  const std::shared_ptr<const cluster::ClusterView> view = cluster_->View();
  return view != nullptr && view->MyMasters(slot);
}

// True: its keys are to be freed.
bool Server::ApplySlot(const cluster::SlotChange& change) {
  LockSet locks(&engine_.keyspace);
  locks.LockOne(change.slot);
  Slot& slot = locks.slot(change.slot);
  const SlotState was = slot.state;
  SlotState state = StateOf(change);
  // Held by its migration, which alone knows when that is over.
  if (state == SlotState::kMine && was == SlotState::kHeld) state = was;
  slot.state = state;
  if (engine_.slot_stats.enabled() &&
      (was == SlotState::kNotMine) != (state == SlotState::kNotMine))
    engine_.slot_stats.Reset(change.slot);
  const bool ours = change.mine || OfMyMaster(change.slot);
  const bool was_ours = shard_slots_[change.slot.value];
  shard_slots_[change.slot.value] = ours;
  if (ours) {
    if (slot.phase == SlotPhase::kLeftover && change.mine)
      DeleteSlotKeys(&engine_, change.slot, slot);
    slot.phase = SlotPhase::kOrdinary;
  } else if (change.delete_keys || (was_ours && engine_.replica.load(std::memory_order_relaxed))) {
    slot.phase = SlotPhase::kLeftover;  // a replica waits for its master's DELs
  }
  if (slot.watched & Slot::kWaiters) {
    if (state == SlotState::kNotMine) {
      RedirectWaiters(change.slot);
    } else if (was == SlotState::kHeld && state != was) {
      RunWaitersAgain(&engine_, change.slot);
    }
  }
  if (state == SlotState::kNotMine && was != state) {
    engine_.pubsub.DropSlot(change.slot);
    engine_.tracking.DropSlot(change.slot);
  }
  return change.delete_keys;
}

// Who waits for a key of a slot that went away is told where it went.
void Server::RedirectWaiters(SlotId slot) {
  for (const auto& waiter : engine_.waiters.All(slot)) {
    if (!waiter->Finish()) continue;
    if (waiter->rerun) {
      waiter->deliver({});  // as a whole: EXEC ends its transaction
      continue;
    }
    resp::OutBuffer buffer;
    resp::Writer out(&buffer, waiter->client.protocol);
    RouteQuery query;
    query.slot = slot;
    query.state = SlotState::kNotMine;
    query.write = waiter->writes;
    query.keys = waiter->keys.size();
    if (router_->Route(query, &out)) out.Error("UNBLOCKED the slot of the key has moved");
    waiter->deliver(std::string(buffer.view()));
  }
}

// A replica serves the shard channels of its master's slots, which it does not call its own: what
// went from its master to somebody else is found by a look at the new view. A command that routed
// by the view before has its subscription by the time its slot can be locked here.
void Server::DropStrayChannels(const cluster::ClusterView& view) {
  if (view.my_master == cluster::ClusterView::kNobody) return;
  const InsideKeyspace inside(&engine_.keyspace);
  for (int i = 0; i < kSlotCount; ++i) {
    const SlotId id(static_cast<uint16_t>(i));
    if (view.MyMasters(id) || view.Mine(id)) continue;
    LockSet locks(&engine_.keyspace);
    locks.LockOne(id);
    engine_.pubsub.DropSlot(id);
  }
}

void Server::ApplyRole(const cluster::ReplicationRole& role) {
  if (const auto* follow = std::get_if<cluster::ReplicateFrom>(&role)) {
    replication_->Follow(follow->ip, follow->port);
    RefreshShardSlots();
    SetLogRole('S');
  } else {
    if (engine_.replica.load()) promoted_ms_ = MonoNow().value;
    replication_->BecomeMaster();
    DropWhatIsNotMine();
    RefreshShardSlots();
    SetLogRole('M');
  }
  migration_->OnTable();
}

// What my former master, or this node before its restart, was importing and did not get, or gave
// away and had not freed.
void Server::DropWhatIsNotMine() {
  std::vector<SlotId> left;
  {
    const InsideKeyspace inside(&engine_.keyspace);
    for (int i = 0; i < kSlotCount; ++i) {
      const SlotId id(static_cast<uint16_t>(i));
      LockSet locks(&engine_.keyspace);
      locks.LockOne(id);
      Slot& slot = locks.slot(id);
      if (!slot.hidden() || slot.state != SlotState::kNotMine) continue;
      slot.phase = SlotPhase::kLeftover;
      left.push_back(id);
    }
  }
  migration_->Purge(left);
}

// My shard's slots by the new role: nothing in them is on its way, or left over.
void Server::RefreshShardSlots() {
  const InsideKeyspace inside(&engine_.keyspace);
  for (int i = 0; i < kSlotCount; ++i) {
    const SlotId id(static_cast<uint16_t>(i));
    LockSet locks(&engine_.keyspace);
    locks.LockOne(id);
    const bool ours = locks.slot(id).state != SlotState::kNotMine || OfMyMaster(id);
    shard_slots_[id.value] = ours;
    if (ours) locks.slot(id).phase = SlotPhase::kOrdinary;
  }
}

bool Server::ClusterViewIsStale(MonoMs now) const {
  if (cluster_ == nullptr) return false;
  return now >= cluster_->serve_until() ||
         now - cluster_->last_round() > stale_after_ms_.load(std::memory_order_relaxed);
}

void Server::HandOver() {
  if (cluster_ == nullptr) return;
  const cluster::AdminReply reply =
      cluster_->Execute(cluster::AdminFailover{cluster::AdminFailover::Mode::kHandOver}, 0, 0);
  if (reply.is_error) {
    PLOG(kNotice, "Nobody takes over from this node before it ends: {}", reply.text);
    return;
  }
  const bool done =
      cluster_->AwaitView([](const cluster::ClusterView& view) { return view.Me().replica; },
                          settings()->cluster_manual_failover_timeout_ms);
  PLOG(kNotice, "{}", done ? "A replica has taken over" : "No replica has taken over in time");
}

Status Server::StartCluster() {
  const auto s = config_->settings();
  if (!s->cluster_enabled) {
    if (!s->replicaof_host.empty()) replication_->Follow(s->replicaof_host, s->replicaof_port);
    return Status::Ok();
  }
  for (int i = 0; i < kSlotCount; ++i) {
    engine_.keyspace.RawSlot(SlotId(static_cast<uint16_t>(i))).state = SlotState::kNotMine;
  }
  ClusterDriverOptions options;
  options.config = MakeClusterConfig();
  options.bus_port = s->cluster_port != 0 ? s->cluster_port : s->port + 10000;
  options.nodes_file = s->cluster_config_file;
  options.bind = s->bind;
  options.backlog = s->tcp_backlog;
  if (s->cluster_link_sendbuf_limit != 0)
    options.link_send_buffer_max = s->cluster_link_sendbuf_limit;
  ClusterCallbacks callbacks;
  callbacks.on_slots = [this](const std::vector<cluster::SlotChange>& changes) {
    ApplySlots(changes);
  };
  callbacks.on_role = [this](const cluster::ReplicationRole& role) { ApplyRole(role); };
  callbacks.on_view = [this](const cluster::ClusterView& view) {
    engine_.cluster_down = !view.ok;
    DropStrayChannels(view);
  };
  callbacks.on_publish = [this](const cluster::DeliverPublish& publish) {
    engine_.pubsub.Publish(publish.channel, publish.message, publish.sharded);
  };
  callbacks.on_pause_writes = [this](bool pause) {
    if (!pause) return EndPause(PausePurpose::kFailover);
    engine_.pauses.Begin(PausePurpose::kFailover, PauseLevel::kWrites, Pauses::kForEver);
    // A write that was past the check is in the journal before the offset counts as final.
    engine_.keyspace.EnterExclusive();
    engine_.keyspace.LeaveExclusive();
  };
  callbacks.on_flush_all = [this] { FlushEverything(); };
  callbacks.progress = [this] { return ToProgress(replication_->GetProgress()); };
  cluster_ = std::make_unique<ClusterDriver>(std::move(options), std::move(callbacks));
  router_ = std::make_unique<ClusterRouter>([this] { return cluster_->View(); },
                                            [this] { return config_->settings(); });
  engine_.router = router_.get();
  engine_.cluster_down = true;
  migration_ = std::make_unique<MigrationDriver>(&engine_, this);
  const Status status = cluster_->Start();
  if (!status.ok()) return status;
  migration_->Start();
  config_->AddListener([this](const Settings&, const std::vector<std::string>&) {
    cluster_->Post(cluster::ConfigChanged{MakeClusterConfig()});
  });
  return Status::Ok();
}

// CLUSTER RESET of a replica: the data was its master's.
void Server::FlushEverything() {
  const InsideKeyspace inside(&engine_.keyspace);
  for (int i = 0; i < kSlotCount; ++i) {
    const SlotId id(static_cast<uint16_t>(i));
    LockSet locks(&engine_.keyspace);
    locks.LockOne(id);
    DeleteSlotKeys(&engine_, id, locks.slot(id));
  }
}

void Server::StopDrivers() {
  if (migrator_ != nullptr) migrator_->Stop();
  if (migration_ != nullptr) migration_->Stop();
  if (cluster_ != nullptr) cluster_->Stop();
  if (replication_ != nullptr) replication_->Stop();
}

void Server::DriversCron(MonoMs now) {
  replication_->Cron(now);
  persistence_->Cron(now);
  acks_->Poll();
}

}  // namespace pleiad::runtime
