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
  if (value == std::floor(value) && std::fabs(value) < 1e17) {
    const auto whole = std::to_chars(out, out + size, static_cast<int64_t>(value));
    return static_cast<size_t>(whole.ptr - out);
  }
  const auto result = std::to_chars(out, out + size, value);
  return static_cast<size_t>(result.ptr - out);
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
