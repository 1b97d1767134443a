// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/config/directive.h"

#include <algorithm>
#include <unordered_map>

#include "base/check.h"
#include "base/text.h"

namespace pleiad {
namespace {

struct Registry {
  std::vector<const Directive*> directives;
  std::vector<DirectiveName> names;
  std::unordered_map<std::string_view, size_t> by_name;

  Registry() {
    for (auto table :
         {NetworkDirectives(), MemoryDirectives(), PersistenceDirectives(), ReplicationDirectives(),
          ClusterDirectives(), LimitDirectives(), TlsDirectives(), MiscDirectives()}) {
      for (const Directive& directive : table) Add(directive);
    }
    std::sort(names.begin(), names.end(),
              [](const DirectiveName& a, const DirectiveName& b) { return a.name < b.name; });
  }

  void Add(const Directive& directive) {
    const size_t index = directives.size();
    directives.push_back(&directive);
    AddName(directive.name, index);
    for (std::string_view alias : Split(directive.aliases, ' ')) {
      if (!alias.empty()) AddName(alias, index);
    }
  }

  void AddName(std::string_view name, size_t index) {
    CHECK_MSG(by_name.emplace(name, index).second, name);
    names.push_back({name, index});
  }
};

const Registry& TheRegistry() {
  static const Registry registry;
  return registry;
}

}  // namespace

const std::vector<const Directive*>& AllDirectives() { return TheRegistry().directives; }
const std::vector<DirectiveName>& AllDirectiveNames() { return TheRegistry().names; }

std::optional<size_t> FindDirective(std::string_view name) {
  const auto found = TheRegistry().by_name.find(ToLower(name));
  if (found == TheRegistry().by_name.end()) return std::nullopt;
  return found->second;
}

}  // namespace pleiad
