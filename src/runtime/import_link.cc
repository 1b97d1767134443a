// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/import_link.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "command/context.h"
#include "runtime/clock.h"
#include "runtime/cluster_driver.h"
#include "runtime/random.h"
#include "runtime/replication_driver.h"
#include "runtime/server.h"

namespace pleiad::runtime {

using migration::ImportEffect;
using migration::ImportInput;
using migration::ImportOptions;

namespace {

constexpr int kImportIdleMs = 50;
// While the source holds its clients. Acknowledgements wake the thread; this is for a replica that
// goes away.
constexpr int kImportHeldMs = 5;
constexpr size_t kImportRead = 256 * 1024;
constexpr size_t kHideAtOnce = 256;
constexpr int64_t kClaimMsMin = 200;
constexpr int64_t kClaimMsMax = 2000;
constexpr int64_t kAskAgainMs = 20;
constexpr int kVotersLookMs = 1;
constexpr resp::RequestLimits kImportLimits{int64_t{1} << 40, 16 * 1024 * 1024, 64 * 1024};

ImportOptions MakeImportOptions(const Settings& s) {
  return {.timeout_ms = int64_t{s.repl_timeout_seconds} * 1000,
          .claim_ms = std::clamp(s.cluster_node_timeout_ms / 2, kClaimMsMin, kClaimMsMax)};
}

}  // namespace

ImportLink::ImportLink(MigrationDriver* driver, std::shared_ptr<MigrationRecord> record,
                       migration::Job job, int fd, std::string unparsed)
    : driver_(driver),
      engine_(&driver->engine()),
      record_(std::move(record)),
      job_(std::move(job)),
      session_(MakeImportOptions(*driver->server().settings()), MonoNow()),
      dispatcher_(engine_, &driver->server(), MigrationDriver::kImportThread, SystemSeed()),
      fd_(fd),
      in_(std::move(unparsed)) {
  client_.from_master = true;
  thread_ = std::thread([this] { Run(); });
}

ImportLink::~ImportLink() {
  stop_ = true;
  thread_.join();
  ::close(fd_);
}

void ImportLink::Run() {
  RegisterMemoryThread();
  PLOG(kNotice, "Slot migration {}: import of {} from {} begins", job_.name,
       migration::ToText(job_.slots), job_.source.view());
  std::string why;
  if (HideSlots(&why)) {
    SendLine("+OK\r\n");
    Parse();
    while (alive()) {
      WaitIo(waits_for_replicas_ ? kImportHeldMs : kImportIdleMs);
      if (!alive()) break;
      const std::string broken = WhyBroken();
      if (!broken.empty()) Step(ImportInput::Kind::kBroken, broken);
      if (alive() && record_->cancel) Step(ImportInput::Kind::kCancel);
      if (alive() && waits_for_replicas_) LookWhetherReplicasReady();
      if (!alive()) break;
      Step(ImportInput::Kind::kTick);
      record_->Note(session_.StateText(),
                    UnixNow().value / 1000 - (MonoNow() - session_.heard()) / 1000, 0);
    }
  } else {
    SendLine("-ERR " + why + "\r\n");
    DropSlots();
    record_->Finish(migration::Outcome::kFailed, why);
  }
  ::shutdown(fd_, SHUT_RDWR);
  UnregisterMemoryThread();
  done_.store(true, std::memory_order_release);
}

void ImportLink::Step(ImportInput::Kind kind, std::string text, Epoch epoch) {
  ImportInput input;
  input.kind = kind;
  input.epoch = epoch;
  input.bytes = applied_;
  next_.push_back({input, std::move(text)});
  if (stepping_) return;
  stepping_ = true;
  while (!next_.empty()) {
    Next next = std::move(next_.front());
    next_.pop_front();
    next.input.now = MonoNow();
    next.input.text = next.text;
    for (const ImportEffect& effect : session_.Step(next.input)) Obey(effect);
  }
  stepping_ = false;
}

void ImportLink::Obey(const ImportEffect& effect) {
  switch (effect.kind) {
    case ImportEffect::Kind::kSend:
      SendLine(effect.text);
      break;
    case ImportEffect::Kind::kWaitReplicas:
      waits_for_replicas_ = true;
      driver_->AwaitAcks(true);
      settle_at_ = engine_->journal.end();
      asked_ = MonoMs(0);
      LookWhetherReplicasReady();
      break;
    case ImportEffect::Kind::kClaim:
      Claim(effect.epoch, effect.deadline);
      break;
    case ImportEffect::Kind::kDrop:
      DropSlots();
      break;
    case ImportEffect::Kind::kClose:
      closed_ = true;
      break;
    case ImportEffect::Kind::kFinish:
      record_->Finish(effect.outcome, effect.text);
      break;
  }
}

// Lines are few and short: the socket takes them, or the source does not read and will be given up.
void ImportLink::SendLine(std::string_view text) {
  if (closed_) return;
  [[maybe_unused]] const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
}

// ---- slots

// What is there of an earlier attempt, or of a time when the slot was ours, goes first.
bool ImportLink::HideSlots(std::string* why) {
  Keyspace& keyspace = engine_->keyspace;
  whole_changes_ = engine_->whole_changes.load(std::memory_order_relaxed);
  table_seen_ = driver_->table_version();
  for (const auto& span : job_.slots) {
    for (int n = span.first.value; n <= span.last.value && why->empty(); ++n) {
      const SlotId id(static_cast<uint16_t>(n));
      for (bool more = true; more && why->empty();) {
        std::vector<Entry*> garbage;
        keyspace.Enter(MigrationDriver::kImportThread);
        if (engine_->replica.load(std::memory_order_relaxed)) {
          *why = "Slot migration can only be used on primary nodes.";
        } else {
          LockSet locks(&keyspace);
          locks.LockOne(id);
          Slot& slot = locks.slot(id);
          if (slot.state == SlotState::kNotMine) {
            more = TakeLeftovers(engine_, id, slot, kHideAtOnce, &garbage);
            slot.phase = SlotPhase::kIncoming;
          } else {
            *why = "Target node does not agree about current slot ownership";
          }
        }
        keyspace.Leave(MigrationDriver::kImportThread);
        for (Entry* e : garbage) Entry::Free(e);
      }
    }
  }
  if (!why->empty()) return false;
  // Exclusive, so that it reads the slots of a moment; once an import.
  keyspace.EnterExclusive();
  RecordIncoming(engine_);
  keyspace.LeaveExclusive();
  return true;
}

// The slots' keys are freed in the background, except those of slots that are ours by now.
void ImportLink::DropSlots() {
  std::vector<SlotId> left;
  Keyspace& keyspace = engine_->keyspace;
  keyspace.Enter(MigrationDriver::kImportThread);
  for (const auto& span : job_.slots) {
    for (int n = span.first.value; n <= span.last.value; ++n) {
      const SlotId id(static_cast<uint16_t>(n));
      LockSet locks(&keyspace);
      locks.LockOne(id);
      Slot& slot = locks.slot(id);
      if (slot.phase != SlotPhase::kIncoming || slot.state != SlotState::kNotMine) continue;
      slot.phase = SlotPhase::kLeftover;
      left.push_back(id);
    }
  }
  keyspace.Leave(MigrationDriver::kImportThread);
  driver_->Purge(left);
}

// Clients that hear of the claim before the slots' state here is changed wait for that.
void ImportLink::Claim(Epoch epoch, MonoMs deadline) {
  constexpr int kThread = MigrationDriver::kImportThread;
  const int64_t asked_at_us = MonoMicros();
  driver_->ChangeState(job_.slots, SlotState::kNotMine, SlotState::kHeld, kThread);
  cluster::AdminClaimSlots claim;
  for (const auto& span : job_.slots) claim.ranges.push_back({span.first, span.last});
  claim.source = job_.source;
  claim.epoch = epoch;
  claim.deadline = deadline;
  const cluster::AdminReply reply = driver_->server().cluster()->Execute(std::move(claim), 0, 0);
  if (!reply.is_error) AwaitVoters();
  driver_->ChangeState(job_.slots, SlotState::kHeld,
                       reply.is_error ? SlotState::kNotMine : SlotState::kMine, kThread);
  const int64_t now = MonoMicros();
  record_->hold_us = now - granted_at_us_;
  PLOG(kNotice,
       "Slot migration {}: {} bytes of records; {} us from the leave to claim to the end of it, {} "
       "of it until the replicas had everything",
       job_.name, applied_, now - granted_at_us_, asked_at_us - granted_at_us_);
  if (!reply.is_error) {
    Step(ImportInput::Kind::kClaimed);
  } else if (reply.text.starts_with("ERR error saving")) {
    Step(ImportInput::Kind::kUnknown, reply.text);
  } else {
    Step(ImportInput::Kind::kRefused, reply.text);
  }
}

// As many voters as a lease takes have the claim in their tables: until then grants from before it
// would serve slots that those voters may grant to another. Clients that come meanwhile wait.
// Without a lease they hear CLUSTERDOWN.
void ImportLink::AwaitVoters() {
  while (!driver_->server().cluster()->MayActOnClaim() && !driver_->stopping()) {
    pollfd nothing{fd_, 0, 0};
    ::poll(&nothing, 1, kVotersLookMs);
  }
}

void ImportLink::LookWhetherReplicasReady() {
  const MonoMs now = MonoNow();
  const ReplicationView view = driver_->server().replication().View(now);
  const bool behind = std::any_of(view.replicas.begin(), view.replicas.end(), [&](const auto& r) {
    return r.online && r.ack_offset < settle_at_;
  });
  if (behind) {
    if (now - asked_ < kAskAgainMs) return;
    asked_ = now;
    engine_->keyspace.Enter(MigrationDriver::kImportThread);
    driver_->server().replication().AskForAcks(true);
    engine_->keyspace.Leave(MigrationDriver::kImportThread);
    return;
  }
  waits_for_replicas_ = false;
  driver_->AwaitAcks(false);
  Step(ImportInput::Kind::kReplicasReady, {}, NextEpoch());
}

std::string ImportLink::WhyBroken() {
  if (!failure_.empty()) return failure_;
  if (stop_ || driver_->stopping()) return "the target is stopping";
  if (engine_->replica.load(std::memory_order_relaxed)) return "the target is a replica now";
  if (engine_->whole_changes.load(std::memory_order_relaxed) != whole_changes_)
    return "a whole database of the target was flushed or swapped";
  const uint64_t table = driver_->table_version();
  if (table == table_seen_) return "";
  table_seen_ = table;
  const std::shared_ptr<const cluster::ClusterView> view = driver_->server().cluster()->View();
  for (const auto& span : job_.slots) {
    for (int n = span.first.value; n <= span.last.value; ++n) {
      const auto* owner = view->Owner(SlotId(static_cast<uint16_t>(n)));
      if (owner == nullptr || owner->id != job_.source) return "a slot changed its owner";
    }
  }
  return "";
}

// ---- records

void ImportLink::WaitIo(int timeout_ms) {
  pollfd fds[2] = {{fd_, POLLIN, 0}, {driver_->import_wake_fd(), POLLIN, 0}};
  if (::poll(fds, 2, timeout_ms) <= 0) return;
  if (fds[1].revents != 0) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(fds[1].fd, &count, sizeof(count));
  }
  if (fds[0].revents != 0) Receive();
}

