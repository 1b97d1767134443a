// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The source's side of a slot migration, as a value machine: Step(input) -> effects, obeyed in
// their order. The driver (runtime/export_link) owns the socket, the snapshot and the slots.
//
//     state          what is true in it                                leaves it by
//     kWaiting       no connection yet, or the target was busy         Tick -> kConnecting
//     kConnecting    the driver connects                               kConnected -> kEstablishing
//     kEstablishing  AUTH and ESTABLISH are out                        +OK -> kSnapshot
//     kSnapshot      the driver sends the slots' keys of one instant   kSnapshotSent -> kStreaming
//     kStreaming     the records of the slots follow                   little lag -> kPreparing
//     kPreparing     PREPARE is out                                    +PAUSE -> kHolding
//     kHolding       who asks for these slots waits; the last records  kDrained -> kGranted
//                    go out, and our replicas get theirs
//     kGranted       GRANT is out: the target may claim                kMoved -> kDone
//     kDone          nothing more
//
// The rule of the handover. The target names with PAUSE the one epoch E under which it may claim,
// and how long it may: w ms, by its own clock, from before it sent PAUSE. Until GRANT is out
// nothing can have been claimed, so whatever goes wrong the source lets its clients go on at once.
// From GRANT on the cluster bus has the truth: the slots turn up as the target's (kMoved). Only if
// the target says no, or w ms and a margin have passed since GRANT, does the source go on with the
// slots; in the second case under an epoch greater than E (kRelease with that epoch), so that a
// claim of a target that stood still with it in its hands loses wherever the two meet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "migration/job.h"

namespace pleiad::migration {

struct ExportInput {
  enum class Kind {
    kTick,  // at least every 100 ms, and whenever something was sent. sent: bytes of records so far
    kConnected,
    kConnectFailed,  // text: why
    kLine,           // text: a line of the target, without its end
    kClosed,         // text: why
    kSnapshotSent,
    kDrained,  // answers kHold: the last records were sent, and our replicas have what they lacked
    kMoved,    // the cluster's table says that the slots are the target's
    kBroken,   // text: the data changed in a way no record tells (FLUSHALL), a slot is no longer
               // ours, we are a replica now
    kCancel,
  };
  Kind kind = Kind::kTick;
  MonoMs now = {};
  std::string_view text = {};
  int64_t sent = 0;
  bool not_now = false;  // clients are paused: the handover does not begin
};

struct ExportEffect {
  enum class Kind {
    kConnect,   // answer with kConnected or kConnectFailed
    kSend,      // text: bytes
    kSnapshot,  // send the keys, then kSnapshotSent; from now on records are kept for us
    kHold,     // let nobody at the slots, send what records there are, await our replicas; kDrained
    kRelease,  // let clients at the slots again; if epoch is not 0, only after our claim has been
               // renewed under a greater one
    kClose,
    kFinish,  // outcome, text
  };
  Kind kind;
  std::string text = {};
  Epoch epoch = {};
  Outcome outcome = Outcome::kFailed;
};

struct ExportOptions {
  std::string user = {};          // masteruser
  std::string password = {};      // masterauth; empty: no AUTH
  int64_t timeout_ms = 60000;     // repl-timeout: nothing heard for so long
  int64_t busy_ms = 60000;        // how long a busy target is asked again
  int64_t lag_max = 64 * 1024;    // bytes behind which the handover may begin; -1: any
  int64_t prepare_ms = 60000;     // PREPARE unanswered: the target's replicas catch up
  int64_t claim_margin_ms = 500;  // beyond the target's own limit
};

class ExportSession {
 public:
  enum class State {
    kWaiting,
    kConnecting,
    kEstablishing,
    kSnapshot,
    kStreaming,
    kPreparing,
    kHolding,
    kGranted,
    kDone,
  };
  using Effects = std::vector<ExportEffect>;

  ExportSession(Job job, ExportOptions options, MonoMs now);
  Effects Step(const ExportInput& input);

  State state() const { return state_; }
  // As GETSLOTMIGRATIONS names it.
  std::string_view StateText() const;
  // Bytes of records that the target has not confirmed.
  int64_t lag() const { return sent_ - applied_; }
  MonoMs heard() const { return heard_; }

 private:
  static constexpr int64_t kRetryMs = 100;
  static constexpr int64_t kPauseMsMax = 2000;  // cluster/core.h: kPromiseMax
  void OnTick(MonoMs now, bool not_now, Effects* out);
  void OnLine(const ExportInput& input, Effects* out);
  void OnPause(std::string_view rest, MonoMs now, Effects* out);
  void OnError(const ExportInput& input, Effects* out);
  void OnClosed(const ExportInput& input, Effects* out);
  void Establish(Effects* out);
  void Grant(MonoMs now, Effects* out);
  void Finish(Outcome outcome, std::string text, Effects* out, Epoch outbid = Epoch(0));

  const Job job_;
  const ExportOptions options_;
  State state_ = State::kWaiting;
  const MonoMs started_;
  MonoMs retry_at_;
  MonoMs heard_;
  int replies_due_ = 0;  // +OK of AUTH and ESTABLISH
  int64_t sent_ = 0;
  int64_t applied_ = 0;
  MonoMs since_;  // PREPARE, PAUSE or GRANT
  int64_t pause_ms_ = 0;
  Epoch epoch_;
  bool linked_ = false;
  bool claimed_ = false;  // the target says that it has them; the bus will say so
};

}  // namespace pleiad::migration
