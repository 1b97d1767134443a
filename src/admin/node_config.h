// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `pleiad conf PORT [--cluster] [--directive value ...]`: prints a node's configuration file.
//
//     pleiad conf 7000 --cluster --maxmemory 100mb > 7000/node.conf
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "admin/node_client.h"
#include "base/result.h"

namespace pleiad::admin {

struct NodeConfigOptions {
  int port = 0;
  bool cluster = false;
  // In the order in which they were given; they come last, and so win.
  std::vector<std::pair<std::string, std::string>> directives;
};

// `words`: what follows "conf". Error: the line to print.
Result<NodeConfigOptions> ParseConfigWords(const std::vector<std::string>& words);
// The file's text. Several nodes may share a folder: what they write has the port in its name.
std::string NodeConfigText(const NodeConfigOptions& options);

int RunConf(Console& console, const std::vector<std::string>& words);

}  // namespace pleiad::admin
