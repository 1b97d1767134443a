// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// StreamGroup: a consumer group: how far it has read, its consumers, and what was delivered and not
// acknowledged yet (the pending list). A pending entry stands in the group's list with all that is
// known of it, and by its id in its consumer's list. The functions here keep the two in step.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "data/stream_id.h"
#include "data/stream_id_map.h"

namespace pleiad {

struct StreamConsumer {
  struct Nothing {};
  static constexpr int64_t kNever = -1;

  std::string name;
  int64_t seen_ms = 0;         // last attempt to read or claim, unix ms
  int64_t active_ms = kNever;  // last time it got something
  StreamIdMap<Nothing> pending;
};

struct StreamPending {
  StreamConsumer* consumer = nullptr;
  int64_t delivered_ms = 0;  // last delivery, unix ms
  uint64_t deliveries = 0;
};

class StreamGroup {
 public:
  using Consumers = std::map<std::string, std::unique_ptr<StreamConsumer>, std::less<>>;
  static constexpr int64_t kUnknown = -1;

  StreamId last_id;                 // last delivered
  int64_t entries_read = kUnknown;  // how many entries of the stream's life are up to last_id

  const Consumers& consumers() const { return consumers_; }
  const StreamIdMap<StreamPending>& pending() const { return pending_; }
  StreamConsumer* FindConsumer(std::string_view name) const;
  // REQUIRES: there is none of that name.
  StreamConsumer* CreateConsumer(std::string_view name, int64_t now_ms);
  // With what is pending for it, whose number is returned.
  size_t RemoveConsumer(StreamConsumer* consumer);

  const StreamPending* FindPending(StreamId id) const { return pending_.Find(id); }
  // Makes `id` pending for what->consumer, or changes whose and how often it was delivered.
  void SetPending(StreamId id, const StreamPending& what);
  // False: it is not pending.
  bool Acknowledge(StreamId id);

  std::unique_ptr<StreamGroup> Clone() const;
  size_t MemoryUsage() const;

 private:
  Consumers consumers_;
  StreamIdMap<StreamPending> pending_;
};

}  // namespace pleiad
