// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/config/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/text.h"

namespace pleiad {
namespace {

Error SetFailed(std::string_view name, std::string_view reason) {
  return Error{
      fmt::format("ERR CONFIG SET failed (possibly related to argument '{}') - {}", name, reason)};
}

Error UnknownOption(std::string_view name) {
  return Error{
      fmt::format("ERR Unknown option or number of arguments for CONFIG SET - '{}'", name)};
}

bool IsPattern(std::string_view text) {
  return text.find_first_of("[*?") != std::string_view::npos;
}

}  // namespace

ConfigStore::ConfigStore(LoadedConfig loaded, ConfigEnvironment env)
    : file_(std::move(loaded.file)),
      env_(std::move(env)),
      prng_(env_.seed ^ 0x636f6e666967ULL),
      values_(std::move(loaded.values)),
      settings_(BuildSettings(values_)) {}

std::shared_ptr<const Settings> ConfigStore::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

ConfigStore::Pairs ConfigStore::Get(const std::vector<std::string>& patterns) const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::pair<std::string, size_t>>
      found;  // lowercase name -> shown name, index
  for (const std::string& pattern : patterns) {
    if (!IsPattern(pattern)) {
      // Shown as the client spelled it: that is the key it looks for.
      if (const auto index = FindDirective(pattern)) {
        found.try_emplace(ToLower(pattern), pattern, *index);
      }
      continue;
    }
    for (const DirectiveName& entry : AllDirectiveNames()) {
      if (AllDirectives()[entry.index]->Is(kHidden)) continue;
      if (!GlobMatch(pattern, entry.name, /*ignore_case=*/true)) continue;
      found.try_emplace(std::string(entry.name), entry.name, entry.index);
    }
  }
  Pairs out;
  for (auto& [key, shown] : found) {
    out.emplace_back(std::move(shown.first), values_.values[shown.second].text);
  }
  return out;
}

Status ConfigStore::Set(const Pairs& pairs, bool client_is_local) {
  return Change(pairs, /*by_server=*/false, client_is_local);
}

Status ConfigStore::SetByServer(const Pairs& pairs) {
  return Change(pairs, /*by_server=*/true, /*client_is_local=*/true);
}

Status ConfigStore::CheckNames(const Pairs& pairs, bool client_is_local, const Settings& now,
                               std::vector<size_t>* indexes) const {
  const bool may_protected = now.enable_protected_configs == AllowFor::kYes ||
                             (now.enable_protected_configs == AllowFor::kLocal && client_is_local);
  for (size_t i = 0; i < pairs.size(); ++i) {
    const std::string& name = pairs[i].first;
    const auto index = FindDirective(name);
    if (!index) return UnknownOption(name);
    const Directive& directive = *AllDirectives()[*index];
    if (directive.Is(kImmutable)) return SetFailed(name, "can't set immutable config");
    if (directive.Is(kProtected) && !may_protected) {
      return SetFailed(name, "can't set protected config");
    }
    for (size_t j = 0; j < i; ++j) {
      if (EqualsIgnoreCase(pairs[j].first, name)) return SetFailed(name, "duplicate parameter");
    }
    indexes->push_back(*index);
  }
  return Status::Ok();
}

Status ConfigStore::Change(const Pairs& pairs, bool by_server, bool client_is_local) {
  const std::lock_guard change_lock(change_mutex_);
  const std::shared_ptr<const Settings> before = settings();
  std::vector<size_t> indexes;
  if (by_server) {
    for (const auto& [name, value] : pairs) {
      const auto index = FindDirective(name);
      CHECK_MSG(index.has_value(), name);
      indexes.push_back(*index);
    }
  } else {
    const Status names_fine = CheckNames(pairs, client_is_local, *before, &indexes);
    if (!names_fine.ok()) return names_fine;
  }

  // values_ is written under change_mutex_ alone, so reading it here needs no further lock.
  ConfigValues next = values_;
  AssignContext context;
  context.resolve_dir = &env_.resolve_dir;
  context.prng = &prng_;
  std::vector<std::string> names;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const Directive& directive = *AllDirectives()[indexes[i]];
    const auto words = WordsOfValue(directive, pairs[i].second);
    if (!words)
      return SetFailed(ToLower(pairs[i].first), "Unbalanced quotes in configuration line");
    const Status assigned = Assign(indexes[i], *words, context, &next);
    if (!assigned.ok()) return SetFailed(ToLower(pairs[i].first), assigned.message());
    names.emplace_back(directive.name);
  }

  std::shared_ptr<const Settings> now = BuildSettings(next);
  if (applier_ && !by_server) {
    if (const auto refusal = applier_(*before, *now, names)) {
      return SetFailed(refusal->name, refusal->reason);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    values_ = std::move(next);
    settings_ = now;
  }
  version_.fetch_add(1, std::memory_order_release);
  for (const Listener& listener : listeners_) listener(*now, names);
  return Status::Ok();
}

std::string ConfigStore::Rewrite(std::string_view old_text, const RewriteExtras& extras) const {
  ConfigValues values;
  {
    const std::lock_guard lock(mutex_);
    values = values_;
  }
  return RewriteConfig(old_text, values, extras);
}

Status ConfigStore::RewriteFile(const WriteFile& write, const RewriteExtras& extras) {
  const std::lock_guard lock(file_mutex_);
  CHECK(!file_.empty());
  const Result<std::string> old_text = env_.read(file_);
  if (!old_text.ok()) return old_text.error();
  return write(file_, Rewrite(*old_text, extras));
}

bool ConfigStore::IsSensitive(std::string_view name) {
  const auto index = FindDirective(name);
  return index && AllDirectives()[*index]->Is(kSensitive);
}

}  // namespace pleiad