void ImportLink::Receive() {
  const size_t size = in_.size();
  in_.resize(size + kImportRead);
  const ssize_t n = ::recv(fd_, in_.data() + size, kImportRead, MSG_DONTWAIT);
  in_.resize(size + static_cast<size_t>(std::max<ssize_t>(n, 0)));
  if (n > 0) {
    Parse();
  } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
    closed_ = true;
    Step(ImportInput::Kind::kClosed, n == 0 ? "the source closed the link" : std::strerror(errno));
  }
}

void ImportLink::Parse() {
  std::string_view data = in_;
  bool whole = false;
  while (alive() && !data.empty() && failure_.empty()) {
    size_t consumed = 0;
    const resp::RequestParser::Result result = parser_.Next(data, kImportLimits, &consumed);
    if (result == resp::RequestParser::Result::kNeedMore ||
        result == resp::RequestParser::Result::kLargeBulk) {
      break;  // a large argument is needed in one piece with the rest of its record
    }
    if (result != resp::RequestParser::Result::kCommand) {
      failure_ = "the source does not speak the protocol";
      break;
    }
    const std::string_view raw = data.substr(0, consumed);
    data.remove_prefix(consumed);
    if (!parser_.args().empty() && EqualsIgnoreCase(parser_.args()[0], "CLUSTER")) {
      RunRecords();
      OnControl(parser_.args());
    } else {
      AddRecord(parser_.args(), raw);
    }
    whole = true;
  }
  RunRecords();
  in_.erase(0, in_.size() - data.size());
  if (!failure_.empty()) return Step(ImportInput::Kind::kBroken, failure_);
  if (whole && alive() && applied_ != told_) {
    told_ = applied_;
    Step(ImportInput::Kind::kApplied);
  }
}

