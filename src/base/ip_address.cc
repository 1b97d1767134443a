// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/ip_address.h"

#include <arpa/inet.h>

namespace pleiad {

std::string CanonicalIp(const std::string& text) {
  unsigned char raw[16];
  char canonical[INET6_ADDRSTRLEN];
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, text.c_str(), raw) == 1 &&
        inet_ntop(family, raw, canonical, sizeof canonical) != nullptr) {
      return canonical;
    }
  }
  return {};
}

}  // namespace pleiad
