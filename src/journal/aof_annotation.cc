// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "journal/aof_annotation.h"

#include <fmt/core.h>

#include <charconv>

#include "base/crc32c.h"
#include "base/text.h"

namespace pleiad {
namespace {

constexpr std::string_view kTimeMark = "#TS:";
constexpr std::string_view kSumMark = "#SUM:";

std::string CheckSum(std::string_view before, std::string_view text) {
  const size_t colon = text.find(':');
  const std::optional<int64_t> bytes = ParseInt64(text.substr(0, colon));
  const std::string_view hex = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  uint32_t wanted = 0;
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), wanted, 16);
  if (!bytes || *bytes < 0 || hex.empty() || error != std::errc() ||
      end != hex.data() + hex.size() || static_cast<uint64_t>(*bytes) > before.size()) {
    return "Invalid checksum annotation";
  }
  const uint32_t sum = Crc32c(0, before.substr(before.size() - static_cast<size_t>(*bytes)));
  if (sum == wanted) return "";
  return fmt::format(
      "wrong checksum of the {} bytes before: {:08x} is written, {:08x} was computed", *bytes,
      wanted, sum);
}

}  // namespace

void AppendAofTime(std::string* out, int64_t unix_seconds) {
  *out += fmt::format("{}{}\r\n", kTimeMark, unix_seconds);
}

void AppendAofSum(std::string* out, uint64_t bytes, uint32_t crc) {
  *out += fmt::format("{}{}:{:08x}\r\n", kSumMark, bytes, crc);
}

AofAnnotation ReadAofAnnotation(std::string_view before, std::string_view line) {
  AofAnnotation annotation;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with(kTimeMark)) {
    annotation.unix_seconds = ParseInt64(line.substr(kTimeMark.size()));
    if (!annotation.unix_seconds) annotation.error = "Invalid timestamp annotation";
  } else if (line.starts_with(kSumMark)) {
    annotation.error = CheckSum(before, line.substr(kSumMark.size()));
  }
  return annotation;
}

}  // namespace pleiad
