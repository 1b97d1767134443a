// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The command line of the shell: redis-cli's options, as far as they make sense here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/format.h"

namespace pleiad::cli {

enum class Mode { kCommand, kInteractive, kPipe, kScan, kStat, kEval, kCluster, kHelp, kVersion };

struct Options {
  Mode mode = Mode::kInteractive;

  std::string host = "127.0.0.1";
  int port = 6379;
  std::string unix_path;       // -s; overrides host and port
  int connect_timeout_ms = 0;  // -t, seconds with decimals; 0: no limit
  std::string user;
  std::optional<std::string> password;
  bool askpass = false;
  bool password_was_visible = false;  // -a, --pass or a URI: `ps` shows it, so we warn
  bool auth_warning = true;
  int db = 0;
  int resp = 0;  // 2, 3, or 0: the server's default; JSON output prefers 3 then

  std::optional<OutputMode> output;  // none: kTty on a terminal, else kRaw
  std::string bulk_delimiter = "\n";
  std::string reply_delimiter = "\n";
  std::optional<bool> show_pushes;  // none: on a terminal only

  bool follow_redirects = false;     // -c
  bool fail_on_error_reply = false;  // -e
  bool verbose = false;
  bool stdin_is_last_arg = false;        // -x
  std::optional<std::string> stdin_tag;  // -X
  bool quoted_input = false;
  int64_t repeat = 1;  // -1: for ever
  double interval_s = 0;

  int pipe_timeout_s = 30;  // 0: for ever
  std::optional<std::string> scan_pattern;
  std::optional<std::string> scan_type;
  int64_t scan_count = 0;  // 0: the server's default
  std::string eval_file;

  std::vector<std::string> command;  // what is left behind the options
  std::vector<std::string>
      cluster_words;  // behind --cluster, credentials in front (Mode::kCluster)
};

// `words`: argv without the program's name. `env_auth`: $REDISCLI_AUTH, may be null; -a wins over
// it. Error: the line to print to standard error before exit code 1.
Result<Options> ParseOptions(const std::vector<std::string>& words, const char* env_auth);

// "redis://[[user:]password@]host[:port][/db]", %XX decoded; valkey:// is the same. TLS schemes are
// refused.
Status ApplyUri(std::string_view uri, Options* options);

// --help. `program`: the name it was started as.
std::string UsageText(std::string_view program);

}  // namespace pleiad::cli
