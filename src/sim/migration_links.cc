// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The links of migrations and the driver at either end of them.
#include <algorithm>

#include "sim/migration_world.h"

namespace pleiad::sim {

// ---- the link: in order; across a cut it waits, until one of its ends is gone

void MigrationWorld::Post(int from, int to, uint64_t link, std::function<void()> f) {
  Pipe& pipe = pipes_[{from, link}];
  pipe.busy = std::max(pipe.busy, now_ + Delay(from, to));
  pipe.waiting.push_back(std::move(f));
  Call(pipe.busy - now_,
       [this, from, to, link, life = peer(to).life] { Deliver(from, to, link, life, now()); });
}

// The next of that pipe, however many of them wait by now.
void MigrationWorld::Deliver(int from, int to, uint64_t link, uint64_t life, Us since) {
  Pipe& pipe = pipes_[{from, link}];
  if (pipe.waiting.empty()) return;
  if (!peer(to).up || peer(to).life != life || now() - since > 10 * kSecond) {
    pipe.waiting.clear();
    return;
  }
  if (!Reaches(from, to) || peer(to).paused) {
    return Call(kMigrationPoll,
                [this, from, to, link, life, since] { Deliver(from, to, link, life, since); });
  }
  const std::function<void()> f = std::move(pipe.waiting.front());
  pipe.waiting.pop_front();
  f();
}

void MigrationWorld::ToTarget(int i, const std::string& text, std::vector<uint64_t> records) {
  const Exporter& out = side(i).out;
  Post(i, out.target, out.link,
       [this, i, t = out.target, link = out.link, text, records = std::move(records)] {
         OnTarget(t, i, link, text, records);
       });
}

void MigrationWorld::OnTarget(int t, int s, uint64_t link, const std::string& text,
                              const std::vector<uint64_t>& records) {
  Importer& in = side(t).in;
  const auto says = [&text](const char* word) { return text.find(word) != std::string::npos; };
  if (says("ESTABLISH")) {
    std::string answer = "+OK";
    if (in.session) {
      answer = "-BUSY importing";
    } else if (Master(t) >= 0 || OwnerSeen(t) != s) {
      answer = "-ERR not now";
    } else {
      in = Importer();
      in.source = s;
      in.link = link;
      in.session = std::make_unique<ImportSession>(
          migration::ImportOptions{3000, sky_.world.node_timeout_ms / 2}, Mono(peer(t)));
      side(t).keys.hidden.clear();
      ++side(t).keys.version;
    }
    return Post(t, s, link, [this, s, link, answer] {
      if (side(s).out.link == link) StepOut(s, ExportInput::Kind::kLine, answer);
    });
  }
  if (!in.session || in.link != link) return;
  if (says("SNAPSHOT-EOF")) return StepIn(t, ImportInput::Kind::kEof);
  if (says("PREPARE")) return StepIn(t, ImportInput::Kind::kPrepare);
  if (says("GRANT")) {
    const std::string why = WhyBrokenIn(t);
    return why.empty() ? StepIn(t, ImportInput::Kind::kGrant)
                       : StepIn(t, ImportInput::Kind::kBroken, why);
  }
  if (says("CLOSED")) return StepIn(t, ImportInput::Kind::kClosed, "closed");
  Keys& keys = side(t).keys;
  keys.hidden.insert(keys.hidden.end(), records.begin(), records.end());
  ++keys.version;
  in.applied += static_cast<int64_t>(records.size());
  StepIn(t, ImportInput::Kind::kApplied);
}

// ---- the source

void MigrationWorld::StepOut(int i, ExportInput::Kind kind, std::string text) {
  Exporter& out = side(i).out;
  if (!out.session || !peer(i).up) return;
  ExportInput input;
  input.kind = kind;
  input.now = Mono(peer(i));
  input.text = text;
  input.sent = out.sent;
  for (const ExportEffect& effect : out.session->Step(input)) Obey(i, effect);
  if (out.session && out.session->state() == ExportSession::State::kDone) out.session.reset();
}

void MigrationWorld::Obey(int i, const ExportEffect& effect) {
  Exporter& out = side(i).out;
  switch (effect.kind) {
    case ExportEffect::Kind::kConnect: {
      out.link = next_link_++;
      const bool there = peer(out.target).up && Reaches(i, out.target) && Reaches(out.target, i);
      Call(2 * kMs, [this, i, link = out.link, life = peer(i).life, there] {
        if (peer(i).life != life || side(i).out.link != link) return;
        StepOut(i, there ? ExportInput::Kind::kConnected : ExportInput::Kind::kConnectFailed);
      });
      break;
    }
    case ExportEffect::Kind::kSend:
      ToTarget(i, effect.text, {});
      if (effect.text.find("GRANT") != std::string::npos) Plot(i, out.target);
      break;
    case ExportEffect::Kind::kSnapshot: {
      out.tap = true;
      out.tapped = side(i).keys.visible.size();
      out.sent += static_cast<int64_t>(out.tapped);
      ToTarget(i, "", side(i).keys.visible);
      Call(1 + Some(200 * kMs), [this, i, link = out.link, life = peer(i).life] {
        if (peer(i).life == life && side(i).out.link == link) {
          StepOut(i, ExportInput::Kind::kSnapshotSent);
        }
      });
      break;
    }
    case ExportEffect::Kind::kHold:
      side(i).held = !Broken(MigrationFault::kNoHold);
      out.draining = true;
      out.drained_at = side(i).keys.version;
      out.promise_due = true;
      side(i).promise_request = Ask(i, cluster::AdminPromiseSlots{effect.epoch});
      if (Broken(MigrationFault::kGrantUndrained)) StepOut(i, ExportInput::Kind::kDrained);
      break;
    case ExportEffect::Kind::kRelease:
      Release(i, effect.epoch);
      break;
    case ExportEffect::Kind::kClose:
      ToTarget(i, "CLOSED", {});
      out.link = 0;
      break;
    case ExportEffect::Kind::kFinish:
      Say(i, fmt::format("export: {} {}", migration::ToText(effect.outcome), effect.text));
      ++(effect.outcome == migration::Outcome::kSuccess ? report_->finished : report_->rolled_back);
      break;
  }
}

void MigrationWorld::Release(int i, Epoch outbid) {
  side(i).out.draining = side(i).out.tap = false;
  if (outbid.value != 0 && !Broken(MigrationFault::kNoOutbid)) {
    side(i).outbid = outbid;
    side(i).outbid_at = now();
    return;
  }
  side(i).held = false;
  Ask(i, cluster::AdminPromiseSlots{});
}

void MigrationWorld::Pump(int i) {
  Exporter& out = side(i).out;
  const auto& visible = side(i).keys.visible;
  if (!out.tap || out.session->state() == ExportSession::State::kGranted) return;
  if (visible.size() <= out.tapped) return;
  std::vector<uint64_t> records(visible.begin() + static_cast<std::ptrdiff_t>(out.tapped),
                                visible.end());
  out.tapped = visible.size();
  out.sent += static_cast<int64_t>(records.size());
  ToTarget(i, "", std::move(records));
}

void MigrationWorld::PollOut(int i) {
  Exporter& out = side(i).out;
  if (!out.session) return;
  const Peer& p = peer(i);
  if (p.owned[0] == 0) {
    StepOut(i,
            out.session->state() == ExportSession::State::kGranted ? ExportInput::Kind::kMoved
                                                                   : ExportInput::Kind::kBroken,
            "the slots are no longer served here");
  } else if (Master(i) >= 0 || p.writes_paused) {
    StepOut(i, ExportInput::Kind::kBroken, "a failover or pause is under way");
  }
  if (!out.session) return;
  Pump(i);
  if (out.draining && !out.promise_due && ReplicasHave(i, out.drained_at)) {
    out.draining = false;
    StepOut(i, ExportInput::Kind::kDrained);
  }
  StepOut(i, ExportInput::Kind::kTick);
}

// ---- the target

void MigrationWorld::StepIn(int i, ImportInput::Kind kind, std::string text, Epoch epoch) {
  Importer& in = side(i).in;
  if (!in.session || !peer(i).up) return;
  if (side(i).claim_request != 0) return;  // the link's thread waits for the answer
  ImportInput input;
  input.kind = kind;
  input.now = Mono(peer(i));
  input.text = text;
  input.epoch = epoch;
  input.bytes = in.applied;
  for (const ImportEffect& effect : in.session->Step(input)) Obey(i, effect);
  if (in.session && in.session->state() == ImportSession::State::kDone) in.session.reset();
}

void MigrationWorld::Obey(int i, const ImportEffect& effect) {
  Importer& in = side(i).in;
  switch (effect.kind) {
    case ImportEffect::Kind::kSend: {
      std::string line = effect.text.substr(0, effect.text.find('\r'));
      Post(i, in.source, in.link, [this, s = in.source, link = in.link, line] {
        if (side(s).out.link == link) StepOut(s, ExportInput::Kind::kLine, line);
      });
      break;
    }
    case ImportEffect::Kind::kWaitReplicas:
      in.waits = true;
      in.settle_at = side(i).keys.version;
      break;
    case ImportEffect::Kind::kClaim: {
      cluster::AdminClaimSlots claim;
      claim.ranges.push_back({SlotId(0), SlotId(0)});
      claim.source = peer(in.source).id;
      claim.epoch = effect.epoch;
      claim.deadline = effect.deadline;
      side(i).held = true;
      side(i).claim_request = Ask(i, std::move(claim));
      Plot(in.source, i);
      break;
    }
    case ImportEffect::Kind::kDrop:
      side(i).keys.hidden.clear();
      ++side(i).keys.version;
      break;
    case ImportEffect::Kind::kClose:
      Post(i, in.source, in.link, [this, s = in.source, link = in.link] {
        if (side(s).out.link == link) StepOut(s, ExportInput::Kind::kClosed, "closed");
      });
      break;
    case ImportEffect::Kind::kFinish:
      Say(i, fmt::format("import: {} {}", migration::ToText(effect.outcome), effect.text));
      break;
  }
}

std::string MigrationWorld::WhyBrokenIn(int i) {
  if (Master(i) >= 0) return "the target is a replica now";
  if (OwnerSeen(i) != side(i).in.source) return "a slot changed its owner";
  return "";
}

void MigrationWorld::PollIn(int i) {
  Importer& in = side(i).in;
  if (!in.session) return;
  if (in.session->state() != ImportSession::State::kClaiming) {
    const std::string why = WhyBrokenIn(i);
    if (!why.empty()) StepIn(i, ImportInput::Kind::kBroken, why);
  }
  if (in.session && in.waits && ReplicasHave(i, in.settle_at)) {
    in.waits = false;
    StepIn(i, ImportInput::Kind::kReplicasReady, {}, peer(i).machine->state().MaxEpoch().Next());
  }
  StepIn(i, ImportInput::Kind::kTick);
}

}  // namespace pleiad::sim
