// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The target's side of a slot migration, as a value machine. The driver (runtime/import_link) has
// accepted ESTABLISH, hides the slots, applies the records, and hands in what is not a record.
//
//     state       what is true in it                              leaves it by
//     kReceiving  the keys come                                   kEof -> kStreaming
//     kStreaming  changes come                                    kPrepare -> kCatchingUp
//     kCatchingUp our replicas get what there is                  kReplicasReady -> kPausing
//     kPausing    PAUSE E w is out; our time runs                 kGrant -> kSettling
//     kSettling   all is applied; our replicas catch up           kReplicasReady -> kClaiming
//     kClaiming   the cluster machine was asked to claim under E  kClaimed, kRefused, kUnknown
//     kDone       nothing more
//
// The source may serve these slots again w ms (and a margin) after it sent GRANT, if it heard
// nothing. Our w ms begin before PAUSE is out, so they are over first; the cluster machine refuses
// the claim after that. What the source does for a claim that leaves late all the same:
// migration/export_session.h.
//
// Whatever ends it before the claim: what was imported is dropped (kDrop), and the source keeps the
// slots. If the claim could not be saved on disk it may still be made later, or be outbid by the
// source: then the link is closed without a word, and the cluster's table says what becomes of the
// keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "migration/job.h"

namespace pleiad::migration {

struct ImportInput {
  enum class Kind {
    kTick,     // at least every 100 ms
    kApplied,  // bytes: of records applied so far, when there is nothing more to read
    kEof,
    kPrepare,
    kGrant,
    kReplicasReady,  // answers kWaitReplicas; epoch: the next after all that this node knows
    kClaimed,        // answers kClaim
    kRefused,        // answers kClaim; text: why
    kUnknown,        // answers kClaim: it may still happen; text: why
    kClosed,         // text: why
    kBroken,  // text: a record failed, no memory, FLUSHALL, the slots' owner changed, we are a
              // replica now
    kCancel,
  };
  Kind kind = Kind::kTick;
  MonoMs now = {};
  std::string_view text = {};
  Epoch epoch = {};
  int64_t bytes = 0;
};

struct ImportEffect {
  enum class Kind {
    kSend,          // text: a line with its end
    kWaitReplicas,  // those that are connected: until they have all that was applied
    kClaim,         // epoch, deadline
    kDrop,          // what was imported
    kClose,
    kFinish,  // outcome, text
  };
  Kind kind;
  std::string text = {};
  Epoch epoch = {};
  MonoMs deadline = {};
  Outcome outcome = Outcome::kFailed;
};

struct ImportOptions {
  int64_t timeout_ms = 60000;  // repl-timeout
  int64_t claim_ms = 1000;     // w
};

class ImportSession {
 public:
  enum class State { kReceiving, kStreaming, kCatchingUp, kPausing, kSettling, kClaiming, kDone };
  using Effects = std::vector<ImportEffect>;

  ImportSession(ImportOptions options, MonoMs now) : options_(options), heard_(now) {}
  Effects Step(const ImportInput& input);

  State state() const { return state_; }
  std::string_view StateText() const;
  MonoMs heard() const { return heard_; }

 private:
  void OnTick(MonoMs now, Effects* out);
  void Fail(Outcome outcome, std::string text, Effects* out);

  const ImportOptions options_;
  State state_ = State::kReceiving;
  MonoMs heard_;
  MonoMs deadline_;
  Epoch epoch_;
};

}  // namespace pleiad::migration
