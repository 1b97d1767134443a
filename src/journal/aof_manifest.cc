// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "journal/aof_manifest.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace pleiad {
namespace {

constexpr size_t kManifestLineMax = 1024;

void AppendManifestLine(std::string* out, const AofFile& file, char type) {
  const bool plain = std::all_of(file.name.begin(), file.name.end(), [](char c) {
    return c > ' ' && c != '"' && c != '\'' && c != '\\';
  });
  *out += fmt::format("file {} seq {} type {}\n", plain ? file.name : Quoted(file.name), file.seq,
                      type);
}

int64_t GreatestSeq(const std::vector<AofFile>& files) {
  int64_t seq = 0;
  for (const AofFile& file : files) seq = std::max(seq, file.seq);
  return seq;
}

Error ManifestError(size_t line, std::string_view what) {
  return Error{fmt::format("line {}: {}", line, what)};
}

// The words of a line are pairs; unknown names are passed over, as Redis does.
Status ReadManifestLine(std::string_view line, size_t number, AofManifest* manifest) {
  if (line.size() > kManifestLineMax) return ManifestError(number, "the line is too long");
  const auto words = SplitArgs(line);
  if (!words.has_value() || words->empty() || words->size() % 2 != 0)
    return ManifestError(number, "the line is not made of names and values");
  AofFile file;
  std::string type;
  for (size_t i = 0; i < words->size(); i += 2) {
    const std::string& value = (*words)[i + 1];
    if (EqualsIgnoreCase((*words)[i], "file")) {
      file.name = value;
    } else if (EqualsIgnoreCase((*words)[i], "seq")) {
      const auto seq = ParseInt64(value);
      if (!seq.has_value() || *seq <= 0)
        return ManifestError(number, "seq is not a number above 0");
      file.seq = *seq;
    } else if (EqualsIgnoreCase((*words)[i], "type")) {
      type = value;
    }
  }
  if (file.name.empty() || file.seq == 0) return ManifestError(number, "file or seq is missing");
  if (file.name.find('/') != std::string::npos)
    return ManifestError(number, "a file name must not contain a path");
  if (type == "b") {
    if (manifest->base.has_value()) return ManifestError(number, "a second base file");
    manifest->base = std::move(file);
  } else if (type == "i") {
    if (!manifest->increments.empty() && manifest->increments.back().seq >= file.seq)
      return ManifestError(number, "increments are not in ascending order");
    manifest->increments.push_back(std::move(file));
  } else if (type == "h") {
    manifest->history.push_back(std::move(file));
  } else {
    return ManifestError(number, "the type is none of b, i and h");
  }
  return Status::Ok();
}

}  // namespace

int64_t AofManifest::NextBaseSeq() const {
  return std::max(base.has_value() ? base->seq : 0, GreatestSeq(history)) + 1;
}

int64_t AofManifest::NextIncrementSeq() const {
  return std::max(GreatestSeq(increments), GreatestSeq(history)) + 1;
}

std::string AofManifest::Format() const {
  std::string out;
  if (base.has_value()) AppendManifestLine(&out, *base, 'b');
  for (const AofFile& file : history) AppendManifestLine(&out, file, 'h');
  for (const AofFile& file : increments) AppendManifestLine(&out, file, 'i');
  return out;
}

Result<AofManifest> ParseAofManifest(std::string_view text) {
  AofManifest manifest;
  size_t number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return ManifestError(number, "the line has no end");
    const std::string_view line = Trim(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (line.empty()) return ManifestError(number, "the line is empty");
    if (line[0] == '#') continue;
    const Status status = ReadManifestLine(line, number, &manifest);
    if (!status.ok()) return status.error();
  }
  if (!manifest.base.has_value() && manifest.increments.empty())
    return Error{"it names neither a base nor an increment"};
  return manifest;
}

std::string AofBaseName(std::string_view stem, int64_t seq, bool rdb) {
  return fmt::format("{}.{}.base.{}", stem, seq, rdb ? "rdb" : "aof");
}

std::string AofIncrementName(std::string_view stem, int64_t seq) {
  return fmt::format("{}.{}.incr.aof", stem, seq);
}

std::string AofManifestName(std::string_view stem) { return fmt::format("{}.manifest", stem); }

}  // namespace pleiad
