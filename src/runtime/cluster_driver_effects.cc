// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Obeying Effects, from top to bottom, and what happens when the disk refuses.
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "cluster/nodes_conf.h"
#include "runtime/clock.h"
#include "runtime/cluster_driver.h"
#include "runtime/net.h"

namespace pleiad::runtime {

using cluster::Effects;
using cluster::LinkId;
using cluster::Packet;
using cluster::PacketType;

namespace {

constexpr int64_t kSaveRetryMs = 1000;

// Nothing but losses of slots is in them that a client could see before the disk has it.
bool MayLoseFirst(const Effects& effects) {
  if (effects.slot_changes.empty() || effects.role || !effects.replies.empty()) return false;
  return std::none_of(effects.slot_changes.begin(), effects.slot_changes.end(),
                      [](const cluster::SlotChange& change) { return change.mine; });
}

}  // namespace

// A step may cause events of its own (a connection that fails at once): they wait their turn, so
// that steps never nest.
void ClusterDriver::Feed(cluster::Event event) {
  if (auto* change = std::get_if<cluster::ConfigChanged>(&event)) {
    change->config.cport = bus_port();  // fixed for the life of the listener
    options_.config = change->config;
  }
  pending_.push_back(std::move(event));
  if (feeding_) return;
  feeding_ = true;
  while (!pending_.empty()) {
    const cluster::Input input{MonoNow(), UnixNow(), std::move(pending_.front())};
    pending_.pop_front();
    Obey(machine_->Step(input));
  }
  feeding_ = false;
}

void ClusterDriver::Obey(Effects effects) {
  const bool outermost = !feeding_;  // Start: what fails while it is obeyed is fed afterwards
  if (outermost) feeding_ = true;
  // What is lost of the lease is lost at once. What is gained is gained when all of this is done: a
  // master that was replaced is a replica in the table and needs no lease any more, but the slots
  // are its own until it has saved that.
  const int64_t lease = machine_->state().serve_until.value;
  if (lease < serve_until_.load(std::memory_order_relaxed)) {
    serve_until_.store(lease, std::memory_order_release);
  }
  if (MayLoseFirst(effects)) {
    // Whoever waits for such a slot is told at once where it went: the end of a slot migration,
    // whose claim is on its owner's disk. That we serve it no more needs no disk of ours.
    Publish();
    effects.view_changed = false;
    ApplySlots(std::exchange(effects.slot_changes, {}));
  }
  if (effects.persist) {
    if (effects.persist->sync) {
      Save(effects.persist->content);
    } else {
      save_soon_ = true;
    }
  }
  ObeyLinks(&effects.links);
  const bool deferring = unsaved_ && !effects.slot_changes.empty();
  if (!deferring && (effects.view_changed || view_version() == 0)) Publish();
  ApplySlots(std::move(effects.slot_changes));
  if (deferring) Publish();
  if (effects.role) ApplyRole(*effects.role);
  serve_until_.store(lease, std::memory_order_release);
  claim_settled_.store(!machine_->state().contested, std::memory_order_relaxed);
  if (effects.pause_writes && callbacks_.on_pause_writes) {
    callbacks_.on_pause_writes(*effects.pause_writes);
    // Nothing is written from here on: the offset is the last one.
    if (*effects.pause_writes && callbacks_.progress) pending_.push_back(callbacks_.progress());
  }
  if (effects.flush_all_keys && callbacks_.on_flush_all) callbacks_.on_flush_all();
  for (cluster::AdminReply& reply : effects.replies) {
    if (unsaved_ && effects.persist && !reply.is_error) {
      reply.is_error = true;
      reply.text = "ERR error saving the cluster node config: " + save_error_;
    }
    replies_.push_back(std::move(reply));
  }
  if (callbacks_.on_publish) {
    for (const cluster::DeliverPublish& publish : effects.publishes) callbacks_.on_publish(publish);
  }
  LogTraces(effects.traces);
  if (!outermost) return;
  feeding_ = false;
  if (pending_.empty()) return;
  cluster::Event first = std::move(pending_.front());
  pending_.pop_front();
  Feed(std::move(first));
}

void ClusterDriver::LogTraces(const std::vector<cluster::Trace>& traces) const {
  for (const cluster::Trace& trace : traces) {
    switch (trace.level) {
      case cluster::Trace::Level::kDebug:
        PLOG(kDebug, "{}", trace.text);
        break;
      case cluster::Trace::Level::kVerbose:
        PLOG(kVerbose, "{}", trace.text);
        break;
      case cluster::Trace::Level::kNotice:
        PLOG(kNotice, "{}", trace.text);
        break;
      case cluster::Trace::Level::kWarning:
        PLOG(kWarning, "{}", trace.text);
        break;
    }
  }
}

// ---- links

void ClusterDriver::ObeyLinks(std::vector<cluster::LinkAction>* actions) {
  for (cluster::LinkAction& action : *actions) {
    std::visit([this](auto& a) { Obey(a); }, action);
  }
}

void ClusterDriver::Obey(const cluster::ConnectLink& action) {
  bool refused = false;
  const Result<int> fd = BusLink::Connect(action.ip, action.cport, &refused);
  if (!fd.ok()) {
    PLOG(kDebug, "Cluster bus: {}", fd.message());
    pending_.push_back(cluster::LinkDown{action.link, refused});
    return;
  }
  TuneClientSocket(*fd, 0);
  auto link = std::make_unique<BusLink>(action.link, *fd, true, MonoNow(), UnixNow());
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.u64 = action.link.value;
  CHECK(::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, *fd, &event) == 0);
  link->write_armed = true;
  CHECK(links_.emplace(action.link.value, std::move(link)).second);
}

