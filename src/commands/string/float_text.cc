// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/string/float_text.h"

#include <cstdio>
#include <string_view>

namespace pleiad {

std::string FormatForPeople(long double value) {
  char text[5 * 1024];  // the largest long double has 4933 digits
  const int size = std::snprintf(text, sizeof(text), "%.17Lf", value);
  std::string_view view(text, static_cast<size_t>(size));
  view = view.substr(0, view.find_last_not_of('0') + 1);
  if (view.ends_with('.')) view.remove_suffix(1);
  return view == "-0" ? "0" : std::string(view);
}

}  // namespace pleiad
