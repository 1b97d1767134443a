// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Arbitrary bytes as a configuration: the part before the first NUL is the file, before the second
// an included file "inc", the rest are CONFIG SET pairs, one "name value" a line. What loads must
// survive REWRITE: the new text loads to the same configuration, and rewriting it again changes
// nothing.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "server/config/store.h"

namespace pleiad {
namespace {

ConfigEnvironment Environment(const std::string& file, const std::string& included) {
  ConfigEnvironment env;
  env.read = [&file, &included](const std::string& path) -> Result<std::string> {
    if (path == "main") return file;
    if (path == "inc") return included;
    return Error{"No such file or directory"};
  };
  env.glob = [](const std::string& pattern) {
    return GlobMatch(pattern, "inc") ? std::vector<std::string>{"inc"} : std::vector<std::string>{};
  };
  return env;
}

std::string CutAtNul(std::string_view* rest) {
  const size_t end = rest->find('\0');
  std::string out(rest->substr(0, end));
  rest->remove_prefix(end == std::string_view::npos ? rest->size() : end + 1);
  return out;
}

// What a rewritten range draws may differ; everything else must not.
ConfigStore::Pairs Comparable(const ConfigStore& store) {
  ConfigStore::Pairs pairs = store.Get({"*"});
  std::erase_if(pairs,
                [](const auto& pair) { return pair.first == "auto-aof-rewrite-percentage"; });
  return pairs;
}

void RunOne(std::string_view input) {
  const std::string file = CutAtNul(&input);
  const std::string included = CutAtNul(&input);
  const ConfigEnvironment env = Environment(file, included);
  auto loaded = LoadConfig({"main"}, env);
  if (!loaded.ok()) {
    CHECK(!loaded.message().empty());
    return;
  }
  ConfigStore store(*std::move(loaded), env);
  for (std::string_view line : Split(input, '\n')) {
    const size_t space = line.find(' ');
    if (space == std::string_view::npos) continue;
    const auto before = store.Get({"*"});
    const Status status = store.Set(
        {{std::string(line.substr(0, space)), std::string(line.substr(space + 1))}}, true);
    if (!status.ok()) CHECK(store.Get({"*"}) == before);
  }
  const std::string rewritten = store.Rewrite(file);
  auto again = LoadConfig({"main"}, Environment(rewritten, included));
  CHECK_MSG(again.ok(), again.message());
  const ConfigStore second(*std::move(again), Environment(rewritten, included));
  CHECK(Comparable(second) == Comparable(store));
  CHECK(second.Rewrite(rewritten) == rewritten);
  CHECK(store.Rewrite(rewritten) == rewritten);
}

}  // namespace
}  // namespace pleiad

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pleiad::RunOne(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
