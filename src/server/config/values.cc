// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/config/values.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"

namespace pleiad {
namespace {

Error OutOfRange(const Directive& d) {
  if (d.type == DirectiveType::kOctal) {
    return Error{fmt::format("argument must be between {:o} and {:o} inclusive", d.low, d.high)};
  }
  return Error{fmt::format("argument must be between {} and {} inclusive", d.low, d.high)};
}

Result<std::string> Bool(const std::string& word) {
  if (EqualsIgnoreCase(word, "yes")) return std::string("yes");
  if (EqualsIgnoreCase(word, "no")) return std::string("no");
  return Error{"argument must be 'yes' or 'no'"};
}

Result<std::string> Int(const Directive& d, std::string_view word) {
  const auto value = ParseInt64(word);
  if (!value) return Error{"argument couldn't be parsed into an integer"};
  if (*value < d.low || *value > d.high) return OutOfRange(d);
  return fmt::format("{}", *value);
}

Result<std::string> Memory(const Directive& d, const std::string& word) {
  const bool percent_too = d.type == DirectiveType::kMemoryOrPercent;
  if (percent_too && word.size() > 1 && word.back() == '%') {
    const auto percent = ParseInt64(std::string_view(word).substr(0, word.size() - 1));
    if (percent && *percent > 100) return Error{"percentage argument must be less or equal to 100"};
    if (percent && *percent >= 0) return *percent == 0 ? "0" : fmt::format("{}%", *percent);
  }
  const auto bytes = ParseMemory(word);
  if (!bytes) {
    return Error{percent_too ? "argument must be a memory or percent value"
                             : "argument must be a memory value"};
  }
  if (*bytes < static_cast<uint64_t>(d.low) || *bytes > static_cast<uint64_t>(d.high)) {
    return OutOfRange(d);
  }
  return fmt::format("{}", *bytes);
}

Result<std::string> Octal(const Directive& d, const std::string& word) {
  constexpr std::string_view kDigits = "01234567";
  if (word.empty() || word.size() > 12 || word.find_first_not_of(kDigits) != std::string::npos) {
    return Error{"argument couldn't be parsed as an octal number"};
  }
  int64_t value = 0;
  for (char c : word) value = value * 8 + (c - '0');
  if (value < d.low || value > d.high) return OutOfRange(d);
  return fmt::format("{:o}", value);
}

// The choice that `word` spells, as the table spells it; empty if none.
std::string_view Choice(const Directive& d, std::string_view word) {
  for (std::string_view choice : Split(d.choices, ',')) {
    if (EqualsIgnoreCase(Trim(choice), word)) return Trim(choice);
  }
  return {};
}

Error NoSuchChoice(const Directive& d) {
  return Error{fmt::format("argument(s) must be one of the following: {}", d.choices)};
}

Result<std::string> EnumSet(const Directive& d, const Words& words) {
  std::vector<std::string_view> picked;
  for (const std::string& word : words) {
    const std::string_view choice = Choice(d, word);
    if (choice.empty()) return NoSuchChoice(d);
    picked.push_back(choice);
  }
  const auto has = [&](std::string_view name) {
    for (std::string_view choice : picked) {
      if (choice == name) return true;
    }
    return false;
  };
  if (has("save") && has("nosave")) {
    return Error{"shutdown options SAVE and NOSAVE can't be used simultaneously"};
  }
  const auto choices = Split(d.choices, ',');
  std::string out;
  for (size_t i = 1; i < choices.size(); ++i) {  // table order; the first choice is "none of them"
    if (!has(Trim(choices[i]))) continue;
    if (!out.empty()) out += ' ';
    out += Trim(choices[i]);
  }
  return out.empty() ? std::string(Trim(choices[0])) : out;
}

// "A-B" -> a number of ours between the two, and the source text.
Result<std::string> Range(const Directive& d, const std::string& word, Prng* prng,
                          std::string* source) {
  const size_t dash = word.find('-', 1);
  if (dash == std::string::npos) return Int(d, word);
  const auto low = Int(d, std::string_view(word).substr(0, dash));
  const auto high = Int(d, std::string_view(word).substr(dash + 1));
  if (!low.ok()) return low.error();
  if (!high.ok()) return high.error();
  const int64_t from = *ParseInt64(*low);
  const int64_t to = *ParseInt64(*high);
  if (from > to) return Error{"the range must go from the smaller to the larger number"};
  *source = word;
  const uint64_t width = static_cast<uint64_t>(to - from) + 1;
  return fmt::format("{}", from + static_cast<int64_t>(prng ? prng->Below(width) : 0));
}

Result<std::string> Directory(const std::string& word, const AssignContext& context,
                              std::string* source) {
  if (word.empty()) return Error{"dir can't be empty"};
  *source = word;
  if (context.resolve_dir == nullptr || !*context.resolve_dir) return word;
  return (*context.resolve_dir)(word);
}

Result<std::string> Canonical(const Directive& d, const Words& words, const AssignContext& context,
                              const ConfigValue& before, std::string* source) {
  if (!d.Is(kMultiArg) && words.size() != 1) return Error{"wrong number of arguments"};
  if (d.Is(kMultiArg) && words.empty()) return Error{"wrong number of arguments"};
  switch (d.type) {
    case DirectiveType::kBool:
      return Bool(words[0]);
    case DirectiveType::kInt:
      return Int(d, words[0]);
    case DirectiveType::kMemory:
    case DirectiveType::kMemoryOrPercent:
      return Memory(d, words[0]);
    case DirectiveType::kOctal:
      return Octal(d, words[0]);
    case DirectiveType::kEnum: {
      const std::string_view choice = Choice(d, words[0]);
      if (choice.empty()) return NoSuchChoice(d);
      return std::string(choice);
    }
    case DirectiveType::kEnumSet:
      return EnumSet(d, words);
    case DirectiveType::kString:
      return words[0];
    case DirectiveType::kRange:
      return Range(d, words[0], context.prng, source);
    case DirectiveType::kDirectory:
      return Directory(words[0], context, source);
    case DirectiveType::kSpecial:
      break;
  }
  // `save` alone adds to what it had, and only while files are read.
  std::string_view current = before.text;
  if (d.name == "save" && (!context.loading || !before.assigned)) current = {};
  return d.parse(words, current);
}

}  // namespace

ConfigValues::ConfigValues() {
  for (const Directive* directive : AllDirectives()) {
    ConfigValue value;
    value.text = directive->initial;
    value.after_files = directive->initial;
    values.push_back(std::move(value));
  }
}

const std::string& ConfigValues::Text(std::string_view name) const {
  const auto index = FindDirective(name);
  CHECK_MSG(index.has_value(), name);
  return values[*index].text;
}

Status Assign(size_t index, const Words& words, const AssignContext& context,
              ConfigValues* values) {
  const Directive& directive = *AllDirectives()[index];
  ConfigValue& value = values->values[index];
  std::string source;
  Result<std::string> text = Canonical(directive, words, context, value, &source);
  if (!text.ok()) return text.error();
  if (directive.check != nullptr) {
    std::string reason = directive.check(*text);
    if (!reason.empty()) return Error{std::move(reason)};
  }
  value.text = *std::move(text);
  value.source = std::move(source);
  value.assigned = true;
  return Status::Ok();
}

std::optional<Words> WordsOfValue(const Directive& directive, const std::string& value) {
  if (!directive.Is(kMultiArg) || value.empty()) return Words{value};
  return SplitArgs(value);
}

}  // namespace pleiad
