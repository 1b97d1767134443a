// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The interactive shell: reads lines from a terminal with editing (or plainly from a pipe) and runs
// them, until the end of the input, `quit` or `exit`.
//
// Its own words: help [topic], ?, clear, connect HOST PORT, quit, exit, :set hints|nohints, and "N
// command", which runs a command N times. Ctrl-C stops waiting for a reply (SUBSCRIBE, MONITOR,
// BLPOP) and ends the shell at the prompt. On a terminal it takes SIGINT out of the process's
// signals for good: CliMain is the last thing a process does.
#pragma once

#include "cli/options.h"

namespace pleiad::cli {

// `format`: how replies are printed. Returns the exit code.
int RunShell(const Options& options, const FormatOptions& format);

// Where lines are remembered: $REDISCLI_HISTFILE, $VALKEYCLI_HISTFILE, else ~/.rediscli_history. ""
// for nowhere
// (/dev/null, no home).
std::string HistoryPath();

}  // namespace pleiad::cli
