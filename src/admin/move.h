// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Moves slots between live nodes, the classic way: IMPORTING at the target, MIGRATING at the
// source, MIGRATE of all keys, then the new owner is announced, first at the target (so that no
// node ever thinks that the slot is nobody's), then at the source, then at the other masters.
//
// A run that is interrupted (Environment::interrupted) ends behind the slot it is at: no slot stays
// open. A node that dies in the midst leaves one open; `fix` and `resume` close it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admin/options.h"
#include "admin/plan_move.h"
#include "admin/session.h"

namespace pleiad::admin {

struct MoveOptions {
  int64_t timeout_ms = 60'000;
  int pipeline = 10;
  bool replace = false;
  bool classic = false;  // slot by slot even between nodes that can move them as a whole
  Credentials credentials;
};

MoveOptions MakeMoveOptions(const Environment& env, const Options& options);

struct KeysMoved {
  int64_t keys = 0;
  int64_t kept = 0;  // were there already with another value, which won
};

class SlotMover {
 public:
  SlotMover(Session& session, MoveOptions options)
      : session_(session), options_(std::move(options)) {}

  // One slot with its keys. `dots`: a '.' for each key.
  Status Move(const SlotMove& move, bool dots);

  // The keys of a slot alone, in portions; nothing is announced. `target_wins`: a key that is there
  // already stays as it is, and the copy at the source goes.
  Result<KeysMoved> MoveKeys(const SlotMove& move, bool dots, bool target_wins);

  // The new owner, to all masters.
  Status Announce(const SlotMove& move);

  int64_t keys_moved() const { return keys_; }

 private:
  Status SetSlot(size_t node, int slot, const std::string& action, const std::string& id);
  Result<resp::Reply> Migrate(const SlotMove& move, const std::vector<std::string>& keys,
                              bool replace);
  Status MigrateEach(const SlotMove& move, const std::vector<std::string>& keys, bool target_wins,
                     KeysMoved* moved);
  Status ResolveBusy(const SlotMove& move, const std::string& key, bool target_wins,
                     KeysMoved* moved);
  Result<std::string> Digest(size_t node, const std::string& key, bool asking);

  Session& session_;
  const MoveOptions options_;
  int64_t keys_ = 0;
};

}  // namespace pleiad::admin
