// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/command_docs.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace pleiad::cli {

namespace {

using resp::Reply;

// The value behind `key` in a map, or in the flat array that RESP2 makes of it. nullptr: not there.
const Reply* Field(const Reply& map, std::string_view key) {
  for (size_t i = 0; i + 1 < map.items.size(); i += 2) {
    if (map.items[i].text == key) return &map.items[i + 1];
  }
  return nullptr;
}

std::string TextField(const Reply& map, std::string_view key) {
  const Reply* field = Field(map, key);
  return field == nullptr ? "" : field->text;
}

bool HasFlag(const Reply& arg, std::string_view name) {
  const Reply* flags = Field(arg, "flags");
  return flags != nullptr && std::any_of(flags->items.begin(), flags->items.end(),
                                         [&](const Reply& flag) { return flag.text == name; });
}

std::string ParamText(const Reply& arg);

std::string JoinedParams(const Reply& arg, std::string_view separator) {
  std::string out;
  const Reply* arguments = Field(arg, "arguments");
  if (arguments == nullptr) return out;
  for (const Reply& inner : arguments->items) {
    if (!out.empty()) out += separator;
    out += ParamText(inner);
  }
  return out;
}

// One argument as the field writes them: TOKEN, [optional], a|b, more [more ...].
std::string ParamText(const Reply& arg) {
  const std::string type = TextField(arg, "type");
  std::string token = TextField(arg, "token");
  if (const Reply* field = Field(arg, "token"); field != nullptr && token.empty()) token = "\"\"";
  std::string value;
  if (type == "oneof") {
    value = JoinedParams(arg, "|");
  } else if (type == "block") {
    value = JoinedParams(arg, " ");
  } else if (type != "pure-token") {
    value = TextField(arg, "display_text");
    if (value.empty()) value = TextField(arg, "name");
  }
  const std::string space = token.empty() || value.empty() ? "" : " ";
  std::string text = token + space + value;
  if (HasFlag(arg, "multiple")) {
    text += " [" + (HasFlag(arg, "multiple_token") ? token + space + value : value) + " ...]";
  }
  return HasFlag(arg, "optional") ? "[" + text + "]" : text;
}

void AddDocs(const Reply& reply, std::vector<CommandDoc>* docs) {
  for (size_t i = 0; i + 1 < reply.items.size(); i += 2) {
    const Reply& facts = reply.items[i + 1];
    CommandDoc doc;
    doc.name = ToUpper(reply.items[i].text);
    std::replace(doc.name.begin(), doc.name.end(), '|', ' ');
    doc.summary = TextField(facts, "summary");
    doc.since = TextField(facts, "since");
    doc.group = TextField(facts, "group");
    if (const Reply* arguments = Field(facts, "arguments")) {
      for (const Reply& arg : arguments->items) doc.params.push_back(ParamText(arg));
    }
    docs->push_back(std::move(doc));
    if (const Reply* subcommands = Field(facts, "subcommands")) AddDocs(*subcommands, docs);
  }
}

// Words, the last of which is unfinished unless the line ends in a space (then it is "").
std::vector<std::string> WordsSoFar(std::string_view line) {
  std::vector<std::string> words;
  bool in_word = false;
  for (const char c : line) {
    if (c == ' ') {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    words.back() += c;
  }
  if (!in_word) words.emplace_back();
  return words;
}

bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && EqualsIgnoreCase(text.substr(0, prefix.size()), prefix);
}

// A parameter that stands for exactly one typed word.
bool IsOneWord(const std::string& param) { return param.find_first_of(" [|") == std::string::npos; }

std::string HelpEntry(const CommandDoc& doc, bool colour, bool with_group) {
  const char* bold = colour ? "\x1b[1m" : "";
  const char* grey = colour ? "\x1b[90m" : "";
  const char* yellow = colour ? "\x1b[33m" : "";
  const char* plain = colour ? "\x1b[0m" : "";
  std::string text =
      fmt::format("\n  {}{}{} {}{}{}\n", bold, doc.name, plain, grey, doc.Params(), plain);
  text += fmt::format("  {}summary:{} {}\n", yellow, plain, doc.summary);
  text += fmt::format("  {}since:{} {}\n", yellow, plain, doc.since);
  if (with_group) text += fmt::format("  {}group:{} {}\n", yellow, plain, doc.group);
  return text;
}

}  // namespace

