// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/stdin.h"

#include <termios.h>
#include <unistd.h>

namespace pleiad::cli {

std::string ReadAll(FILE* file) {
  std::string text;
  char bytes[16 * 1024];
  for (size_t got = 0; (got = std::fread(bytes, 1, sizeof(bytes), file)) > 0;)
    text.append(bytes, got);
  return text;
}

std::string ReadPassword(const char* question) {
  std::fputs(question, stderr);
  std::fflush(stderr);
  termios before = {};
  const bool on_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
  if (on_terminal) {
    termios quiet = before;
    quiet.c_lflag &= static_cast<tcflag_t>(~(ECHO | ICANON));
    tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
  }
  std::string password;
  for (char c = '\0'; read(STDIN_FILENO, &c, 1) == 1 && c != '\n' && c != '\r';) {
    const bool is_backspace = c == '\b' || c == 0x7f;
    if (is_backspace && password.empty()) continue;
    if (is_backspace) {
      password.pop_back();
    } else {
      password += c;
    }
    if (on_terminal) std::fputs(is_backspace ? "\b \b" : "*", stderr);
  }
  if (on_terminal) {
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    std::fputs("\n", stderr);
  }
  return password;
}

}  // namespace pleiad::cli
