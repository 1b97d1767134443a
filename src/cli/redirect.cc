// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/redirect.h"

#include <vector>

#include "base/ids.h"
#include "base/text.h"

namespace pleiad::cli {

namespace {

// Lines that match the first word, and the second unless it is null.
struct CommandName {
  const char* first;
  const char* second;
};

constexpr CommandName kVerbatim[] = {
    {"info", nullptr},        {"lolwut", nullptr},        {"debug", "htstats"},
    {"debug", "htstats-key"}, {"memory", "malloc-stats"}, {"memory", "doctor"},
    {"cluster", "nodes"},     {"cluster", "info"},        {"client", "list"},
    {"client", "info"},       {"latency", "graph"},       {"latency", "doctor"},
};

constexpr CommandName kStreaming[] = {
    {"subscribe", nullptr}, {"psubscribe", nullptr}, {"ssubscribe", nullptr}, {"monitor", nullptr}};

constexpr CommandName kSecret[] = {{"auth", nullptr}, {"acl", "setuser"}};

template <size_t kCount>
bool IsIn(const CommandName (&names)[kCount], std::span<const std::string> args) {
  for (const CommandName& name : names) {
    if (args.empty() || !EqualsIgnoreCase(args[0], name.first)) continue;
    if (name.second == nullptr || (args.size() > 1 && EqualsIgnoreCase(args[1], name.second)))
      return true;
  }
  return false;
}

}  // namespace

std::optional<Redirect> ParseRedirect(std::string_view error) {
  const std::vector<std::string_view> words = Split(error, ' ');
  if (words.size() < 3 || (words[0] != "MOVED" && words[0] != "ASK")) return std::nullopt;
  const std::optional<int64_t> slot = ParseInt64(words[1]);
  const size_t colon = words[2].rfind(':');
  if (!slot || !SlotId::From(*slot) || colon == std::string_view::npos) return std::nullopt;
  const std::optional<int64_t> port = ParseInt64(words[2].substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  std::string_view host = words[2].substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host == "?") return std::nullopt;
  Redirect redirect;
  redirect.ask = words[0] == "ASK";
  redirect.slot = static_cast<int>(*slot);
  redirect.host = std::string(host);
  redirect.port = static_cast<int>(*port);
  return redirect;
}

bool IsVerbatimCommand(std::span<const std::string> args) { return IsIn(kVerbatim, args); }

bool IsStreamingCommand(std::span<const std::string> args) { return IsIn(kStreaming, args); }

bool HoldsSecret(std::span<const std::string> args) {
  if (IsIn(kSecret, args)) return true;
  if (args.empty()) return false;
  const bool may_hold = EqualsIgnoreCase(args[0], "hello") || EqualsIgnoreCase(args[0], "migrate");
  const bool is_config_set =
      args.size() > 1 && EqualsIgnoreCase(args[0], "config") && EqualsIgnoreCase(args[1], "set");
  for (const std::string& arg : args.subspan(1)) {
    if (may_hold && (EqualsIgnoreCase(arg, "auth") || EqualsIgnoreCase(arg, "auth2"))) return true;
    if (!is_config_set) continue;
    for (const char* name : {"requirepass", "masterauth", "primaryauth", "tls-key-file-pass"}) {
      if (EqualsIgnoreCase(arg, name)) return true;
    }
  }
  return false;
}

}  // namespace pleiad::cli