void ClusterDriver::Obey(cluster::SendPacket& action) {
  BusLink* link = FindLink(action.link);
  if (link == nullptr) return;  // it broke within this step; the machine will hear of it
  if (unsaved_ && !MayLeave(&action.packet)) return;
  SendBytes(link, cluster::Encode(action.packet));
}

void ClusterDriver::SendBytes(BusLink* link, std::string_view bytes) {
  const LinkId id = link->id();
  const uint64_t limit = options_.link_send_buffer_max;
  if (!link->Send(bytes)) {
    DropLink(id, false);
  } else if (limit != 0 && link->queued_bytes() > limit) {
    over_limit_.fetch_add(1, std::memory_order_relaxed);
    PLOG(kWarning, "Closing the bus link with {}: {} bytes wait in its send buffer",
         PeerAddress(link->fd()), link->queued_bytes());
    DropLink(id, false);
  } else {
    ArmWrite(link);
  }
}

void ClusterDriver::Obey(const cluster::CloseLink& action) {
  BusLink* link = FindLink(action.link);
  if (link == nullptr) return;
  if (!link->connecting()) link->Flush();
  EraseLink(action.link);
}

void ClusterDriver::ArmWrite(BusLink* link) {
  const bool want = link->wants_write();
  if (want == link->write_armed) return;
  link->write_armed = want;
  epoll_event event{};
  event.events = want ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = link->id().value;
  CHECK(::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, link->fd(), &event) == 0);
}

// ---- slots, role, view

void ClusterDriver::ApplySlots(std::vector<cluster::SlotChange> changes) {
  if (unsaved_) {
    // What we gained is not ours before the disk says so; what we lost is lost at once.
    std::erase_if(changes, [this](const cluster::SlotChange& change) {
      if (change.mine) deferred_slots_.insert_or_assign(change.slot.value, change);
      return change.mine;
    });
    for (const cluster::SlotChange& change : changes) deferred_slots_.erase(change.slot.value);
  }
  if (!changes.empty() && callbacks_.on_slots) callbacks_.on_slots(changes);
}

void ClusterDriver::ApplyRole(const cluster::ReplicationRole& role) {
  if (unsaved_ && std::holds_alternative<cluster::BecomeMaster>(role)) {
    deferred_role_ = role;
    return;
  }
  deferred_role_.reset();
  if (callbacks_.on_role) callbacks_.on_role(role);
}

