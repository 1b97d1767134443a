// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ClusterDriver: the cluster machine's hands. One thread with epoll owns the bus: listener, links,
// a tick ten times a second. It feeds cluster::Machine and obeys its Effects from top to bottom:
// nothing is sent, applied or answered before nodes.conf is on disk. It knows nothing of commands,
// data or replication: those are callbacks.
//
//     ClusterDriver driver(options, callbacks);
//     Status status = driver.Start();              // "port in use", "line 3: unknown flag",
//     "already used by ..."
//     ...
//     cluster::AdminReply reply = driver.Execute(cluster::AdminMeet{ip, port, 0}, keys, 0);
//     const cluster::ClusterView& view = reader.Get();      // per thread ClusterViewReader: one
//     load when unchanged
//
// Threads. View, view_version, last_round and Post never wait: any thread, under any lock. Execute,
// Read and Links wait for the driver's lock, which may be held during an fsync and during
// callbacks; callbacks in turn may wait for slot locks and exclusive sections. So who calls
// Execute, Read or Links must hold no slot lock and must be outside the keyspace (Keyspace::Leave).
// Callbacks run with the driver's lock held, on the driver's thread or inside Start or Execute, one
// at a time, in the order the machine wants; they must not call the driver, except Post and View.
//
// When nodes.conf can't be saved: no vote and no new claim leaves this node (packets that would
// carry one are dropped, others go out with the last durable epoch), slots it gained are not served
// (they stay unserved and the view says cluster down), and administrators get the error. It tries
// again every second, logs loudly, and goes on serving what it served before.
//
// Cost when idle: ten wake-ups a second, a few microseconds each, and the heartbeats.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "cluster/effects.h"
#include "cluster/event.h"
#include "cluster/format.h"
#include "cluster/machine.h"
#include "cluster/view.h"
#include "runtime/bus_link.h"
#include "runtime/nodes_file.h"

struct epoll_event;

namespace pleiad::runtime {

struct ClusterDriverOptions {
  cluster::ClusterConfig config;
  int64_t bus_port =
      0;  // cluster-port, or port + 10000; overrides config.cport. Refused above 65535
  std::string nodes_file =
      "nodes.conf";  // cluster-config-file, made absolute by the caller if it must be
  // Addresses as ListenTcp takes them. One that starts with '-' may fail; empty: "*" and "-::*".
  std::vector<std::string> bind;
  int backlog = 511;
  uint64_t link_send_buffer_max = 256U << 20;  // cluster-link-sendbuf-limit; 0: no limit
  size_t inbound_links_max = 4096;             // beyond it, strangers are hung up on
};

// Any may be empty.
struct ClusterCallbacks {
  std::function<void(const std::vector<cluster::SlotChange>&)> on_slots;
  std::function<void(const cluster::ReplicationRole&)> on_role;
  std::function<void(bool)> on_pause_writes;  // manual failover: stop (true) or resume (false)
  std::function<void()> on_flush_all;         // CLUSTER RESET of a replica
  std::function<void(const cluster::DeliverPublish&)> on_publish;
  std::function<void(const cluster::ClusterView&)> on_view;  // a new view was published
  std::function<cluster::ReplicationProgress()> progress;    // asked ten times a second
};

// A view older than this is not acted on: half a node timeout, within which nobody can have been
// voted into our place.
inline int64_t StaleViewMs(int64_t node_timeout_ms) {
  return std::max<int64_t>(node_timeout_ms / 2, 200);
}

class ClusterDriver {
 public:
  ClusterDriver(ClusterDriverOptions options, ClusterCallbacks callbacks);
  ~ClusterDriver();  // stops
  ClusterDriver(const ClusterDriver&) = delete;
  ClusterDriver& operator=(const ClusterDriver&) = delete;

  // Locks and reads nodes.conf (or begins a new node), listens, tells slots and role to the
  // callbacks, starts the thread. After an error nothing is left open. Once.
  Status Start();
  // Ends the thread and closes everything; saves what was not saved. Idempotent.
  void Stop();

  // --- never wait
  uint64_t view_version() const { return view_version_.load(std::memory_order_acquire); }
  std::shared_ptr<const cluster::ClusterView> View() const;  // not null after Start
  // When the driver last looked at the world. Much older than 100 ms: this process was stopped or
  // starved, and others may have taken our slots over meanwhile.
  MonoMs last_round() const { return MonoMs(last_round_.load(std::memory_order_acquire)); }
  // Nobody who may have granted it can still act on that: see ClusterState::contested. Any thread.
  bool claim_settled() const { return claim_settled_.load(std::memory_order_relaxed); }
  // A claim that this node has just made may be acted on: enough voters know of it, or this node
  // holds no lease and serves nothing. Waits for the driver's round. Any thread.
  bool MayActOnClaim() const;
  // Until when this node may serve what it owns: its lease (cluster/lease.cc), on the monotonic
  // clock. Whoever executes commands compares it with the time before he does.
  MonoMs serve_until() const { return MonoMs(serve_until_.load(std::memory_order_acquire)); }
  // Waits until a published view fulfils `done`, at most so long. False: it did not. From a thread
  // that holds nothing.
  bool AwaitView(const std::function<bool(const cluster::ClusterView&)>& done, int64_t timeout_ms);
  // A PublishRequest, ConfigChanged or ReplicationProgress (or an AdminRequest of number 0, whose
  // reply nobody gets), handled soon on the driver's thread.
  void Post(cluster::Event event);
  // The same, and waits until it was obeyed, at most so long. False: it was not yet. For threads
  // that the driver may wait for (the link to the master): those must not wait for its lock.
  bool PostAndAwait(cluster::Event event, int64_t timeout_ms);

