// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/packed.h"

#include "base/check.h"

namespace pleiad {
namespace {

constexpr size_t kOneByteMax = 252;
constexpr size_t kTwoBytesMax = 65535;

size_t HeadSize(size_t size) { return size <= kOneByteMax ? 1 : size <= kTwoBytesMax ? 3 : 5; }

char* PutElement(char* to, std::string_view element) {
  const size_t size = element.size();
  if (size <= kOneByteMax) {
    *to++ = static_cast<char>(size);
  } else if (size <= kTwoBytesMax) {
    const auto two = static_cast<uint16_t>(size);
    *to++ = static_cast<char>(253);
    std::memcpy(to, &two, 2);
    to += 2;
  } else {
    const auto four = static_cast<uint32_t>(size);
    *to++ = static_cast<char>(254);
    std::memcpy(to, &four, 4);
    to += 4;
  }
  if (size != 0) std::memcpy(to, element.data(), size);
  return to + size;
}

}  // namespace

void PackedSplice(ValueStore* store, size_t at, size_t end, size_t removed,
                  std::span<const std::string_view> inserted) {
  size_t old_size = store->bytes().size();
  const size_t count = PackedView(store->bytes()).count();
  CHECK(at <= end && end <= old_size && removed <= count);
  const size_t fresh = count - removed + inserted.size();
  CHECK(fresh <= PackedView::kCountMax);
  if (old_size == 0) {
    store->Resize(PackedView::kHeader);
    old_size = at = end = PackedView::kHeader;
  }
  size_t need = 0;
  for (const std::string_view s : inserted) need += HeadSize(s.size()) + s.size();
  const size_t tail = old_size - end;
  const size_t size = at + need + tail;
  // Shrinking: move first, then give back. Growing: the other way round.
  char* p = const_cast<char*>(store->bytes().data());
  if (size > old_size) p = store->Resize(size);
  if (tail != 0 && at + need != end) std::memmove(p + at + need, p + end, tail);
  char* to = p + at;
  for (const std::string_view s : inserted) to = PutElement(to, s);
  const auto n = static_cast<uint16_t>(fresh);
  std::memcpy(p, &n, sizeof(n));
  if (size < old_size) store->Resize(size);
}

bool PackedIsValid(std::string_view bytes) {
  if (bytes.empty()) return true;
  if (bytes.size() < PackedView::kHeader) return false;
  size_t count = 0;
  for (size_t at = PackedView::kHeader; at < bytes.size(); ++count) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const size_t head = first <= kOneByteMax ? 1 : first == 253 ? 3 : first == 254 ? 5 : 0;
    if (head == 0 || bytes.size() - at < head) return false;
    size_t size = first;
    if (head != 1) {
      uint32_t n = 0;
      std::memcpy(&n, bytes.data() + at + 1, head - 1);  // little endian
      size = n;
    }
    if (bytes.size() - at - head < size) return false;
    at += head + size;
  }
  return count == PackedView(bytes).count();
}

}  // namespace pleiad
