// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Loading: command line, files and includes -> ConfigValues. Files come through functions that the
// caller hands in (runtime/ reads real ones, tests read maps), so this code is pure.
//
//     pleiad server redis.conf --port 7000 --save 60 1
//     pleiad server --port 7000
//     pleiad server - < redis.conf
//
// The language: one directive a line; '#' opens a comment line; words parted by white space,
// "double" (with \n \r \t
// \a \b \xHH) or 'single' quoted; names in any case; sizes with k kb m mb g gb; the last line of a
// name wins, except for the directives that add up (save, client-output-buffer-limit,
// rename-command, user, loadmodule). `include PATH` reads another file in place, PATH may be a
// pattern (* ? [), which may match nothing. A relative path means the working directory and, if it
// is not there, the folder of the including file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/config/values.h"

namespace pleiad {

struct ConfigEnvironment {
  // The text of a file; "-" is the standard input. The error is the system's reason, e.g. "No such
  // file or directory".
  std::function<Result<std::string>(const std::string& path)> read;
  // The files that match a pattern, sorted. May be null: patterns match nothing.
  std::function<std::vector<std::string>(const std::string& pattern)> glob;
  // The absolute path of a directory, if it exists and may be used; else the reason. May be null:
  // no check.
  std::function<Result<std::string>(const std::string& dir)> resolve_dir;
  // The absolute path of the file named on the command line, for REWRITE after a chdir. May be
  // null: as given.
  std::function<std::string(const std::string& path)> absolute;
  // Seed of the draws from ranges.
  uint64_t seed = 0;
  // Who speaks in "*** FATAL CONFIG FILE ERROR (...) ***".
  std::string product = "Pleiad";
};

struct LoadedConfig {
  ConfigValues values;
  std::string file;  // the file named on the command line; empty: none, or standard input
};

// Reads what `args` (without the program's name) say. The error is the whole text for standard
// error: which file, which line, the line itself, the reason (no line end behind it). Nothing is
// half loaded: there is a result or an error.
Result<LoadedConfig> LoadConfig(const std::vector<std::string>& args, const ConfigEnvironment& env);

}  // namespace pleiad