void ClusterDriver::ReleaseDeferred() {
  if (deferred_slots_.empty() && !deferred_role_) return;
  std::vector<cluster::SlotChange> changes;
  for (auto& [slot, change] : deferred_slots_) changes.push_back(std::move(change));
  deferred_slots_.clear();
  const std::optional<cluster::ReplicationRole> role = std::move(deferred_role_);
  deferred_role_.reset();
  Publish();
  ApplySlots(std::move(changes));
  if (role) ApplyRole(*role);
}

void ClusterDriver::Publish() {
  std::shared_ptr<cluster::ClusterView> view =
      cluster::MakeView(machine_->state(), view_version() + 1);
  if (!deferred_slots_.empty()) view->ok = false;
  {
    const std::lock_guard<std::mutex> lock(view_mutex_);
    view_ = view;
  }
  view_published_.notify_all();
  view_version_.store(view->version, std::memory_order_release);
  if (callbacks_.on_view) callbacks_.on_view(*view);
}

// ---- durability

void ClusterDriver::Save(const std::string& content) {
  last_save_try_ = MonoNow();
  const Status status = nodes_file_->Save(content);
  if (status.ok()) {
    NoteSaved();
  } else {
    NoteSaveFailed(status);
  }
}

void ClusterDriver::NoteSaved() {
  const cluster::ClusterState& state = machine_->state();
  const cluster::Node* me = state.myself();
  durable_ = {state.current_epoch,
              me->config_epoch,
              me->slots,
              me->master == nullptr ? NodeId() : me->master->id,
              {}};
  for (const auto& [id, node] : state.nodes()) {
    if (node->IsMaster()) durable_.config_epochs.push_back(node->config_epoch);
  }
  std::sort(durable_.config_epochs.begin(), durable_.config_epochs.end());
  save_soon_ = false;
  if (!unsaved_) return;
  unsaved_ = false;
  unsaved_flag_.store(false, std::memory_order_relaxed);
  PLOG(kWarning, "The cluster configuration is saved again.");
  ReleaseDeferred();
}

void ClusterDriver::NoteSaveFailed(const Status& status) {
  save_error_ = status.message();
  unsaved_ = true;
  unsaved_flag_.store(true, std::memory_order_relaxed);
  PLOG(kWarning, "CLUSTER CONFIGURATION NOT SAVED: {}. No votes and no new claims until it can be.",
       save_error_);
}

void ClusterDriver::RetrySave(MonoMs now) {
  if ((unsaved_ || save_soon_) && now - last_save_try_ >= kSaveRetryMs) {
    Save(cluster::WriteNodesConf(machine_->state()));
  }
}

// A lease is granted under a claim that is on disk, and let go of when that is on disk.
void ClusterDriver::WithholdLease(Packet* packet) const {
  for (cluster::PingExtension& extension : packet->extensions) {
    const auto grant = extension.AsLeaseGrant();
    const bool known =
        grant && std::binary_search(durable_.config_epochs.begin(), durable_.config_epochs.end(),
                                    grant->config_epoch);
    if (grant && !known) {
      extension = cluster::PingExtension::LeaseGrant(grant->number, grant->config_epoch, false, 0);
    }
  }
  std::erase_if(packet->extensions, [](const cluster::PingExtension& extension) {
    return extension.type == cluster::kExtLeaseRelease;
  });
}

bool ClusterDriver::MayLeave(Packet* packet) const {
  if (packet->light) return true;
  WithholdLease(packet);
  switch (packet->type) {
    case PacketType::kAuthRequest:
    case PacketType::kAuthAck:
    case PacketType::kUpdate:
      return false;
    default:
      break;
  }
  if (packet->current_epoch > durable_.current_epoch)
    packet->current_epoch = durable_.current_epoch;
  if (!packet->replica_of.empty()) return true;  // a replica claims nothing
  if (packet->config_epoch > durable_.config_epoch) return false;
  bool gained = !durable_.master.empty();  // was a replica when it was saved last
  packet->slots.ForEach([&](SlotId slot) { gained = gained || !durable_.slots.Test(slot); });
  return !gained;
}

}  // namespace pleiad::runtime
