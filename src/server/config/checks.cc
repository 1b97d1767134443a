// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/config/checks.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "server/config/settings.h"

namespace pleiad::config_checks {
namespace {

constexpr size_t kHostNameBytesMax = 256;
constexpr size_t kHashSeedBytesMax = 256;
constexpr size_t kBindAddressesMax = 16;

bool IsAlnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string PlainFileName(std::string_view directive, std::string_view what,
                          std::string_view value) {
  if (value.empty()) return fmt::format("{} can't be empty", directive);
  if (value.find('/') != std::string_view::npos) {
    return fmt::format("{} can't be a path, just a {}", directive, what);
  }
  return {};
}

bool IsIpv4(std::string_view text) {
  const auto parts = Split(text, '.');
  if (parts.size() != 4) return false;
  for (std::string_view part : parts) {
    const auto number = ParseInt64(part);
    if (!number || *number < 0 || *number > 255) return false;
  }
  return true;
}

bool IsHexGroup(std::string_view text) {
  return !text.empty() && text.size() <= 4 &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// The number of 16-bit groups in one side of "::"; -1 if malformed. An IPv4 tail counts as two.
int CountIpv6Groups(std::string_view side, bool tail_may_be_ipv4) {
  if (side.empty()) return 0;
  const auto groups = Split(side, ':');
  int count = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (tail_may_be_ipv4 && i + 1 == groups.size() && IsIpv4(groups[i])) {
      count += 2;
    } else if (IsHexGroup(groups[i])) {
      ++count;
    } else {
      return -1;
    }
  }
  return count;
}

bool IsIpv6(std::string_view text) {
  const size_t gap = text.find("::");
  if (gap == std::string_view::npos) return CountIpv6Groups(text, true) == 8;
  const int left = CountIpv6Groups(text.substr(0, gap), false);
  const int right = CountIpv6Groups(text.substr(gap + 2), true);
  return left >= 0 && right >= 0 && left + right <= 7;
}

// Words that REWRITE can write back without quotes: printable, no space, no quote.
bool IsPlainWord(std::string_view word) {
  if (word.empty()) return false;
  for (char c : word) {
    if (c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '\\') return false;
  }
  return true;
}

bool IsOneEmptyWord(const Words& words) { return words.size() == 1 && words[0].empty(); }

}  // namespace

std::string DbFileName(std::string_view value) {
  return PlainFileName("dbfilename", "filename", value);
}
std::string AofFileName(std::string_view value) {
  return PlainFileName("appendfilename", "filename", value);
}
std::string AofDirName(std::string_view value) {
  return PlainFileName("appenddirname", "dirname", value);
}
std::string ClusterConfigFile(std::string_view value) {
  return value.empty() ? "cluster-config-file can't be empty" : "";
}

std::string HostName(std::string_view value) {
  if (value.size() >= kHostNameBytesMax) return "Hostnames must be less than 256 characters";
  for (char c : value) {
    if (!IsAlnum(c) && c != '-' && c != '.') {
      return "Hostnames may only contain alphanumeric characters, hyphens or dots";
    }
  }
  return {};
}

std::string NodeName(std::string_view value) {
  for (char c : value) {
    const bool ok = IsAlnum(c) || (c > ' ' && c <= '~' &&
                                   std::string_view("!#$%&()*+:;<>?@[]^{|}~,=\"'\\").find(c) ==
                                       std::string_view::npos);
    if (!ok) return "Announced human node name contained invalid character";
  }
  return {};
}

std::string Ipv4(std::string_view value) {
  return value.empty() || IsIpv4(value) ? "" : "Invalid IPv4 address";
}
std::string Ipv6(std::string_view value) {
  return value.empty() || IsIpv6(value) ? "" : "Invalid IPv6 address";
}

std::string ProcTitle(std::string_view value) {
  constexpr std::string_view kReason = "template format is invalid or contains unknown variables";
  constexpr std::array<std::string_view, 7> kKnown = {
      "title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file"};
  bool empty = true;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '{') {
      empty = empty && value[i] == ' ';
      continue;
    }
    const size_t end = value.find('}', i);
    if (end == std::string_view::npos) return std::string(kReason);
    bool known = false;
    for (std::string_view name : kKnown) known |= value.substr(i + 1, end - i - 1) == name;
    if (!known) return std::string(kReason);
    empty = false;
    i = end;
  }
  return empty ? std::string(kReason) : "";
}

std::string HashSeed(std::string_view value) {
  return value.size() > kHashSeedBytesMax ? "hash-seed must be less than or equal to 256 characters"
                                          : "";
}

std::string ThreadCount(std::string_view value) {
  if (value == "auto") return {};
  const auto number = ParseInt64(value);
  if (number && *number >= 1 && *number <= kThreadsMax) return {};
  return fmt::format("argument must be 'auto' or between 1 and {} inclusive", kThreadsMax);
}

std::string NoActiveDefrag(std::string_view value) {
  return value == "yes"
             ? "Active defragmentation cannot be enabled: it requires an allocator that tells "
               "fragmentation hints, which this build does not have"
             : "";
}

