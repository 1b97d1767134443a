// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Core: the inside of the cluster machine (machine.h is the door). One class, one file a subject;
// each file's opener says what it decides. Inputs arrive in Dispatch, change the table and fill
// `out_`; what follows from a change (save, ok/fail, an election, telling others) is only marked,
// and done once in Finish, so that one Step decides on one consistent table.
//
// Thread: that of the machine. No caller but Machine.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/prng.h"
#include "cluster/cluster_config.h"
#include "cluster/effects.h"
#include "cluster/event.h"
#include "cluster/state.h"

namespace pleiad::cluster {

// Times in milliseconds unless the name says otherwise. NT = cluster-node-timeout.
namespace rule {
inline constexpr int64_t kReportValidityNt = 2;  // failure reports live so many NT
inline constexpr int64_t kFailUndoNt = 2;        // FAIL of a master with slots stays so many NT
inline constexpr int64_t kDeafNt = 2;            // who speaks and leaves pings unanswered so long
inline constexpr int64_t kRefusedAgain = 50;     // a second refusal so much later is proof
inline constexpr int64_t kDiedUndo = 2000;       // FAIL of one that died stays so long, not 2 NT
inline constexpr int64_t kHandshakeMin = 1000;
inline constexpr int kHandshakesMax = 1000;  // strangers may start no more than so many at a time
inline constexpr int64_t kElectionDelayMax = 500;  // the unit of election delays: min(NT/30, this)
inline constexpr int64_t kAskAgain = 200;          // a candidate asks voters that are silent
inline constexpr int64_t kNewReplicaDelay = 500;
inline constexpr int64_t kAuthTimeoutMin = 2000;
inline constexpr int64_t kBootWritableDelay = 2000;
inline constexpr int64_t kRejoinMin = 500;
inline constexpr int64_t kRejoinMax = 5000;
inline constexpr int64_t kOrphanDelay = 5000;
inline constexpr int64_t kReconnectMax =
    1000;                                 // pause between connection attempts: NT/20, at most this
inline constexpr int64_t kDialMin = 200;  // a connection attempt gets NT/4, at least this
inline constexpr int64_t kNewsInterval = 100;  // newcomers are announced at most this often
inline constexpr int64_t kGossipMin = 10;  // entries in a heartbeat, where there are as many nodes
inline constexpr int64_t kGossipPongSkew = 500;  // how far ahead another's clock may be
inline constexpr size_t kGossipAdoptAbove =
    50;  // nodes from which on we believe others' pong times
inline constexpr uint64_t kForgetTtlMaxS = 7 * 24 * 3600;
inline constexpr int kTicksPerRandomPing = 10;
inline constexpr int kRandomPingSample = 5;
inline constexpr size_t kUpdatesPerHeartbeat = 16;
// How long another vendor's master stops writes for a manual failover.
inline constexpr int64_t kForeignPause = 10000;
// The target of a migration may count on the source's word for so long after its time to claim; the
// source asks whether the claim came no sooner than kPromiseMargin after it.
inline constexpr int64_t kClaimSlack = 250;
inline constexpr int64_t kPromiseMargin = 500;
// The longest time to claim that a source grants. A restarted one no longer knows which it was.
inline constexpr int64_t kPromiseMax = 2000;
}  // namespace rule

struct ClaimOutcome;  // ownership.cc

// One TCP connection as the machine knows it.
struct Link {
  LinkId id;
  Node* node = nullptr;  // outbound: always; inbound: once a known node spoke on it
  NodeId sender;         // who the last packet with a full header was from
  bool up = false;
  bool extensions = false;  // the other end reads ping extensions
  std::string peer_ip;      // inbound only
  std::string local_ip;     // inbound only
};

// My own candidacy for my failed master's slots. sent == false: waiting for `start`.
struct Election {
  MonoMs start{0};  // 0: none scheduled
  bool sent = false;
  MonoMs first_request{0};
  MonoMs last_request{0};
  Epoch epoch{0};
  int rank = 0;
  int master_rank = 0;
  int quorum = 0;           // of the electorate when the votes were asked for
  std::set<NodeId> voters;  // who may vote: fixed when asked
  std::set<NodeId> votes;
};

class Core {
 public:
  Core(const ClusterConfig& config, uint64_t seed, std::unique_ptr<ClusterState> state);
  Effects Start(MonoMs now, UnixMs wall);
  Effects Step(const Input& input);
  const ClusterState& state() const { return *state_; }
  const ClusterConfig& config() const { return config_; }

