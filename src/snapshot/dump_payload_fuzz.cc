// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Any bytes as a RESTORE payload, also with a valid footer: an error or a value that dumps to the
// same value.
#include <cstdint>

#include "base/check.h"
#include "base/crc.h"
#include "snapshot/dump_payload.h"
#include "snapshot/rdb_recorder.h"

namespace {

// What was accepted can be written and read again.
void TryCollection(pleiad::RdbRecorder* sink) {
  auto& [type, store] = sink->values.begin()->second;
  pleiad::Entry* entry = pleiad::Entry::CreateValue("k", type, &store, pleiad::Entry::kNoExpiry);
  const std::string dump = pleiad::DumpEntry(*entry, {});
  pleiad::Entry::Free(entry);
  pleiad::RdbKey key;
  key.key = "k";
  pleiad::RdbRecorder again;
  CHECK(pleiad::RestoreDump(dump, key, &again).ok());
}

void Try(std::string_view payload) {
  pleiad::RdbKey key;
  key.key = "k";
  pleiad::RdbRecorder sink;
  if (!pleiad::RestoreDump(payload, key, &sink).ok()) {
    CHECK(sink.keys.empty() && sink.values.empty());
    return;
  }
  if (sink.keys.empty()) {
    TryCollection(&sink);
    return;
  }
  pleiad::RdbRecorder again;
  const std::string value = sink.keys.begin()->second.bytes;
  CHECK(pleiad::RestoreDump(pleiad::DumpString(value, {}), key, &again).ok());
  CHECK(again.keys == sink.keys);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string payload(reinterpret_cast<const char*>(data), size);
  Try(payload);
  payload.append("\x0a\x00", 2);
  pleiad::AppendRdbLittleEndian64(&payload, pleiad::Crc64(0, payload));
  Try(payload);
  return 0;
}
