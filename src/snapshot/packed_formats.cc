// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/packed_formats.h"

#include <charconv>
#include <cstring>

#include "base/check.h"
#include "base/text.h"

namespace pleiad {
namespace {

// ---- Listpack ----------------------------------------------------------------------------------
//
// | bytes 4 LE | count 2 LE | element ... | 0xff |
// element: | head | string bytes or integer | back length 1..5 |

constexpr size_t kListpackEnd = 0xff;
constexpr uint8_t kListpackString32 = 0xf0;
constexpr uint8_t kListpackInt16 = 0xf1;
constexpr uint8_t kListpackInt24 = 0xf2;
constexpr uint8_t kListpackInt32 = 0xf3;
constexpr uint8_t kListpackInt64 = 0xf4;

uint8_t ByteAt(std::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

// `size` (1..8) bytes, little endian. REQUIRES: they are there.
uint64_t LittleEndianAt(std::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value |= uint64_t{ByteAt(bytes, at + i)} << (8 * i);
  return value;
}

// The same, with the sign of its top bit.
int64_t SignedAt(std::string_view bytes, size_t at, size_t size) {
  const unsigned unused = static_cast<unsigned>(64 - 8 * size);
  return static_cast<int64_t>(LittleEndianAt(bytes, at, size) << unused) >> unused;
}

void AppendPackedLittleEndian(std::string* out, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

// Bytes of the back length of an element of `size` bytes. The bounds are the field's own: one less
// than would fit.
size_t BacklenSize(size_t size) {
  if (size <= 127) return 1;
  if (size < 16383) return 2;
  if (size < 2097151) return 3;
  if (size < 268435455) return 4;
  return 5;
}

// Byte `i` of `n` of a back length: 7 bits each, the most significant first, and all but the first
// with the top bit set, so that it can be read from behind.
uint8_t BacklenByte(size_t size, size_t i, size_t n) {
  const uint64_t bits = (uint64_t{size} >> (7 * (n - 1 - i))) & 127;
  return static_cast<uint8_t>(i == 0 ? bits : bits | 128);
}

// Head of an element: how many bytes it and what follows it have.
struct ListpackHead {
  size_t head = 0;
  size_t payload = 0;  // bytes behind the head
  bool is_integer = false;
};

// False: not a head. `bytes` has at least one byte at `at`; a head that is cut off gives a `head`
// that does not fit, which the caller checks.
bool ParseListpackHead(std::string_view bytes, size_t at, ListpackHead* out) {
  const uint8_t first = ByteAt(bytes, at);
  const size_t left = bytes.size() - at;
  if (first < 0x80) {
    *out = {1, 0, true};
  } else if (first < 0xc0) {
    *out = {1, size_t{first} & 63, false};
  } else if (first < 0xe0) {
    *out = {2, 0, true};
  } else if (first < 0xf0) {
    *out = {2, 0, false};
    if (left >= 2) out->payload = ((size_t{first} & 15) << 8) | ByteAt(bytes, at + 1);
  } else if (first == kListpackString32) {
    *out = {5, 0, false};
    if (left >= 5) out->payload = LittleEndianAt(bytes, at + 1, 4);
  } else if (first >= kListpackInt16 && first <= kListpackInt64) {
    constexpr size_t kSizes[] = {2, 3, 4, 8};
    *out = {1, kSizes[first - kListpackInt16], true};
  } else {
    return false;
  }
  return true;
}

int64_t ListpackIntegerAt(std::string_view bytes, size_t at, const ListpackHead& head) {
  const uint8_t first = ByteAt(bytes, at);
  if (first < 0x80) return first;
  if (head.head == 2) {  // 13 bits with a sign
    const int value = ((first & 31) << 8) | ByteAt(bytes, at + 1);
    return value >= 4096 ? value - 8192 : value;
  }
  return SignedAt(bytes, at + 1, head.payload);
}

}  // namespace

std::string_view ListpackElement::Text(char (&buffer)[24]) const {
  if (!is_integer) return text;
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), integer);
  return {buffer, static_cast<size_t>(end.ptr - buffer)};
}

Status ListpackReader::Open() {
  if (bytes_.size() < kHeader + 1) return Error{"a listpack is shorter than its header"};
  if (LittleEndianAt(bytes_, 0, 4) != bytes_.size()) {
    return Error{"a listpack's header tells another size"};
  }
  if (ByteAt(bytes_, bytes_.size() - 1) != kListpackEnd) {
    return Error{"a listpack does not end with its terminator"};
  }
  header_count_ = LittleEndianAt(bytes_, 4, 2);
  return Status::Ok();
}

Status ListpackReader::Next(ListpackElement* element) {
  const size_t end = bytes_.size() - 1;  // the terminator
  if (position_ >= end) return Error{"a listpack has fewer elements than expected"};
  ListpackHead head;
  if (!ParseListpackHead(bytes_, position_, &head)) {
    return Error{"a listpack's element has an unknown encoding"};
  }
  const size_t size = head.head + head.payload;  // at most 5 + 2^32 - 1
  const size_t backlen = BacklenSize(size);
  if (size + backlen > end - position_) return Error{"a listpack's element runs over its end"};
  for (size_t i = 0; i < backlen; ++i) {
    if (ByteAt(bytes_, position_ + size + i) != BacklenByte(size, i, backlen)) {
      return Error{"a listpack's element has a wrong back length"};
    }
  }
  element->is_integer = head.is_integer;
  if (head.is_integer) {
    element->integer = ListpackIntegerAt(bytes_, position_, head);
    element->text = {};
  } else {
    element->text = bytes_.substr(position_ + head.head, head.payload);
  }
  position_ += size + backlen;
  ++count_;
  return Status::Ok();
}

Status ListpackReader::NextInteger(int64_t* integer) {
  ListpackElement element;
  if (Status s = Next(&element); !s.ok()) return s;
  if (element.is_integer) {
    *integer = element.integer;
    return Status::Ok();
  }
  const std::optional<int64_t> parsed = ParseInt64(element.text);
  if (!parsed) return Error{"a listpack's element should be a number"};
  *integer = *parsed;
  return Status::Ok();
}

Status ListpackReader::Finish() const {
  if (!at_end()) return Error{"a listpack has more elements than expected"};
  if (header_count_ != kCountUnknown && header_count_ != count_) {
    return Error{"a listpack's header tells another count"};
  }
  return Status::Ok();
}

Status ForEachListpack(std::string_view bytes, const PackedElementSink& f) {
  ListpackReader reader(bytes);
  if (Status s = reader.Open(); !s.ok()) return s;
  char buffer[24];
  ListpackElement element;
  while (!reader.at_end()) {
    if (Status s = reader.Next(&element); !s.ok()) return s;
    if (Status s = f(element.Text(buffer)); !s.ok()) return s;
  }
  return reader.Finish();
}

void ListpackBuilder::AppendBacklen(size_t size) {
  const size_t n = BacklenSize(size);
  for (size_t i = 0; i < n; ++i) bytes_.push_back(static_cast<char>(BacklenByte(size, i, n)));
  ++count_;
}

void ListpackBuilder::Append(std::string_view element) {
  if (element.size() <= 20) {
    if (const std::optional<int64_t> value = ParseInt64(element); value) {
      return AppendInteger(*value);
    }
  }
  const size_t before = bytes_.size();
  const size_t size = element.size();
  if (size < 64) {
    bytes_.push_back(static_cast<char>(0x80 | size));
  } else if (size < 4096) {
    bytes_.push_back(static_cast<char>(0xe0 | (size >> 8)));
    bytes_.push_back(static_cast<char>(size & 0xff));
  } else {
    bytes_.push_back(static_cast<char>(kListpackString32));
    AppendPackedLittleEndian(&bytes_, size, 4);
  }
  bytes_.append(element);
  AppendBacklen(bytes_.size() - before);
}

void ListpackBuilder::AppendInteger(int64_t value) {
  const size_t before = bytes_.size();
  const auto bits = static_cast<uint64_t>(value);
  const auto fits = [value](int n) {
    return value >= -(int64_t{1} << (n - 1)) && value < (int64_t{1} << (n - 1));
  };
  if (value >= 0 && value <= 127) {
    bytes_.push_back(static_cast<char>(value));
  } else if (fits(13)) {
    bytes_.push_back(static_cast<char>(0xc0 | ((bits >> 8) & 31)));
    bytes_.push_back(static_cast<char>(bits & 0xff));
  } else {
    const uint8_t head = fits(16)   ? kListpackInt16
                         : fits(24) ? kListpackInt24
                         : fits(32) ? kListpackInt32
                                    : kListpackInt64;
    const size_t size = fits(16) ? 2 : fits(24) ? 3 : fits(32) ? 4 : 8;
    bytes_.push_back(static_cast<char>(head));
    AppendPackedLittleEndian(&bytes_, bits, size);
  }
  AppendBacklen(bytes_.size() - before);
}

std::string ListpackBuilder::Finish() {
  bytes_.push_back(static_cast<char>(kListpackEnd));
  const size_t size = bytes_.size();
  CHECK(size <= UINT32_MAX);
  const size_t count =
      count_ < ListpackReader::kCountUnknown ? count_ : ListpackReader::kCountUnknown;
  for (size_t i = 0; i < 4; ++i) bytes_[i] = static_cast<char>(size >> (8 * i));
  for (size_t i = 0; i < 2; ++i) bytes_[4 + i] = static_cast<char>(count >> (8 * i));
  std::string done = std::move(bytes_);
  *this = ListpackBuilder();
  return done;
}

// ---- Ziplist -----------------------------------------------------------------------------------
//
// | bytes 4 LE | offset of the last entry 4 LE | count 2 LE | entry ... | 0xff |
// entry: | size of the entry before 1, or 0xfe and 4 LE | head | string bytes or integer |

namespace {

constexpr size_t kZiplistHeader = 10;
constexpr size_t kZiplistCountUnknown = 65535;

struct ZiplistEntry {
  size_t previous = 0;  // size of the entry before, as it says
  size_t size = 0;      // of all of it
  ListpackElement element;
};

// What is behind the link back. `at` is where the head begins, `end` where the terminator is.
Status ParseZiplistPayload(std::string_view bytes, size_t at, size_t end, size_t* size,
                           ListpackElement* element) {
  const Error over{"a ziplist's entry runs over its end"};
  if (at >= end) return over;
  const size_t left = end - at;
  const uint8_t first = ByteAt(bytes, at);
  if (first < 0xc0) {
    const size_t head = first < 0x40 ? 1 : first < 0x80 ? 2 : 5;
    if (left < head) return over;
    size_t length = first & 63;
    if (head == 2) length = (length << 8) | ByteAt(bytes, at + 1);
    if (head == 5) {  // the one number that is big endian
      length = 0;
      for (size_t i = 1; i < 5; ++i) length = (length << 8) | ByteAt(bytes, at + i);
    }
    if (length > left - head) return over;
    *element = {false, 0, bytes.substr(at + head, length)};
    *size = head + length;
    return Status::Ok();
  }
  if (first >= 0xf1 && first <= 0xfd) {
    *element = {true, int64_t{first} - 0xf1, {}};
    *size = 1;
    return Status::Ok();
  }
  const size_t width = first == 0xc0   ? 2
                       : first == 0xd0 ? 4
                       : first == 0xe0 ? 8
                       : first == 0xf0 ? 3
                       : first == 0xfe ? 1
                                       : 0;
  if (width == 0) return Error{"a ziplist's entry has an unknown encoding"};
  if (width > left - 1) return over;
  *element = {true, SignedAt(bytes, at + 1, width), {}};
  *size = 1 + width;
  return Status::Ok();
}

Status ParseZiplistEntry(std::string_view bytes, size_t at, size_t end, ZiplistEntry* entry) {
  size_t head = 1;
  entry->previous = ByteAt(bytes, at);
  if (entry->previous == 0xfe) {
    head = 5;
    if (end - at < head) return Error{"a ziplist's entry runs over its end"};
    entry->previous = LittleEndianAt(bytes, at + 1, 4);
  } else if (entry->previous == 0xff) {
    return Error{"a ziplist has its terminator before its end"};
  }
  size_t payload = 0;
  Status s = ParseZiplistPayload(bytes, at + head, end, &payload, &entry->element);
  entry->size = head + payload;
  return s;
}

}  // namespace

Status ForEachZiplist(std::string_view bytes, const PackedElementSink& f) {
  if (bytes.size() < kZiplistHeader + 1) return Error{"a ziplist is shorter than its header"};
  if (LittleEndianAt(bytes, 0, 4) != bytes.size()) {
    return Error{"a ziplist's header tells another size"};
  }
  const size_t end = bytes.size() - 1;
  if (ByteAt(bytes, end) != 0xff) return Error{"a ziplist does not end with its terminator"};
  const size_t last = LittleEndianAt(bytes, 4, 4);
  const size_t header_count = LittleEndianAt(bytes, 8, 2);
  size_t previous = 0;
  size_t count = 0;
  char buffer[24];
  for (size_t at = kZiplistHeader; at < end; ++count) {
    ZiplistEntry entry;
    if (Status s = ParseZiplistEntry(bytes, at, end, &entry); !s.ok()) return s;
    if (entry.previous != previous) return Error{"a ziplist's entry has a wrong link back"};
    if (Status s = f(entry.element.Text(buffer)); !s.ok()) return s;
    previous = entry.size;
    at += entry.size;
  }
  if (last != end - previous) return Error{"a ziplist's header has a wrong last entry"};
  if (header_count != kZiplistCountUnknown && header_count != count) {
    return Error{"a ziplist's header tells another count"};
  }
  return Status::Ok();
}

// ---- Zipmap ------------------------------------------------------------------------------------
//
// | pairs 1 (254, 255: unknown) | field size | field | value size | unused 1 | value | unused bytes
// | ... | 0xff |; a size is 1 byte, or 0xfe and 4 LE

Status ForEachZipmap(std::string_view bytes, const PackedElementSink& f) {
  if (bytes.size() < 2) return Error{"a zipmap is shorter than its header"};
  const size_t end = bytes.size() - 1;
  if (ByteAt(bytes, end) != 0xff) return Error{"a zipmap does not end with its terminator"};
  const Error over{"a zipmap's element runs over its end"};
  size_t at = 1;
  size_t elements = 0;
  while (at < end) {
    size_t size = ByteAt(bytes, at++);
    if (size == 0xff) return Error{"a zipmap has its terminator before its end"};
    if (size == 0xfe) {
      if (end - at < 4) return over;
      size = LittleEndianAt(bytes, at, 4);
      at += 4;
    }
    size_t unused = 0;
    if (elements % 2 == 1) {  // a value
      if (at >= end) return over;
      unused = ByteAt(bytes, at++);
    }
    if (size > end - at || unused > end - at - size) return over;
    if (Status s = f(bytes.substr(at, size)); !s.ok()) return s;
    at += size + unused;
    ++elements;
  }
  if (elements % 2 != 0) return Error{"a zipmap has a field without a value"};
  const uint8_t pairs = ByteAt(bytes, 0);
  if (pairs < 254 && pairs != elements / 2) return Error{"a zipmap's header tells another count"};
  return Status::Ok();
}

// ---- Intset ------------------------------------------------------------------------------------
//
// | bytes of a value 4 LE: 2, 4 or 8 | count 4 LE | values, little endian, ascending |

Status ForEachIntset(std::string_view bytes, const std::function<Status(int64_t)>& f) {
  constexpr size_t kHeader = 8;
  if (bytes.size() < kHeader) return Error{"an intset is shorter than its header"};
  const size_t width = LittleEndianAt(bytes, 0, 4);
  if (width != 2 && width != 4 && width != 8) {
    return Error{"an intset's values have an unknown size"};
  }
  const uint64_t count = LittleEndianAt(bytes, 4, 4);
  if (bytes.size() - kHeader != count * width) {
    return Error{"an intset's header tells another count"};
  }
  int64_t before = 0;
  for (size_t at = kHeader; at < bytes.size(); at += width) {
    const int64_t value = SignedAt(bytes, at, width);
    if (at != kHeader && value <= before) return Error{"an intset's values are not ascending"};
    before = value;
    if (Status s = f(value); !s.ok()) return s;
  }
  return Status::Ok();
}

std::string BuildIntset(std::span<const int64_t> values) {
  size_t width = 2;
  for (const int64_t value : values) {
    if (value < INT32_MIN || value > INT32_MAX) {
      width = 8;
      break;
    }
    if (value < INT16_MIN || value > INT16_MAX) width = 4;
  }
  std::string out;
  out.reserve(8 + values.size() * width);
  AppendPackedLittleEndian(&out, width, 4);
  AppendPackedLittleEndian(&out, values.size(), 4);
  for (size_t i = 0; i < values.size(); ++i) {
    CHECK(i == 0 || values[i - 1] < values[i]);
    AppendPackedLittleEndian(&out, static_cast<uint64_t>(values[i]), width);
  }
  return out;
}

}  // namespace pleiad
