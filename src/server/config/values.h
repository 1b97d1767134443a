// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ConfigValues: the whole configuration as canonical texts, one per directive, plus the repeated
// directives that have no CONFIG GET name. A plain value: loading, CONFIG SET and REWRITE work on
// copies of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/prng.h"
#include "base/result.h"
#include "server/config/directive.h"

namespace pleiad {

// Where a line came from: REWRITE adds those of the command line, for the files say the others
// already.
enum class ConfigOrigin : uint8_t { kFile, kInclude, kCommandLine };

// rename-command, user, loadmodule, or a module's own "name.option", word by word.
struct RepeatedLine {
  ConfigOrigin origin = ConfigOrigin::kFile;
  Words words;
  bool operator==(const RepeatedLine&) const = default;
};

struct ConfigValue {
  std::string text;         // what CONFIG GET shows
  std::string source;       // what was written, if not the same: the "80-100" behind a drawn 93, a
                            // relative `dir`
  bool assigned = false;    // some line named it
  bool in_include = false;  // some included file named it
  std::string after_files;  // `text` when the files were read and the command line was not yet
};

struct ConfigValues {
  ConfigValues();  // every directive at its default

  std::vector<ConfigValue> values;  // by index into AllDirectives()
  std::vector<RepeatedLine> repeated;

  // The text of a directive that must exist (CHECK).
  const std::string& Text(std::string_view name) const;
};

// What assigning may need from outside.
struct AssignContext {
  // The absolute path of a directory that is there and usable, or the reason why not. Null: keep
  // the text as it is.
  const std::function<Result<std::string>(const std::string& dir)>* resolve_dir = nullptr;
  Prng* prng = nullptr;  // draws from ranges; null: the low end
  bool loading =
      false;  // reading files: repeated `save` lines add up, the first one drops the default
};

// Gives directive `index` the value that `words` spell. Refuses with the reason, leaving `values`
// as it was.
Status Assign(size_t index, const Words& words, const AssignContext& context, ConfigValues* values);

// The words of CONFIG SET's one argument: split for directives that take several. nullopt:
// unbalanced quotes.
std::optional<Words> WordsOfValue(const Directive& directive, const std::string& value);

}  // namespace pleiad
