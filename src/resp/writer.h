// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// OutBuffer: bytes on their way out. Writer: replies in RESP2 or RESP3 appended to one. A handler
// says what it means (Map, Double, Null, Push); the writer knows how each protocol says it.
// Threads: one at a time. Cost: a copy of the bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace pleiad::resp {

class OutBuffer {
 public:
  OutBuffer() = default;
  ~OutBuffer();
  OutBuffer(const OutBuffer&) = delete;
  OutBuffer& operator=(const OutBuffer&) = delete;
  OutBuffer(OutBuffer&& other) noexcept { Swap(other); }

  const char* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data_, size_}; }
  void clear() { size_ = 0; }
  void Truncate(size_t size) { size_ = size; }
  // Drops the first `n` bytes. Cost: moves the rest.
  void Consume(size_t n);
  void Release();  // frees the memory
  void Swap(OutBuffer& other);

  // Room for `n` more bytes; write there, then Commit.
  char* Reserve(size_t n) {
    if (capacity_ - size_ < n) [[unlikely]]
      Grow(n);
    return data_ + size_;
  }
  void Commit(size_t n) { size_ += n; }
  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Reserve(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }

 private:
  void Grow(size_t n);
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

class Writer {
 public:
  explicit Writer(OutBuffer* out, int protocol = 2) : out_(out), protocol_(protocol) {}

  int protocol() const { return protocol_; }
  void set_protocol(int protocol) { protocol_ = protocol; }
  OutBuffer& buffer() { return *out_; }

  void Ok() { Raw("+OK\r\n"); }
  void Simple(std::string_view text);
  // `text` with its code, without '-': "ERR syntax error". Line breaks become blanks.
  void Error(std::string_view text);
  void Integer(int64_t n) { Head(':', n); }
  void Bulk(std::string_view bytes) {
    char* p = out_->Reserve(bytes.size() + 32);
    char* const start = p;
    *p++ = '$';
    p = Digits(p, bytes.size());
    *p++ = '\r';
    *p++ = '\n';
    if (!bytes.empty()) std::memcpy(p, bytes.data(), bytes.size());  // data() may be null
    p += bytes.size();
    *p++ = '\r';
    *p++ = '\n';
    out_->Commit(static_cast<size_t>(p - start));
  }
  void BulkInteger(int64_t n);
  void Null() { Raw(protocol_ == 3 ? "_\r\n" : "$-1\r\n"); }
  void NullArray() { Raw(protocol_ == 3 ? "_\r\n" : "*-1\r\n"); }
  void Array(size_t items) { Head('*', static_cast<int64_t>(items)); }
  // `pairs` keys with a value each. RESP2: an array of 2 x pairs.
  void Map(size_t pairs);
  void Set(size_t items);
  // Out of band in RESP3, an array in RESP2.
  void Push(size_t items);
  void Attribute(size_t pairs) { Head('|', static_cast<int64_t>(pairs)); }
  // RESP2: a bulk string. Shortest text that reads back to the same number; "inf", "-inf", "nan".
  void Double(double value);
  // RESP2: integer 1 or 0.
  void Bool(bool value);
  // RESP2: a bulk string. `format` is "txt" or "mkd".
  void Verbatim(std::string_view format, std::string_view text);
  void BigNumber(std::string_view digits);
  void Raw(std::string_view bytes) { out_->Append(bytes); }

  // "*<n>\r\n" whose n is known later: remember the place, then fill it in.
  size_t DeferArray();
  void FillArray(size_t place, size_t items) { FillHead(place, '*', items); }
  // The same with Map's and Set's heads.
  void FillMap(size_t place, size_t pairs);
  void FillSet(size_t place, size_t items);

 private:
  static char* Digits(char* p, uint64_t n);
  void Head(char kind, int64_t n);
  void FillHead(size_t place, char kind, size_t n);
  OutBuffer* out_;
  int protocol_;
};

inline char* Writer::Digits(char* p, uint64_t n) {
  if (n < 10) {
    *p++ = static_cast<char>('0' + n);
    return p;
  }
  char tmp[20];
  int i = 20;
  while (n != 0) {
    tmp[--i] = static_cast<char>('0' + n % 10);
    n /= 10;
  }
  std::memcpy(p, tmp + i, static_cast<size_t>(20 - i));
  return p + (20 - i);
}

inline void Writer::Head(char kind, int64_t n) {
  char* p = out_->Reserve(32);
  char* const start = p;
  *p++ = kind;
  uint64_t magnitude = static_cast<uint64_t>(n);
  if (n < 0) {
    *p++ = '-';
    magnitude = 0 - magnitude;
  }
  p = Digits(p, magnitude);
  *p++ = '\r';
  *p++ = '\n';
  out_->Commit(static_cast<size_t>(p - start));
}

// A double as Redis 7.2 prints it: the shortest digits that read back; whole numbers up to 2^62
// without an exponent. REQUIRES: size >= 32.
size_t FormatDouble(double value, char* out, size_t size);

}  // namespace pleiad::resp
