// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/pause.h"

#include <memory>

#include "command/client_state.h"
#include "command/waiters.h"

namespace pleiad {

PauseLevel Pauses::At(MonoMs now) { return Look(now).level; }

Pauses::View Pauses::Look(MonoMs now) {
  if (level() == PauseLevel::kNone) return {};
  const std::lock_guard<SpinLock> lock(lock_);
  for (Pause& pause : pauses_) {
    if (pause.end_ms <= now.value) pause = {};
  }
  return Recompute();
}

bool Pauses::Holds(PausePurpose purpose) {
  if (level() == PauseLevel::kNone) return false;
  const std::lock_guard<SpinLock> lock(lock_);
  return pauses_[static_cast<size_t>(purpose)].level != PauseLevel::kNone;
}

Pauses::View Pauses::Recompute() {
  View view;
  for (size_t i = 0; i < kPurposes; ++i) {
    const Pause& pause = pauses_[i];
    if (pause.level < view.level || pause.level == PauseLevel::kNone) continue;
    if (pause.level == view.level && pause.end_ms <= view.end_ms) continue;
    view = {pause.level, static_cast<PausePurpose>(i), pause.end_ms};
  }
  level_.store(view.level, std::memory_order_relaxed);
  return view;
}

void Pauses::Begin(PausePurpose purpose, PauseLevel level, int64_t end_ms) {
  const std::lock_guard<SpinLock> lock(lock_);
  Pause& pause = pauses_[static_cast<size_t>(purpose)];
  pause.level = std::max(pause.level, level);
  pause.end_ms = std::max(pause.end_ms, end_ms);
  Recompute();
}

void Pauses::End(PausePurpose purpose) {
  const std::lock_guard<SpinLock> lock(lock_);
  pauses_[static_cast<size_t>(purpose)] = {};
  Recompute();
}

void Postpone(ClientState* client, int64_t end_ms) {
  auto waiter = std::make_shared<Waiter>();
  waiter->kind = Waiter::Kind::kPause;
  if (end_ms != Pauses::kForEver) waiter->deadline_ms = end_ms;
  client->waiter = std::move(waiter);
}

bool Postponed(const ClientState& client) {
  return client.waiter != nullptr && client.waiter->kind == Waiter::Kind::kPause;
}

}  // namespace pleiad
