// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/redact.h"

#include <algorithm>

#include "base/text.h"

namespace pleiad {
namespace {

void Hide(std::vector<std::string_view>* args, size_t first, size_t count) {
  for (size_t i = first; i < std::min(args->size(), first + count); ++i) (*args)[i] = "(redacted)";
}

}  // namespace

std::vector<std::string_view> Redacted(std::span<const std::string_view> args) {
  std::vector<std::string_view> shown(args.begin(), args.end());
  if (args.empty()) return shown;
  if (EqualsIgnoreCase(args[0], "auth")) {
    Hide(&shown, 1, args.size());
    return shown;
  }
  const bool migrate = EqualsIgnoreCase(args[0], "migrate");
  if (!migrate && !EqualsIgnoreCase(args[0], "hello")) return shown;
  for (size_t i = 1; i < args.size(); ++i) {
    const bool one = migrate && EqualsIgnoreCase(args[i], "auth");
    if (!one && !EqualsIgnoreCase(args[i], migrate ? "auth2" : "auth")) continue;
    Hide(&shown, i + 1, one ? 1 : 2);
    i += one ? 1 : 2;
  }
  return shown;
}

}  // namespace pleiad
