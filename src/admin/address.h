// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The address of a node as people type it: HOST:PORT, [IPV6]:PORT or HOST:PORT@BUSPORT.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pleiad::admin {

struct NodeAddress {
  std::string host;
  int port = 0;      // 1..65535
  int bus_port = 0;  // 0: the usual one, port + 10000

  // "host:port", as it is printed everywhere.
  std::string str() const { return host + ":" + std::to_string(port); }
  bool operator==(const NodeAddress& other) const {
    return host == other.host && port == other.port;
  }
};

// The last colon parts host and port, so an IPv6 address may stand without brackets (CLUSTER NODES
// prints it so).
Result<NodeAddress> ParseAddress(std::string_view text);

}  // namespace pleiad::admin
