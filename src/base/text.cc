// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/text.h"

#include <fmt/core.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace pleiad {
namespace {

char LowerChar(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = LowerChar(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Longer than any long double that the field prints (4933 digits and 17 behind the point).
constexpr size_t kFloatTextMax = 5 * 1024;

template <typename T, typename F>
std::optional<T> ParseFloating(std::string_view text, F parse) {
  if (text.empty() || text.size() > kFloatTextMax || IsSpace(text[0])) return std::nullopt;
  const std::string owned(text);
  char* end = nullptr;
  errno = 0;
  const T value = parse(owned.c_str(), &end);
  if (end != owned.c_str() + owned.size() || std::isnan(value)) return std::nullopt;
  const bool named_infinity = text.find_first_of("iI") != std::string_view::npos;
  if (errno == ERANGE && (std::isinf(value) || value == 0) && !named_infinity) return std::nullopt;
  return value;
}

// One character class "[...]" at pattern[*p] (just behind '['). Leaves *p behind the ']'.
bool MatchClass(std::string_view pattern, size_t* p, char c, bool ignore_case) {
  bool negated = false;
  bool matched = false;
  size_t i = *p;
  if (i < pattern.size() && pattern[i] == '^') {
    negated = true;
    ++i;
  }
  const auto fold = [&](char x) { return ignore_case ? LowerChar(x) : x; };
  const char folded = fold(c);
  for (; i < pattern.size() && pattern[i] != ']'; ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      ++i;
      matched |= fold(pattern[i]) == folded;
    } else if (i + 2 < pattern.size() && pattern[i + 1] == '-') {
      auto low = static_cast<unsigned char>(fold(pattern[i]));
      auto high = static_cast<unsigned char>(fold(pattern[i + 2]));
      if (low > high) std::swap(low, high);
      const auto u = static_cast<unsigned char>(folded);
      matched |= u >= low && u <= high;
      i += 2;
    } else {
      matched |= fold(pattern[i]) == folded;
    }
  }
  *p = i < pattern.size() ? i + 1 : i;
  return matched != negated;
}

// Matches one pattern element other than '*' at pattern[*p] against c and steps *p behind it.
bool MatchOne(std::string_view pattern, size_t* p, char c, bool ignore_case) {
  char element = pattern[(*p)++];
  if (element == '?') return true;
  if (element == '[') return MatchClass(pattern, p, c, ignore_case);
  if (element == '\\' && *p < pattern.size()) element = pattern[(*p)++];
  return ignore_case ? LowerChar(element) == LowerChar(c) : element == c;
}

// The escape behind a backslash inside double quotes; *i stands on the character behind the
// backslash.
char Unescape(std::string_view line, size_t* i) {
  const char c = line[*i];
  if (c == 'x' && *i + 2 < line.size()) {
    const int high = HexDigit(line[*i + 1]);
    const int low = HexDigit(line[*i + 2]);
    if (high >= 0 && low >= 0) {
      *i += 2;
      return static_cast<char>(high * 16 + low);
    }
  }
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Reads a quoted part whose opening quote stands at line[*i]; leaves *i behind the closing quote.
// False: unbalanced.
bool ReadQuoted(std::string_view line, size_t* i, std::string* out) {
  const char quote = line[(*i)++];
  for (; *i < line.size(); ++*i) {
    const char c = line[*i];
    if (c == quote) {
      ++*i;
      return *i == line.size() || IsSpace(line[*i]);
    }
    if (c == '\\' && *i + 1 < line.size() && (quote == '"' || line[*i + 1] == '\'')) {
      ++*i;
      out->push_back(quote == '"' ? Unescape(line, i) : '\'');
    } else {
      out->push_back(c);
    }
  }
  return false;
}

}  // namespace

std::optional<int64_t> ParseInt64(std::string_view text) {
  if (text.empty() || text.size() > 20) return std::nullopt;
  const size_t first = text[0] == '-' ? 1 : 0;
  if (first == text.size()) return std::nullopt;
  if (text[first] == '0' && (text.size() > 1)) return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<uint64_t> ParseUint64(std::string_view text) {
  if (text.empty() || (text[0] == '0' && text.size() > 1)) return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> ParseDouble(std::string_view text) {
  return ParseFloating<double>(text, [](const char* s, char** e) { return std::strtod(s, e); });
}

std::optional<long double> ParseLongDouble(std::string_view text) {
  return ParseFloating<long double>(text,
                                    [](const char* s, char** e) { return std::strtold(s, e); });
}

std::optional<uint64_t> ParseMemory(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const std::string unit = ToLower(text.substr(digits));
  uint64_t factor = 0;
  if (unit.empty() || unit == "b") factor = 1;
  if (unit == "k") factor = 1000;
  if (unit == "kb") factor = 1024;
  if (unit == "m") factor = 1000ULL * 1000;
  if (unit == "mb") factor = 1024ULL * 1024;
  if (unit == "g") factor = 1000ULL * 1000 * 1000;
  if (unit == "gb") factor = 1024ULL * 1024 * 1024;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (digits == 0 || factor == 0 || error != std::errc() || end != text.data() + digits) {
    return std::nullopt;
  }
  uint64_t product = 0;
  if (__builtin_mul_overflow(number, factor, &product)) return std::nullopt;
  return product;
}

std::string ToLower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = LowerChar(c);
  return out;
}

std::string ToUpper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (LowerChar(a[i]) != LowerChar(b[i])) return false;
  }
  return true;
}

bool GlobMatch(std::string_view pattern, std::string_view text, bool ignore_case) {
  size_t p = 0;
  size_t t = 0;
  size_t star_p = std::string_view::npos;  // behind the last '*' seen
  size_t star_t = 0;                       // where that '*' stops matching
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star_p = ++p;
      star_t = t;
      continue;
    }
    size_t next = p;
    if (p < pattern.size() && MatchOne(pattern, &next, text[t], ignore_case)) {
      p = next;
      ++t;
      continue;
    }
    if (star_p == std::string_view::npos) return false;
    p = star_p;
    t = ++star_t;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::optional<std::vector<std::string>> SplitArgs(std::string_view line) {
  std::vector<std::string> out;
  size_t i = 0;
  while (true) {
    while (i < line.size() && IsSpace(line[i])) ++i;
    if (i >= line.size() || line[i] == '\0') return out;
    std::string word;
    while (i < line.size() && !IsSpace(line[i]) && line[i] != '\0') {
      if (line[i] == '"' || line[i] == '\'') {
        if (!ReadQuoted(line, &i, &word)) return std::nullopt;
        break;
      }
      word.push_back(line[i++]);
    }
    out.push_back(std::move(word));
  }
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '"':
        out += "\\\"";
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
      case '\a':
        out += "\\a";
        break;
      case '\b':
        out += "\\b";
        break;
      default:
        if (c >= 0x20 && c < 0x7f) {
          out.push_back(c);
        } else {
          out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
  }
  out.push_back('"');
  return out;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  size_t start = 0;
  while (true) {
    const size_t end = text.find(separator, start);
    out.push_back(text.substr(start, end - start));
    if (end == std::string_view::npos) return out;
    start = end + 1;
  }
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace pleiad