Result<std::string> Bind(const Words& words, std::string_view) {
  if (IsOneEmptyWord(words)) return std::string();
  if (words.size() > kBindAddressesMax) return Error{"Too many bind addresses specified."};
  for (const std::string& word : words) {
    if (!IsPlainWord(word)) return Error{"Invalid bind address"};
  }
  return fmt::format("{}", fmt::join(words, " "));
}

Result<std::string> Save(const Words& words, std::string_view current) {
  if (IsOneEmptyWord(words)) return std::string();
  if (words.empty() || words.size() % 2 != 0) return Error{"Invalid save parameters"};
  std::string out(current);
  for (size_t i = 0; i < words.size(); i += 2) {
    const auto seconds = ParseInt64(words[i]);
    const auto changes = ParseInt64(words[i + 1]);
    if (!seconds || !changes || *seconds < 1 || *changes < 0 || *changes > kIntMax) {
      return Error{"Invalid save parameters"};
    }
    if (!out.empty()) out += ' ';
    out += fmt::format("{} {}", *seconds, *changes);
  }
  return out;
}

Result<std::string> OutputBufferLimits(const Words& words, std::string_view current) {
  if (words.empty() || words.size() % 4 != 0) {
    return Error{"Wrong number of arguments in buffer limit configuration."};
  }
  std::array<std::string, 3> limits;  // "hard soft seconds" by class
  const auto now = Split(current, ' ');
  for (size_t i = 0; i < 3; ++i) {
    limits[i] = fmt::format("{} {} {}", now[4 * i + 1], now[4 * i + 2], now[4 * i + 3]);
  }
  for (size_t i = 0; i < words.size(); i += 4) {
    const std::string name = ToLower(words[i]);
    size_t which = 3;
    if (name == "normal") which = 0;
    if (name == "slave" || name == "replica") which = 1;
    if (name == "pubsub") which = 2;
    if (which == 3) {
      return Error{"Invalid client class specified in buffer limit configuration."};
    }
    const auto hard = ParseMemory(words[i + 1]);
    const auto soft = ParseMemory(words[i + 2]);
    const auto seconds = ParseInt64(words[i + 3]);
    if (!hard || !soft || !seconds || *seconds < 0) {
      return Error{"Error in hard, soft or soft_seconds setting in buffer limit configuration."};
    }
    limits[which] = fmt::format("{} {} {}", *hard, *soft, *seconds);
  }
  return fmt::format("normal {} slave {} pubsub {}", limits[0], limits[1], limits[2]);
}

Result<std::string> OomScoreAdjValues(const Words& words, std::string_view) {
  if (words.size() != 3) return Error{"wrong number of arguments"};
  for (const std::string& word : words) {
    const auto value = ParseInt64(word);
    if (!value || *value < -2000 || *value > 2000) {
      return Error{"Invalid oom-score-adj-values, elements must be between -2000 and 2000."};
    }
  }
  return fmt::format("{}", fmt::join(words, " "));
}

Result<std::string> KeyspaceEvents(const Words& words, std::string_view) {
  if (words.size() != 1) return Error{"wrong number of arguments"};
  const auto flags = KeyspaceEventsFromText(words[0]);
  if (!flags) return Error{"Invalid event class character. Use 'Ag$lshzxeKEtmdn'."};
  return KeyspaceEventsToText(*flags);
}

Result<std::string> ReplicaOf(const Words& words, std::string_view) {
  if (IsOneEmptyWord(words)) return std::string();
  if (words.size() != 2) return Error{"wrong number of arguments"};
  if (EqualsIgnoreCase(words[0], "no") && EqualsIgnoreCase(words[1], "one")) return std::string();
  const auto port = ParseInt64(words[1]);
  if (!port || *port < 0 || *port > 65535) return Error{"Invalid master port"};
  if (!IsPlainWord(words[0])) return Error{"Invalid master host"};
  return fmt::format("{} {}", words[0], *port);
}

Result<std::string> Percentiles(const Words& words, std::string_view) {
  if (IsOneEmptyWord(words)) return std::string();
  std::string out;
  for (const std::string& word : words) {
    const auto value = ParseDouble(word);
    if (!value) return Error{"Invalid latency-tracking-info-percentiles parameters"};
    if (*value < 0 || *value > 100) {
      return Error{"latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"};
    }
    if (!out.empty()) out += ' ';
    out += fmt::format("{}", *value);
  }
  return out;
}

Result<std::string> Hz(const Words& words, std::string_view) {
  if (words.size() != 1) return Error{"wrong number of arguments"};
  const auto value = ParseInt64(words[0]);
  if (!value) return Error{"argument couldn't be parsed into an integer"};
  if (*value < 0 || *value > kIntMax) {
    return Error{fmt::format("argument must be between 0 and {} inclusive", kIntMax)};
  }
  // A hint rather than a promise: values out of reach are brought into it, as old files have them.
  return fmt::format("{}", std::min<int64_t>(std::max<int64_t>(*value, 1), 500));
}

}  // namespace pleiad::config_checks
