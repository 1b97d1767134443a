// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A line with editing, history, TAB completion and a hint at the right edge, over libedit. The
// user's ~/.editrc applies.
//
// The hint is computed again after each space and each completion, and disappears when the line is
// entered. Ctrl-C and Ctrl-D on an empty line end the input; Ctrl-R searches the history. Thread:
// one; the terminal is in raw mode only while ReadLine() waits.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pleiad::cli {

struct EditorCallbacks {
  // What the word that ends the line (maybe empty) could become. The line is what stands left of
  // the cursor.
  std::function<std::vector<std::string>(std::string_view line)> complete;
  // What may follow the line; "" for nothing. Shown at the right edge.
  std::function<std::string(std::string_view line)> hint;
  // Shown below the line by TAB when there is nothing to complete.
  std::function<std::string(std::string_view line)> usage;
};

class LineEditor {
 public:
  // nullptr when the terminal can't be used. An empty history path: no file.
  static std::unique_ptr<LineEditor> Open(EditorCallbacks callbacks,
                                          const std::string& history_path);
  virtual ~LineEditor() = default;

  // The line without its end; nullopt at the end of the input.
  virtual std::optional<std::string> ReadLine(const std::string& prompt) = 0;
  // Remembers a line, also in the file (mode 0600, one line each, as redis-cli keeps it).
  virtual void AddHistory(const std::string& line) = 0;
};

}  // namespace pleiad::cli
