// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/stream_node.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>

#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"

namespace pleiad {
namespace {

// Listpack: | bytes 4 | elements 2 | element ... | 255 |, all little endian.
constexpr size_t kListpackHead = 6;
constexpr unsigned char kListpackEnd = 255;
constexpr uint32_t kListpackUnknown = 65535;  // count the elements yourself
constexpr size_t kIntegerTextBytes = 20;

// First bytes of elements.
constexpr unsigned char kString6 = 0x80;    // | 6 bits of length
constexpr unsigned char kInteger13 = 0xc0;  // | 5 bits, then 8
constexpr unsigned char kString12 = 0xe0;   // | 4 bits of length, then 8
constexpr unsigned char kString32 = 0xf0;   // then 4 bytes of length
constexpr unsigned char kInteger16 = 0xf1;
constexpr unsigned char kInteger24 = 0xf2;
constexpr unsigned char kInteger32 = 0xf3;
constexpr unsigned char kInteger64 = 0xf4;

unsigned char ByteAt(const char* p) { return static_cast<unsigned char>(*p); }

// Bytes that say how long an element of `bytes` is, behind it: seven bits each, the last byte
// first. (The bounds are one short of what would fit; readers depend on it.)
size_t StreamBackSize(size_t bytes) {
  if (bytes <= 127) return 1;
  if (bytes < 16383) return 2;
  if (bytes < 2097151) return 3;
  if (bytes < 268435455) return 4;
  return 5;
}

char* WriteStreamBack(char* p, size_t bytes) {
  const size_t size = StreamBackSize(bytes);
  for (size_t i = size; i-- > 0;) {
    p[i] = static_cast<char>((bytes & 127) | (i == 0 ? 0 : 128));
    bytes >>= 7;
  }
  return p + size;
}

// The length that ends right before `p`.
size_t ReadStreamBack(const char* p, size_t* size) {
  size_t bytes = 0;
  *size = 0;
  unsigned char byte;
  do {
    byte = ByteAt(p - 1 - *size);
    bytes |= static_cast<size_t>(byte & 127) << (7 * *size);
    ++*size;
  } while (byte & 128);
  return bytes;
}

// Bytes of an integer without the length behind.
size_t StreamIntegerSize(int64_t n) {
  if (n >= 0 && n <= 127) return 1;
  if (n >= -4096 && n <= 4095) return 2;
  if (n >= -32768 && n <= 32767) return 3;
  if (n >= -8388608 && n <= 8388607) return 4;
  if (n >= std::numeric_limits<int32_t>::min() && n <= std::numeric_limits<int32_t>::max())
    return 5;
  return 9;
}

char* WriteStreamInteger(char* p, int64_t n) {
  const size_t size = StreamIntegerSize(n);
  const auto bits = static_cast<uint64_t>(n);
  switch (size) {
    case 1:
      *p++ = static_cast<char>(n);
      break;
    case 2:
      *p++ = static_cast<char>(kInteger13 | ((bits >> 8) & 31));
      *p++ = static_cast<char>(bits & 255);
      break;
    default: {
      constexpr unsigned char kHead[] = {0, 0, 0, kInteger16, kInteger24, kInteger32};
      *p++ = static_cast<char>(size == 9 ? kInteger64 : kHead[size]);
      for (size_t i = 0; i + 1 < size; ++i) *p++ = static_cast<char>((bits >> (8 * i)) & 255);
    }
  }
  return WriteStreamBack(p, size);
}

size_t StreamStringHead(size_t bytes) { return bytes < 64 ? 1 : bytes < 4096 ? 2 : 5; }

// At most so many bytes are written for `text`.
size_t StreamStringBound(size_t bytes) {
  const size_t size = StreamStringHead(bytes) + bytes;
  return size + StreamBackSize(size);
}

char* WriteStreamString(char* p, std::string_view text) {
  if (!text.empty() && text.size() <= kIntegerTextBytes &&
      (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'))) {
    if (const auto number = ParseInt64(text)) return WriteStreamInteger(p, *number);
  }
  const size_t bytes = text.size();
  if (bytes < 64) {
    *p++ = static_cast<char>(kString6 | bytes);
  } else if (bytes < 4096) {
    *p++ = static_cast<char>(kString12 | (bytes >> 8));
    *p++ = static_cast<char>(bytes & 255);
  } else {
    *p++ = static_cast<char>(kString32);
    const auto length = static_cast<uint32_t>(bytes);
    std::memcpy(p, &length, 4);
    p += 4;
  }
  if (bytes != 0) std::memcpy(p, text.data(), bytes);
  return WriteStreamBack(p + bytes, StreamStringHead(bytes) + bytes);
}

// Bytes before the payload, and all without the length behind. Zero: not an element. Reads at most
// `left` bytes.
size_t StreamElementSize(const char* p, size_t left, size_t* head) {
  if (left == 0) return 0;
  const unsigned char first = ByteAt(p);
  *head = 1;
  if (first < 128) return 1;
  if (first < kInteger13) return 1 + (first & 63U);
  if (first < kString12) return 2;
  if (first < kString32) {
    *head = 2;
    return left < 2 ? 0 : 2 + ((first & 15U) << 8 | ByteAt(p + 1));
  }
  switch (first) {
    case kString32: {
      if (left < 5) return 0;
      uint32_t length;
      std::memcpy(&length, p + 1, 4);
      *head = 5;
      return 5 + static_cast<size_t>(length);
    }
    case kInteger16:
      return 3;
    case kInteger24:
      return 4;
    case kInteger32:
      return 5;
    case kInteger64:
      return 9;
    default:
      return 0;
  }
}

int64_t SignedLittleEndian(const char* p, size_t bytes) {
  uint64_t bits = 0;
  for (size_t i = 0; i < bytes; ++i) bits |= static_cast<uint64_t>(ByteAt(p + i)) << (8 * i);
  const size_t shift = 64 - 8 * bytes;
  return static_cast<int64_t>(bits << shift) >> shift;
}

const char* SkipStreamElements(const char* p, uint64_t n) {
  size_t head;
  while (n-- > 0) {
    const size_t size = StreamElementSize(p, std::numeric_limits<size_t>::max(), &head);
    p += size + StreamBackSize(size);
  }
  return p;
}

const char* ReadStreamInteger(const char* p, int64_t* n) {
  StreamElement element;
  p = ReadStreamElement(p, &element);
  *n = element.number;
  return p;
}

// A walk over bytes from outside. Each step checks that the element is whole, that its length
// stands behind it, and that it is followed by something.
class UntrustedElements {
 public:
  UntrustedElements(const char* p, const char* end) : p_(p), end_(end) {}
  const char* at() const { return p_; }
  bool done() const { return p_ == end_; }
  bool Any(StreamElement* element) {
    const auto left = static_cast<size_t>(end_ - p_);
    size_t head;
    const size_t size = StreamElementSize(p_, left, &head);
    if (size == 0 || size >= left || StreamBackSize(size) > left - size) return false;
    char back[8];
    WriteStreamBack(back, size);
    if (std::memcmp(back, p_ + size, StreamBackSize(size)) != 0) return false;
    p_ = ReadStreamElement(p_, element);
    ++elements_;
    return true;
  }
  // An integer in [min, max].
  bool Number(int64_t* n, int64_t min = std::numeric_limits<int64_t>::min(),
              int64_t max = std::numeric_limits<int64_t>::max()) {
    StreamElement element;
    if (!Any(&element) || !element.is_number) return false;
    *n = element.number;
    return *n >= min && *n <= max;
  }
  bool Skip(int64_t n) {
    StreamElement element;
    while (n-- > 0) {
      if (!Any(&element)) return false;
    }
    return true;
  }
  uint32_t elements() const { return elements_; }

 private:
  const char* p_;
  const char* const end_;
  uint32_t elements_ = 0;
};

}  // namespace

const char* ReadStreamElement(const char* p, StreamElement* element) {
  size_t head;
  const size_t size = StreamElementSize(p, std::numeric_limits<size_t>::max(), &head);
  const unsigned char first = ByteAt(p);
  element->is_number = true;
  if (first < 128) {
    element->number = first;
  } else if (first < kInteger13 || (first >= kString12 && first <= kString32)) {
    element->is_number = false;
    element->text = {p + head, size - head};
  } else if (first < kString12) {
    const int64_t bits = (first & 31) << 8 | ByteAt(p + 1);
    element->number = bits < 4096 ? bits : bits - 8192;
  } else {
    element->number = SignedLittleEndian(p + 1, size - 1);
  }
  return p + size + StreamBackSize(size);
}

StreamNode* StreamNode::Reserve(StreamNode* node, size_t bytes) {
  if (node != nullptr && node->capacity_ >= bytes) return node;
  const size_t wanted = node == nullptr ? bytes : std::max(bytes, node->size_ + node->size_ / 2UL);
  node =
      static_cast<StreamNode*>(std::realloc(static_cast<void*>(node), sizeof(StreamNode) + wanted));
  CHECK(node != nullptr);
  node->capacity_ = static_cast<uint32_t>(AllocationSize(node) - sizeof(StreamNode));
  return node;
}

StreamNode* StreamNode::Create(std::span<const std::string_view> pairs) {
  size_t names_bytes = 0;
  size_t values_bytes = 0;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    names_bytes += StreamStringBound(pairs[i].size());
    values_bytes += StreamStringBound(pairs[i + 1].size());
  }
  constexpr size_t kFrame = 10;  // flags, deltas, count of a first entry
  StreamNode* const node = Reserve(nullptr, names_bytes + values_bytes + kFrame);
  char* p = node->data();
  for (size_t i = 0; i < pairs.size(); i += 2) p = WriteStreamString(p, pairs[i]);
  node->size_ = node->names_bytes_ = static_cast<uint32_t>(p - node->data());
  node->names_ = node->elements_ = static_cast<uint32_t>(pairs.size() / 2);
  node->count_ = node->deleted_ = 0;
  return node;
}

void StreamNode::Free(StreamNode* node) { std::free(node); }

StreamNode* StreamNode::Clone(const StreamNode& node) {
  auto* const copy = static_cast<StreamNode*>(std::malloc(sizeof(StreamNode) + node.size_));
  CHECK(copy != nullptr);
  std::memcpy(static_cast<void*>(copy), &node, sizeof(StreamNode) + node.size_);
  copy->capacity_ = node.size_;
  return copy;
}

StreamNode* StreamNode::Shrink(StreamNode* node) {
  constexpr uint32_t kSlack = 64;  // less is not worth a copy
  if (node->capacity_ - node->size_ < kSlack) return node;
  node = static_cast<StreamNode*>(
      std::realloc(static_cast<void*>(node), sizeof(StreamNode) + node->size_));
  CHECK(node != nullptr);
  node->capacity_ = node->size_;
  return node;
}

bool StreamNode::SameFields(std::span<const std::string_view> pairs) const {
  if (pairs.size() / 2 != names_) return false;
  const char* p = data();
  char digits[24];
  for (size_t i = 0; i < pairs.size(); i += 2) {
    StreamElement name;
    p = ReadStreamElement(p, &name);
    if (name.Bytes(digits) != pairs[i]) return false;
  }
  return true;
}

StreamNode* StreamNode::Append(StreamNode* node, StreamId master, StreamId id,
                               std::span<const std::string_view> pairs) {
  const bool same = node->SameFields(pairs);
  const auto fields = static_cast<int64_t>(pairs.size() / 2);
  const auto ms = static_cast<int64_t>(id.ms - master.ms);
  const auto seq = static_cast<int64_t>(id.seq - master.seq);
  const int64_t before = same ? fields + 3 : 2 * fields + 4;
  size_t bytes =
      2 + StreamIntegerSize(ms) + 1 + StreamIntegerSize(seq) + 1 + StreamIntegerSize(before) + 1;
  if (!same) bytes += StreamIntegerSize(fields) + 1;
  for (size_t i = same ? 1 : 0; i < pairs.size(); i += same ? 2 : 1) {
    bytes += StreamStringBound(pairs[i].size());
  }
  node = Reserve(node, node->size_ + bytes);
  char* const start = node->data() + node->size_;
  char* p = WriteStreamInteger(start, same ? kSameFields : 0);
  p = WriteStreamInteger(p, ms);
  p = WriteStreamInteger(p, seq);
  if (!same) p = WriteStreamInteger(p, fields);
  for (size_t i = same ? 1 : 0; i < pairs.size(); i += same ? 2 : 1) {
    p = WriteStreamString(p, pairs[i]);
  }
  p = WriteStreamInteger(p, before);
  node->size_ += static_cast<uint32_t>(p - start);
  node->elements_ += static_cast<uint32_t>(before) + 1;
  ++node->count_;
  return node;
}

size_t StreamNode::Read(size_t at, StreamId master, Entry* entry) const {
  int64_t flags;
  int64_t ms;
  int64_t seq;
  const char* p = ReadStreamInteger(data() + at, &flags);
  p = ReadStreamInteger(p, &ms);
  p = ReadStreamInteger(p, &seq);
  entry->id = {master.ms + static_cast<uint64_t>(ms), master.seq + static_cast<uint64_t>(seq)};
  entry->deleted = (flags & kDeleted) != 0;
  entry->fields = names_;
  entry->names = data();
  if (!(flags & kSameFields)) {
    int64_t fields;
    p = ReadStreamInteger(p, &fields);
    entry->fields = static_cast<uint32_t>(fields);
    entry->names = nullptr;
  }
  entry->values = p;
  p = SkipStreamElements(p, entry->fields * (entry->names != nullptr ? 1ULL : 2ULL) + 1);
  return static_cast<size_t>(p - data());
}

size_t StreamNode::Before(size_t at) const {
  const char* p = data() + at;
  size_t back_size;
  size_t size = ReadStreamBack(p, &back_size);
  p -= back_size + size;
  int64_t elements;
  ReadStreamInteger(p, &elements);
  while (elements-- > 0) {
    size = ReadStreamBack(p, &back_size);
    p -= back_size + size;
  }
  return static_cast<size_t>(p - data());
}

void StreamNode::Delete(size_t at) {
  // Flags are below 128: one byte.
  char* const flags = data() + at;
  *flags = static_cast<char>(*flags | kDeleted);
  --count_;
  ++deleted_;
}

StreamId StreamNode::LastId(StreamId master) const {
  Entry entry;
  Read(Before(End()), master, &entry);
  return entry.id;
}

size_t StreamNode::ListpackBytes() const {
  return kListpackHead + StreamIntegerSize(count_) + StreamIntegerSize(deleted_) +
         StreamIntegerSize(names_) + 3 + size_ + 2 + 1;
}

void StreamNode::AppendListpack(std::string* out) const {
  const size_t start = out->size();
  out->resize(start + ListpackBytes());
  char* const head = out->data() + start;
  const auto bytes = static_cast<uint32_t>(ListpackBytes());
  const auto elements = static_cast<uint16_t>(std::min(elements_ + 4, kListpackUnknown));
  std::memcpy(head, &bytes, 4);
  std::memcpy(head + 4, &elements, 2);
  char* p = WriteStreamInteger(head + kListpackHead, count_);
  p = WriteStreamInteger(p, deleted_);
  p = WriteStreamInteger(p, names_);
  std::memcpy(p, data(), names_bytes_);
  p = WriteStreamInteger(p + names_bytes_, 0);
  std::memcpy(p, data() + names_bytes_, size_ - names_bytes_);
  p[size_ - names_bytes_] = static_cast<char>(kListpackEnd);
}

// Walks entries from outside: are they entries, and do their counts and order hold? The deltas are
// added modulo 2^64, as everybody does.
bool StreamNode::CheckEntries(StreamId master) {
  UntrustedElements walk(data() + names_bytes_, data() + size_);
  uint32_t there = 0;
  uint32_t gone = 0;
  std::optional<StreamId> previous;
  while (!walk.done()) {
    const bool one_byte = ByteAt(walk.at()) < 128;
    int64_t flags;
    int64_t ms;
    int64_t seq;
    if (!walk.Number(&flags, 0, kDeleted | kSameFields) || !one_byte) return false;
    if (!walk.Number(&ms) || !walk.Number(&seq)) return false;
    int64_t fields = names_;
    int64_t before = fields + 3;
    if (!(flags & kSameFields)) {
      if (!walk.Number(&fields, 0, kBytesMax)) return false;
      before = 2 * fields + 4;
    }
    int64_t elements;
    if (!walk.Skip((flags & kSameFields) ? fields : 2 * fields)) return false;
    if (!walk.Number(&elements, before, before)) return false;
    const StreamId id{master.ms + static_cast<uint64_t>(ms),
                      master.seq + static_cast<uint64_t>(seq)};
    if (id < master || (previous.has_value() && id <= *previous)) return false;
    previous = id;
    ++((flags & kDeleted) ? gone : there);
  }
  elements_ = names_ + walk.elements();
  return there == count_ && gone == deleted_ && there + gone != 0;
}

StreamNode* StreamNode::FromListpack(std::string_view bytes, StreamId master) {
  if (bytes.size() < kListpackHead + 1 || bytes.size() > kBytesMax * 2) return nullptr;
  uint32_t claimed;
  uint16_t elements;
  std::memcpy(&claimed, bytes.data(), 4);
  std::memcpy(&elements, bytes.data() + 4, 2);
  if (claimed != bytes.size() || ByteAt(&bytes.back()) != kListpackEnd) return nullptr;
  const char* const end = bytes.data() + bytes.size() - 1;
  UntrustedElements walk(bytes.data() + kListpackHead, end);
  int64_t count;
  int64_t deleted;
  int64_t names;
  int64_t zero;
  const auto max = static_cast<int64_t>(bytes.size());
  if (!walk.Number(&count, 0, max) || !walk.Number(&deleted, 0, max) ||
      !walk.Number(&names, 0, max)) {
    return nullptr;
  }
  const char* const names_at = walk.at();
  if (!walk.Skip(names)) return nullptr;
  const auto names_bytes = static_cast<size_t>(walk.at() - names_at);
  if (!walk.Number(&zero, 0, 0)) return nullptr;
  const auto entries_bytes = static_cast<size_t>(end - walk.at());
  StreamNode* const node = Reserve(nullptr, names_bytes + entries_bytes);
  std::memcpy(node->data(), names_at, names_bytes);
  std::memcpy(node->data() + names_bytes, walk.at(), entries_bytes);
  node->size_ = static_cast<uint32_t>(names_bytes + entries_bytes);
  node->count_ = static_cast<uint32_t>(count);
  node->deleted_ = static_cast<uint32_t>(deleted);
  node->names_ = static_cast<uint32_t>(names);
  node->names_bytes_ = static_cast<uint32_t>(names_bytes);
  const bool valid =
      node->CheckEntries(master) &&
      (elements == kListpackUnknown || elements == static_cast<uint64_t>(node->elements_) + 4);
  if (valid) return node;
  Free(node);
  return nullptr;
}

size_t StreamNode::MemoryUsage() const { return sizeof(StreamNode) + capacity_; }

}  // namespace pleiad
