// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/shell.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "cli/command_docs.h"
#include "cli/line_editor.h"
#include "cli/redirect.h"
#include "cli/session.h"

namespace pleiad::cli {

namespace {

constexpr const char* kHelp =
    "To get help about commands type:\n"
    "      \"help @<group>\" to get a list of commands in <group>\n"
    "      \"help <command>\" for help on <command>\n"
    "      \"help <tab>\" to get a list of possible help topics\n"
    "      \"quit\" to exit\n"
    "\n"
    "To set preferences:\n"
    "      \":set hints\" enable online hints\n"
    "      \":set nohints\" disable online hints\n";

// SIGINT as something poll() can wait for. Until this exists the signal ends the process as usual.
class InterruptSource {
 public:
  InterruptSource() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    fd_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  }
  ~InterruptSource() { close(fd_); }
  InterruptSource(const InterruptSource&) = delete;
  InterruptSource& operator=(const InterruptSource&) = delete;
  int fd() const { return fd_; }
  void Clear() const {
    signalfd_siginfo info;
    while (read(fd_, &info, sizeof(info)) > 0) continue;
  }

 private:
  int fd_;
};

std::optional<std::string> ReadPlainLine() {
  char* line = nullptr;
  size_t capacity = 0;
  ssize_t size = getline(&line, &capacity, stdin);
  std::optional<std::string> text;
  if (size >= 0) {
    while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r')) --size;
    text.emplace(line, static_cast<size_t>(size));
  }
  free(line);
  return text;
}

class Shell {
 public:
  Shell(const Options& options, SessionSettings settings, const InterruptSource* interrupts)
      : session_(&options, std::move(settings)), interrupts_(interrupts) {}

  int Run(bool on_terminal);

 private:
  enum class Next { kGoOn, kQuit };

  void OpenEditor();
  void LoadDocs();
  Next RunLine(const std::string& line);
  Next RunWords(std::vector<std::string> words);
  bool RunOwnWord(const std::vector<std::string>& words);

  Session session_;
  const InterruptSource* interrupts_;  // null: SIGINT ends the process
  std::unique_ptr<LineEditor> editor_;
  CommandDocs docs_;
  bool hints_ = true;
};

void Shell::OpenEditor() {
  EditorCallbacks callbacks;
  callbacks.complete = [this](std::string_view line) { return docs_.Complete(line); };
  callbacks.hint = [this](std::string_view line) {
    return hints_ ? docs_.Hint(line) : std::string();
  };
  callbacks.usage = [this](std::string_view line) { return docs_.Usage(line); };
  editor_ = LineEditor::Open(std::move(callbacks), HistoryPath());
}

void Shell::LoadDocs() {
  if (!session_.connected() || !docs_.empty()) return;
  const std::vector<std::string> command = {"COMMAND", "DOCS"};
  const Result<resp::Reply> reply = session_.Ask(command);
  // Servers before 7.0, and users who may not, have no docs: the shell works without.
  if (reply.ok() && !reply->is_error()) docs_ = CommandDocs::FromReply(*reply);
}

int Shell::Run(bool on_terminal) {
  session_.Connect();
  if (on_terminal) {
    LoadDocs();
    OpenEditor();
  }
  for (;;) {
    std::optional<std::string> line =
        editor_ != nullptr ? editor_->ReadLine(session_.Prompt()) : ReadPlainLine();
    if (!line) break;
    if (interrupts_ != nullptr) interrupts_->Clear();
    if (!Trim(*line).empty() && RunLine(*line) == Next::kQuit) return 0;
  }
  if (editor_ != nullptr) std::printf("\n");  // the terminal's own prompt starts a line
  return 0;
}

Shell::Next Shell::RunLine(const std::string& line) {
  std::optional<std::vector<std::string>> words = SplitArgs(line);
  if (editor_ != nullptr && (!words || !HoldsSecret(*words))) editor_->AddHistory(line);
  if (!words) {
    std::printf("Invalid argument(s)\n");
    std::fflush(stdout);
    return Next::kGoOn;
  }
  if (words->empty()) return Next::kGoOn;
  return RunWords(std::move(*words));
}

Shell::Next Shell::RunWords(std::vector<std::string> words) {
  if (EqualsIgnoreCase(words[0], "quit") || EqualsIgnoreCase(words[0], "exit")) return Next::kQuit;
  if (RunOwnWord(words)) {
    std::fflush(stdout);
    return Next::kGoOn;
  }
  int64_t repeat = 1;
  if (const std::optional<int64_t> times = ParseInt64(words[0]); times && words.size() > 1) {
    if (*times <= 0) {
      std::printf("Invalid redis-cli repeat command option value.\n");
      std::fflush(stdout);
      return Next::kGoOn;
    }
    repeat = *times;
    words.erase(words.begin());
  }
  session_.Run(words, repeat);
  if (editor_ != nullptr) LoadDocs();
  return Next::kGoOn;
}

// The shell's own words. False: the line is for the server.
bool Shell::RunOwnWord(const std::vector<std::string>& words) {
  const std::string first = ToLower(words[0]);
  if (first == "help" || first == "?") {
    if (words.size() == 1) {
      std::fputs(kHelp, stdout);
    } else {
      const std::vector<std::string> topic(words.begin() + 1, words.end());
      std::fputs(docs_.Help(topic, isatty(STDOUT_FILENO) != 0).c_str(), stdout);
    }
    return true;
  }
  if (first == "clear" && words.size() == 1) {
    std::fputs("\x1b[H\x1b[2J", stdout);
    return true;
  }
  if (first == ":set") {
    if (words.size() == 2)
      hints_ = words[1] == "nohints" ? false : words[1] == "hints" ? true : hints_;
    return true;
  }
  if (first == "connect" && words.size() == 3) {
    const std::optional<int64_t> port = ParseInt64(words[2]);
    if (!port || *port < 1 || *port > 65535) {
      std::printf("Invalid port: %s\n", words[2].c_str());
    } else {
      session_.ConnectTo(words[1], static_cast<int>(*port));
      if (editor_ != nullptr) LoadDocs();
    }
    return true;
  }
  return false;
}

}  // namespace

std::string HistoryPath() {
  for (const char* name : {"REDISCLI_HISTFILE", "VALKEYCLI_HISTFILE"}) {
    const char* path = std::getenv(name);
    if (path == nullptr || *path == '\0') continue;
    return std::string_view(path) == "/dev/null" ? "" : path;
  }
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? "" : std::string(home) + "/.rediscli_history";
}

int RunShell(const Options& options, const FormatOptions& format) {
  const bool on_terminal = isatty(STDIN_FILENO) != 0;
  SessionSettings settings;
  settings.format = format;
  settings.interactive = true;
  settings.show_pushes = options.show_pushes.value_or(isatty(STDOUT_FILENO) != 0);
  std::unique_ptr<InterruptSource> interrupts;
  if (on_terminal) {
    interrupts = std::make_unique<InterruptSource>();
    settings.interrupt_fd = interrupts->fd();
    settings.clear_interrupt = [source = interrupts.get()] { source->Clear(); };
  }
  Shell shell(options, std::move(settings), interrupts.get());
  return shell.Run(on_terminal);
}

}  // namespace pleiad::cli
