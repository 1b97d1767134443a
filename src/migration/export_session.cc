// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "migration/export_session.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "resp/request_writer.h"

namespace pleiad::migration {

ExportSession::ExportSession(Job job, ExportOptions options, MonoMs now)
    : job_(std::move(job)),
      options_(std::move(options)),
      started_(now),
      retry_at_(now),
      heard_(now) {}

std::string_view ExportSession::StateText() const {
  switch (state_) {
    case State::kWaiting:
    case State::kConnecting:
      return "connecting";
    case State::kEstablishing:
      return "reading-establish-response";
    case State::kSnapshot:
      return "snapshotting";
    case State::kStreaming:
      return "replicating";
    case State::kPreparing:
      return "waiting-to-pause";
    case State::kHolding:
      return "failover-paused";
    case State::kGranted:
      return "failover-granted";
    case State::kDone:
      break;
  }
  return "finished";
}

ExportSession::Effects ExportSession::Step(const ExportInput& input) {
  using Kind = ExportInput::Kind;
  Effects out;
  if (state_ == State::kDone) return out;
  switch (input.kind) {
    case Kind::kTick:
      sent_ = input.sent;
      OnTick(input.now, input.not_now, &out);
      break;
    case Kind::kConnected:
      heard_ = input.now;
      linked_ = true;
      Establish(&out);
      break;
    case Kind::kConnectFailed:
    case Kind::kClosed:
      OnClosed(input, &out);
      break;
    case Kind::kLine:
      heard_ = input.now;
      OnLine(input, &out);
      break;
    case Kind::kSnapshotSent:
      if (state_ == State::kSnapshot) {
        state_ = State::kStreaming;
        std::string text;
        resp::AppendRequest({"CLUSTER", "SYNCSLOTS", "SNAPSHOT-EOF"}, &text);
        out.push_back({.kind = ExportEffect::Kind::kSend, .text = std::move(text)});
      }
      break;
    case Kind::kDrained:
      if (state_ == State::kHolding) Grant(input.now, &out);
      break;
    case Kind::kMoved:
      Finish(Outcome::kSuccess, "", &out);
      break;
    case Kind::kBroken:
      // After GRANT it is too late: what happens to the source's keys from then on is no longer
      // about these slots. The bus decides.
      if (state_ != State::kGranted) Finish(Outcome::kFailed, std::string(input.text), &out);
      break;
    case Kind::kCancel:
      if (state_ != State::kGranted) Finish(Outcome::kCancelled, "", &out);
      break;
  }
  return out;
}

void ExportSession::OnTick(MonoMs now, bool not_now, Effects* out) {
  const bool silent = now - heard_ > options_.timeout_ms;
  switch (state_) {
    case State::kWaiting:
      if (now < retry_at_) break;
      state_ = State::kConnecting;
      out->push_back({.kind = ExportEffect::Kind::kConnect});
      break;
    case State::kStreaming:
      if (silent) return Finish(Outcome::kFailed, "the target is silent", out);
      if (not_now || (options_.lag_max >= 0 && lag() > options_.lag_max)) break;
      state_ = State::kPreparing;
      since_ = now;
      {
        std::string text;
        resp::AppendRequest({"CLUSTER", "SYNCSLOTS", "PREPARE"}, &text);
        out->push_back({.kind = ExportEffect::Kind::kSend, .text = std::move(text)});
      }
      break;
    case State::kPreparing:
      if (now - since_ > options_.prepare_ms)
        Finish(Outcome::kFailed, "the target does not get ready", out);
      break;
    case State::kHolding:
      // A claim could not come in time any more: better let the clients go on now.
      if (now - since_ >= pause_ms_)
        Finish(Outcome::kFailed, "the last changes could not be handed over in time", out);
      break;
    case State::kGranted:
      if (claimed_ || now - since_ < pause_ms_ + options_.claim_margin_ms) break;
      Finish(Outcome::kFailed, "the target did not claim the slots in time", out, epoch_);
      break;
    default:
      if (silent) Finish(Outcome::kFailed, "the target is silent", out);
      break;
  }
}

void ExportSession::Establish(Effects* out) {
  std::string text;
  replies_due_ = 1;
  if (!options_.password.empty()) {
    ++replies_due_;
    if (options_.user.empty()) {
      resp::AppendRequest({"AUTH", options_.password}, &text);
    } else {
      resp::AppendRequest({"AUTH", options_.user, options_.password}, &text);
    }
  }
  std::vector<std::string> args = {"CLUSTER",
                                   "SYNCSLOTS",
                                   "ESTABLISH",
                                   job_.name,
                                   std::string(job_.source.view()),
                                   std::string(job_.target.view())};
  for (const SlotSpan& span : job_.slots) {
    args.push_back(std::to_string(span.first.value));
    args.push_back(std::to_string(span.last.value));
  }
  resp::AppendRequest(args, &text);
  state_ = State::kEstablishing;
  out->push_back({.kind = ExportEffect::Kind::kSend, .text = std::move(text)});
}

void ExportSession::OnLine(const ExportInput& input, Effects* out) {
  const std::string_view line = input.text;
  if (line.starts_with('-')) return OnError(input, out);
  if (line == "+OK" && state_ == State::kEstablishing) {
    if (--replies_due_ > 0) return;
    state_ = State::kSnapshot;
    out->push_back({.kind = ExportEffect::Kind::kSnapshot});
  } else if (line.starts_with("+APPLIED ")) {
    applied_ = ParseInt64(line.substr(9)).value_or(applied_);
  } else if (line.starts_with("+PAUSE ") && state_ == State::kPreparing) {
    OnPause(line.substr(7), input.now, out);
  } else if (line == "+CLAIMED" && state_ == State::kGranted) {
    claimed_ = true;
  }
}

// "epoch milliseconds"
void ExportSession::OnPause(std::string_view rest, MonoMs now, Effects* out) {
  const size_t blank = std::min(rest.find(' '), rest.size());
  const uint64_t epoch = ParseUint64(rest.substr(0, blank)).value_or(0);
  const int64_t ms = ParseInt64(Trim(rest.substr(blank))).value_or(0);
  if (epoch == 0 || ms <= 0 || ms > kPauseMsMax)
    return Finish(Outcome::kFailed, "the target asks for a pause that makes no sense", out);
  epoch_ = Epoch(epoch);
  pause_ms_ = ms;
  since_ = now;
  state_ = State::kHolding;
  out->push_back({.kind = ExportEffect::Kind::kHold, .epoch = epoch_});
}

void ExportSession::Grant(MonoMs now, Effects* out) {
  if (now - since_ >= pause_ms_)
    return Finish(Outcome::kFailed, "the last changes could not be handed over in time", out);
  state_ = State::kGranted;
  since_ = now;
  std::string text;
  resp::AppendRequest({"CLUSTER", "SYNCSLOTS", "GRANT"}, &text);
  out->push_back({.kind = ExportEffect::Kind::kSend, .text = std::move(text)});
}

void ExportSession::OnError(const ExportInput& input, Effects* out) {
  const std::string text(input.text.substr(1));
  if (state_ == State::kEstablishing && text.starts_with("BUSY ") &&
      input.now - started_ < options_.busy_ms) {
    state_ = State::kWaiting;
    linked_ = false;
    retry_at_ = input.now + kRetryMs;
    out->push_back({.kind = ExportEffect::Kind::kClose});
    return;
  }
  if (claimed_) return;  // it can't take that back
  Finish(Outcome::kFailed, "the target says: " + text, out);
}

void ExportSession::OnClosed(const ExportInput& input, Effects* out) {
  linked_ = false;
  if (state_ == State::kGranted) return;  // the bus, or time, will tell
  Finish(Outcome::kFailed, "the link with the target: " + std::string(input.text), out);
}

void ExportSession::Finish(Outcome outcome, std::string text, Effects* out, Epoch outbid) {
  if (state_ == State::kHolding || state_ == State::kGranted)
    out->push_back({.kind = ExportEffect::Kind::kRelease, .epoch = outbid});
  if (linked_) out->push_back({.kind = ExportEffect::Kind::kClose});
  state_ = State::kDone;
  out->push_back(
      {.kind = ExportEffect::Kind::kFinish, .text = std::move(text), .outcome = outcome});
}

}  // namespace pleiad::migration
