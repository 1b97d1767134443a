// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/node_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace pleiad::admin {
namespace {

constexpr std::string_view kConfUsage =
    "usage: pleiad conf PORT [--cluster] [--maxmemory BYTES] [--directive value ...]\n"
    "Prints a configuration file for a node at that port.\n";

// As a value in a configuration file.
std::string Word(const std::string& value) {
  const bool plain = !value.empty() && value.find_first_of(" \t\"'\\#") == std::string::npos;
  return plain ? value : Quoted(value);
}

}  // namespace

Result<NodeConfigOptions> ParseConfigWords(const std::vector<std::string>& words) {
  NodeConfigOptions options;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--cluster") {
      options.cluster = true;
    } else if (word.starts_with("--") && word.size() > 2) {
      if (i + 1 == words.size()) return Error{"[ERR] The option " + word + " needs a value."};
      options.directives.emplace_back(word.substr(2), words[++i]);
    } else {
      const std::optional<int64_t> port = ParseInt64(word);
      if (!port || *port < 1 || *port > 65535 || options.port != 0) {
        return Error{"[ERR] '" + word + "' is no port."};
      }
      options.port = static_cast<int>(*port);
    }
  }
  if (options.port == 0) return Error{"[ERR] Which port?"};
  if (options.cluster && options.port > 55535) {
    return Error{
        "[ERR] The port of a cluster node is at most 55535: its bus uses the port plus "
        "10000."};
  }
  return options;
}

std::string NodeConfigText(const NodeConfigOptions& o) {
  std::string text = fmt::format(
      "# A node of Pleiad. Made by `pleiad conf {}{}`.\n"
      "port {}\n"
      "# Where its files are; a relative one is seen from where the node is started.\n"
      "dir .\n"
      "appendonly yes\n"
      "appendfsync everysec\n"
      "appendfilename \"appendonly-{}.aof\"\n"
      "appenddirname \"appendonlydir-{}\"\n"
      "dbfilename dump-{}.rdb\n",
      o.port, o.cluster ? " --cluster" : "", o.port, o.port, o.port, o.port);
  if (o.cluster) {
    text += fmt::format(
        "\n"
        "# The cluster. The bus uses the port plus 10000; the node keeps the file up to date "
        "itself.\n"
        "cluster-enabled yes\n"
        "cluster-config-file nodes-{}.conf\n"
        "# A node that does not answer for so long is replaced by its replica.\n"
        "cluster-node-timeout 5000\n",
        o.port);
  }
  if (!o.directives.empty()) text += "\n# As asked for.\n";
  for (const auto& [name, value] : o.directives) text += name + " " + Word(value) + "\n";
  return text;
}

int RunConf(Console& console, const std::vector<std::string>& words) {
  const bool help = std::find(words.begin(), words.end(), "--help") != words.end();
  if (words.empty() || help) {
    console.Write(kConfUsage);
    return help ? 0 : 1;
  }
  const Result<NodeConfigOptions> options = ParseConfigWords(words);
  console.Write(options.ok() ? NodeConfigText(*options) : options.message() + "\n");
  return options.ok() ? 0 : 1;
}

}  // namespace pleiad::admin
