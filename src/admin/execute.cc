// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/execute.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "admin/plan_create.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

constexpr int64_t kPollMs = 25;
constexpr int kPollsPerDot = 4;
// Nodes open their links ten times a second, so an introduction is answered or lost after this
// time.
constexpr int64_t kMeetAgainMs = 100;
// In a large cluster only so many introductions a round; the next round sees what is left.
constexpr size_t kMeetAgainMax = 512;
constexpr int kAddSlotsBatch = 1000;

constexpr int64_t kUndoDeadlineMs = 3'000;
constexpr int64_t kUndoPollMs = 150;
constexpr int kUndoQuietRounds = 2;

bool UnknownSubcommand(const resp::Reply& reply) {
  const std::string text = ToLower(reply.text);
  return reply.is_error() && (text.find("unknown") != std::string::npos ||
                              text.find("wrong cluster subcommand") != std::string::npos);
}

class Executor {
 public:
  explicit Executor(Session& session) : session_(session) {}

  Outcome Run(const Plan& plan) {
    for (const Step& step : plan.steps) {
      const Status status = std::visit([this](const auto& s) { return Do(s); }, step);
      if (!status.ok()) return {status, Touched()};
    }
    return {Status::Ok(), Touched()};
  }

 private:
  std::vector<size_t> Touched() const { return {touched_.begin(), touched_.end()}; }

  Status Do(const Say& step) {
    session_.Line(step.line);
    return Status::Ok();
  }

  Status Do(const Send& step) {
    const Result<resp::Reply> reply = session_.Call(step.node, step.args);
    if (!reply.ok()) return reply.error();
    if (!reply->is_error()) touched_.insert(step.node);
    if (!reply->is_error() || step.may_refuse) return Status::Ok();
    return Error{"[ERR] Node " + session_.name(step.node) + ": " + reply->text};
  }

  Status Do(const ClaimSlots& step) {
    std::vector<std::string> args = {"CLUSTER", "ADDSLOTSRANGE"};
    for (const SlotRange& range : step.ranges) {
      args.push_back(std::to_string(range.first));
      args.push_back(std::to_string(range.last));
    }
    const Result<resp::Reply> reply = session_.Call(step.node, args);
    if (!reply.ok()) return reply.error();
    if (UnknownSubcommand(*reply)) return AddSlots(step);
    if (reply->is_error()) {
      return Error{"[ERR] Node " + session_.name(step.node) + ": " + reply->text};
    }
    touched_.insert(step.node);
    return Status::Ok();
  }

  // For nodes before Redis 7.0.
  Status AddSlots(const ClaimSlots& step) {
    for (const SlotRange& range : step.ranges) {
      for (int first = range.first; first <= range.last; first += kAddSlotsBatch) {
        const int last = std::min(range.last, first + kAddSlotsBatch - 1);
        Send send{step.node, {"CLUSTER", "ADDSLOTS"}};
        for (int slot = first; slot <= last; ++slot) send.args.push_back(std::to_string(slot));
        if (const Status status = Do(send); !status.ok()) return status;
      }
    }
    return Status::Ok();
  }

  Status Do(const AwaitAgreement& step) {
    if (step.announce) session_.Text("Waiting for the cluster to join");
    const Status status = Await(step);
    if (step.announce) session_.Text("\n");
    return status;
  }

  Status Await(const AwaitAgreement& step) {
    const MonoMs start = session_.clock().Now();
    MonoMs met = start;
    for (int poll = 0;; ++poll) {
      if (const Status status = session_.RefreshAll(); !status.ok()) return status;
      const std::vector<Disagreement> left = Disagreements(session_.view(), step.focus);
      if (left.empty()) return Status::Ok();
      if (step.announce && poll % kPollsPerDot == 0) session_.Text(".");
      const MonoMs now = session_.clock().Now();
      if (now - start >= step.deadline_ms) return step.required ? TooLate(step, left) : Status();
      if (now - met >= kMeetAgainMs) {
        if (const Status status = MeetAgain(left); !status.ok()) return status;
        met = now;
      }
      session_.clock().Pause(kPollMs);
    }
  }

  Status MeetAgain(const std::vector<Disagreement>& left) {
    const size_t count = std::min(left.size(), kMeetAgainMax);
    for (size_t i = 0; i < count; ++i) {
      // Redis drops its link to a node that greets it again and builds a new one: to greet for the
      // sake of a missing link would go on for ever.
      if (left[i].kind == Disagreement::Kind::kNoLink) continue;
      Send send = Meet(session_.view(), left[i].subject, left[i].viewer);
      send.may_refuse = true;  // a greeting under way already
      if (const Status status = Do(send); !status.ok()) return status;
    }
    return Status::Ok();
  }

