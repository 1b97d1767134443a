// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `pleiad sim`: the simulator (sim/) with a command line, threads, a clock and files.
#pragma once

namespace pleiad::server {

// Exit code: 0 no violation and, with --mutations, each mutation caught; 1 otherwise; 2 usage.
int SimMain(int argc, char** argv);

}  // namespace pleiad::server
