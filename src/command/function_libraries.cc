// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/function_libraries.h"

#include <fmt/core.h>

#include <optional>
#include <utility>

#include "base/text.h"

namespace pleiad {

Result<FunctionLibraries::Library> FunctionLibraries::Parse(std::string_view source) {
  const size_t end = source.find('\n');
  if (!source.starts_with("#!")) return Error{"Missing library metadata"};
  if (end == std::string_view::npos) return Error{"Invalid library metadata"};
  const std::optional<std::vector<std::string>> words = SplitArgs(source.substr(2, end - 2));
  if (!words || words->empty()) return Error{"Invalid library metadata"};
  Library library;
  library.engine = words->front();
  library.source = source;
  constexpr std::string_view kName = "name=";
  for (size_t i = 1; i < words->size(); ++i) {
    const std::string& word = (*words)[i];
    if (!word.starts_with(kName) || !library.name.empty())
      return Error{fmt::format("Invalid metadata value given: {}", word)};
    library.name = word.substr(kName.size());
  }
  if (library.name.empty()) return Error{"Library name was not given"};
  return library;
}

Result<std::string> FunctionLibraries::Load(std::string_view source, bool replace) {
  Result<Library> parsed = Parse(source);
  if (!parsed.ok()) return parsed.error();
  std::string name = (*parsed).name;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!replace && libraries_.contains(name))
    return Error{fmt::format("Library '{}' already exists", name)};
  libraries_[name] = std::move(*parsed);
  return name;
}

bool FunctionLibraries::Delete(std::string_view name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = libraries_.find(name);
  if (found == libraries_.end()) return false;
  libraries_.erase(found);
  return true;
}

void FunctionLibraries::Clear() {
  const std::lock_guard<std::mutex> lock(mutex_);
  libraries_.clear();
}

std::vector<FunctionLibraries::Library> FunctionLibraries::All() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Library> all;
  for (const auto& [name, library] : libraries_) all.push_back(library);
  return all;
}

}  // namespace pleiad
