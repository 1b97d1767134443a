// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "replication/replica_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "replication/replication_state.h"
#include "resp/request_writer.h"

namespace pleiad {
namespace {

// Replies of the handshake are short; a peer that sends more without a line end does not speak this
// protocol.
constexpr size_t kLineBytesMax = 8 * 1024;

bool HasErrorCode(std::string_view line, std::string_view code) { return line.starts_with(code); }

// Old and new masters say in three ways that AUTH comes first. That is no failure of PING.
bool WantsAuth(std::string_view line) {
  return HasErrorCode(line, "-NOAUTH") || HasErrorCode(line, "-NOPERM") ||
         HasErrorCode(line, "-ERR operation not permitted");
}

std::string Shown(std::string_view line) { return Quoted(line.substr(0, 200)); }

}  // namespace

ReplicaSession::ReplicaSession(ReplicaSessionOptions options, MonoMs now)
    : options_(std::move(options)),
      now_(now),
      retry_at_(now),
      last_io_(now),
      last_ack_(now),
      down_since_(now),
      retry_ms_(options_.retry_ms_min),
      replid_(options_.replid),
      offset_(options_.offset),
      read_offset_(options_.offset) {
  CHECK(replid_.empty() || replid_.size() == kReplicationIdSize);
  limits_.bulk_size_max = options_.bulk_bytes_max;
}

const ReplicaEffects& ReplicaSession::Step(const ReplicaInput& input) {
  using Kind = ReplicaInput::Kind;
  effects_.list_.clear();
  effects_.args_.clear();
  effects_.owned_.clear();
  buffer_.erase(0, buffer_used_);
  buffer_used_ = 0;
  now_ = input.now;
  on_disk_ = input.on_disk;
  switch (input.kind) {
    case Kind::kTick:
      OnTick();
      break;
    case Kind::kConnected:
      OnConnected();
      break;
    case Kind::kConnectFailed:
    case Kind::kClosed:
      if (state_ != State::kWaitRetry) Fail(input.text);
      break;
    case Kind::kBytes:
      OnBytes(input.bytes);
      break;
    case Kind::kSnapshotLoaded:
      OnLoaded();
      break;
    case Kind::kSnapshotFailed:
      if (sync_in_progress()) Fail(input.text);
      break;
  }
  CheckInvariants();
  return effects_;
}

void ReplicaSession::SetCredentials(std::string user, std::string password) {
  options_.user = std::move(user);
  options_.password = std::move(password);
}

std::string_view ReplicaSession::role_state() const {
  switch (state_) {
    case State::kWaitRetry:
      return "connect";
    case State::kConnecting:
      return "connecting";
    case State::kPing:
    case State::kGreet:
    case State::kPsync:
      return "handshake";
    case State::kWaitPayload:
    case State::kReceiving:
    case State::kLoading:
      return "sync";
    case State::kOnline:
      return "connected";
  }
  return "unknown";
}

void ReplicaSession::OnTick() {
  if (state_ == State::kWaitRetry) {
    if (now_ < retry_at_) return;
    state_ = State::kConnecting;
    last_io_ = now_;
    Emit(ReplicaEffect::Kind::kConnect);
    return;
  }
  // While it loads, the driver reads nothing: silence is no sign of a dead master.
  if (state_ != State::kLoading && now_ - last_io_ > options_.timeout_ms) {
    Fail(fmt::format("timeout: nothing from the master for {} ms", now_ - last_io_));
    return;
  }
  // Somebody asked (WAITAOF waits for it), and the disk was not that far yet.
  if (state_ == State::kOnline && asked_on_disk_.value >= 0 && on_disk_ >= asked_on_disk_) {
    SendAck();
    return;
  }
  if (now_ - last_ack_ < options_.ack_period_ms) return;
  if (state_ == State::kOnline) {
    SendAck();
  } else if (state_ == State::kReceiving || state_ == State::kLoading) {
    last_ack_ = now_;
    Emit(ReplicaEffect::Kind::kSend).bytes = "\n";  // tells the master that I am alive while I load
  }
}

void ReplicaSession::OnConnected() {
  if (state_ != State::kConnecting) return;
  state_ = State::kPing;
  last_io_ = now_;
  Send({"PING"});
}

void ReplicaSession::OnBytes(std::string_view bytes) {
  if (state_ == State::kWaitRetry || state_ == State::kConnecting || bytes.empty()) return;
  last_io_ = now_;
  const bool direct = buffer_.empty();
  if (!direct) buffer_.append(bytes);
  const std::string_view rest = Consume(direct ? bytes : std::string_view(buffer_));
  if (state_ == State::kWaitRetry) return;  // Fail gave up the buffer
  if (direct) {
    buffer_.assign(rest);
  } else {
    buffer_used_ = buffer_.size() - rest.size();
  }
}

// Hands on what `data` holds; the result is what has to wait for more bytes.
std::string_view ReplicaSession::Consume(std::string_view data) {
  bool more = true;
  while (more && !data.empty()) {
    switch (state_) {
      case State::kReceiving:
        TakeSnapshot(&data);
        break;
      case State::kOnline:
        more = TakeCommand(&data);
        break;
      case State::kPing:
      case State::kGreet:
      case State::kPsync:
      case State::kWaitPayload: {
        std::string_view line;
        more = TakeLine(&data, &line);
        if (more && !line.empty()) OnLine(line);
        break;
      }
      case State::kWaitRetry:
      case State::kConnecting:
      case State::kLoading:
        more = false;
        break;
    }
  }
  return data;
}

bool ReplicaSession::TakeLine(std::string_view* data, std::string_view* line) {
  const size_t end = data->find('\n');
  if (end == std::string_view::npos ? data->size() > kLineBytesMax : end > kLineBytesMax) {
    Fail("the master sent a line that is too long: " + Shown(*data));
    return false;
  }
  if (end == std::string_view::npos) return false;
  *line = data->substr(0, end);
  if (!line->empty() && line->back() == '\r') line->remove_suffix(1);
  data->remove_prefix(end + 1);
  return true;
}

void ReplicaSession::OnLine(std::string_view line) {
  switch (state_) {
    case State::kPing:
      return OnPingReply(line);
    case State::kGreet:
      return OnGreetReply(line);
    case State::kPsync:
      return OnPsyncReply(line);
    case State::kWaitPayload:
      return OnPayloadHead(line);
    default:
      CHECK_MSG(false, "no line is due in this state");
  }
}

void ReplicaSession::OnPingReply(std::string_view line) {
  if (!line.starts_with('+') && !WantsAuth(line)) {
    Fail("the master refuses PING: " + Shown(line));
    return;
  }
  state_ = State::kGreet;
  if (!options_.password.empty()) {
    if (options_.user.empty()) {
      Send({"AUTH", options_.password});
    } else {
      Send({"AUTH", options_.user, options_.password});
    }
    greet_replies_.push_back(GreetReply::kAuth);
  }
  const std::string port = fmt::format_int(options_.announced_port).str();
  Send({"REPLCONF", "listening-port", port});
  greet_replies_.push_back(GreetReply::kReplconf);
  if (!options_.announced_ip.empty()) {
    Send({"REPLCONF", "ip-address", options_.announced_ip});
    greet_replies_.push_back(GreetReply::kReplconf);
  }
  // The last one: CLUSTER SETSLOT in the stream is understood.
  Send({"REPLCONF", "capa", "eof", "capa", "psync2", "capa", "setslot"});
  greet_replies_.push_back(GreetReply::kReplconf);
}

void ReplicaSession::OnGreetReply(std::string_view line) {
  const GreetReply due = greet_replies_.front();
  greet_replies_.pop_front();
  if (line.starts_with('-')) {
    if (due == GreetReply::kAuth || WantsAuth(line)) {
      Fail("the master refuses my credentials (masteruser, masterauth): " + Shown(line));
      return;
    }
    // An old master that does not know an option serves us all the same.
    Emit(ReplicaEffect::Kind::kLog).text =
        Own("the master does not understand REPLCONF: " + Shown(line));
  }
  if (greet_replies_.empty()) SendPsync();
}

void ReplicaSession::SendPsync() {
  state_ = State::kPsync;
  if (replid_.empty()) {
    Send({"PSYNC", "?", "-1"});
  } else {
    Send({"PSYNC", replid_, fmt::format_int((offset_ + 1).value).str()});
  }
}

void ReplicaSession::OnPsyncReply(std::string_view line) {
  if (line.starts_with("+FULLRESYNC ")) {
    OnFullResync(line);
    return;
  }
  if (line == "+CONTINUE" || line.starts_with("+CONTINUE ")) {
    const std::string_view id = Trim(line.substr(std::string_view("+CONTINUE").size()));
    if (replid_.empty() || (!id.empty() && id.size() != kReplicationIdSize)) {
      Fail("the master continues a history I did not ask for: " + Shown(line));
      return;
    }
    if (!id.empty()) replid_ = id;
    ReplicaEffect& effect = Emit(ReplicaEffect::Kind::kContinue);
    effect.text = Own(replid_);
    effect.offset = offset_;
    GoOnline();
    return;
  }
  // -LOADING, -NOMASTERLINK, -MASTERDOWN: later. Anything else does not get better by itself, but
  // people repair masters.
  Fail("the master can't synchronise me now: " + Shown(line));
}

void ReplicaSession::OnFullResync(std::string_view line) {
  const std::vector<std::string_view> words = Split(line, ' ');
  const auto offset = words.size() == 3 ? ParseInt64(words[2]) : std::nullopt;
  if (!offset || *offset < 0 || words[1].size() != kReplicationIdSize) {
    Fail("the master's answer to PSYNC is not understood: " + Shown(line));
    return;
  }
  psync_replid_ = words[1];
  psync_offset_ = Offset(*offset);
  state_ = State::kWaitPayload;
}

void ReplicaSession::OnPayloadHead(std::string_view line) {
  if (line.starts_with('-')) {
    Fail("the master gave up the synchronisation: " + Shown(line));
    return;
  }
  const Status status = payload_.Begin(line);
  if (!status.ok()) {
    Fail(status.message());
    return;
  }
  ForgetHistory();  // from here on my data is neither the old nor the new
  state_ = State::kReceiving;
  snapshot_received_ = 0;
  last_ack_ = now_;
  ReplicaEffect& effect = Emit(ReplicaEffect::Kind::kSnapshotBegin);
  effect.text = psync_replid_;
  effect.offset = psync_offset_;
  effect.size = payload_.size();
  std::string_view nothing;
  TakeSnapshot(&nothing);  // "$0": the end may be here already
}

void ReplicaSession::TakeSnapshot(std::string_view* data) {
  const std::string_view part = payload_.Take(data);
  snapshot_received_ += static_cast<int64_t>(part.size());
  if (!part.empty()) Emit(ReplicaEffect::Kind::kSnapshotBytes).bytes = part;
  if (!payload_.done()) return;
  state_ = State::kLoading;
  Emit(ReplicaEffect::Kind::kSnapshotEnd);
}

void ReplicaSession::OnLoaded() {
  if (state_ != State::kLoading) return;
  replid_ = psync_replid_;
  offset_ = read_offset_ = psync_offset_;
  last_io_ = now_;
  GoOnline();
  SendAck();  // a master that streamed the snapshot waits for it before it sends anything
  const std::string_view rest = Consume(buffer_);
  if (state_ == State::kOnline) buffer_used_ = buffer_.size() - rest.size();
}

void ReplicaSession::GoOnline() {
  state_ = State::kOnline;
  retry_ms_ = options_.retry_ms_min;
  last_ack_ = now_;
  parser_.Reset();
  Emit(ReplicaEffect::Kind::kOnline);
}

// False: a whole command is not there.
bool ReplicaSession::TakeCommand(std::string_view* data) {
  size_t consumed = 0;
  switch (parser_.Next(*data, limits_, &consumed)) {
    case resp::RequestParser::Result::kNeedMore:
    case resp::RequestParser::Result::kLargeBulk:  // its raw bytes are needed in one piece anyway
      return false;
    case resp::RequestParser::Result::kError:
      // The bytes are not a stream: what follows can't be trusted, and neither can the history.
      Fail(fmt::format("the master's stream is broken: {}", parser_.error()));
      ForgetHistory();
      return false;
    case resp::RequestParser::Result::kCommand:
      break;
  }
  const std::vector<std::string_view>& args = parser_.args();
  const bool replconf = !args.empty() && EqualsIgnoreCase(args[0], "REPLCONF");
  const bool skip = args.empty() || replconf || EqualsIgnoreCase(args[0], "PING");
  // The offset before GETACK: the ACK says what was applied, and the request itself is not yet.
  if (replconf && args.size() >= 2 && EqualsIgnoreCase(args[1], "GETACK")) {
    SendAck();
    if (on_disk_.value >= 0 && on_disk_ < offset_) asked_on_disk_ = offset_;
  }
  read_offset_ = read_offset_ + static_cast<int64_t>(consumed);
  if (!args.empty() && EqualsIgnoreCase(args[0], "MULTI")) in_transaction_ = true;
  if (!args.empty() && EqualsIgnoreCase(args[0], "EXEC")) in_transaction_ = false;
  if (!in_transaction_) offset_ = read_offset_;
  ReplicaEffect& effect =
      Emit(skip ? ReplicaEffect::Kind::kSkipped : ReplicaEffect::Kind::kCommand);
  effect.bytes = data->substr(0, consumed);
  effect.offset = read_offset_;
  if (!skip) {
    const bool inline_form =
        data->front() != '*';  // its words live in the parser only until the next command
    effect.args_first = effects_.args_.size();
    effect.args_count = args.size();
    for (const std::string_view arg : args) {
      effects_.args_.push_back(inline_form ? Own(std::string(arg)) : arg);
    }
  }
  data->remove_prefix(consumed);
  return true;
}

void ReplicaSession::SendAck() {
  last_ack_ = now_;
  if (on_disk_ >= asked_on_disk_) asked_on_disk_ = Offset(-1);
  const std::string offset = fmt::format_int(offset_.value).str();
  if (on_disk_.value < 0) {
    Send({"REPLCONF", "ACK", offset});
  } else {
    Send({"REPLCONF", "ACK", offset, "FACK", fmt::format_int(on_disk_.value).str()});
  }
}

void ReplicaSession::Fail(std::string_view why) {
  if (state_ == State::kReceiving || state_ == State::kLoading)
    Emit(ReplicaEffect::Kind::kSnapshotAbort);
  if (state_ == State::kOnline) down_since_ = now_;
  Emit(ReplicaEffect::Kind::kClose).text = Own(std::string(why));
  Emit(ReplicaEffect::Kind::kLog).text = Own(std::string(why));
  state_ = State::kWaitRetry;
  retry_at_ = now_ + retry_ms_;
  retry_ms_ = std::min(retry_ms_ * 2, options_.retry_ms_max);
  greet_replies_.clear();
  parser_.Reset();
  buffer_used_ = buffer_.size();  // not cleared: effects of this Step may still look into it
  read_offset_ = offset_;         // an open transaction is asked for again as a whole
  in_transaction_ = false;
}

void ReplicaSession::ForgetHistory() {
  replid_.clear();
  offset_ = read_offset_ = Offset(0);
}

void ReplicaSession::CheckInvariants() const {
  CHECK(offset_.value >= 0 && offset_ <= read_offset_);
  if (state_ == State::kOnline) CHECK(replid_.size() == kReplicationIdSize);
  if (state_ == State::kReceiving || state_ == State::kLoading) CHECK(replid_.empty());
  CHECK(greet_replies_.empty() || state_ == State::kGreet);
  CHECK(buffer_used_ <= buffer_.size());
}

ReplicaEffect& ReplicaSession::Emit(ReplicaEffect::Kind kind) {
  return effects_.list_.emplace_back(ReplicaEffect{.kind = kind});
}

std::string_view ReplicaSession::Own(std::string text) {
  return effects_.owned_.emplace_back(std::move(text));
}

void ReplicaSession::Send(std::initializer_list<std::string_view> args) {
  std::string bytes;
  resp::AppendRequest(args, &bytes);
  Emit(ReplicaEffect::Kind::kSend).bytes = Own(std::move(bytes));
}

}  // namespace pleiad
