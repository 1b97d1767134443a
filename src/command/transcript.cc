// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/transcript.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "resp/reply_parser.h"

namespace pleiad {
namespace {

using resp::Reply;

constexpr UnixMs kNow(1'700'000'000'000);
constexpr MonoMs kMonoNow(1'000'000);
constexpr std::string_view kAnything = "...";

// The text of a comment line; nullopt if the line is none.
std::optional<std::string_view> CommentText(std::string_view line) {
  const size_t start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos || line.substr(start, 2) != "//") return std::nullopt;
  line.remove_prefix(start + 2);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

void AppendItems(const Reply& reply, const std::string& indent, bool raw, std::string* out);

// `indent` stands before all lines but the first: the caller has written what stands there.
void AppendReply(const Reply& reply, const std::string& indent, bool raw, std::string* out) {
  switch (reply.type) {
    case Reply::Type::kSimple:
    case Reply::Type::kVerbatim:
    case Reply::Type::kBigNumber:
      *out += reply.text;
      break;
    case Reply::Type::kError:
      *out += "(error) " + reply.text;
      break;
    case Reply::Type::kInteger:
      *out += fmt::format("(integer) {}", reply.integer);
      break;
    case Reply::Type::kBulk:
      *out += raw ? reply.text : Quoted(reply.text);
      break;
    case Reply::Type::kNil:
      *out += "(nil)";
      break;
    case Reply::Type::kDouble:
      *out += "(double) " + reply.text;
      break;
    case Reply::Type::kBool:
      *out += reply.integer != 0 ? "(true)" : "(false)";
      break;
    case Reply::Type::kArray:
    case Reply::Type::kMap:
    case Reply::Type::kSet:
    case Reply::Type::kPush:
      AppendItems(reply, indent, raw, out);
      return;
  }
  if (!out->ends_with('\n')) *out += '\n';  // texts printed raw may bring their own
}

void AppendItems(const Reply& reply, const std::string& indent, bool raw, std::string* out) {
  const bool map = reply.type == Reply::Type::kMap;
  const bool set = reply.type == Reply::Type::kSet;
  if (reply.items.empty()) {
    const bool push = reply.type == Reply::Type::kPush;
    *out += map    ? "(empty hash)\n"
            : set  ? "(empty set)\n"
            : push ? "(empty push)\n"
                   : "(empty array)\n";
    return;
  }
  const size_t step = map ? 2 : 1;
  const char mark = map ? '#' : set ? '~' : ')';
  const size_t width = std::to_string(reply.items.size() / step).size();
  const std::string inner = indent + std::string(width + 2, ' ');
  for (size_t i = 0; i < reply.items.size(); i += step) {
    *out += fmt::format("{}{:>{}}{} ", i == 0 ? "" : indent, i / step + 1, width, mark);
    AppendReply(reply.items[i], inner, raw, out);
    if (!map || i + 1 == reply.items.size()) continue;
    out->pop_back();
    *out += " => ";
    AppendReply(reply.items[i + 1], inner, raw, out);
  }
}

// The commands whose strings redis-cli prints without quotes.
bool PrintsRaw(const std::vector<std::string>& words) {
  static constexpr std::string_view kRaw[] = {
      "info",        "lolwut",        "cluster nodes",  "cluster info",  "client list",
      "client info", "latency graph", "latency doctor", "memory doctor", "memory malloc-stats"};
  const std::string one = ToLower(words[0]);
  const std::string two = words.size() > 1 ? one + ' ' + ToLower(words[1]) : one;
  return std::any_of(std::begin(kRaw), std::end(kRaw),
                     [&](std::string_view w) { return w == one || w == two; });
}

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string> ReplyLines(std::string_view bytes, bool raw) {
  resp::ReplyParser parser;
  parser.Feed(bytes);
  std::string text;
  for (;;) {
    auto next = parser.Next();
    if (!next.ok()) return {"(not RESP: " + next.message() + ")"};
    if (!next->has_value()) break;
    text += FormatReply(**next, raw);
  }
  if (!parser.idle()) text += "(half a reply)\n";
  return Lines(text);
}

}  // namespace

std::vector<Transcript> ParseTranscripts(std::string_view source) {
  std::vector<Transcript> transcripts;
  Transcript block;
  bool in_reply = false;
  int number = 0;
  for (const std::string_view line : Split(source, '\n')) {
    ++number;
    const auto text = CommentText(line);
    if (!text.has_value() || text->empty()) in_reply = false;
    if (!text.has_value()) {
      if (!block.steps.empty()) transcripts.push_back(std::move(block));
      block = {};
    } else if (text->starts_with("> ")) {
      block.steps.push_back({number, std::string(text->substr(2)), {}});
      in_reply = true;
    } else if (in_reply) {
      block.steps.back().reply.emplace_back(*text);
    }
  }
  if (!block.steps.empty()) transcripts.push_back(std::move(block));
  return transcripts;
}

std::string FormatReply(const Reply& reply, bool raw) {
  std::string out;
  AppendReply(reply, "", raw, &out);
  return out;
}

bool TranscriptLineMatches(std::string_view expected, std::string_view text) {
  size_t mark = expected.find(kAnything);
  if (mark == std::string_view::npos) return expected == text;
  if (!text.starts_with(expected.substr(0, mark))) return false;
  text.remove_prefix(mark);
  expected.remove_prefix(mark + kAnything.size());
  // Each part between marks is taken where it comes first, the last one at the end.
  while ((mark = expected.find(kAnything)) != std::string_view::npos) {
    const size_t at = text.find(expected.substr(0, mark));
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + mark);
    expected.remove_prefix(mark + kAnything.size());
  }
  return text.ends_with(expected);
}

bool TranscriptReplyMatches(const std::vector<std::string>& expected,
                            const std::vector<std::string>& lines) {
  const bool open = !expected.empty() && expected.back() == kAnything;
  if (open ? lines.size() < expected.size() : lines.size() != expected.size()) return false;
  return std::equal(expected.begin(), expected.end(), lines.begin(), TranscriptLineMatches);
}

std::string RunTranscript(const Transcript& transcript, Engine* engine, Dispatcher* dispatcher) {
  ClientState client;
  client.id = 1;
  client.created = client.last_interaction = kMonoNow;
  std::string diff;
  for (const TranscriptStep& step : transcript.steps) {
    const auto words = SplitArgs(step.command);
    if (!words.has_value() || words->empty()) {
      diff += fmt::format("{}: > {}\n  no command: unbalanced quotes?\n", step.line, step.command);
      continue;
    }
    const std::vector<std::string_view> args(words->begin(), words->end());
    resp::OutBuffer out;
    engine->keyspace.Enter(dispatcher->thread());
    dispatcher->RunOne(args, &client, &out, kNow, kMonoNow);
    engine->keyspace.Leave(dispatcher->thread());
    const std::vector<std::string> lines = ReplyLines(out.view(), PrintsRaw(*words));
    if (TranscriptReplyMatches(step.reply, lines)) continue;
    diff += fmt::format("{}: > {}\n", step.line, step.command);
    for (const std::string& line : step.reply) diff += fmt::format("- {}\n", line);
    for (const std::string& line : lines) diff += fmt::format("+ {}\n", line);
  }
  return diff;
}

}  // namespace pleiad