 private:
  // --- machine.cc: dispatch and the end of a step
  void On(const Tick&);
  void On(const PacketReceived& event);
  void On(const BytesReceived& event);
  void On(const LinkUp& event);
  void On(const LinkDown& event);
  void On(const InboundOpened& event);
  void On(const ReplicationProgress& event);
  void On(const ConfigChanged& event);
  void On(const PublishRequest& event);
  void On(const AdminRequest& event);
  void Finish();
  void EmitRole();
  void EmitSlots();
  void ApplyConfig();
  void CheckInvariants();
  // Marks. MustSave: what follows rests on it (epochs, votes, slots, roles). MaySave: losing it
  // costs little.
  // A rule that a test broke on purpose (mutation.h).
  bool Broken(Mutation mutation) const { return config_.mutations.Has(mutation); }
  void MustSave() { save_ = save_sync_ = state_check_ = view_changed_ = true; }
  void MaySave() { save_ = state_check_ = view_changed_ = true; }
  void Log(Trace::Level level, std::string text);
  void Notice(std::string text) { Log(Trace::Level::kNotice, std::move(text)); }
  void Warning(std::string text) { Log(Trace::Level::kWarning, std::move(text)); }
  void Debug(std::string text) { Log(Trace::Level::kDebug, std::move(text)); }
  // "1a2b... (127.0.0.1:7000)": the name of a node in log lines.
  static std::string Name(const Node* node);

  // --- links.cc: connections and sending
  Link* FindLink(LinkId id);
  void Connect(Node* node);
  void CloseOutbound(Node* node);
  void CloseInbound(Node* node);
  void BindInbound(Link* link, Node* node);
  void ReconnectAll();
  void ResetStaleLink(Node* node);
  // Dropped silently if the link is not up.
  void Send(LinkId link, Packet packet);
  // By our link to it if that is up, else by the link it opened to us; false: by neither.
  bool SendTo(Node* node, Packet packet);
  void Broadcast(const Packet& packet);
  Packet Header(PacketType type) const;
  void SendUpdate(Link* via, Node* to, Node* about);

  // --- nodes.cc: rows come and go
  Node* AddNode(NodeId id, uint16_t flags, std::string ip, uint16_t port, uint16_t cport,
                uint16_t pport);
  void RemoveNode(Node* node);
  void Assign(SlotId slot, Node* owner);  // every change of an owner goes through here
  void TouchSlot(SlotId slot);
  void TouchOpenSlots();
  int UnassignAll(Node* node);
  void SetShard(Node* node, NodeId shard);
  static bool SameShard(const Node* a, const Node* b) { return a->shard_id == b->shard_id; }
  void BecomeReplicaOf(Node* master, bool close_slots, bool full_sync);
  void PromoteNode(Node* node);  // another one or myself: replica -> master
  bool Banned(const NodeId& id) const;
  void Ban(const NodeId& id, int64_t ttl_ms);
  void ExpireBans();

  // --- handshake.cc: MEET and getting to know each other
  int64_t HandshakeTimeout() const;
  bool StartHandshake(const std::string& ip, uint16_t port, uint16_t cport, uint16_t pport,
                      uint16_t flags);
  void OnMeet(Link* link, Node* sender, const Packet& packet);
  // False: the link's node is gone or the link was closed; stop with this packet.
  bool IdentifyOutbound(Link* link, Node** sender, const Packet& packet);
  void ExpireHandshakes();
  void ResendMeet(Node* node);

  // --- heartbeat.cc: PING, PONG, MEET
  void SendHeartbeat(Link* link, PacketType type, bool only_news = false,
                     const std::vector<PingExtension>& answer = {});
  void Ping(Node* node);
  void PongAll();
  void PongSiblings();
  void PingSome();
  void NoteSender(Link* link, Node* sender, const Packet& packet);
  void OnHeartbeat(Link* link, Node* sender, const Packet& packet);
  void LearnOwnAddress(const Link* link, bool meet);
  bool UpdateAddress(Node* node, const Link* link, const Packet& packet);
  void OnPong(Node* node);
  bool StaleRole(const Node* sender, const Packet& packet) const;
  void UpdateRole(Node* sender, const Packet& packet);
  void OnMasterBecameReplica(Node* sender, Node* master, const Packet& packet);

  // --- gossip.cc: entries about third nodes, extensions
  void AddGossip(Packet* packet, const Node* receiver, bool only_news);
  GossipEntry Entry(const Node* node) const;
  void AddExtensions(Packet* packet);
  void ReadGossip(Node* sender, const Packet& packet);
  void ReadEntry(Node* sender, const GossipEntry& entry);
  void ReadExtensions(Node* sender, const Packet& packet);
  void ReadForgotten(const PingExtension& extension);

