// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "migration/import_session.h"

#include <fmt/core.h>

#include <utility>

namespace pleiad::migration {

std::string_view ImportSession::StateText() const {
  switch (state_) {
    case State::kReceiving:
      return "receiving-snapshot";
    case State::kStreaming:
    case State::kCatchingUp:
      return "waiting-for-paused";
    case State::kPausing:
    case State::kSettling:
      return "failover-requested";
    case State::kClaiming:
      return "failover-granted";
    case State::kDone:
      break;
  }
  return "finished";
}

ImportSession::Effects ImportSession::Step(const ImportInput& input) {
  using Kind = ImportInput::Kind;
  Effects out;
  if (state_ == State::kDone) return out;
  switch (input.kind) {
    case Kind::kTick:
      OnTick(input.now, &out);
      break;
    case Kind::kApplied:
      heard_ = input.now;
      out.push_back(
          {.kind = ImportEffect::Kind::kSend, .text = fmt::format("+APPLIED {}\r\n", input.bytes)});
      break;
    case Kind::kEof:
      heard_ = input.now;
      if (state_ == State::kReceiving) state_ = State::kStreaming;
      break;
    case Kind::kPrepare:
      if (state_ != State::kStreaming) {
        Fail(Outcome::kFailed, "the source is out of step", &out);
        break;
      }
      heard_ = input.now;
      state_ = State::kCatchingUp;
      out.push_back({.kind = ImportEffect::Kind::kWaitReplicas});
      break;
    case Kind::kGrant:
      if (state_ != State::kPausing) {
        Fail(Outcome::kFailed, "the source is out of step", &out);
        break;
      }
      state_ = State::kSettling;
      out.push_back({.kind = ImportEffect::Kind::kWaitReplicas});
      break;
    case Kind::kReplicasReady:
      if (state_ == State::kCatchingUp) {
        state_ = State::kPausing;
        epoch_ = input.epoch;
        deadline_ = input.now + options_.claim_ms;
        out.push_back({.kind = ImportEffect::Kind::kSend,
                       .text = fmt::format("+PAUSE {} {}\r\n", epoch_.value, options_.claim_ms)});
      }
      if (state_ != State::kSettling) break;
      state_ = State::kClaiming;
      out.push_back({.kind = ImportEffect::Kind::kClaim, .epoch = epoch_, .deadline = deadline_});
      break;
    case Kind::kClaimed:
      state_ = State::kDone;
      out.push_back({.kind = ImportEffect::Kind::kSend, .text = "+CLAIMED\r\n"});
      out.push_back({.kind = ImportEffect::Kind::kFinish, .outcome = Outcome::kSuccess});
      break;
    case Kind::kUnknown:
      state_ = State::kDone;
      out.push_back({.kind = ImportEffect::Kind::kClose});
      out.push_back({.kind = ImportEffect::Kind::kFinish, .text = std::string(input.text)});
      break;
    case Kind::kClosed:
    case Kind::kBroken:
    case Kind::kRefused:
      Fail(Outcome::kFailed, std::string(input.text), &out);
      break;
    case Kind::kCancel:
      Fail(Outcome::kCancelled, "cancelled", &out);
      break;
  }
  return out;
}

void ImportSession::OnTick(MonoMs now, Effects* out) {
  if (state_ == State::kPausing || state_ == State::kSettling) {
    if (now >= deadline_) Fail(Outcome::kFailed, "the time to claim the slots is over", out);
  } else if (now - heard_ > options_.timeout_ms) {
    Fail(Outcome::kFailed, "the source is silent", out);
  }
}

// The keys are dropped before the source hears of it: it may start anew at once.
void ImportSession::Fail(Outcome outcome, std::string text, Effects* out) {
  state_ = State::kDone;
  out->push_back({.kind = ImportEffect::Kind::kDrop});
  out->push_back({.kind = ImportEffect::Kind::kSend, .text = "-ERR " + text + "\r\n"});
  out->push_back({.kind = ImportEffect::Kind::kClose});
  out->push_back(
      {.kind = ImportEffect::Kind::kFinish, .text = std::move(text), .outcome = outcome});
}

}  // namespace pleiad::migration
