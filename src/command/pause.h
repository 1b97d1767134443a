// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Pauses: CLIENT PAUSE, a manual failover and SHUTDOWN hold commands back. A command that is held
// back is not refused: its connection waits as a whole (Waiter::Kind::kPause), and what it sent is
// looked at again when the pause is over. While one holds, nothing is expired or evicted either, so
// the journal stands still.
//
// Who must know that no write is under way any more (a failover: its offset is final) begins a
// pause and passes through an exclusive section. For that, whoever may have let go of the keyspace
// since it asked (EXEC and FLUSHALL on their way into an exclusive section) asks again inside.
//
// Threads: any. level() is a relaxed load; the rest takes a leaf lock.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string_view>

#include "base/ids.h"
#include "base/spin_lock.h"

namespace pleiad {

struct ClientState;

enum class PauseLevel : uint8_t { kNone, kWrites, kAll };
enum class PausePurpose : uint8_t { kClient, kFailover, kShutdown };

class Pauses {
 public:
  static constexpr int64_t kForEver = std::numeric_limits<int64_t>::max();

  // May be kNone only a moment after the last pause is over by time.
  PauseLevel level() const { return level_.load(std::memory_order_relaxed); }
  // Somebody holds commands back for that purpose. Takes the lock if anybody does.
  bool Holds(PausePurpose purpose);
  // The same as level(), and what is over at `now` ends.
  PauseLevel At(MonoMs now);
  // Of two pauses for the same purpose the later end holds; for clients also the stricter level.
  void Begin(PausePurpose purpose, PauseLevel level, int64_t end_ms);
  void End(PausePurpose purpose);

  struct View {
    PauseLevel level = PauseLevel::kNone;
    PausePurpose purpose = PausePurpose::kClient;
    int64_t end_ms = 0;  // mono: when this level ends if nobody ends it before
  };
  View Look(MonoMs now);

 private:
  static constexpr size_t kPurposes = 3;
  struct Pause {
    PauseLevel level = PauseLevel::kNone;
    int64_t end_ms = 0;
  };
  View Recompute();  // with the lock held

  SpinLock lock_;
  std::array<Pause, kPurposes> pauses_;
  std::atomic<PauseLevel> level_{PauseLevel::kNone};
};

// The client waits until no pause holds its command back. `end_ms`: when to look again at latest.
void Postpone(ClientState* client, int64_t end_ms);
// True if its last command was put off that way: it has not run and has no reply.
bool Postponed(const ClientState& client);

}  // namespace pleiad
