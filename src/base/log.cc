// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/log.h"

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <ctime>

namespace pleiad {
namespace log_internal {

std::atomic<int> level{static_cast<int>(LogLevel::kNotice)};

namespace {
std::atomic<int> log_fd{STDOUT_FILENO};
std::atomic<char> log_role{'C'};
}  // namespace

void Write(LogLevel line_level, std::string_view text) {
  timeval now{};
  gettimeofday(&now, nullptr);
  tm parts{};
  localtime_r(&now.tv_sec, &parts);
  char date[64];
  const size_t date_size = strftime(date, sizeof(date), "%d %b %Y %H:%M:%S", &parts);
  const char sign = ".-*#"[static_cast<int>(line_level) & 3];
  const std::string line =
      fmt::format("{}:{} {}.{:03} {} {}\n", getpid(), log_role.load(std::memory_order_relaxed),
                  std::string_view(date, date_size), now.tv_usec / 1000, sign, text);
  // One write keeps lines of several threads whole; a full disk loses a log line, never the server.
  [[maybe_unused]] const ssize_t written =
      ::write(log_fd.load(std::memory_order_relaxed), line.data(), line.size());
}

}  // namespace log_internal

void SetLogLevel(LogLevel level) {
  log_internal::level.store(static_cast<int>(level), std::memory_order_relaxed);
}

LogLevel GetLogLevel() {
  return static_cast<LogLevel>(log_internal::level.load(std::memory_order_relaxed));
}

bool SetLogFile(const std::string& path) {
  int fd = STDOUT_FILENO;
  if (!path.empty()) {
    fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return false;
  }
  const int old = log_internal::log_fd.exchange(fd);
  if (old != STDOUT_FILENO && old != fd) ::close(old);
  return true;
}

void SetLogRole(char role) { log_internal::log_role.store(role, std::memory_order_relaxed); }

}  // namespace pleiad