  // --- wait for the driver's lock
  cluster::AdminReply Execute(cluster::AdminCommand command, uint64_t keys_total,
                              uint64_t keys_in_slot);
  // The state as it is now, for the texts of cluster/format.h. f must be quick and must not call
  // the driver.
  void Read(const std::function<void(const cluster::ClusterState&)>& f) const;
  std::vector<cluster::LinkEntry> Links() const;

  uint64_t links_closed_over_limit() const { return over_limit_.load(std::memory_order_relaxed); }
  // Whether the last save of nodes.conf failed and was not made good yet.
  bool unsaved() const { return unsaved_flag_.load(std::memory_order_relaxed); }
  uint16_t bus_port() const { return static_cast<uint16_t>(options_.bus_port); }

 private:
  // What others may hear from us when the disk fails: the claims of the last save.
  struct Claims {
    Epoch current_epoch;
    Epoch config_epoch;
    cluster::SlotSet slots;
    NodeId master;
    std::vector<Epoch> config_epochs;  // of all masters, ascending: claims that are on disk
  };

  // Set-up
  Status OpenNodesFile();
  Status OpenListeners();
  Status OpenEpoll();
  void CloseAll();

  // The thread
  void Loop();
  void NoteRound(MonoMs now);
  void OnEvent(const epoll_event& event);
  void DrainInbox();
  void Put(cluster::Event event);
  void Tick(MonoMs now);
  void Accept(int listener);
  void PauseListening(bool pause);
  void OnLinkEvent(cluster::LinkId id, uint32_t events);
  void ReadLink(cluster::LinkId id);
  // The link is gone: frees it, and tells the machine.
  void DropLink(cluster::LinkId id, bool refused);
  void EraseLink(cluster::LinkId id);
  void NoteHostile(const BusLink& link, const std::string& why);
  void ReapStrangers(MonoMs now);

  // The machine
  void Feed(cluster::Event event);
  void Obey(cluster::Effects effects);
  void LogTraces(const std::vector<cluster::Trace>& traces) const;
  void ObeyLinks(std::vector<cluster::LinkAction>* actions);
  void Obey(const cluster::ConnectLink& action);
  void Obey(cluster::SendPacket& action);
  void Obey(const cluster::CloseLink& action);
  void SendBytes(BusLink* link, std::string_view bytes);
  void ArmWrite(BusLink* link);
  void ApplySlots(std::vector<cluster::SlotChange> changes);
  void ApplyRole(const cluster::ReplicationRole& role);
  void Publish();
  BusLink* FindLink(cluster::LinkId id);

  // Durability
  void Save(const std::string& content);
  void NoteSaved();
  void NoteSaveFailed(const Status& status);
  void ReleaseDeferred();
  // False: it would carry a claim or vote that is not on disk. May lower its current epoch.
  bool MayLeave(cluster::Packet* packet) const;
  void WithholdLease(cluster::Packet* packet) const;
  void RetrySave(MonoMs now);

  ClusterDriverOptions options_;
  const ClusterCallbacks callbacks_;

  mutable std::mutex mutex_;  // guards everything below up to the next rule
  std::unique_ptr<NodesFile> nodes_file_;
  std::unique_ptr<cluster::Machine> machine_;
  std::unordered_map<uint64_t, std::unique_ptr<BusLink>> links_;
  std::deque<cluster::Event> pending_;
  std::vector<cluster::AdminReply> replies_;
  std::vector<int> listeners_;
  std::vector<char> read_buffer_;
  bool feeding_ = false;
  bool listening_paused_ = false;
  size_t inbound_links_ = 0;
  uint64_t next_inbound_ = 1;
  uint64_t next_request_ = 1;
  Claims durable_;
  bool unsaved_ = false;    // a save that mattered failed
  bool save_soon_ = false;  // a save that can wait, does
  MonoMs last_save_try_{0};
  MonoMs last_reap_{0};
  MonoMs last_hostile_log_{0};
  std::string save_error_;
  std::map<uint16_t, cluster::SlotChange> deferred_slots_;
  std::optional<cluster::ReplicationRole> deferred_role_;
  // ----
  mutable std::mutex view_mutex_;
  std::condition_variable view_published_;
  std::shared_ptr<const cluster::ClusterView> view_;
  std::atomic<uint64_t> view_version_{0};
  std::mutex inbox_mutex_;
  std::condition_variable inbox_done_;
  std::vector<cluster::Event> inbox_;
  uint64_t posted_ = 0;
  uint64_t obeyed_ = 0;
  MonoMs last_seen_{0};  // the driver's thread: its last round
  MonoMs resume_at_{0};  // the driver's thread: until then the view counts as old
  std::atomic<int64_t> last_round_{0};
  std::atomic<int64_t> serve_until_{0};
  std::atomic<bool> claim_settled_{false};
  std::atomic<uint64_t> over_limit_{0};
  std::atomic<bool> unsaved_flag_{false};
  std::atomic<bool> stopping_{false};
  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  std::thread thread_;
};

// One thread's look at the view: an atomic load as long as nothing changed.
class ClusterViewReader {
 public:
  explicit ClusterViewReader(const ClusterDriver* driver) : driver_(driver) {}
  const cluster::ClusterView& Get() {
    if (view_ == nullptr || driver_->view_version() != view_->version) view_ = driver_->View();
    return *view_;
  }

 private:
  const ClusterDriver* driver_;
  std::shared_ptr<const cluster::ClusterView> view_;
};

}  // namespace pleiad::runtime