  Error TooLate(const AwaitAgreement& step, const std::vector<Disagreement>& left) const {
    return Error{fmt::format(
        "[ERR] The nodes did not join within {} seconds: {} does not see {} yet. Can they reach "
        "each other's cluster bus port (the port plus 10000, unless configured otherwise)?",
        step.deadline_ms / 1000, session_.name(left.front().viewer),
        session_.name(left.front().subject))};
  }

  Status Do(const AwaitServing& step) {
    const MonoMs start = session_.clock().Now();
    for (size_t node = 0; node < session_.view().nodes.size();) {
      const Result<resp::Reply> info = session_.Demand(node, {"CLUSTER", "INFO"});
      if (!info.ok()) return info.error();
      if (info->text.find("cluster_state:ok") != std::string::npos) {
        ++node;
        continue;
      }
      if (session_.clock().Now() - start >= step.deadline_ms) break;
      session_.clock().Pause(kPollMs);
    }
    return Status::Ok();
  }

  Status Do(const ShutDown& step) {
    const Result<resp::Reply> reply = session_.Call(step.node, {"SHUTDOWN"});
    if (!reply.ok()) return Status::Ok();  // it hung up: that is the answer
    if (!reply->is_error()) return Status::Ok();
    return Error{"[ERR] Node " + session_.name(step.node) + ": " + reply->text};
  }

  Session& session_;
  std::set<size_t> touched_;
};

bool AloneAndEmpty(const NodeView& node) {
  return node.rows.size() == 1 && node.self.slots.empty() && node.self.master.empty();
}

// Takes apart what a failed create put together.
class Undo {
 public:
  Undo(Session& session, const std::vector<size_t>& touched)
      : session_(session), touched_(touched.begin(), touched.end()) {
    for (const NodeView& node : session.view().nodes) ours_.insert(node.self.id);
  }

  // One look at every node. True: there was nothing to do. A node that is gone must not keep the
  // others from being reset, so errors are kept in failure().
  bool Round(bool first) {
    bool quiet = !first;
    failure_ = Status();
    for (size_t node = 0; node < session_.view().nodes.size(); ++node) {
      const Result<bool> done = Visit(node, first);
      if (!done.ok()) failure_ = done.error();
      quiet = quiet && done.ok() && !*done;
    }
    return quiet;
  }

  const Status& failure() const { return failure_; }

 private:
  // True: the node was reset.
  Result<bool> Visit(size_t node, bool first) {
    if (const Status status = session_.Refresh(node); !status.ok()) return status.error();
    const NodeView& view = session_.view().nodes[node];
    const bool mine = touched_.count(node) != 0;
    // A node we never changed may have been met by one that we did. If it is in other company, it
    // is not ours to reset.
    const bool dirty = mine ? first || !AloneAndEmpty(view) : KnowsOurs(view);
    if (!dirty) return false;
    const Result<resp::Reply> reply = session_.Demand(node, {"CLUSTER", "RESET", "HARD"});
    if (!reply.ok()) return reply.error();
    if (const Status status = session_.Refresh(node); !status.ok()) return status.error();
    ours_.insert(session_.view().nodes[node].self.id);  // a hard reset draws a new name
    return true;
  }

  bool KnowsOurs(const NodeView& view) const {
    return std::any_of(view.rows.begin(), view.rows.end(), [&](const NodeRow& row) {
      if (row.Has("myself")) return false;
      return ours_.count(row.id) != 0 || IsOurAddress(row.address);
    });
  }

  bool IsOurAddress(const NodeAddress& address) const {
    const std::vector<NodeView>& nodes = session_.view().nodes;
    return std::any_of(nodes.begin(), nodes.end(), [&](const NodeView& node) {
      return node.ip == address.host && node.address.port == address.port;
    });
  }

  Session& session_;
  std::set<size_t> touched_;
  std::set<NodeId> ours_;
  Status failure_;
};

}  // namespace

Outcome Execute(Session& session, const Plan& plan) { return Executor(session).Run(plan); }

Status UndoCreate(Session& session, const std::vector<size_t>& touched) {
  Undo undo(session, touched);
  const MonoMs start = session.clock().Now();
  int quiet_rounds = undo.Round(true) ? 1 : 0;
  while (quiet_rounds < kUndoQuietRounds) {
    if (session.clock().Now() - start >= kUndoDeadlineMs) {
      if (!undo.failure().ok()) return undo.failure();
      return Error{"[ERR] Some nodes keep joining each other again."};
    }
    session.clock().Pause(kUndoPollMs);
    quiet_rounds = undo.Round(false) ? quiet_rounds + 1 : 0;
  }
  return Status::Ok();
}

}  // namespace pleiad::admin
