// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "resp/request_writer.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace pleiad::resp {

namespace {

void AppendHead(char kind, size_t number, std::string* out) {
  char digits[24];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), number);
  out->push_back(kind);
  out->append(digits, end.ptr);
  out->append("\r\n");
}

template <typename Text>
void AppendAll(std::span<const Text> args, std::string* out) {
  CHECK(!args.empty());
  size_t bytes = 16;
  for (const Text& arg : args) bytes += arg.size() + 16;
  // Doubling must survive: reserve() to the exact size on every call of a long pipeline would copy
  // it each time.
  if (out->capacity() - out->size() < bytes)
    out->reserve(std::max(out->size() + bytes, out->capacity() * 2));
  AppendHead('*', args.size(), out);
  for (const Text& arg : args) {
    AppendHead('$', arg.size(), out);
    out->append(arg);
    out->append("\r\n");
  }
}

}  // namespace

void AppendRequest(std::span<const std::string> args, std::string* out) { AppendAll(args, out); }

void AppendRequest(std::span<const std::string_view> args, std::string* out) {
  AppendAll(args, out);
}

void AppendRequest(std::initializer_list<std::string_view> args, std::string* out) {
  AppendAll(std::span<const std::string_view>(args.begin(), args.size()), out);
}

}  // namespace pleiad::resp
