// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/address.h"

#include <optional>

#include "base/text.h"

namespace pleiad::admin {
namespace {

std::optional<int> ParsePort(std::string_view text) {
  const std::optional<int64_t> port = ParseInt64(text);
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  return static_cast<int>(*port);
}

}  // namespace

Result<NodeAddress> ParseAddress(std::string_view text) {
  const Error bad{"Invalid IP or Port (given as " + std::string(text) + ") - use IP:Port format"};
  std::string_view rest = text;
  NodeAddress address;
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::optional<int> bus_port = ParsePort(rest.substr(at + 1));
    if (!bus_port) return bad;
    address.bus_port = *bus_port;
    rest = rest.substr(0, at);
  }
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return bad;
  const std::optional<int> port = ParsePort(rest.substr(colon + 1));
  if (!port) return bad;
  address.port = *port;
  std::string_view host = rest.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  address.host = std::string(host);
  return address;
}

}  // namespace pleiad::admin
