// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/cluster_driver.h"
#include "server/info/section.h"

namespace pleiad::info {

void ClusterSection(const Input& in, Lines* out) {
  out->Add("cluster_enabled", in.settings->cluster_enabled ? 1 : 0);
  const runtime::ClusterDriver* cluster = in.server.cluster();
  if (cluster != nullptr)
    out->Add("cluster_lease", cluster->View()->lease_full ? "full" : "partial");
}

}  // namespace pleiad::info
