// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `pleiad trib`, also known as redis-trib, redis-trib.rb: makes a cluster of empty nodes and looks
// after it.
//
//     create [--replicas N] [--yes] H:P...   check H:P   info H:P   call H:P COMMAND...   help
//     add-node [--slave [--master-id ID]] NEW EXISTING   del-node H:P ID   set-timeout H:P MS
#pragma once

#include <string>
#include <vector>

#include "admin/node_client.h"
#include "admin/options.h"

namespace pleiad::admin {

// Runs the command line (without the program's name) and returns the exit code: 0, or 1 after a
// line that says what is wrong. Blocks until done.
int RunTrib(const Environment& env, const std::vector<std::string>& words);

// The commands. REQUIRES: `options.args` has the right number of them.
int Create(const Environment& env, const Options& options);
int AddNode(const Environment& env, const Options& options);
int DelNode(const Environment& env, const Options& options);
int Reshard(const Environment& env, const Options& options);
int Rebalance(const Environment& env, const Options& options);
int Drain(const Environment& env, const Options& options);
int Fix(const Environment& env, const Options& options);
int Import(const Environment& env, const Options& options);
int Backup(const Environment& env, const Options& options);
int Up(const Environment& env, const Options& options);
int RunDoctor(const Environment& env, const Options& options);
int Watch(const Environment& env, const Options& options);
int Resume(const Environment& env, const Options& options);

}  // namespace pleiad::admin
