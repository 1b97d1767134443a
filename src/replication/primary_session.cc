// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "replication/primary_session.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "replication/snapshot_payload.h"

namespace pleiad {
namespace {

constexpr int64_t kPortMax = 65535;
constexpr int64_t kSetslotVersion = 8;  // of Valkey: from this on its replicas take CLUSTER SETSLOT
constexpr size_t kAnnouncedIpMax = 255;

void Send(std::string text, std::vector<PrimaryEffect>* out) {
  out->push_back({.kind = PrimaryEffect::Kind::kSend, .text = std::move(text)});
}

}  // namespace

std::vector<PrimaryEffect> PrimarySession::Step(const PrimaryInput& input) {
  using Kind = PrimaryInput::Kind;
  Effects out;
  if (state_ == State::kClosed) return out;
  switch (input.kind) {
    case Kind::kReplconf:
      OnReplconf(input, &out);
      break;
    case Kind::kPsync:
      OnPsync(input, &out);
      break;
    case Kind::kSnapshotReady:
      OnSnapshotReady(input, &out);
      break;
    case Kind::kSnapshotSent:
      OnSnapshotSent(input, &out);
      break;
    case Kind::kSnapshotFailed:
      if (is_replica() && !online()) Close("the snapshot failed: " + std::string(input.text), &out);
      break;
    case Kind::kProgress:
      io_at_ = input.now;
      if (state_ == State::kWaitAck)
        ack_at_ = input.now;  // a replica that loads for long says so with blank lines
      break;
    case Kind::kOverrun:
      if (is_replica()) Close("the replica is too slow: the backlog went past it", &out);
      break;
    case Kind::kTick:
      OnTick(input.now, &out);
      break;
    case Kind::kClosed:
      state_ = State::kClosed;
      break;
  }
  return out;
}

void PrimarySession::OnReplconf(const PrimaryInput& input, Effects* out) {
  const auto& args = input.args;
  if (args.size() % 2 == 0) {
    Send("-ERR syntax error\r\n", out);
    return;
  }
  for (size_t i = 1; i + 1 < args.size(); i += 2) {
    if (EqualsIgnoreCase(args[i], "ack")) {
      OnAck(input, args[i + 1], out);
      OnDiskAck(args.subspan(i + 2));
      return;  // an ACK (and what it carries) has no reply
    }
    if (EqualsIgnoreCase(args[i], "getack")) return;  // asked of replicas only
    if (!OnReplconfPair(args[i], args[i + 1], out)) return;
  }
  Send("+OK\r\n", out);
}

// False: an error was sent.
bool PrimarySession::OnReplconfPair(std::string_view option, std::string_view value, Effects* out) {
  const auto number = ParseInt64(value);
  if (EqualsIgnoreCase(option, "listening-port")) {
    if (!number || *number < 0 || *number > kPortMax) {
      Send("-ERR value is not an integer or out of range\r\n", out);
      return false;
    }
    listening_port_ = static_cast<int>(*number);
  } else if (EqualsIgnoreCase(option, "ip-address")) {
    if (value.size() > kAnnouncedIpMax) {
      Send(fmt::format(
               "-ERR REPLCONF ip-address provided by replica instance is too long: {} bytes\r\n",
               value.size()),
           out);
      return false;
    }
    announced_ip_ = value;
  } else if (EqualsIgnoreCase(option, "capa")) {
    if (EqualsIgnoreCase(value, "eof")) capa_eof_ = true;
    if (EqualsIgnoreCase(value, "psync2")) capa_psync2_ = true;
    if (EqualsIgnoreCase(value, "setslot")) takes_setslot_ = true;
  } else if (EqualsIgnoreCase(option, "rdb-only")) {
    if (!number) {
      Send("-ERR value is not an integer or out of range\r\n", out);
      return false;
    }
    rdb_only_ = *number == 1;
  } else if (EqualsIgnoreCase(option, "version")) {  // told by Valkey
    const int64_t major = ParseInt64(value.substr(0, value.find('.'))).value_or(0);
    if (major >= kSetslotVersion) takes_setslot_ = true;
  } else {
    Send(fmt::format("-ERR Unrecognized REPLCONF option: {}\r\n", Quoted(option.substr(0, 128))),
         out);
    return false;
  }
  return true;
}

void PrimarySession::OnAck(const PrimaryInput& input, std::string_view value, Effects* out) {
  const auto offset = ParseInt64(value);
  if (!is_replica() || !offset) return;
  // Never back: a replica that says so is confused, and WAIT has counted what it said before.
  if (Offset(*offset) > ack_offset_) ack_offset_ = Offset(*offset);
  ack_at_ = input.now;
  io_at_ = input.now;
  if (state_ == State::kWaitAck) GoOnline(input.now, out);
}

// FACK offset, behind an ACK.
void PrimarySession::OnDiskAck(std::span<const std::string_view> rest) {
  if (rest.size() < 2 || !EqualsIgnoreCase(rest[0], "fack") || !is_replica()) return;
  const auto offset = ParseInt64(rest[1]);
  if (offset && Offset(*offset) > disk_offset_) disk_offset_ = Offset(*offset);
}

void PrimarySession::OnPsync(const PrimaryInput& input, Effects* out) {
  if (state_ != State::kGreeting) return;  // it synchronises already
  if (!input.refusal.empty()) {
    Send(fmt::format("-{}\r\n", input.refusal), out);
    return;
  }
  CHECK(input.ids != nullptr);
  io_at_ = ack_at_ = input.now;
  old_sync_ = EqualsIgnoreCase(input.args[0], "SYNC");
  if (!old_sync_) {
    const auto wanted = input.args.size() >= 3 ? ParseInt64(input.args[2]) : std::nullopt;
    if (!wanted) {
      Send("-ERR value is not an integer or out of range\r\n", out);
      return;
    }
    if (CanContinue(*input.ids, input.backlog, input.args[1], Offset(*wanted))) {
      Send(capa_psync2_ ? fmt::format("+CONTINUE {}\r\n", input.ids->replid) : "+CONTINUE\r\n",
           out);
      start_ = Offset(*wanted - 1);
      ack_offset_ = start_;
      GoOnline(input.now, out);
      return;
    }
  }
  state_ = State::kWaitSnapshot;
  out->push_back({.kind = PrimaryEffect::Kind::kOrderSnapshot, .streamed = capa_eof_});
}

void PrimarySession::OnSnapshotReady(const PrimaryInput& input, Effects* out) {
  if (state_ != State::kWaitSnapshot) return;
  CHECK(input.ids != nullptr);
  CHECK(input.size >= 0 || (capa_eof_ && input.text.size() == SnapshotPayload::kMarkSize));
  start_ = input.offset;
  std::string head;
  if (!old_sync_) head = fmt::format("+FULLRESYNC {} {}\r\n", input.ids->replid, start_.value);
  if (input.size >= 0) {
    head += fmt::format("${}\r\n", input.size);
  } else {
    mark_ = input.text;
    head += fmt::format("$EOF:{}\r\n", mark_);
  }
  state_ = State::kSending;
  io_at_ = input.now;
  Send(std::move(head), out);
  out->push_back({.kind = PrimaryEffect::Kind::kSendSnapshot});
}

void PrimarySession::OnSnapshotSent(const PrimaryInput& input, Effects* out) {
  if (state_ != State::kSending) return;
  io_at_ = ack_at_ = input.now;
  if (!mark_.empty()) Send(mark_, out);
  if (rdb_only_) {
    Close("the snapshot was all it wanted", out, /*flush=*/true);
  } else if (mark_.empty() || old_sync_) {
    GoOnline(input.now, out);
  } else {
    state_ = State::kWaitAck;
  }
}

void PrimarySession::OnTick(MonoMs now, Effects* out) {
  switch (state_) {
    case State::kGreeting:
    case State::kClosed:
      return;
    case State::kWaitSnapshot:
      if (now - io_at_ < options_.ping_period_ms) return;
      io_at_ = now;
      Send("\n", out);
      return;
    case State::kSending:
      if (now - io_at_ > options_.timeout_ms)
        Close("timeout: the replica does not read the snapshot", out);
      return;
    case State::kWaitAck:
    case State::kOnline:
      if (!old_sync_ && now - ack_at_ > options_.timeout_ms)
        Close("timeout: no ACK from the replica", out);
      return;
  }
}

void PrimarySession::GoOnline(MonoMs now, Effects* out) {
  state_ = State::kOnline;
  ack_at_ = io_at_ = now;
  out->push_back({.kind = PrimaryEffect::Kind::kGoOnline, .offset = start_});
}

void PrimarySession::Close(std::string why, Effects* out, bool flush) {
  state_ = State::kClosed;
  out->push_back({.kind = PrimaryEffect::Kind::kClose, .text = std::move(why), .flush = flush});
}

ReplicaView PrimarySession::View(MonoMs now, std::string_view peer_ip) const {
  ReplicaView view;
  view.ip = announced_ip_.empty() ? std::string(peer_ip) : announced_ip_;
  view.port = listening_port_;
  view.state = state_ == State::kOnline         ? "online"
               : state_ == State::kWaitSnapshot ? "wait_bgsave"
                                                : "send_bulk";
  view.ack_offset = ack_offset_;
  view.lag_s = lag_s(now);
  view.online = online();
  view.takes_setslot = takes_setslot_;
  return view;
}

}  // namespace pleiad
