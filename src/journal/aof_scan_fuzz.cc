// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/check.h"
#include "journal/aof_scan.h"

// What is good of any bytes is a whole file by itself.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const pleiad::AofScan scan = pleiad::ScanAof(bytes, 0, 1000);
  CHECK(scan.good <= size);
  const pleiad::AofScan again = pleiad::ScanAof(bytes.substr(0, scan.good), 0, 1000);
  CHECK(again.error.empty() && !again.later && again.good == scan.good);
  return 0;
}
