// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A replica towards its master, as a value machine: Step(input) -> effects. It knows neither
// sockets nor slots; the driver (runtime/replica_driver) obeys the effects in their order.
//
//     state         what is true in it                             leaves it by
//     kWaitRetry    no connection; the next attempt is due later   Tick -> kConnecting
//     kConnecting   the driver is connecting                       kConnected -> kPing
//     kPing         PING was sent                                  +PONG or NOAUTH -> kGreet
//     kGreet        AUTH and REPLCONFs were sent                   last reply -> kPsync
//     kPsync        PSYNC was sent                                 +FULLRESYNC -> kWaitPayload,
//                                                                  +CONTINUE -> kOnline
//     kWaitPayload  the master prepares; blank lines keep up       $head -> kReceiving
//     kReceiving    snapshot bytes go to the driver                end -> kLoading
//     kLoading      all was handed over, the driver still works    kSnapshotLoaded -> kOnline
//     kOnline       commands go to the driver, ACK every 1 s
//     any           error, timeout, close -> kWaitRetry, with back-off
//
// Offsets: offset() counts every byte of the master's stream up to the last whole command handed
// over, PING and GETACK included, so that `raw` bytes of the effects, written to my own journal,
// keep the master's offsets. After a lost link the next PSYNC asks for offset()+1; the driver keeps
// the selected database across +CONTINUE. A transaction counts when its EXEC came: the driver
// collects MULTI ... EXEC (apply and journal as one), and forgets an open one on kClose.
//
// The master is not trusted: line, bulk and argument limits hold, memory grows with the bytes that
// arrived. One thread. Cost per command: a parse, no copy unless a piece cuts it.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "replication/snapshot_payload.h"
#include "resp/request_parser.h"

namespace pleiad {

struct ReplicaInput {
  enum class Kind {
    kTick,  // at least every 100 ms
    kConnected,
    kConnectFailed,   // text: why
    kBytes,           // bytes: from the master
    kClosed,          // text: why; the connection is gone
    kSnapshotLoaded,  // the driver finished kSnapshotEnd
    kSnapshotFailed,  // text: why; the driver dropped what it had
  };
  Kind kind = Kind::kTick;
  MonoMs now = {};
  std::string_view bytes = {};
  std::string_view text = {};
  Offset on_disk{-1};  // of the master's stream; -1: no log is kept
};

struct ReplicaEffect {
  enum class Kind {
    kConnect,        // open a connection; answer with kConnected or kConnectFailed
    kSend,           // bytes
    kClose,          // drop the connection; no kClosed follows
    kSnapshotBegin,  // text: the master's replid; offset: where its stream will begin; size: bytes
                     // or -1
    kSnapshotBytes,  // bytes
    kSnapshotEnd,    // answer with kSnapshotLoaded or kSnapshotFailed
    kSnapshotAbort,  // the snapshot will not be completed: drop what was loaded
    kContinue,       // partial sync: text: the master's replid (perhaps new)
    kOnline,         // the link is up
    kCommand,        // args: to apply; bytes: raw; offset: after it
    kSkipped,        // bytes: raw, nothing to apply (PING, REPLCONF); offset: after it
    kLog,            // text
  };
  Kind kind;
  std::string_view bytes = {};
  std::string_view text = {};
  Offset offset{0};
  int64_t size = -1;
  size_t args_first = 0;
  size_t args_count = 0;
};

// All views are valid until the next Step, as long as the input's bytes live.
class ReplicaEffects {
 public:
  const std::vector<ReplicaEffect>& list() const { return list_; }
  std::span<const std::string_view> args(const ReplicaEffect& effect) const {
    return std::span(args_).subspan(effect.args_first, effect.args_count);
  }

