// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/replication_driver.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "base/prng.h"
#include "runtime/ack_waiters.h"
#include "runtime/clock.h"
#include "runtime/connection.h"
#include "runtime/persistence.h"
#include "runtime/random.h"
#include "runtime/server.h"

namespace pleiad::runtime {
namespace {

// The link's number among the keyspace's threads; reactors stay below kMaxThreads - 16.
constexpr int kLinkThread = Keyspace::kMaxThreads - 1;

constexpr auto kBehindPoll = std::chrono::milliseconds(5);

std::string FreshId() { return Prng(SystemSeed()).Hex(kReplicationIdSize); }

}  // namespace

ReplicationDriver::ReplicationDriver(Engine* engine, Server* server, SettingsSource settings)
    : engine_(engine),
      server_(server),
      settings_(std::move(settings)),
      pinged_(MonoNow()),
      primary_(engine, MakePrimaryHooks()) {
  ids_.replid = FreshId();
}

ReplicationDriver::~ReplicationDriver() { Stop(); }

void ReplicationDriver::Stop() {
  const std::lock_guard<std::mutex> role(role_mutex_);
  StopFollowing();
  primary_.Close();
}

void ReplicationDriver::StopFollowing() {
  std::shared_ptr<ReplicaDriver> replica;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    replica = std::move(replica_);
    replica_.reset();
  }
  if (!replica) return;
  replica->Stop();  // not left to the destructor: View may hold the object for a moment longer
  stream_db_ = replica->db();
}

bool ReplicationDriver::is_replica() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return replica_ != nullptr;
}

void ReplicationDriver::Follow(const std::string& host, int port) {
  const std::lock_guard<std::mutex> role(role_mutex_);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (replica_ && replica_->host() == host && replica_->port() == port) return;
  }
  StopFollowing();
  engine_->replica = true;
  // Commands that began as a master's end before the section is entered: from here on the offset
  // stands still.
  engine_->keyspace.EnterExclusive();
  engine_->keyspace.LeaveExclusive();
  primary_.Close();  // my replicas come again and go on, if my new history allows it
  primary_.Open();
  for (const auto& waiter : engine_->waiters.All()) {
    if (!waiter->Finish()) continue;
    waiter->deliver(
        waiter->rerun
            ? ""
            : "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> "
              "replica?)\r\n");
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ids_.OnDemoted(engine_->journal.end());
  }
  if (server_ != nullptr) server_->acks().Poll();
  PLOG(kNotice, "Following master {}:{}", host, port);
  auto replica = std::make_shared<ReplicaDriver>(engine_, server_, MakeReplicaOptions(host, port),
                                                 MakeReplicaHooks());
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    replica_ = replica;
  }
  replica->Start();
}

void ReplicationDriver::BecomeMaster() {
  const std::lock_guard<std::mutex> role(role_mutex_);
  if (!is_replica()) return;
  StopFollowing();
  primary_.Close();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ids_.OnPromoted(FreshId(), engine_->journal.end());
  }
  engine_->journal.ForgetDatabase();  // my own records say which database they mean
  stream_db_ = 0;
  primary_.Open();
  engine_->replica = false;
  PLOG(kNotice, "Master mode: replication id {} begins at offset {}", Ids().replid,
       engine_->journal.end().value);
}

// What this server holds is offered to the new master as a history to go on with. It says no if the
// histories differ.
ReplicaDriverOptions ReplicationDriver::MakeReplicaOptions(const std::string& host, int port) {
  const auto settings = settings_();
  ReplicaDriverOptions options;
  options.host = host;
  options.port = port;
  options.thread = kLinkThread;
  options.db = stream_db_;
  options.dir = settings->dir.empty() ? "." : settings->dir;
  options.keepalive_seconds = settings->tcp_keepalive_seconds;
  options.serve_stale_data = settings->replica_serve_stale_data;
  ReplicaSessionOptions& session = options.session;
  session.announced_port =
      settings->replica_announce_port != 0 ? settings->replica_announce_port : settings->port;
  session.announced_ip = settings->replica_announce_ip;
  session.timeout_ms = int64_t{settings->repl_timeout_seconds} * 1000;
  session.bulk_bytes_max =
      std::max<int64_t>(session.bulk_bytes_max, static_cast<int64_t>(settings->proto_max_bulk_len));
  if (engine_->journal.active()) {
    session.replid = Ids().replid;
    session.offset = engine_->journal.end();
  }
  return options;
}

ReplicaHooks ReplicationDriver::MakeReplicaHooks() {
  ReplicaHooks hooks;
  hooks.before_load = [this] {
    primary_.Close();
    if (reload_hooks_.before) reload_hooks_.before();
    const std::lock_guard<std::mutex> lock(mutex_);
    ids_.OnFullSync(FreshId());  // whatever is here now is nobody's history
  };
  hooks.loaded = [this](const std::string& replid, Offset offset) {
    engine_->journal.ResetTo(offset);
    engine_->journal.SetActive(true);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ids_.OnFullSync(replid);
    }
    if (reload_hooks_.after) reload_hooks_.after();
    primary_.Open();
  };
  hooks.credentials = [this] {
    const auto settings = settings_();
    return ReplicaHooks::Credentials{settings->masteruser, settings->masterauth};
  };
  hooks.continued = [this](const std::string& replid) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ids_.OnContinue(replid, engine_->journal.end());
  };
  if (server_ != nullptr) hooks.on_disk = [this] { return server_->persistence().on_disk(); };
  return hooks;
}

