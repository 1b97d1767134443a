// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/server/usage.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace pleiad {
namespace {

constexpr std::string_view kOpening = "[<(";
constexpr std::string_view kClosing = "]>)";
constexpr int kDepthMax = 16;

std::vector<std::string_view> Words(std::string_view usage) {
  const std::string_view single = "[]<>()|";
  std::vector<std::string_view> words;
  size_t i = 0;
  while (i < usage.size()) {
    const char c = usage[i];
    size_t end = i + 1;
    if (c != ' ' && single.find(c) == std::string_view::npos) {
      while (end < usage.size() && usage[end] != ' ' &&
             single.find(usage[end]) == std::string_view::npos)
        ++end;
    }
    if (c != ' ') words.push_back(usage.substr(i, end - i));
    i = end;
  }
  return words;
}

// Written in capitals: a word that is typed as it stands.
bool IsToken(std::string_view word) {
  const bool lower =
      std::any_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return !lower && word != "...";
}

UsageArg::Type TypeOf(std::string_view name) {
  using Type = UsageArg::Type;
  constexpr std::array<std::string_view, 30> kIntegers = {
      "seconds",      "milliseconds", "count",          "index",   "offset",        "start",
      "end",          "increment",    "decrement",      "cursor",  "port",          "slot",
      "db",           "numkeys",      "client-id",      "timeout", "start-slot",    "end-slot",
      "config-epoch", "numreplicas",  "numlocal",       "length",  "min-match-len", "len",
      "protover",     "maxage",       "destination-db", "index1",  "index2",        "bit"};
  if (name == "key" || name == "newkey" || name == "source" || name == "destination" ||
      name == "key1" || name == "key2") {
    return Type::kKey;
  }
  if (name == "pattern") return Type::kPattern;
  if (name.starts_with("unix-time")) return Type::kUnixTime;
  if (std::find(kIntegers.begin(), kIntegers.end(), name) != kIntegers.end()) return Type::kInteger;
  return Type::kString;
}

// `again` stands for one more of `first`; it may leave the token out:
// "[ID client-id [client-id ...]]".
bool Same(const UsageArg& first, const UsageArg& again) {
  return first.name == again.name && (again.token == first.token || again.token.empty());
}

class Parser {
 public:
  explicit Parser(std::string_view usage) : words_(Words(usage)) {}
  std::vector<UsageArg> Run() { return Sequence(0); }

 private:
  bool done() const { return at_ >= words_.size(); }
  std::string_view word() const { return words_[at_]; }
  bool Is(std::string_view set) const {
    return !done() && word().size() == 1 && set.find(word()[0]) != std::string_view::npos;
  }

  // Arguments side by side, up to '|' or the end of the bracket. Sets `repeats_` if "..." was their
  // last word.
  std::vector<UsageArg> Sequence(int depth) {
    std::vector<UsageArg> args;
    repeats_ = false;
    while (!done() && !Is("|") && !Is(kClosing)) {
      if (word() == "...") {
        ++at_;
        repeats_ = true;
      } else if (Is(kOpening)) {
        Bracket(depth, &args);
      } else {
        args.push_back(Word());
      }
    }
    return args;
  }

  // A word; a token takes the argument behind it along.
  UsageArg Word() {
    UsageArg arg;
    const std::string_view first = words_[at_++];
    if (!IsToken(first)) {
      arg.name = first;
      arg.type = TypeOf(first);
      return arg;
    }
    arg.token = first;
    const bool argument = !done() && !Is("|") && !Is(kOpening) && !Is(kClosing) &&
                          word() != "..." && !IsToken(word());
    if (argument) {
      arg.name = words_[at_++];
      arg.type = TypeOf(arg.name);
    } else {
      arg.name = ToLower(first);
      arg.type = UsageArg::Type::kPureToken;
    }
    return arg;
  }

  void Bracket(int depth, std::vector<UsageArg>* args) {
    const bool optional = word() == "[";
    ++at_;
    if (depth >= kDepthMax) return;  // the usage lines are ours: none is that deep
    std::vector<std::vector<UsageArg>> ways;
    bool repeats = false;
    while (true) {
      ways.push_back(Sequence(depth + 1));
      repeats |= repeats_;
      if (!Is("|")) break;
      ++at_;
    }
    if (Is(kClosing)) ++at_;
    repeats_ = false;
    if (repeats && ways.size() == 1 && Repeats(args, ways[0])) return;
    UsageArg arg = Group(std::move(ways));
    arg.optional |= optional;
    arg.multiple |= repeats;
    args->push_back(std::move(arg));
  }

  // "a b [a b ...]": no argument of its own, but more of what was there. False: it is not that.
  static bool Repeats(std::vector<UsageArg>* args, const std::vector<UsageArg>& again) {
    if (again.empty() || again.size() > args->size()) return false;
    const auto tail = args->end() - static_cast<std::ptrdiff_t>(again.size());
    if (!std::equal(tail, args->end(), again.begin(), Same)) return false;
    if (again.size() == 1) {
      tail->multiple = true;
      tail->multiple_token = !again[0].token.empty();
      return true;
    }
    UsageArg block = Block(std::vector<UsageArg>(tail, args->end()));
    block.multiple = true;
    args->erase(tail, args->end());
    args->push_back(std::move(block));
    return true;
  }

  static UsageArg Block(std::vector<UsageArg> args) {
    if (args.size() == 1) return std::move(args[0]);
    UsageArg block;
    block.type = UsageArg::Type::kBlock;
    block.name = args.empty() ? "" : args[0].name;
    if (args.size() == 2) block.name += "-" + args[1].name;
    // "<SLOT slot-id>": a pure token in front belongs to the block.
    if (!args.empty() && args[0].type == UsageArg::Type::kPureToken) block.name = args[0].name;
    block.args = std::move(args);
    return block;
  }

  static UsageArg Group(std::vector<std::vector<UsageArg>> ways) {
    if (ways.size() == 1) return Block(std::move(ways[0]));
    UsageArg group;
    group.type = UsageArg::Type::kOneOf;
    for (std::vector<UsageArg>& way : ways) {
      group.args.push_back(Block(std::move(way)));
      if (!group.name.empty()) group.name += '-';
      group.name += group.args.back().name;
    }
    return group;
  }

  const std::vector<std::string_view> words_;
  size_t at_ = 0;
  bool repeats_ = false;
};

}  // namespace

std::string_view UsageTypeName(UsageArg::Type type) {
  using Type = UsageArg::Type;
  switch (type) {
    case Type::kString:
      return "string";
    case Type::kInteger:
      return "integer";
    case Type::kDouble:
      return "double";
    case Type::kKey:
      return "key";
    case Type::kPattern:
      return "pattern";
    case Type::kUnixTime:
      return "unix-time";
    case Type::kPureToken:
      return "pure-token";
    case Type::kOneOf:
      return "oneof";
    case Type::kBlock:
      return "block";
  }
  return "string";
}

std::vector<UsageArg> ParseUsage(std::string_view usage) {
  Parser parser(usage);
  return parser.Run();
}

}  // namespace pleiad
