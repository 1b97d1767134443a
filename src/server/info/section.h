// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the sections of INFO have in common: what they may look at, and how a line is written.
#pragma once

#include <fmt/core.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "command/context.h"
#include "runtime/server.h"

namespace pleiad::info {

// Figures of the connections, gathered in one exclusive section.
struct ClientFigures {
  size_t connections = 0;
  size_t input_max = 0;   // bytes of the largest unfinished command
  size_t output_max = 0;  // bytes of the largest pile of unsent replies
  size_t memory = 0;
};

struct Input {
  ServerContext& ctx;
  runtime::Server& server;
  std::shared_ptr<const Settings> settings;
  ClientFigures clients;
  std::vector<std::pair<std::string, uint64_t>> errors;  // by code, sorted
};

class Lines {
 public:
  void Title(std::string_view title) {
    if (!text_.empty()) text_ += "\r\n";
    text_ += "# ";
    text_ += title;
    text_ += "\r\n";
  }
  template <typename T>
  void Add(std::string_view name, const T& value) {
    text_ += fmt::format("{}:{}\r\n", name, value);
  }
  void AddRaw(std::string_view lines) { text_ += lines; }
  // "name:1234" and "name_human:1.21K".
  void AddBytes(std::string_view name, uint64_t bytes);
  // Two digits, as ratios are shown. 0 if there is nothing to divide by.
  void AddRatio(std::string_view name, double part, double whole);
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

// "512B", "1.21K", "3.50G".
std::string HumanBytes(uint64_t bytes);

void ServerSection(const Input& in, Lines* out);
void ClientsSection(const Input& in, Lines* out);
void MemorySection(const Input& in, Lines* out);
void PersistenceSection(const Input& in, Lines* out);
void StatsSection(const Input& in, Lines* out);
void ReplicationSection(const Input& in, Lines* out);
void CpuSection(const Input& in, Lines* out);
void CommandStatsSection(const Input& in, Lines* out);
void ErrorStatsSection(const Input& in, Lines* out);
void ClusterSection(const Input& in, Lines* out);
void KeyspaceSection(const Input& in, Lines* out);

}  // namespace pleiad::info
