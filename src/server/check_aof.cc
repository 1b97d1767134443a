// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/check_aof.h"

#include <fmt/core.h>

#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "base/version.h"
#include "journal/aof_manifest.h"
#include "journal/aof_scan.h"
#include "runtime/disk.h"
#include "runtime/files.h"
#include "server/check_rdb.h"
#include "snapshot/rdb.h"

namespace pleiad::server {
namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

struct CheckAofOptions {
  bool fix = false;
  int64_t unix_seconds_max = kNoLimit;  // --truncate-to-timestamp
  std::string path;
};

enum class AofVerdict { kValid, kEmpty, kTruncated, kBad };

bool HoldsRdb(std::string_view bytes) {
  return bytes.starts_with(rdb::kRedisMagic) || bytes.starts_with(rdb::kValkeyMagic);
}

bool Confirmed() {
  fmt::print("Continue? [y/N]: ");
  std::fflush(stdout);
  char answer[16] = {};
  const bool yes = std::fgets(answer, sizeof(answer), stdin) != nullptr &&
                   (answer[0] == 'y' || answer[0] == 'Y');
  if (!yes) fmt::print("Aborting...\n");
  return yes;
}

std::string_view BaseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

AofVerdict Truncate(const std::string& path, size_t size, std::string_view done) {
  Status status = runtime::TruncateFile(path, static_cast<int64_t>(size));
  if (!status.ok()) {
    fmt::print("Failed to truncate AOF {}: {}\n", BaseName(path), status.message());
    return AofVerdict::kBad;
  }
  fmt::print("Successfully truncated AOF {}{}\n", BaseName(path), done);
  return AofVerdict::kTruncated;
}

// The last file may be cut; what lies behind an earlier one would not fit any more.
AofVerdict ToTimestamp(const std::string& path, const AofScan& scan, bool last,
                       const CheckAofOptions& options) {
  const std::string_view name = BaseName(path);
  if (!scan.later) {
    if (last)
      fmt::print("Truncate nothing in AOF {} to timestamp {}\n", name, options.unix_seconds_max);
    return AofVerdict::kValid;
  }
  if (!last) {
    fmt::print(
        "Failed to truncate AOF {} to timestamp {} at offset {}: it is not the last file. Take the "
        "files behind it out of the manifest first, then try again.\n",
        name, options.unix_seconds_max, scan.good);
    return AofVerdict::kBad;
  }
  return Truncate(path, scan.good, fmt::format(" to timestamp {}", options.unix_seconds_max));
}

AofVerdict OnBroken(const std::string& path, const AofScan& scan, size_t size, bool last,
                    const CheckAofOptions& options) {
  const std::string_view name = BaseName(path);
  if (!options.fix) {
    fmt::print("AOF {} is not valid. Use the --fix option to try fixing it.\n", name);
    return AofVerdict::kBad;
  }
  if (!last) {
    fmt::print("Failed to truncate AOF {} because it is not the last file\n", name);
    return AofVerdict::kBad;
  }
  fmt::print("This will shrink the AOF {} from {} bytes, with {} bytes, to {} bytes\n", name, size,
             size - scan.good, scan.good);
  return Confirmed() ? Truncate(path, scan.good, "") : AofVerdict::kBad;
}

AofVerdict CheckFile(const std::string& path, bool last, const CheckAofOptions& options) {
  const std::string_view name = BaseName(path);
  runtime::MappedFile file;
  const Status opened = file.Open(path);
  if (!opened.ok()) {
    fmt::print("Cannot open file {}: {}\n", path, opened.message());
    return AofVerdict::kBad;
  }
  const std::string_view bytes = file.bytes();
  if (bytes.empty()) return AofVerdict::kEmpty;
  size_t begin = 0;
  if (HoldsRdb(bytes)) {
    if (!CheckRdb(path, bytes, &begin)) {
      fmt::print("RDB preamble of AOF file is not sane, aborting.\n");
      return AofVerdict::kBad;
    }
    fmt::print("RDB preamble is OK, proceeding with AOF tail...\n");
  }
  const AofScan scan = ScanAof(bytes, begin, options.unix_seconds_max);
  if (scan.error.empty() && options.unix_seconds_max != kNoLimit)
    return ToTimestamp(path, scan, last, options);
  if (scan.no_command) {
    fmt::print("AOF {} format error\n", name);
  } else if (!scan.error.empty()) {
    fmt::print("0x{:16x}: {}\n", scan.error_at, scan.error);
  }
  fmt::print("AOF analyzed: filename={}, size={}, ok_up_to={}, ok_up_to_line={}, diff={}\n", name,
             bytes.size(), scan.good, scan.line, bytes.size() - scan.good);
  if (scan.error.empty()) return AofVerdict::kValid;
  return OnBroken(path, scan, bytes.size(), last, options);
}

// `what`: "BASE AOF", "INCR AOF", "AOF". False: the check is over, it failed.
bool CheckPart(std::string_view what, const std::string& path, bool last,
               const CheckAofOptions& options) {
  switch (CheckFile(path, last, options)) {
    case AofVerdict::kEmpty:
      fmt::print("{} {} is empty\n", what, BaseName(path));
      return true;
    case AofVerdict::kValid:
      fmt::print("{} {} is valid\n", what, BaseName(path));
      return true;
    case AofVerdict::kTruncated:
      return true;
    case AofVerdict::kBad:
      break;
  }
  return false;
}

int CheckMultiPart(std::string_view text, const CheckAofOptions& options) {
  fmt::print("Start checking Multi Part AOF\n");
  const Result<AofManifest> manifest = ParseAofManifest(text);
  if (!manifest.ok()) {
    fmt::print("Invalid AOF manifest file format: {}: {}\n", options.path, manifest.message());
    return 1;
  }
  const std::string folder =
      options.path.substr(0, options.path.size() - BaseName(options.path).size());
  const std::vector<AofFile>& increments = (*manifest).increments;
  if ((*manifest).base) {
    const std::string path = folder + (*manifest).base->name;
    runtime::MappedFile base;
    const bool rdb = base.Open(path).ok() && HoldsRdb(base.bytes());
    fmt::print("Start to check BASE AOF ({} format).\n", rdb ? "RDB" : "RESP");
    if (!CheckPart("BASE AOF", path, increments.empty(), options)) return 1;
  }
  if (!increments.empty()) fmt::print("Start to check INCR files.\n");
  for (const AofFile& file : increments) {
    if (!CheckPart("INCR AOF", folder + file.name, &file == &increments.back(), options)) return 1;
  }
  fmt::print("All AOF files and manifest are valid\n");
  return 0;
}

std::optional<CheckAofOptions> ParseOptions(int argc, char** argv) {
  CheckAofOptions options;
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 2 && words[0] == "--fix") {
    options.fix = true;
  } else if (words.size() == 3 && words[0] == "--truncate-to-timestamp") {
    const std::optional<int64_t> seconds = ParseInt64(words[1]);
    if (!seconds) return std::nullopt;
    options.unix_seconds_max = *seconds;
  } else if (words.size() != 1) {
    return std::nullopt;
  }
  options.path = words.back();
  return options;
}

}  // namespace

int CheckAofMain(int argc, char** argv) {
  if (argc == 2 &&
      (std::string_view(argv[1]) == "-v" || std::string_view(argv[1]) == "--version")) {
    fmt::print("pleiad check-aof {}\n", kPleiadVersion);
    return 0;
  }
  const std::optional<CheckAofOptions> options = ParseOptions(argc, argv);
  if (!options) {
    fmt::print("Usage: {} [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>\n",
               argv[0]);
    return 1;
  }
  if (!runtime::FileExists(options->path)) {
    fmt::print("Cannot open file {}: No such file or directory\n", options->path);
    return 1;
  }
  if (options->path.ends_with(".manifest")) {
    const Result<std::string> text = runtime::ReadFile(options->path);
    if (text.ok()) return CheckMultiPart(*text, *options);
    fmt::print("Cannot open file {}: {}\n", options->path, text.message());
    return 1;
  }
  fmt::print("Start checking Old-Style AOF\n");
  return CheckPart("AOF", options->path, true, *options) ? 0 : 1;
}

}  // namespace pleiad::server
