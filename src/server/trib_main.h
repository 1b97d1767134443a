// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `pleiad trib`, redis-trib, redis-trib.rb: the admin tool (admin/) with real connections, a
// terminal and a clock.
#pragma once

namespace pleiad::server {

// argv[0] is the name it was called by, the rest its command line. Reads standard input for
// answers, TERM for colours and REDISCLI_AUTH for a password. Returns the exit code.
int TribMain(int argc, char** argv);

// `pleiad conf`: prints a node's configuration file.
int ConfMain(int argc, char** argv);

}  // namespace pleiad::server
