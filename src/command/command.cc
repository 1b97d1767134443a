// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace pleiad {
namespace {

// Filled by static initialisers only, before main.
std::vector<CommandSpec>& Pending() {
  static std::vector<CommandSpec> pending;
  return pending;
}

// Hash of a name in any case: names are short, and letters differ from their other case in one bit.
uint64_t NameHash(std::string_view name) {
  uint64_t h = name.size();
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c | 0x20)) * 0x100000001b3ULL;
  return h ^ (h >> 29);
}

constexpr std::string_view kRdbMisconf =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). "
    "Please check the Redis logs for details about the RDB error.";
constexpr std::string_view kAofMisconf =
    "MISCONF Errors writing to the AOF file. Please check the Redis logs for details.";

}  // namespace

CommandRegistration::CommandRegistration(CommandSpec spec) { Pending().push_back(spec); }

const CommandTable& CommandTable::Get() {
  static const CommandTable table;
  return table;
}

CommandTable::CommandTable() : specs_(Pending()) {
  std::sort(specs_.begin(), specs_.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  size_t size = 64;
  while (size < specs_.size() * 4) size *= 2;
  mask_ = size - 1;
  buckets_.assign(size, 0);
  containers_.assign(specs_.size(), false);
  for (size_t i = 0; i < specs_.size(); ++i) {
    CommandSpec& spec = specs_[i];
    spec.index = static_cast<int>(i);
    CHECK_MSG(i == 0 || specs_[i - 1].name != spec.name, spec.name);
    CHECK_MSG((spec.read != nullptr) + (spec.write != nullptr) + (spec.server != nullptr) == 1,
              spec.name);
    CHECK_MSG((spec.write != nullptr) <= ((spec.flags & kCmdWrite) != 0), spec.name);
    size_t at = NameHash(spec.name) & mask_;
    while (buckets_[at] != 0) at = (at + 1) & mask_;
    buckets_[at] = static_cast<uint16_t>(i + 1);
  }
  for (const CommandSpec& spec : specs_) {
    const size_t bar = spec.name.find('|');
    if (bar == std::string_view::npos) continue;
    const CommandSpec* container = Find(spec.name.substr(0, bar));
    CHECK_MSG(container != nullptr, spec.name);
    containers_[static_cast<size_t>(container->index)] = true;
  }
}

const CommandSpec* CommandTable::Find(std::string_view name) const {
  for (size_t at = NameHash(name) & mask_; buckets_[at] != 0; at = (at + 1) & mask_) {
    const CommandSpec& spec = specs_[buckets_[at] - 1U];
    if (EqualsIgnoreCase(spec.name, name)) return &spec;
  }
  return nullptr;
}

bool CommandTable::HasSubcommands(const CommandSpec& spec) const {
  return containers_[static_cast<size_t>(spec.index)];
}

const CommandSpec* CommandTable::Subcommand(const CommandSpec& container,
                                            std::string_view word) const {
  std::string name(container.name);
  name += '|';
  name += word;
  return Find(name);
}

std::string WrongArity(const CommandSpec& spec) {
  return fmt::format("ERR wrong number of arguments for '{}' command", spec.name);
}

std::optional<int64_t> IntArg(const Args& args, size_t i, resp::Writer& out,
                              std::string_view error) {
  const auto value = ParseInt64(args[i]);
  if (!value.has_value()) out.Error(error);
  return value;
}

bool CheckType(const Entry* e, ValueType type, resp::Writer& out) {
  if (e == nullptr || e->type() == type) return true;
  out.Error(kWrongType);
  return false;
}

std::string_view PersistenceErrorText(PersistenceError error) {
  return error == PersistenceError::kAof ? kAofMisconf : kRdbMisconf;
}

}  // namespace pleiad