 private:
  friend class ReplicaSession;
  std::vector<ReplicaEffect> list_;
  std::vector<std::string_view> args_;
  std::deque<std::string> owned_;  // texts made here; a deque does not move them
};

struct ReplicaSessionOptions {
  int announced_port = 0;
  std::string announced_ip = {};  // empty: the master takes the connection's address
  std::string user = {};          // masteruser
  std::string password = {};      // masterauth; empty: no AUTH
  int64_t timeout_ms = 60000;     // repl-timeout
  int64_t ack_period_ms = 1000;
  int64_t retry_ms_min = 100;  // first wait after a failure; doubles
  int64_t retry_ms_max = 3000;
  int64_t bulk_bytes_max = 512LL << 20;
  // A history to go on with; empty: full sync.
  std::string replid = {};
  Offset offset{0};
};

class ReplicaSession {
 public:
  enum class State {
    kWaitRetry,
    kConnecting,
    kPing,
    kGreet,
    kPsync,
    kWaitPayload,
    kReceiving,
    kLoading,
    kOnline
  };

  ReplicaSession(ReplicaSessionOptions options, MonoMs now);

  const ReplicaEffects& Step(const ReplicaInput& input);
  // What the next greeting uses (CONFIG SET masterauth).
  void SetCredentials(std::string user, std::string password);

  State state() const { return state_; }
  bool online() const { return state_ == State::kOnline; }
  bool sync_in_progress() const {
    return state_ == State::kWaitPayload || state_ == State::kReceiving ||
           state_ == State::kLoading;
  }
  // "connect connecting handshake sync connected", as ROLE says it.
  std::string_view role_state() const;
  // The history I hold; empty: none (the next PSYNC is a full one).
  const std::string& replid() const { return replid_; }
  Offset offset() const { return offset_; }
  // The same, with the commands of a transaction whose EXEC has not come.
  Offset read_offset() const { return read_offset_; }
  MonoMs last_io() const { return last_io_; }
  // When the link went down (or the session began); meaningless while online.
  MonoMs down_since() const { return down_since_; }
  int64_t snapshot_size() const { return payload_.size(); }
  int64_t snapshot_received() const { return snapshot_received_; }

 private:
  enum class GreetReply { kAuth, kReplconf };

  void OnTick();
  void OnConnected();
  void OnBytes(std::string_view bytes);
  void OnLoaded();
  std::string_view Consume(std::string_view data);
  bool TakeLine(std::string_view* data, std::string_view* line);
  void OnLine(std::string_view line);
  void OnPingReply(std::string_view line);
  void OnGreetReply(std::string_view line);
  void OnPsyncReply(std::string_view line);
  void OnFullResync(std::string_view line);
  void OnPayloadHead(std::string_view line);
  void TakeSnapshot(std::string_view* data);
  bool TakeCommand(std::string_view* data);
  void SendPsync();
  void SendAck();
  void GoOnline();
  void Fail(std::string_view why);
  void ForgetHistory();
  void CheckInvariants() const;

  ReplicaEffect& Emit(ReplicaEffect::Kind kind);
  std::string_view Own(std::string text);
  void Send(std::initializer_list<std::string_view> args);

  ReplicaSessionOptions options_;
  State state_ = State::kWaitRetry;
  MonoMs now_;
  MonoMs retry_at_;
  MonoMs last_io_;
  MonoMs last_ack_;
  MonoMs down_since_;
  int64_t retry_ms_;  // the next wait
  std::string replid_;
  Offset offset_{0};
  Offset read_offset_{0};
  Offset on_disk_{-1};        // of this step
  Offset asked_on_disk_{-1};  // GETACK came at this offset, which was not on disk yet; -1: no
  bool in_transaction_ = false;
  std::string psync_replid_;  // what FULLRESYNC promised, true when the snapshot is loaded
  Offset psync_offset_{0};
  std::deque<GreetReply> greet_replies_;
  SnapshotPayload payload_;
  int64_t snapshot_received_ = 0;
  resp::RequestParser parser_;
  resp::RequestLimits limits_;
  std::string buffer_;      // unconsumed bytes of earlier pieces
  size_t buffer_used_ = 0;  // consumed in the last Step; cut off in the next, views point there
  ReplicaEffects effects_;
};

}  // namespace pleiad
