// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <clocale>
#include <cstdio>

namespace pleiad::cli {

namespace {

constexpr size_t kHistoryMax = 1000;
constexpr char kEscapeMark =
    '\1';  // libedit: what stands between two of these takes no room on the screen

int TerminalColumns() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::vector<std::string> ReadHistoryFile(const std::string& path) {
  std::vector<std::string> lines;
  FILE* file = path.empty() ? nullptr : std::fopen(path.c_str(), "re");
  if (file == nullptr) return lines;
  char* line = nullptr;
  size_t capacity = 0;
  for (ssize_t size = 0; (size = getline(&line, &capacity, file)) > 0;) {
    while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r')) --size;
    lines.emplace_back(line, static_cast<size_t>(size));
  }
  free(line);
  std::fclose(file);
  return lines;
}

void WriteHistoryFile(const std::string& path, const std::vector<std::string>& lines, int flags) {
  if (path.empty()) return;
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  if (fd < 0) return;
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  // The history is a comfort: a full disk must not disturb the session.
  if (write(fd, text.data(), text.size()) < 0) text.clear();
  close(fd);
}

std::string CommonPrefix(const std::vector<std::string>& words) {
  std::string prefix = words[0];
  for (const std::string& word : words) {
    size_t same = 0;
    while (same < prefix.size() && same < word.size() && prefix[same] == word[same]) ++same;
    prefix.resize(same);
  }
  return prefix;
}

class LibeditEditor : public LineEditor {
 public:
  LibeditEditor(EditorCallbacks callbacks, std::string history_path)
      : callbacks_(std::move(callbacks)), history_path_(std::move(history_path)) {}

  ~LibeditEditor() override {
    if (edit_ != nullptr) el_end(edit_);
    if (history_ != nullptr) history_end(history_);
  }

  bool Start();
  std::optional<std::string> ReadLine(const std::string& prompt) override;
  void AddHistory(const std::string& line) override;

 private:
  static LibeditEditor* Of(EditLine* edit) {
    void* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return static_cast<LibeditEditor*>(self);
  }
  static char* PromptOf(EditLine* edit) { return Of(edit)->prompt_.data(); }
  static char* HintOf(EditLine* edit) { return Of(edit)->MakeHint(); }
  static unsigned char OnTab(EditLine* edit, int) { return Of(edit)->Complete(); }
  static unsigned char OnHideHint(EditLine* edit, int) { return Of(edit)->HideHint(); }
  static unsigned char OnInterrupt(EditLine* edit, int) { return Of(edit)->Interrupt(); }
  static unsigned char OnSpace(EditLine* edit, int) {
    el_insertstr(edit, " ");
    return CC_REFRESH;
  }

  std::string LeftOfCursor() const {
    const LineInfo* line = el_line(edit_);
    return std::string(line->buffer, line->cursor);
  }
  char* MakeHint();
  unsigned char Complete();
  unsigned char HideHint();
  unsigned char Interrupt();
  void PrintBelow(const std::string& text);
  void PrintColumns(const std::vector<std::string>& words);

