// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/command_log.h"

#include <algorithm>
#include <utility>

namespace pleiad::runtime {

void CommandLog::Add(CommandLogKind kind, CommandLogEntry entry, size_t max) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Log& log = logs_[static_cast<size_t>(kind)];
  if (max != 0) {
    entry.id = log.next_id++;
    log.entries.push_front(std::move(entry));
  }
  while (log.entries.size() > max) log.entries.pop_back();
}

std::vector<CommandLogEntry> CommandLog::Newest(CommandLogKind kind, size_t count) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto& entries = logs_[static_cast<size_t>(kind)].entries;
  const auto shown = static_cast<ptrdiff_t>(std::min(count, entries.size()));
  return {entries.begin(), entries.begin() + shown};
}

size_t CommandLog::size(CommandLogKind kind) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return logs_[static_cast<size_t>(kind)].entries.size();
}

void CommandLog::Clear(CommandLogKind kind) {
  const std::lock_guard<std::mutex> lock(mutex_);
  logs_[static_cast<size_t>(kind)].entries.clear();
}

}  // namespace pleiad::runtime