void ImportLink::OnControl(const std::vector<std::string_view>& args) {
  const std::string word = args.size() == 3 ? ToUpper(args[2]) : "";
  if (word == "SNAPSHOT-EOF") {
    Step(ImportInput::Kind::kEof);
  } else if (word == "PREPARE") {
    Step(ImportInput::Kind::kPrepare);
  } else if (word == "GRANT") {
    const std::string why = WhyBroken();
    granted_at_us_ = MonoMicros();
    if (why.empty()) {
      Step(ImportInput::Kind::kGrant);
    } else {
      Step(ImportInput::Kind::kBroken, why);
    }
  } else {
    failure_ = "the source says what this node does not know";
  }
}

Epoch ImportLink::NextEpoch() {
  Epoch epoch;
  driver_->server().cluster()->Read(
      [&](const cluster::ClusterState& state) { epoch = state.MaxEpoch().Next(); });
  return epoch;
}

// Consecutive records lie one behind the other in memory, so the bytes of a batch are one view.
void ImportLink::AddRecord(const std::vector<std::string_view>& args, std::string_view raw) {
  if (args.empty()) return;
  if (EqualsIgnoreCase(args[0], "SELECT") && args.size() == 2) {
    RunRecords();
    applied_ += static_cast<int64_t>(raw.size());
    const auto db = ParseInt64(args[1]);
    if (db && *db >= 0 && *db < engine_->keyspace.databases()) {
      client_.db = static_cast<int>(*db);
    } else {
      failure_ = "the source has more databases than the target";
    }
    return;
  }
  batch_raw_ = batch_raw_.empty()
                   ? raw
                   : std::string_view(batch_raw_.data(), batch_raw_.size() + raw.size());
  PreparedCommand& command = dispatcher_.at(batch_++);
  command.args.assign(args.begin(), args.end());
  command.owned.clear();
  if (batch_ == Dispatcher::kBatch) RunRecords();
}

