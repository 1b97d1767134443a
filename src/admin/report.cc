// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/report.h"

#include <fmt/format.h>

#include "admin/json.h"
#include "base/text.h"

namespace pleiad::admin {

void Report::Set(std::string_view name, std::string json) {
  for (auto& [known, value] : fields_) {
    if (known != name) continue;
    value = std::move(json);
    return;
  }
  fields_.emplace_back(name, std::move(json));
}

int64_t Report::Get(std::string_view name) const {
  for (const auto& [known, value] : fields_) {
    if (known == name) return ParseInt64(value).value_or(0);
  }
  return 0;
}

void Report::Text(std::string_view name, std::string_view text) { Set(name, JsonText(text)); }

void Report::Error(std::string_view line) {
  if (!error_) error_ = line;
}

std::string Report::Json(std::string_view command, int exit,
                         const std::vector<std::string>& messages) {
  std::string json =
      fmt::format("{{\"command\": {}, \"ok\": {}, \"exit\": {}, \"error\": {}", JsonText(command),
                  exit == 0, exit, exit != 0 && error_ ? JsonText(*error_) : "null");
  for (const auto& [name, value] : fields_) json += fmt::format(", \"{}\": {}", name, value);
  return json + fmt::format(", \"messages\": {}}}\n", JsonTexts(messages));
}

std::vector<std::string> RecordingConsole::Lines() const {
  std::vector<std::string> lines;
  for (const std::string_view line : Split(text_, '\n')) {
    if (!Trim(line).empty()) lines.emplace_back(line);
  }
  return lines;
}

}  // namespace pleiad::admin
