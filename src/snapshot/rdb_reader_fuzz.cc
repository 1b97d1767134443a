// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Any bytes, in any pieces: the reader ends, and the pieces make no difference.
#include <cstdint>

#include "base/check.h"
#include "snapshot/rdb_reader.h"
#include "snapshot/rdb_recorder.h"

namespace {

struct Outcome {
  pleiad::RdbRecorder sink;
  bool done = false;
  std::string error;
};

void Run(std::string_view bytes, size_t piece, Outcome* out) {
  pleiad::RdbReader reader(&out->sink, {.check_checksum = false, .string_bytes_max = 1 << 20});
  while (!bytes.empty() && !reader.done()) {
    const std::string part(bytes.substr(0, piece));
    bytes.remove_prefix(part.size());
    pleiad::Result<size_t> used = reader.Feed(part);
    if (!used.ok()) {
      out->error = used.message();
      return;
    }
  }
  out->done = reader.done();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  Outcome whole;
  Outcome parts;
  Run(bytes, bytes.size() + 1, &whole);
  Run(bytes, 1 + data[0] % 64, &parts);
  CHECK(whole.done == parts.done);
  CHECK(whole.error == parts.error);
  CHECK(whole.sink.keys == parts.sink.keys);
  return 0;
}
