// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One hostile link: the first byte picks the size of the chunks the stream arrives in. What decodes
// must encode, and decode again to the same value.
#include <algorithm>

#include "base/check.h"
#include "cluster/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pleiad::cluster;
  if (size == 0) return 0;
  const size_t chunk = size_t{1} + data[0] * size_t{64};
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  Framer framer;
  std::vector<Packet> packets;
  for (size_t at = 0; at < bytes.size(); at += chunk) {
    if (!framer.OnBytes(bytes.substr(at, chunk), &packets).ok()) break;
  }
  CHECK(framer.buffered_bytes() <= bytes.size());
  for (const Packet& packet : packets) {
    const pleiad::Result<Packet> again = Decode(Encode(packet));
    CHECK_MSG(again.ok(), again.message());
    CHECK(*again == packet);
  }
  return 0;
}
