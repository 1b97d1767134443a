// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "resp/writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/check.h"

namespace pleiad::resp {

OutBuffer::~OutBuffer() { std::free(data_); }

void OutBuffer::Grow(size_t n) {
  const size_t want = std::max<size_t>({size_ + n, capacity_ + capacity_ / 2, 1024});
  auto* grown = static_cast<char*>(std::realloc(data_, want));
  CHECK_MSG(grown != nullptr, "out of memory");
  data_ = grown;
  capacity_ = want;
}

void OutBuffer::Consume(size_t n) {
  size_ -= n;
  if (size_ > 0) std::memmove(data_, data_ + n, size_);
}

void OutBuffer::Release() {
  std::free(data_);
  data_ = nullptr;
  size_ = capacity_ = 0;
}

void OutBuffer::Swap(OutBuffer& other) {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
}

void Writer::Simple(std::string_view text) {
  Raw("+");
  Raw(text);
  Raw("\r\n");
}

void Writer::Error(std::string_view text) {
  Raw("-");
  char* p = out_->Reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i)
    p[i] = text[i] == '\r' || text[i] == '\n' ? ' ' : text[i];
  out_->Commit(text.size());
  Raw("\r\n");
}

void Writer::BulkInteger(int64_t n) {
  char text[24];
  const auto result = std::to_chars(text, text + sizeof(text), n);
  Bulk({text, static_cast<size_t>(result.ptr - text)});
}

void Writer::Map(size_t pairs) {
  if (protocol_ == 3) {
    Head('%', static_cast<int64_t>(pairs));
  } else {
    Array(pairs * 2);
  }
}

void Writer::Set(size_t items) { Head(protocol_ == 3 ? '~' : '*', static_cast<int64_t>(items)); }
void Writer::Push(size_t items) { Head(protocol_ == 3 ? '>' : '*', static_cast<int64_t>(items)); }

namespace {

// "-d.ddde+XX", the shortest digits of a number, as the field writes them: without an exponent
// where that takes at most seven zeros, else with an exponent of no more digits than it needs.
size_t LayOutDigits(std::string_view scientific, char* out) {
  char* p = out;
  if (scientific[0] == '-') {
    *p++ = '-';
    scientific.remove_prefix(1);
  }
  const size_t e = scientific.find('e');
  char digits[24];
  int n = 0;
  for (const char c : scientific.substr(0, e)) {
    if (c != '.') digits[n++] = c;
  }
  std::string_view power = scientific.substr(e + 1);
  if (power[0] == '+') power.remove_prefix(1);
  int exponent = 0;
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  const int behind =
      exponent - n + 1;  // zeros behind the digits; negative: digits behind the point
  const auto put = [&](int from, int to) {
    std::memcpy(p, digits + from, static_cast<size_t>(to - from));
    p += to - from;
  };
  const auto zeros = [&](int count) {
    std::memset(p, '0', static_cast<size_t>(count));
    p += count;
  };
  if (behind >= 0 && exponent < n + 7) {
    put(0, n);
    zeros(behind);
  } else if (behind < 0 && (behind > -7 || std::abs(exponent) < 4)) {
    const int whole = n + behind;  // digits before the point
    if (whole > 0) {
      put(0, whole);
    } else {
      *p++ = '0';
    }
    *p++ = '.';
    if (whole < 0) zeros(-whole);
    put(std::max(whole, 0), n);
  } else {
    put(0, 1);
    if (n > 1) *p++ = '.';
    put(1, n);
    *p++ = 'e';
    *p++ = exponent < 0 ? '-' : '+';
    p = std::to_chars(p, p + 4, std::abs(exponent)).ptr;
  }
  return static_cast<size_t>(p - out);
}

}  // namespace

size_t FormatDouble(double value, char* out, size_t size) {
  if (std::isinf(value)) {
    const std::string_view text = value > 0 ? "inf" : "-inf";
    std::memcpy(out, text.data(), text.size());
    return text.size();
  }
  if (std::isnan(value)) {
    std::memcpy(out, "nan", 3);
    return 3;
  }
  if (value == 0) {
    const std::string_view text = std::signbit(value) ? "-0" : "0";
    std::memcpy(out, text.data(), text.size());
    return text.size();
  }
  constexpr double kWholeMax = 4611686018427387904.0;  // 2^62
  if (std::fabs(value) <= kWholeMax && value == std::floor(value)) {
    const auto whole = std::to_chars(out, out + size, static_cast<int64_t>(value));
    return static_cast<size_t>(whole.ptr - out);
  }
  char text[40];
  const auto end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific);
  return LayOutDigits({text, static_cast<size_t>(end.ptr - text)}, out);
}

void Writer::Double(double value) {
  char text[64];
  const std::string_view view(text, FormatDouble(value, text, sizeof(text)));
  if (protocol_ != 3) {
    Bulk(view);
    return;
  }
  Raw(",");
  Raw(view);
  Raw("\r\n");
}

void Writer::Bool(bool value) {
  if (protocol_ == 3) {
    Raw(value ? "#t\r\n" : "#f\r\n");
  } else {
    Integer(value ? 1 : 0);
  }
}

void Writer::Verbatim(std::string_view format, std::string_view text) {
  if (protocol_ != 3) {
    Bulk(text);
    return;
  }
  Head('=', static_cast<int64_t>(text.size() + 4));
  Raw(format);
  Raw(":");
  Raw(text);
  Raw("\r\n");
}

void Writer::BigNumber(std::string_view digits) {
  if (protocol_ != 3) {
    Bulk(digits);
    return;
  }
  Raw("(");
  Raw(digits);
  Raw("\r\n");
}

size_t Writer::DeferArray() {
  const size_t place = out_->size();
  return place;
}

void Writer::FillHead(size_t place, char kind, size_t n) {
  char head[32];
  head[0] = kind;
  char* p = Digits(head + 1, n);
  *p++ = '\r';
  *p++ = '\n';
  const auto size = static_cast<size_t>(p - head);
  const size_t tail = out_->size() - place;
  out_->Reserve(size);
  char* at = const_cast<char*>(out_->data()) + place;
  std::memmove(at + size, at, tail);
  std::memcpy(at, head, size);
  out_->Commit(size);
}

void Writer::FillMap(size_t place, size_t pairs) {
  FillHead(place, protocol_ == 3 ? '%' : '*', protocol_ == 3 ? pairs : pairs * 2);
}

void Writer::FillSet(size_t place, size_t items) {
  FillHead(place, protocol_ == 3 ? '~' : '*', items);
}

}  // namespace pleiad::resp