void ImportLink::RunRecords() {
  if (batch_ == 0) return;
  const size_t batch = std::exchange(batch_, 0);
  const std::string_view raw = std::exchange(batch_raw_, {});
  if (!failure_.empty()) return;
  ThreadStats& stats = engine_->stats[static_cast<size_t>(MigrationDriver::kImportThread)];
  engine_->keyspace.Enter(MigrationDriver::kImportThread);
  if (engine_->replica.load(std::memory_order_relaxed)) {
    failure_ = "the target is a replica now";
  } else if (engine_->whole_changes.load(std::memory_order_relaxed) != whole_changes_) {
    failure_ = "a whole database of the target was flushed or swapped";
  } else if (!EvictToLimit(engine_, &stats, UnixNow(), SystemSeed())) {
    failure_ = "the target is out of memory (maxmemory)";
  } else {
    const uint64_t errors = stats.errors.load(std::memory_order_relaxed);
    dispatcher_.Run(batch, &client_, &replies_, UnixNow(), MonoNow());
    if (stats.errors.load(std::memory_order_relaxed) != errors)
      failure_ = "a record of the source failed here";
    replies_.clear();
    engine_->journal.AppendRecords(client_.db, raw);
    applied_ += static_cast<int64_t>(raw.size());
    record_->bytes = applied_;
  }
  engine_->keyspace.Leave(MigrationDriver::kImportThread);
}

}  // namespace pleiad::runtime
