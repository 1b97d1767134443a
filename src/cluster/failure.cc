// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Failure detection. What is true in each state of another node:
//
//   ok      no ping has been unanswered for NT
//   PFAIL   one has, in my view alone. Cleared by a PONG on my own link.
//   FAIL    PFAIL in my view and a majority of the voting masters said the same within 2 NT
//   (MaybeFail), or somebody
//           who saw that majority says so (OnFailPacket). Replicas stand for election now. Cleared
//           when it answers again: at once if it serves nothing, after 2 NT if it still owns slots
//           because nobody took them (ClearFail).
//
// A report that waits for the next ping delays the failover, so a suspicion is told to those who
// count it at once.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/core.h"

namespace pleiad::cluster {

// It speaks and does not answer, so it hears nobody, and without the grants that it does not hear
// it serves nothing: as good as dead for its clients.
bool Core::Deaf(const Node* node) const {
  return node->speaks_lease && node->ping_sent.value != 0 &&
         now() - node->ping_sent >= rule::kDeafNt * NodeTimeout();
}

void Core::DetectFailures() {
  bool suspected = false;
  for (const auto& [id, node] : state_->nodes()) {
    if (node->IsMyself() || node->InHandshake() || node->ping_sent.value == 0) continue;
    if (node->TimedOut() || node->Failed()) continue;
    int64_t silent = now() - node->ping_sent;
    if (node->data_received.value != 0) silent = std::min(silent, now() - node->data_received);
    if (silent < NodeTimeout() && !Deaf(node.get())) continue;
    Suspect(node.get());
    suspected = true;
  }
  if (suspected) TellSuspicion();
}

// Those who count reports hear of it now.
void Core::TellSuspicion() {
  if (!me()->Votes()) return;
  for (const auto& [id, node] : state_->nodes()) {
    const bool mourns = node->master != nullptr && node->master->TimedOut();
    if (!node->IsMyself() && (node->Votes() || mourns)) {
      SendHeartbeat(FindLink(node->link), PacketType::kPong, true);
    }
  }
}

// A kernel whose process died closes its sockets and refuses new ones. Silence proves nothing of
// the kind: a node that is slow, stopped or cut off is never `gone`. The one mistake: something
// between us that resets connections and refuses them in the name of a living process.
void Core::NoteRefusal(Node* node, bool refused) {
  if (!refused || !node->out_ended || !node->in_ended || node->gone) {
    if (!refused) node->refused_since = MonoMs(0);
    return;
  }
  if (node->refused_since.value == 0) {
    node->refused_since = now();
    return;
  }
  if (!config_.fast_failover || now() - node->refused_since < rule::kRefusedAgain) return;
  node->gone = node->died = true;
  Notice(
      fmt::format("Node {} is gone: its links ended and its port refuses connections", Name(node)));
  ForgetGrants(node);  // it holds no lease, nor will its next life
  if (node->InHandshake() || node->TimedOut() || node->Failed()) return;
  Suspect(node);
  TellSuspicion();
}

void Core::Suspect(Node* node) {
  node->flags |= kFlagPfail;
  state_check_ = view_changed_ = true;
  Notice(fmt::format("Node {} possibly failing", Name(node)));
  MaybeFail(node);
}

void Core::OnReport(Node* about, Node* reporter, bool failing) {
  if (!failing) {
    about->failure_reports.erase(reporter->id);
    return;
  }
  if (!reporter->Votes()) return;
  if (about->failure_reports.insert_or_assign(reporter->id, now()).second) {
    Log(Trace::Level::kVerbose,
        fmt::format("Node {} reported node {} as not reachable", Name(reporter), Name(about)));
  }
  MaybeFail(about);
}

int Core::CountReports(Node* node) {
  std::erase_if(node->failure_reports, [this](const auto& report) {
    const Node* reporter = state_->Find(report.first);
    return reporter == nullptr || !reporter->Votes() ||
           now() - report.second > rule::kReportValidityNt * NodeTimeout();
  });
  return static_cast<int>(node->failure_reports.size());
}

void Core::MaybeFail(Node* node) {
  if (!node->TimedOut() || node->Failed()) return;
  const int needed = Broken(Mutation::kFailAlone) ? 0 : state_->Quorum();
  if (CountReports(node) + (me()->Votes() ? 1 : 0) < needed) return;
  Notice(fmt::format("Marking node {} as failing (quorum reached)", Name(node)));
  MarkFail(node);
  Packet packet = Header(PacketType::kFail);
  packet.fail_about = node->id;
  Broadcast(packet);
}

void Core::MarkFail(Node* node) {
  node->flags = static_cast<uint16_t>((node->flags & ~kFlagPfail) | kFlagFail);
  node->fail_time = now();
  if (me()->master == node) {
    me()->flags |= kFlagMyMasterFail;
    election_check_ = true;
  }
  MaySave();
}

void Core::ClearFail(Node* node) {
  // Its replica may be standing. One that was seen to have died is not waited for that long, and
  // not at all if nobody can stand for it: it is back.
  if (Broken(Mutation::kFailNeverCleared)) return;
  int64_t wait = rule::kFailUndoNt * NodeTimeout();
  if (node->died) wait = node->replica_count == 0 ? -1 : std::min(wait, rule::kDiedUndo);
  if (node->Votes() && now() - node->fail_time <= wait) return;
  Notice(fmt::format("Clear FAIL state for node {}: it is reachable again{}", Name(node),
                     node->Votes() ? " and nobody is serving its slots after some time" : ""));
  node->flags = static_cast<uint16_t>(node->flags & ~kFlagFail);
  node->failure_reports.clear();
  node->died = false;
  if (me()->master == node) {
    me()->flags = static_cast<uint16_t>(me()->flags & ~kFlagMyMasterFail);
  }
  MaySave();
}

void Core::OnFailPacket(Node* sender, const Packet& packet) {
  Node* node = state_->Find(packet.fail_about);
  if (node == nullptr || node->IsMyself() || node->Failed() || node->InHandshake()) return;
  Notice(fmt::format("FAIL message received from {} about {}", Name(sender), Name(node)));
  MarkFail(node);
}

}  // namespace pleiad::cluster
