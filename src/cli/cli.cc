// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "base/version.h"
#include "cli/modes.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/shell.h"
#include "cli/stdin.h"

namespace pleiad::cli {

namespace {

int Complain(std::string_view line) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  return 1;
}

std::string ProgramName(int argc, char** argv) {
  const std::string_view path = argc > 0 ? argv[0] : "redis-cli";
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

// -x and -X: an argument comes from standard input.
Status TakeStdin(Options* options) {
  if (options->stdin_is_last_arg && options->stdin_tag)
    return Error{"Options -x and -X are mutually exclusive."};
  if (options->stdin_is_last_arg) options->command.push_back(ReadAll(stdin));
  if (!options->stdin_tag) return Status::Ok();
  for (std::string& word : options->command) {
    if (word != *options->stdin_tag) continue;
    word = ReadAll(stdin);
    return Status::Ok();
  }
  return Error{"Using -X option but stdin tag not match."};
}

Status Unquote(Options* options) {
  for (std::string& word : options->command) {
    const std::optional<std::vector<std::string>> parts = SplitArgs(word);
    if (!parts || parts->size() != 1) return Error{"Invalid quoted string: " + word};
    word = (*parts)[0];
  }
  return Status::Ok();
}

FormatOptions FormatOf(const Options& options) {
  FormatOptions format;
  format.mode =
      options.output.value_or(isatty(STDOUT_FILENO) != 0 ? OutputMode::kTty : OutputMode::kRaw);
  format.bulk_delimiter = options.bulk_delimiter;
  format.reply_delimiter = options.reply_delimiter;
  return format;
}

int RunCommand(const Options& options, Session* session) {
  const Session::Outcome outcome = session->Run(options.command, options.repeat);
  if (outcome == Session::Outcome::kErrorReply) return options.fail_on_error_reply ? 1 : 0;
  return outcome == Session::Outcome::kOk ? 0 : 1;
}

int RunConnected(const Options& options, const FormatOptions& format) {
  SessionSettings settings;
  settings.format = format;
  settings.show_pushes = options.show_pushes.value_or(isatty(STDOUT_FILENO) != 0);
  Session session(&options, std::move(settings));
  if (!session.Connect()) return 1;
  switch (options.mode) {
    case Mode::kPipe:
      return RunPipe(options, &session);
    case Mode::kScan:
      return RunScan(options, format, &session);
    case Mode::kStat:
      return RunStat(options, &session);
    case Mode::kEval:
      return RunEval(options, &session);
    default:
      return RunCommand(options, &session);
  }
}

}  // namespace

int CliMain(int argc, char** argv, const ClusterTool& cluster_tool) {
  const std::string program = ProgramName(argc, argv);
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  Result<Options> parsed = ParseOptions(words, std::getenv("REDISCLI_AUTH"));
  if (!parsed.ok()) return Complain(parsed.message());
  Options& options = *parsed;
  if (options.mode == Mode::kHelp) {
    std::fputs(UsageText(program).c_str(), stdout);
    return 0;
  }
  if (options.mode == Mode::kVersion) {
    std::printf("%s %s (pleiad %s)\n", program.c_str(), kRedisVersion, kPleiadVersion);
    return 0;
  }
  if (options.password_was_visible && options.auth_warning && !options.askpass) {
    Complain(
        "Warning: Using a password with '-a' or '-u' option on the command line interface may not "
        "be safe.");
  }
  if (options.askpass) options.password = ReadPassword("Please input password: ");
  if (options.mode == Mode::kCluster) {
    if (!cluster_tool) return Complain("--cluster is not available here");
    return cluster_tool(options.cluster_words);
  }
  if (options.mode == Mode::kCommand) {
    const Status taken = TakeStdin(&options);
    if (!taken.ok()) return Complain(taken.message());
    const Status unquoted = options.quoted_input ? Unquote(&options) : Status::Ok();
    if (!unquoted.ok()) return Complain(unquoted.message());
  }
  const FormatOptions format = FormatOf(options);
  return options.mode == Mode::kInteractive ? RunShell(options, format)
                                            : RunConnected(options, format);
}

}  // namespace pleiad::cli