  // --- failure.cc: PFAIL, FAIL
  bool Deaf(const Node* node) const;
  void DetectFailures();
  void TellSuspicion();
  void NoteRefusal(Node* node, bool refused);
  void Suspect(Node* node);
  void OnReport(Node* about, Node* reporter, bool failing);
  int CountReports(Node* node);
  void MaybeFail(Node* node);
  void MarkFail(Node* node);
  void ClearFail(Node* node);
  void OnFailPacket(Node* sender, const Packet& packet);

  // --- ownership.cc: who serves a slot
  void UpdateSlots(Node* claimer, Epoch epoch, const SlotSet& claimed);
  void TakeClaim(SlotId slot, Node* claimer, bool same_shard, ClaimOutcome* outcome);
  void NoteNotClaimed(SlotId slot, Node* claimer, Epoch epoch);
  void FollowSlots(Node* claimer, bool same_shard);
  void SendUpdatesFor(Link* link, Node* claimer, Epoch epoch, const SlotSet& claimed);
  void OnUpdatePacket(const Packet& packet);
  bool Unclaimed(SlotId slot) const;
  bool BumpEpoch(const NodeId& given_by = {});  // false: mine was the greatest already
  void ResolveCollision(Node* sender, const Packet& packet);

  // --- election.cc, vote.cc, manual.cc
  void RunElection();
  bool MayStand();
  void ScheduleElection(bool manual);
  void AdjustElection();
  void AskForVotes();
  void RequestVotes();
  void OnVote(Node* sender, const Packet& packet);
  void WinElection();
  void TakeOverMaster();
  void CancelElection() { election_ = Election(); }
  int Rank() const;
  int FailedMasterRank() const;
  bool BestRanked() const;
  bool SyncedSiblingReachable() const;
  int64_t ElectionUnit() const;
  void OnVoteRequest(Link* link, Node* candidate, const Packet& packet);
  std::string WhyNoVote(const Node* candidate, const Packet& packet, Node** newer_owner);
  void StartManualFailover(AdminFailover::Mode mode);
  void OnMfStart(Node* sender);
  void OnStoppedOffset();
  void RunManualFailover();
  void ResetManualFailover();

  // --- lease.cc: whether what I own may be served at this moment
  int64_t LeaseMs() const;
  bool LeaseFull() const;
  uint64_t LeaseNumber() const;
  void ReadGrant(Node* voter, const Packet& packet);
  void AskLeases();
  void AddLease(Packet* packet, const Link* link) const;
  void BeginClaim(const NodeId& former_owner, MonoMs released_until);
  void RaiseClaim(const NodeId& former_owner);
  struct Grants;
  Grants CountGrants() const;
  void TrySettle(const Grants& grants);
  void Settle(std::string_view why);
  void SaveContested();
  void EndClaim();
  void LetGo(const Node* to);
  void NoteRelease(const Node* sender, const Packet& packet);
  void ReadLeaseRelease(const Node* sender, const Packet& packet);
  void UpdateLease();
  void NoteMoved(const Node* from, Node* to);
  void ForgetGrants(Node* node);
  std::vector<PingExtension> AnswerLease(Node* sender, const Packet& packet, bool stale);

  // --- health.cc: cluster_state, and replicas that move to orphans
  void NoticeGap(int64_t gap_ms);
  void UpdateHealth();
  std::string WhyNotOk(bool* minority) const;
  bool HeardFrom(const Node* node) const;
  void MigrateReplica();

  // --- admin_nodes.cc, admin_slots.cc. They answer the text: "OK", or an error if `failed` is set.
  struct Answer {
    std::string text = "OK";
    bool is_error = false;
  };
  static Answer Refuse(std::string text) { return {"ERR " + std::move(text), true}; }
  Answer Do(const AdminMeet& command, const AdminRequest& request);
  Answer Do(const AdminForget& command, const AdminRequest& request);
  Answer Do(const AdminReplicate& command, const AdminRequest& request);
  Answer Do(const AdminSaveConfig& command, const AdminRequest& request);
  Answer Do(const AdminAddSlots& command, const AdminRequest& request);
  Answer Do(const AdminDelSlots& command, const AdminRequest& request);
  Answer Do(const AdminFlushSlots& command, const AdminRequest& request);
  Answer Do(const AdminSetSlot& command, const AdminRequest& request);
  Answer Do(const AdminSetConfigEpoch& command, const AdminRequest& request);
  Answer Do(const AdminBumpEpoch& command, const AdminRequest& request);
  Answer Do(const AdminReset& command, const AdminRequest& request);
  Answer Do(const AdminFailover& command, const AdminRequest& request);
  Answer Do(const AdminClaimSlots& command, const AdminRequest& request);
  Answer Do(const AdminPromiseSlots& command, const AdminRequest& request);
  Answer Do(const AdminOutbid& command, const AdminRequest& request);
  std::string WhyNoClaim(const AdminClaimSlots& command) const;
  bool TryOutbid(Epoch epoch);
  void EndPromise();
  void RunPromise();
  Answer ChangeSlots(const std::vector<SlotRange>& ranges, bool add);
  Answer OpenSlot(const AdminSetSlot& command);
  Answer FollowSetSlot(const AdminSetSlot& command);
  void CloseSlot(SlotId slot);
  Answer ReplicateNoOne();
  Answer HandOver();
  Answer AssignSlot(const AdminSetSlot& command, uint64_t keys);