std::string CommandDoc::Params() const {
  std::string out;
  for (const std::string& param : params) out += (out.empty() ? "" : " ") + param;
  return out;
}

CommandDocs CommandDocs::FromReply(const Reply& reply) {
  CommandDocs docs;
  AddDocs(reply, &docs.docs_);
  std::sort(docs.docs_.begin(), docs.docs_.end(),
            [](const CommandDoc& a, const CommandDoc& b) { return a.name < b.name; });
  return docs;
}

// The command with the longest name that `words` begin with; `*used`: how many words that name has.
const CommandDoc* CommandDocs::Find(const std::vector<std::string>& words, size_t* used) const {
  for (size_t count = std::min<size_t>(2, words.size()); count > 0; --count) {
    const std::string name = ToUpper(count == 1 ? words[0] : words[0] + " " + words[1]);
    const auto at = std::lower_bound(
        docs_.begin(), docs_.end(), name,
        [](const CommandDoc& doc, const std::string& wanted) { return doc.name < wanted; });
    if (at == docs_.end() || at->name != name) continue;
    *used = count;
    return &*at;
  }
  return nullptr;
}

std::vector<std::string> CommandDocs::Complete(std::string_view line) const {
  std::vector<std::string> words = WordsSoFar(line);
  std::set<std::string> found;
  const std::string last = words.back();
  const bool lower =
      !last.empty() ? ToUpper(last) != last : !words[0].empty() && ToLower(words[0]) == words[0];
  const bool is_help = words.size() > 1 && (EqualsIgnoreCase(words[0], "help") || words[0] == "?");
  if (is_help) words.erase(words.begin());
  for (const CommandDoc& doc : docs_) {
    const size_t space = doc.name.find(' ');
    const std::string first = doc.name.substr(0, space);
    if (words.size() == 1 && StartsWithIgnoreCase(first, last)) found.insert(first);
    if (words.size() == 2 && space != std::string::npos && EqualsIgnoreCase(first, words[0])) {
      const std::string second = doc.name.substr(space + 1);
      if (StartsWithIgnoreCase(second, last)) found.insert(second);
    }
    const std::string topic = "@" + doc.group;
    if (is_help && words.size() == 1 && StartsWithIgnoreCase(topic, last)) found.insert(topic);
  }
  if (!is_help && words.size() == 1) {
    for (const char* own : {"HELP", "CLEAR", "CONNECT", "EXIT"}) {
      if (!last.empty() && StartsWithIgnoreCase(own, last)) found.insert(own);
    }
  }
  // A word that is a whole command already, and nothing longer: let TAB show the arguments instead.
  std::vector<std::string> candidates(found.begin(), found.end());
  if (lower) {
    for (std::string& word : candidates) word = ToLower(word);
  }
  return candidates;
}

std::string CommandDocs::Hint(std::string_view line) const {
  const std::vector<std::string> words = WordsSoFar(line);
  size_t used = 0;
  const CommandDoc* doc = Find(words, &used);
  if (doc == nullptr || used >= words.size()) return "";
  size_t typed = words.size() - 1 - used;
  std::string out;
  for (const std::string& param : doc->params) {
    if (typed > 0 && out.empty() && IsOneWord(param)) {
      --typed;
      continue;
    }
    out += (out.empty() ? "" : " ") + param;
  }
  return out;
}

std::string CommandDocs::Usage(std::string_view line) const {
  size_t used = 0;
  const CommandDoc* doc = Find(WordsSoFar(line), &used);
  if (doc == nullptr) return "";
  return doc->params.empty() ? doc->name : doc->name + " " + doc->Params();
}

std::string CommandDocs::Help(const std::vector<std::string>& words, bool colour) const {
  std::string text;
  if (!words.empty() && !words[0].empty() && words[0][0] == '@') {
    for (const CommandDoc& doc : docs_) {
      if (EqualsIgnoreCase(doc.group, words[0].substr(1))) text += HelpEntry(doc, colour, false);
    }
    return text + "\n";
  }
  std::string wanted;
  for (const std::string& word : words) wanted += (wanted.empty() ? "" : " ") + word;
  for (const CommandDoc& doc : docs_) {
    const bool is_it = EqualsIgnoreCase(doc.name, wanted);
    if (is_it || StartsWithIgnoreCase(doc.name, wanted + " ")) text += HelpEntry(doc, colour, true);
  }
  return text + "\n";
}

}  // namespace pleiad::cli
