// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A manifest that is accepted is written in a form that reads back the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "journal/aof_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto manifest = pleiad::ParseAofManifest({reinterpret_cast<const char*>(data), size});
  if (!manifest.ok()) return 0;
  const std::string text = (*manifest).Format();
  const auto again = pleiad::ParseAofManifest(text);
  CHECK(again.ok() && (*again).Format() == text);
  return 0;
}
