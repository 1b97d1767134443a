// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Any bytes as nodes.conf: refused with a line number, or read to a value that prints, reads and
// loads again.
#include "base/check.h"
#include "cluster/nodes_conf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pleiad;
  using namespace pleiad::cluster;
  const Result<NodesConf> conf = ParseNodesConf({reinterpret_cast<const char*>(data), size});
  if (!conf.ok()) {
    CHECK(conf.message().starts_with("line "));
    return 0;
  }
  const Result<NodesConf> again = ParseNodesConf(PrintNodesConf(*conf));
  CHECK_MSG(again.ok(), again.message());
  CHECK(*again == *conf);
  const auto state = StateFromNodesConf(*conf, MonoMs(1000), UnixMs(2000));
  const Result<NodesConf> saved = ParseNodesConf(WriteNodesConf(*state));
  CHECK_MSG(saved.ok(), saved.message());
  return 0;
}