PrimaryHooks ReplicationDriver::MakePrimaryHooks() {
  PrimaryHooks hooks;
  hooks.settings = settings_;
  hooks.ids = [this] { return Ids(); };
  hooks.backlog = [this] { return Backlog(); };
  hooks.refusal = [this] { return Refusal(); };
  hooks.activate_journal = [this] { ActivateJournal(); };
  hooks.stream_db = [this] {
    const std::lock_guard<std::mutex> lock(mutex_);
    return replica_ ? replica_->db() : 0;
  };
  if (server_ != nullptr)
    hooks.acked = [this] {
      server_->acks().Poll();
      if (server_->migration() != nullptr) server_->migration()->OnAck();
    };
  return hooks;
}

// Writes before this moment were not counted: the history that counts them is a new one.
void ReplicationDriver::ActivateJournal() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (engine_->journal.active()) return;
  ids_.OnFullSync(FreshId());
  engine_->journal.SetActive(true);
}

std::optional<ReplicationDriver::HistoryPoint> ReplicationDriver::Here() const {
  if (!engine_->journal.active()) return std::nullopt;
  const std::lock_guard<std::mutex> lock(mutex_);
  // My own records say again which database they mean; a master's come as they are.
  if (!replica_) engine_->journal.ForgetDatabase();
  return HistoryPoint{ids_.replid, engine_->journal.end(), replica_ ? replica_->db() : 0};
}

// As if this server had just been promoted: it can't know that its last run wrote nothing behind
// the dump, so what comes now has a new id.
void ReplicationDriver::Resume(const HistoryPoint& point) {
  CHECK(!is_replica() && !engine_->journal.active());
  engine_->journal.ResetTo(point.offset);
  engine_->journal.SetActive(true);
  const std::lock_guard<std::mutex> lock(mutex_);
  ids_.OnFullSync(point.replid);
  ids_.OnPromoted(FreshId(), point.offset);
  stream_db_ = point.db;
}

void ReplicationDriver::AwaitReplicas(int seconds) {
  if (is_replica()) return;
  const MonoMs begin = MonoNow();
  while (MonoNow() - begin < int64_t{seconds} * 1000) {
    if (primary_.CountBehind(engine_->journal.end()) == 0) return;
    std::this_thread::sleep_for(kBehindPoll);
  }
  PLOG(kWarning, "{} replicas are behind at shutdown",
       primary_.CountBehind(engine_->journal.end()));
}

void ReplicationDriver::ChangeId() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ids_.OnFullSync(FreshId());
}

std::string ReplicationDriver::Refusal() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!replica_ || replica_->link_up()) return "";
  return "NOMASTERLINK Can't SYNC while not connected with my master";
}

ReplicationIds ReplicationDriver::Ids() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ids_;
}

BacklogRange ReplicationDriver::Backlog() const {
  BacklogRange range;
  range.active = engine_->journal.active();
  range.size = static_cast<int64_t>(settings_()->repl_backlog_size);
  if (!range.active) return range;
  const Offset begin = engine_->journal.begin();
  range.first = begin + 1;
  range.length = engine_->journal.end() - begin;
  return range;
}

std::string ReplicationDriver::Replconf(const ClientState& client,
                                        std::span<const std::string_view> args, MonoMs now) {
  return primary_.Replconf(client.id, args, now);
}

void ReplicationDriver::Sync(const ClientState& client, std::span<const std::string_view> args) {
  CHECK(client.connection != nullptr);
  std::vector<std::string> words(args.begin(), args.end());
  client.connection->LeaveReactor([this, id = client.id, address = client.address,
                                   words = std::move(words)](int fd, std::string unparsed) {
    primary_.Adopt(fd, id, address, words, std::move(unparsed));
  });
}

ReplicationView ReplicationDriver::View(MonoMs now) const {
  const auto settings = settings_();
  ReplicationView view;
  view.replicas = primary_.Views(now);
  view.offset = engine_->journal.end();
  view.backlog = Backlog();
  if (settings->min_replicas_to_write > 0 && settings->min_replicas_max_lag_seconds > 0) {
    view.good_replicas = primary_.CountGood(now, settings->min_replicas_max_lag_seconds);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  view.ids = ids_;
  if (replica_) {
    view.master = replica_->View(now);
    view.master->priority = settings->replica_priority;
    view.master->read_only = settings->replica_read_only;
    view.master->announced = settings->replica_announced;
  }
  return view;
}

void ReplicationDriver::AskForAcks(bool in_client_pause) {
  if (is_replica() || !primary_.any()) return;
  Pauses& pauses = engine_->pauses;
  if (in_client_pause
          ? pauses.Holds(PausePurpose::kFailover) || pauses.Holds(PausePurpose::kShutdown)
          : pauses.level() != PauseLevel::kNone)
    return;
  engine_->journal.AppendRaw("*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n");
}

ReplicationDriver::Progress ReplicationDriver::GetProgress() const {
  Progress progress;
  progress.offset = engine_->journal.end();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!replica_) return progress;
  progress.link_up = replica_->link_up();
  progress.ever_synced = replica_->ever_synced();
  progress.last_interaction = replica_->last_interaction();
  return progress;
}

void ReplicationDriver::Cron(MonoMs now) {
  const auto settings = settings_();
  primary_.Cron(now);
  const bool master = !is_replica();
  if (master && primary_.any() && engine_->pauses.level() == PauseLevel::kNone &&
      now - pinged_ >= int64_t{settings->repl_ping_replica_period_seconds} * 1000) {
    pinged_ = now;
    engine_->journal.AppendRaw("*1\r\n$4\r\nPING\r\n");
  }
  const bool demanded =
      master && settings->min_replicas_to_write > 0 && settings->min_replicas_max_lag_seconds > 0;
  const int good = demanded ? primary_.CountGood(now, settings->min_replicas_max_lag_seconds) : 0;
  engine_->min_replicas_missing =
      demanded ? std::max(0, settings->min_replicas_to_write - good) : 0;
}

}  // namespace pleiad::runtime
