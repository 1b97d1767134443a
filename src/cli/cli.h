// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `pleiad cli`, also started as redis-cli and valkey-cli: one command and out, or the interactive
// shell.
//
//     options.h       the command line          format.h        replies as text
//     session.h       connection and redirects  command_docs.h  completion, hints, help
//     shell.h         the loop                  line_editor.h   libedit
//     modes.h         --pipe --scan --stat --eval
//
// Exit codes: 0; 1 when there is no connection, the command line is wrong, a mode failed, or (with
// -e) the server answered with an error.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace pleiad::cli {

// Runs the admin tool with the words behind `--cluster`, and returns its exit code. "-a PASSWORD"
// and "--user NAME" stand in front of them when they were given before `--cluster`, or in the
// environment.
using ClusterTool = std::function<int(const std::vector<std::string>& words)>;

// argv[0] is the name to call ourselves in messages. Blocks until done; may change SIGINT's
// disposition (see shell.h).
int CliMain(int argc, char** argv, const ClusterTool& cluster_tool = nullptr);

}  // namespace pleiad::cli
