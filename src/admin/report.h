// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `--json`: what a command would have printed, and what it found or did, as one JSON object on one
// line, for scripts. Every command's object has
//
//     command   its name
//     ok        true if the exit code is 0
//     exit      the exit code
//     error     the line that says why it failed, or null
//     messages  the lines that people would have seen
//
// and fields of its own, which are listed in docs/OPERATIONS.md. Nothing is asked: where an answer
// is needed the command needs --yes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/node_client.h"

namespace pleiad::admin {

class Report {
 public:
  // `json` is a value as it stands. A name that was set before gets the new value.
  void Set(std::string_view name, std::string json);
  void Number(std::string_view name, int64_t value) { Set(name, std::to_string(value)); }
  // What earlier parts of the same run said counts.
  void AddNumber(std::string_view name, int64_t value) { Number(name, Get(name) + value); }
  void MaxNumber(std::string_view name, int64_t value) { Number(name, std::max(Get(name), value)); }
  void Text(std::string_view name, std::string_view text);
  void Flag(std::string_view name, bool value) { Set(name, value ? "true" : "false"); }
  // The first one stays.
  void Error(std::string_view line);

  std::string Json(std::string_view command, int exit, const std::vector<std::string>& messages);

 private:
  int64_t Get(std::string_view name) const;

  std::vector<std::pair<std::string, std::string>> fields_;
  std::optional<std::string> error_;
};

// Takes what is written, line by line, and answers nothing.
class RecordingConsole : public Console {
 public:
  void Write(std::string_view text) override { text_ += text; }
  std::optional<std::string> ReadLine() override { return std::nullopt; }
  // Without empty ones.
  std::vector<std::string> Lines() const;

 private:
  std::string text_;
};

}  // namespace pleiad::admin
