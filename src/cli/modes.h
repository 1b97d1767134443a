// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the shell does besides running commands: --pipe, --scan, --stat, --eval. Each takes a
// connected session, prints, and returns the exit code.
#pragma once

#include "cli/options.h"
#include "cli/session.h"

namespace pleiad::cli {

// Mass insertion: standard input goes to the server as it is (RESP or inline commands); replies are
// counted, errors printed. The end is known by the reply to an ECHO of 20 random bytes sent behind
// the last byte. 1 when any reply was an error or none came for options.pipe_timeout_s.
int RunPipe(const Options& options, Session* session);

// Every key, one a line; quoted when `format` is for people.
int RunScan(const Options& options, const FormatOptions& format, Session* session);

// A line of rolling numbers from INFO every options.interval_s (default 1), until killed.
int RunStat(const Options& options, Session* session);

// EVAL of a file: the command's words up to "," are keys, the others arguments.
int RunEval(const Options& options, Session* session);

// 1234567 -> "1.18M", as --stat shows memory.
std::string HumanBytes(uint64_t bytes);

// The value of "name:value" in an INFO page; "" when it is not there.
std::string InfoField(std::string_view page, std::string_view name);

}  // namespace pleiad::cli
