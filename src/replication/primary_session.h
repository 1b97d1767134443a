// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A master's view of one replica, as a value machine: Step(input) -> effects. The command layer
// hands in REPLCONF, PSYNC and SYNC; the driver (runtime/primary_driver) makes the snapshot and
// streams the journal.
//
//     state          what is true in it                            leaves it by
//     kGreeting      an ordinary client, may have told its port    kPsync -> kOnline (partial),
//                                                                  kWaitSnapshot
//     kWaitSnapshot  a snapshot was ordered; blank lines keep up   kSnapshotReady -> kSending
//     kSending       FULLRESYNC and head are out, the driver       kSnapshotSent -> kWaitAck, or
//                    sends                                         kOnline ($length form)
//     kWaitAck       snapshot and end mark are out                 first ACK -> kOnline
//     kOnline        the journal flows from the promised offset on
//     kClosed        nothing more
//
// Why kWaitAck: a streamed snapshot ends with a mark, and a Redis replica looks for it only at the
// end of what it has read; stream bytes behind it in the same packet would hide it. It answers a
// loaded snapshot with an ACK.
//
// The session decides; it never looks at the journal: the backlog's range comes in with PSYNC.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "replication/replication_state.h"

namespace pleiad {

struct PrimaryInput {
  enum class Kind {
    kReplconf,        // args: the whole command
    kPsync,           // args: PSYNC replid offset, or SYNC; with ids, backlog, refusal
    kSnapshotReady,   // offset: the cut; size: bytes, or -1: streamed with `text` as mark (40
                      // characters)
    kSnapshotSent,    // all bytes of the snapshot were written
    kSnapshotFailed,  // text
    kProgress,        // bytes were written to the replica, or a blank line came from it
    kOverrun,         // the backlog no longer has what the replica needs next
    kTick,            // at least every second
    kClosed,          // the connection is gone
  };
  Kind kind = Kind::kTick;
  MonoMs now = {};
  std::span<const std::string_view> args = {};
  const ReplicationIds* ids = nullptr;
  BacklogRange backlog = {};
  std::string_view refusal =
      {};  // not empty: no sync now, an error line without '-' (NOMASTERLINK ...)
  Offset offset{0};
  int64_t size = -1;
  std::string_view text = {};
};

struct PrimaryEffect {
  enum class Kind {
    kSend,           // text: bytes to the replica, before anything later
    kOrderSnapshot,  // answer with kSnapshotReady; streamed: the size need not be known
    kSendSnapshot,   // write the snapshot's bytes, then kSnapshotSent
    kGoOnline,       // write the journal, from the byte after `offset` on
    kClose,          // text: why (log). What was sent before is flushed first if `flush`
  };
  Kind kind;
  std::string text = {};
  Offset offset{0};
  bool streamed = false;
  bool flush = false;
};

struct PrimarySessionOptions {
  int64_t timeout_ms = 60000;  // repl-timeout
  int64_t ping_period_ms =
      10000;  // repl-ping-replica-period: blank lines while the snapshot is made
};

class PrimarySession {
 public:
  enum class State { kGreeting, kWaitSnapshot, kSending, kWaitAck, kOnline, kClosed };

  PrimarySession(PrimarySessionOptions options, MonoMs now)
      : options_(options), io_at_(now), ack_at_(now) {}

  std::vector<PrimaryEffect> Step(const PrimaryInput& input);

  State state() const { return state_; }
  bool online() const { return state_ == State::kOnline; }
  bool is_replica() const { return state_ != State::kGreeting && state_ != State::kClosed; }
  Offset ack_offset() const { return ack_offset_; }
  // What it has on disk, as it said (FACK); before everything if it keeps no log.
  Offset disk_offset() const { return disk_offset_; }
  MonoMs ack_at() const { return ack_at_; }
  int64_t lag_s(MonoMs now) const { return online() ? (now - ack_at_) / 1000 : 0; }
  int listening_port() const { return listening_port_; }
  const std::string& announced_ip() const { return announced_ip_; }
  // For INFO and ROLE. `peer_ip` stands in when the replica announced none.
  ReplicaView View(MonoMs now, std::string_view peer_ip) const;

 private:
  using Effects = std::vector<PrimaryEffect>;
  void OnReplconf(const PrimaryInput& input, Effects* out);
  bool OnReplconfPair(std::string_view option, std::string_view value, Effects* out);
  void OnAck(const PrimaryInput& input, std::string_view value, Effects* out);
  void OnDiskAck(std::span<const std::string_view> rest);
  void OnPsync(const PrimaryInput& input, Effects* out);
  void OnSnapshotReady(const PrimaryInput& input, Effects* out);
  void OnSnapshotSent(const PrimaryInput& input, Effects* out);
  void OnTick(MonoMs now, Effects* out);
  void GoOnline(MonoMs now, Effects* out);
  void Close(std::string why, Effects* out, bool flush = false);

  const PrimarySessionOptions options_;
  State state_ = State::kGreeting;
  MonoMs io_at_;
  MonoMs ack_at_;
  Offset ack_offset_{0};
  Offset disk_offset_{-1};
  Offset start_{0};
  int listening_port_ = 0;
  std::string announced_ip_;
  bool capa_eof_ = false;
  bool capa_psync2_ = false;
  bool takes_setslot_ = false;  // capa setslot (ours), or Valkey 8 and later
  bool rdb_only_ = false;
  bool old_sync_ = false;  // SYNC: no FULLRESYNC line, no ACKs
  std::string mark_;       // empty: $length form
};

}  // namespace pleiad
