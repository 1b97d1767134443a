// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The data side of MIGRATE: a key leaves for another server without a lost or doubled write.
//
//     Take     its value as a payload; from now on writes to it wait, and a watch is on it
//     ...      the caller sends it and hears that the other server has it
//     Settle   kMoved: it was unchanged and is deleted here, with a DEL in the journal
//     Release  the held writes may run (the caller serves them: Dispatcher::ServeHeld)
//
// What does not wait (a transaction, an expiry, an eviction, FLUSHALL) breaks the watch; Settle
// says so and the caller sends the key again, or its deletion.
//
// Threads: one at a time; inside the keyspace, without slot locks.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "command/context.h"
#include "command/transaction.h"

namespace pleiad::runtime {

struct TakenKey {
  std::string name;
  std::string payload;                   // as of DUMP
  int64_t expiry_ms = Entry::kNoExpiry;  // unix
  std::unique_ptr<ClientWatches> watch;  // null: only copied
};

class KeyMove {
 public:
  // `copy`: the keys stay, so nothing is held or watched.
  KeyMove(Engine* engine, ThreadStats* stats, int db, bool copy);
  // Releases what is still held. REQUIRES: inside.
  ~KeyMove();
  KeyMove(const KeyMove&) = delete;
  KeyMove& operator=(const KeyMove&) = delete;

  enum class Look { kTaken, kMissing, kElsewhere };
  // kElsewhere: the slot is not here, `*error` is what a client is told. Cost: the size of the
  // value, under the slot's lock.
  Look Take(std::string_view name, UnixMs now, TakenKey* key, std::string* error);

  enum class End {
    kMoved,    // deleted here
    kChanged,  // is still here with another value, still held: take it again
    kGone,     // was deleted meanwhile: the other server must forget it
    kNotOurs,  // this node lost the slot or its role: nothing was done, and nothing may be undone
    kPaused,   // no write may be made at this moment: try again
  };
  End Settle(const TakenKey& key, UnixMs now);
  void Release(const std::string& name);

 private:
  void Hold(LockSet* locks, const Key& key);

  Engine* const engine_;
  ThreadStats* const stats_;
  const bool copy_;
  ClientState nobody_;  // no client: who deletes
  std::set<std::string> held_;
};

}  // namespace pleiad::runtime