  Node* me() { return state_->myself(); }
  const Node* me() const { return state_->myself(); }
  MonoMs now() const { return state_->now; }
  int64_t NodeTimeout() const { return config_.node_timeout_ms > 0 ? config_.node_timeout_ms : 1; }

  ClusterConfig config_;
  Prng prng_;
  std::unique_ptr<ClusterState> state_;
  Effects out_;
  std::map<uint64_t, Link> links_;
  uint64_t next_link_ = 1;
  uint64_t ticks_ = 0;

  // What this step still has to do.
  bool save_ = false;
  bool save_sync_ = false;
  bool state_check_ = false;
  bool view_changed_ = false;
  bool pong_all_ = false;
  bool election_check_ = false;
  bool news_ = false;  // there are newcomers to announce
  SlotSet touched_;    // slots whose owner or open state changed
  SlotSet dirty_;      // lost while we stay a master

  SlotSet not_claimed_;         // the owner stopped claiming it; nobody else took it yet
  std::set<NodeId> newcomers_;  // not yet announced
  std::set<NodeId> newly_met_;  // became known by a handshake in this run, not by gossip
  MonoMs news_sent_{0};
  MonoMs started_{0};
  bool boot_delay_ = false;  // a master that booted with slots waits before it is writable
  bool was_ok_ = false;
  MonoMs away_since_{0};      // when this process was found to have stood still; 0: never
  MonoMs minority_since_{0};  // the last moment we saw ourselves in a minority
  std::string not_ok_reason_;
  ReplicationProgress progress_;
  Election election_;
  Epoch elected_epoch_{0};  // the config epoch that voters gave me, if it is mine still
  MonoMs collision_since_{0};
  std::string cannot_stand_;  // the reason last logged
  // The lease: my claim, if I am a master with slots (lease.cc).
  bool lease_check_ = false;  // this step still has to count the grants
  bool contested_ = false;
  bool continued_ = false;     // contested, but the lease never ended since it was settled
  Epoch raised_epoch_{0};      // of a continued claim: the first that was not settled
  bool let_go_ = false;        // of a contested claim: its former owner gave it up to me
  bool was_settled_ = false;   // of a replica: its claim was, when it let go of it to its master
  NodeId former_owner_;        // of a contested claim
  MonoMs released_until_{0};   // until when that one has stopped, it says
  Epoch claim_epoch_{0};       // grants asked for under an older one are void,
  MonoMs claim_since_{0};      // or asked for before this moment
  MonoMs promised_until_{0};   // an earlier life may have stopped for a manual failover until then
  MonoMs manual_started_{0};   // at the replica of a manual failover: when it was asked for,
  MonoMs manual_released_{0};  // and until when the master has stopped for it
  MonoMs let_go_until_{0};     // 0: for good
  // A promise to the target of a migration that an earlier life made: until when it may claim. 0:
  // there is none.
  MonoMs promise_over_{0};
  Epoch outbid_epoch_{0};  // of what I ask whether it was claimed, and since when
  MonoMs outbid_since_{0};
  NodeId mf_waiting_;   // the replica whose manual failover waits for the end of a promise
  NodeId promised_to_;  // at the master: for whom it has stopped, and until when
  MonoMs promise_end_{0};
  // As a voter: grants of an earlier life may be alive for NT after the start; what owners had that
  // lost their slots to nobody in particular.
  bool boot_term_ = false;
  MonoMs unowned_until_{0};
  bool paused_ = false;  // manual failover at the master: writes have stopped, offset is final
  std::optional<ReplicationRole> role_;  // the last one told
  bool full_sync_ = false;               // for the next ReplicateFrom
  Epoch checked_current_{0};             // invariants: epochs never go back
  Epoch checked_vote_{0};
  bool epochs_reset_ = false;  // CLUSTER RESET HARD is the one exception
};

}  // namespace pleiad::cluster
