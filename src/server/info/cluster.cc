// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/info/section.h"

namespace pleiad::info {

void ClusterSection(const Input& in, Lines* out) {
  out->Add("cluster_enabled", in.settings->cluster_enabled ? 1 : 0);
}

}  // namespace pleiad::info
