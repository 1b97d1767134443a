// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Any bytes as each of the encodings: an error, or elements that, built again, read the same. The
// first byte chooses the encoding.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "snapshot/packed_formats.h"

namespace {

using pleiad::Status;

void PackedRebuild(const std::vector<std::string>& elements) {
  pleiad::ListpackBuilder builder;
  for (const std::string& element : elements) builder.Append(element);
  size_t i = 0;
  const Status status = pleiad::ForEachListpack(builder.Finish(), [&](std::string_view element) {
    CHECK(i < elements.size() && elements[i] == element);
    ++i;
    return Status::Ok();
  });
  CHECK(status.ok() && i == elements.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  std::vector<std::string> elements;
  std::vector<int64_t> numbers;
  const pleiad::PackedElementSink sink = [&elements](std::string_view element) {
    elements.emplace_back(element);
    return Status::Ok();
  };
  Status status;
  switch (data[0] % 4) {
    case 0:
      status = pleiad::ForEachListpack(bytes, sink);
      break;
    case 1:
      status = pleiad::ForEachZiplist(bytes, sink);
      break;
    case 2:
      status = pleiad::ForEachZipmap(bytes, sink);
      break;
    default:
      status = pleiad::ForEachIntset(bytes, [&numbers](int64_t value) {
        numbers.push_back(value);
        return Status::Ok();
      });
      // The narrowest encoding that fits may be another than the one read.
      if (status.ok()) CHECK(pleiad::BuildIntset(numbers).size() <= bytes.size());
  }
  if (status.ok()) PackedRebuild(elements);
  return 0;
}
