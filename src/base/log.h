// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The log. Lines look like the ones operators of this field grep for:
//     12345:M 23 Nov 2026 12:00:00.123 * Ready to accept connections
// pid, role letter (M master, S replica, C child/boot, X other), date, level sign (. debug, -
// verbose, * notice, # warning). Any thread may log; a line is written with one write(2). Cost:
// about 2 us a line; below the level: a load.
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <string>
#include <string_view>

namespace pleiad {

enum class LogLevel : int { kDebug = 0, kVerbose = 1, kNotice = 2, kWarning = 3, kNothing = 4 };

namespace log_internal {
extern std::atomic<int> level;
void Write(LogLevel line_level, std::string_view text);
}  // namespace log_internal

// Lines below `level` are dropped.
void SetLogLevel(LogLevel level);
LogLevel GetLogLevel();

// Sends lines to `path` (append); an empty path means standard output. False when the file can't be
// opened.
bool SetLogFile(const std::string& path);

// The role letter of the line head. Threads: any.
void SetLogRole(char role);

}  // namespace pleiad

// PLOG(kNotice, "joined {}", id): the text is not built when the level is off.
#define PLOG(lvl, ...)                                                                  \
  do {                                                                                  \
    if (static_cast<int>(::pleiad::LogLevel::lvl) >=                                    \
        ::pleiad::log_internal::level.load(std::memory_order_relaxed))                  \
      ::pleiad::log_internal::Write(::pleiad::LogLevel::lvl, fmt::format(__VA_ARGS__)); \
  } while (0)
