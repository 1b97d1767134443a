// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CommandLog: the last commands that took long, came large or were answered at length, for
// COMMANDLOG and SLOWLOG. Who measures decides what is logged (the commandlog-* directives) and
// calls Add. Threads: any. Cost: a mutex.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace pleiad::runtime {

enum class CommandLogKind : uint8_t { kSlow, kLargeRequest, kLargeReply };

struct CommandLogEntry {
  uint64_t id = 0;  // set by Add
  int64_t unix_seconds = 0;
  int64_t value = 0;  // microseconds, or bytes
  std::vector<std::string> args;
  std::string address;
  std::string client_name;
};

class CommandLog {
 public:
  // Keeps at most the newest `max`.
  void Add(CommandLogKind kind, CommandLogEntry entry, size_t max);
  // The newest first, at most `count`.
  std::vector<CommandLogEntry> Newest(CommandLogKind kind, size_t count) const;
  size_t size(CommandLogKind kind) const;
  void Clear(CommandLogKind kind);

 private:
  struct Log {
    std::deque<CommandLogEntry> entries;
    uint64_t next_id = 0;
  };
  mutable std::mutex mutex_;  // guards logs_; a leaf
  std::array<Log, 3> logs_;
};

}  // namespace pleiad::runtime