  EditorCallbacks callbacks_;
  std::string history_path_;
  EditLine* edit_ = nullptr;
  History* history_ = nullptr;
  std::string prompt_;
  std::string hint_;
  std::string last_line_;
  bool entered_ = false;
};

bool LibeditEditor::Start() {
  edit_ = el_init("pleiad", stdin, stdout, stderr);
  history_ = history_init();
  if (edit_ == nullptr || history_ == nullptr) return false;
  HistEvent event;
  history(history_, &event, H_SETSIZE, static_cast<int>(kHistoryMax));
  el_set(edit_, EL_CLIENTDATA, this);
  el_set(edit_, EL_EDITOR, "emacs");
  el_set(edit_, EL_PROMPT, &PromptOf);
  el_set(edit_, EL_RPROMPT_ESC, &HintOf, kEscapeMark);
  el_set(edit_, EL_HIST, history, history_);
  el_set(edit_, EL_ADDFN, "pleiad-complete", "complete the word", &OnTab);
  el_set(edit_, EL_ADDFN, "pleiad-space", "insert a space, renew the hint", &OnSpace);
  el_set(edit_, EL_ADDFN, "pleiad-hide-hint", "go to the end, without the hint", &OnHideHint);
  el_set(edit_, EL_ADDFN, "pleiad-interrupt", "end the input", &OnInterrupt);
  el_set(edit_, EL_BIND, "^I", "pleiad-complete", nullptr);
  el_set(edit_, EL_BIND, " ", "pleiad-space", nullptr);
  // Enter is two keys: one that takes the hint off the screen, and the real one.
  el_set(edit_, EL_BIND, "^X^H", "pleiad-hide-hint", nullptr);
  el_set(edit_, EL_BIND, "^X^M", "ed-newline", nullptr);
  el_set(edit_, EL_BIND, "-s", "^M", "^X^H^X^M", nullptr);
  el_set(edit_, EL_BIND, "-s", "^J", "^X^H^X^M", nullptr);
  el_set(edit_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_set(edit_, EL_BIND, "\\e[3~", "ed-delete-next-char", nullptr);
  el_set(edit_, EL_BIND, "\\e[H", "ed-move-to-beg", nullptr);
  el_set(edit_, EL_BIND, "\\e[F", "ed-move-to-end", nullptr);
  // Ctrl-C reaches us as a character while a line is edited: no signal can leave the terminal in
  // raw mode.
  el_set(edit_, EL_SETTY, "-d", "-isig", nullptr);
  el_set(edit_, EL_BIND, "^C", "pleiad-interrupt", nullptr);
  el_source(edit_, nullptr);
  std::vector<std::string> lines = ReadHistoryFile(history_path_);
  if (lines.size() > kHistoryMax) {
    lines.erase(lines.begin(), lines.end() - static_cast<ptrdiff_t>(kHistoryMax));
    WriteHistoryFile(history_path_, lines, O_TRUNC);
  }
  for (const std::string& line : lines) history(history_, &event, H_ENTER, line.c_str());
  if (!lines.empty()) last_line_ = lines.back();
  return true;
}

std::optional<std::string> LibeditEditor::ReadLine(const std::string& prompt) {
  prompt_ = prompt;
  entered_ = false;
  int count = 0;
  const char* text = el_gets(edit_, &count);
  if (text == nullptr || count <= 0) return std::nullopt;
  std::string line(text, static_cast<size_t>(count));
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

void LibeditEditor::AddHistory(const std::string& line) {
  if (line == last_line_) return;
  last_line_ = line;
  HistEvent event;
  history(history_, &event, H_ENTER, line.c_str());
  WriteHistoryFile(history_path_, {line}, O_APPEND);
}

char* LibeditEditor::MakeHint() {
  hint_.clear();
  const std::string line = entered_ ? "" : LeftOfCursor();
  std::string text = line.empty() ? "" : callbacks_.hint(line);
  // Cut to a length that does not change while one types; libedit leaves it out where it does not
  // fit.
  const size_t room = static_cast<size_t>(std::max(TerminalColumns() * 2 / 3, 16));
  if (text.size() > room) text = text.substr(0, room - 3) + "...";
  if (text.empty()) return hint_.data();
  // libedit glues an escape to the character behind it, so the one that ends the colour needs a
  // space there.
  const std::string mark(1, kEscapeMark);
  hint_ = mark + "\x1b[90m" + mark + text + mark + "\x1b[0m" + mark + " ";
  return hint_.data();
}

unsigned char LibeditEditor::HideHint() {
  entered_ = true;
  el_cursor(edit_, INT_MAX / 2);  // the output starts below a line that is longer than the screen
  return CC_REFRESH;
}

unsigned char LibeditEditor::Interrupt() {
  std::fputs("^C", stdout);
  return CC_EOF;
}

void LibeditEditor::PrintBelow(const std::string& text) {
  std::fputs("\r\n", stdout);
  std::fputs(text.c_str(), stdout);
  std::fputs("\r\n", stdout);
  std::fflush(stdout);
}

void LibeditEditor::PrintColumns(const std::vector<std::string>& words) {
  size_t width = 0;
  for (const std::string& word : words) width = std::max(width, word.size() + 2);
  const size_t columns = std::max<size_t>(1, static_cast<size_t>(TerminalColumns()) / width);
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    text += words[i];
    if (i + 1 == words.size()) break;
    text += (i + 1) % columns == 0 ? "\r\n" : std::string(width - words[i].size(), ' ');
  }
  PrintBelow(text);
}

// TAB: as much as all candidates share; then the list of them; then what the command takes.
unsigned char LibeditEditor::Complete() {
  const std::string line = LeftOfCursor();
  const std::vector<std::string> words = callbacks_.complete(line);
  const size_t space = line.rfind(' ');
  const size_t typed = line.size() - (space == std::string::npos ? 0 : space + 1);
  if (words.empty()) {
    const std::string usage = callbacks_.usage(line);
    if (usage.empty()) return CC_REFRESH_BEEP;
    PrintBelow(usage);
    return CC_REDISPLAY;
  }
  std::string common = CommonPrefix(words);
  if (words.size() == 1) common += ' ';
  if (common.size() > typed) {
    el_deletestr(edit_, static_cast<int>(typed));
    el_insertstr(edit_, common.c_str());
    return CC_REFRESH;
  }
  PrintColumns(words);
  return CC_REDISPLAY;
}

}  // namespace

std::unique_ptr<LineEditor> LineEditor::Open(EditorCallbacks callbacks,
                                             const std::string& history_path) {
  if (setlocale(LC_CTYPE, "") == nullptr) setlocale(LC_CTYPE, "C.UTF-8");
  auto editor = std::make_unique<LibeditEditor>(std::move(callbacks), history_path);
  if (!editor->Start()) return nullptr;
  return editor;
}

}  // namespace pleiad::cli
