// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Listening sockets and socket options. All functions return file descriptors that are non-blocking
// and close-on-exec.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pleiad::runtime {

// `address`: "127.0.0.1", "::1", "*" (all IPv4), "::*" or "-::*" (all IPv6), a host name.
// The error names address, port and the system's reason.
Result<int> ListenTcp(const std::string& address, int port, int backlog);
// Replaces a stale socket file. `mode` 0: leave the file's mode.
Result<int> ListenUnix(const std::string& path, unsigned mode, int backlog);

// A connection of our own is wanted: TCP_NODELAY and, if `keepalive_seconds` > 0, keep-alive
// probes.
void TuneClientSocket(int fd, int keepalive_seconds);

// "127.0.0.1:5000", "[::1]:5000"; of the peer or of our end. Empty if it has none.
std::string PeerAddress(int fd);
std::string LocalAddress(int fd);

}  // namespace pleiad::runtime
