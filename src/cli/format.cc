// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/format.h"

#include <fmt/format.h>

#include "base/text.h"

namespace pleiad::cli {

namespace {

using resp::Reply;
using Type = resp::Reply::Type;

std::string_view EmptyName(Type type) {
  switch (type) {
    case Type::kMap:
      return "(empty hash)\n";
    case Type::kSet:
      return "(empty set)\n";
    case Type::kPush:
      return "(empty push)\n";
    default:
      return "(empty array)\n";
  }
}

bool IsAggregate(Type type) {
  return type == Type::kArray || type == Type::kMap || type == Type::kSet || type == Type::kPush;
}

std::string Tty(const Reply& reply, const std::string& indent);

// Numbered lines. The first number stands where the cursor is, the others behind `indent`.
std::string TtyItems(const Reply& reply, const std::string& indent) {
  const bool is_map = reply.type == Type::kMap;
  const size_t step = is_map ? 2 : 1;
  const size_t count = reply.items.size() / step;
  if (count == 0) return std::string(EmptyName(reply.type));
  const size_t width = std::to_string(count).size();
  const char mark = is_map ? '#' : reply.type == Type::kSet ? '~' : ')';
  const std::string deeper = indent + std::string(width + 2, ' ');
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    out += fmt::format("{}{:>{}}{} ", i == 0 ? "" : indent, i + 1, width, mark);
    const Reply& item = reply.items[i * step];
    std::string text = Tty(item, deeper);
    if (is_map) {
      if (!text.empty() && text.back() == '\n') text.pop_back();
      const Reply& value = reply.items[i * step + 1];
      text += " => ";
      const std::string value_text = Tty(value, deeper);
      const bool one_line = value_text.find('\n') + 1 == value_text.size();
      if (IsAggregate(value.type) && !one_line) text += "\n" + deeper;
      text += value_text;
    }
    out += text;
  }
  return out;
}

std::string Tty(const Reply& reply, const std::string& indent) {
  switch (reply.type) {
    case Type::kSimple:
    case Type::kVerbatim:
      return reply.text + "\n";
    case Type::kError:
      return "(error) " + reply.text + "\n";
    case Type::kInteger:
      return fmt::format("(integer) {}\n", reply.integer);
    case Type::kBulk:
      return Quoted(reply.text) + "\n";
    case Type::kNil:
      return "(nil)\n";
    case Type::kDouble:
      return "(double) " + reply.text + "\n";
    case Type::kBool:
      return reply.integer != 0 ? "(true)\n" : "(false)\n";
    case Type::kBigNumber:
      return "(big number) " + reply.text + "\n";
    case Type::kArray:
    case Type::kMap:
    case Type::kSet:
    case Type::kPush:
      return TtyItems(reply, indent);
  }
  return "";
}

std::string Raw(const Reply& reply, const std::string& delimiter) {
  switch (reply.type) {
    case Type::kError:
      return reply.text + "\n";
    case Type::kInteger:
      return std::to_string(reply.integer);
    case Type::kNil:
      return "";
    case Type::kBool:
      return reply.integer != 0 ? "(true)" : "(false)";
    default:
      break;
  }
  if (!IsAggregate(reply.type)) return reply.text;
  std::string out;
  for (size_t i = 0; i < reply.items.size(); ++i) {
    const bool is_value = reply.type == Type::kMap && i % 2 == 1;
    if (i > 0) out += is_value ? std::string(" ") : delimiter;
    out += Raw(reply.items[i], delimiter);
  }
  return out;
}

std::string Csv(const Reply& reply) {
  switch (reply.type) {
    case Type::kError:
      return "ERROR," + Quoted(reply.text);
    case Type::kSimple:
    case Type::kBulk:
    case Type::kVerbatim:
      return Quoted(reply.text);
    case Type::kInteger:
      return std::to_string(reply.integer);
    case Type::kNil:
      return "NULL";
    case Type::kBool:
      return reply.integer != 0 ? "true" : "false";
    case Type::kDouble:
    case Type::kBigNumber:
      return reply.text;
    default:
      break;
  }
  std::string out;
  for (size_t i = 0; i < reply.items.size(); ++i) {
    if (i > 0) out += ",";
    out += Csv(reply.items[i]);
  }
  return out;
}

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

// kQuotedJson: the printable escape first, without its quotes, so that binary survives as ASCII.
std::string JsonText(std::string_view text, bool quoted) {
  if (!quoted) return JsonString(text);
  const std::string escaped = Quoted(text);
  return JsonString(std::string_view(escaped).substr(1, escaped.size() - 2));
}

std::string Json(const Reply& reply, bool quoted);

// JSON wants strings as keys: anything else is quoted once more.
std::string JsonKey(const Reply& key, bool quoted) {
  const std::string json = Json(key, quoted);
  return !json.empty() && json[0] == '"' ? json : JsonString(json);
}

std::string Json(const Reply& reply, bool quoted) {
  switch (reply.type) {
    case Type::kError:
      return "error:" + JsonText(reply.text, quoted);
    case Type::kSimple:
    case Type::kBulk:
    case Type::kVerbatim:
      return JsonText(reply.text, quoted);
    case Type::kInteger:
      return std::to_string(reply.integer);
    case Type::kNil:
      return "null";
    case Type::kBool:
      return reply.integer != 0 ? "true" : "false";
    case Type::kDouble:
    case Type::kBigNumber:
      return reply.text;
    default:
      break;
  }
  const bool is_map = reply.type == Type::kMap;
  std::string out = is_map ? "{" : "[";
  for (size_t i = 0; i < reply.items.size(); ++i) {
    const bool is_key = is_map && i % 2 == 0;
    if (i > 0) out += is_map && !is_key ? ":" : ",";
    out += is_key ? JsonKey(reply.items[i], quoted) : Json(reply.items[i], quoted);
  }
  return out + (is_map ? "}" : "]");
}

}  // namespace

std::string Format(const Reply& reply, const FormatOptions& options, bool verbatim) {
  if (verbatim) return Raw(reply, options.bulk_delimiter);
  switch (options.mode) {
    case OutputMode::kTty:
      return Tty(reply, "");
    case OutputMode::kRaw:
      return Raw(reply, options.bulk_delimiter) + options.reply_delimiter;
    case OutputMode::kCsv:
      return Csv(reply) + "\n";
    case OutputMode::kJson:
      return Json(reply, false) + "\n";
    case OutputMode::kQuotedJson:
      return Json(reply, true) + "\n";
  }
  return "";
}

}  // namespace pleiad::cli
