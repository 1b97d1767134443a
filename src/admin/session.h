// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The open connections of one run and what the nodes behind them said last. Index i of view().nodes
// is connection i. Errors are lines to print ("[ERR] ...").
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admin/node_client.h"
#include "admin/view.h"

namespace pleiad::admin {

struct Credentials {
  std::string user;      // empty: the default user
  std::string password;  // empty: no AUTH is sent
};

class Session {
 public:
  Session(const Environment& env, Credentials credentials)
      : env_(env), credentials_(std::move(credentials)) {}

  // Prints a line, painted if the environment says so.
  void Line(std::string_view line);
  void Lines(const std::vector<std::string>& lines);
  // Prints as it is, without an end of line.
  void Text(std::string_view text) { env_.console->Write(text); }
  Console& console() { return *env_.console; }
  Clock& clock() { return *env_.clock; }
  Host* host() const { return env_.host; }
  bool terminal() const { return env_.terminal; }
  // Columns of the terminal.
  size_t width() const;
  // Null unless --json.
  Report* report() const { return env_.report; }
  bool interrupted() const { return env_.interrupted && env_.interrupted(); }

  // Connects, logs in, and reads INFO and CLUSTER NODES. The node becomes the last of view().nodes;
  // returns its index.
  Result<size_t> Open(const NodeAddress& address);
  // Opens the node and every other node it knows that is not flagged as failing or unknown. A node
  // that does not answer is reported by a line and counted, and the rest goes on; an Error is about
  // the first node only.
  Status OpenCluster(const NodeAddress& address);
  // Nodes that OpenCluster() could not reach.
  int unreachable() const { return unreachable_; }

  // The Error is a broken connection; an error reply is a Reply.
  Result<resp::Reply> Call(size_t node, const std::vector<std::string>& args);
  // As Call, but an error reply is an Error too.
  Result<resp::Reply> Demand(size_t node, const std::vector<std::string>& args);

  // Reads CLUSTER NODES of one node, or of all, again.
  Status Refresh(size_t node);
  Status RefreshAll();
  // Reads INFO again.
  Result<NodeInfo> Info(size_t node);

  const ClusterView& view() const { return view_; }
  std::string name(size_t node) const { return view_.nodes[node].address.str(); }

 private:
  Status LogIn(NodeClient& client, const std::string& name);

  Environment env_;
  Credentials credentials_;
  std::vector<std::unique_ptr<NodeClient>> clients_;
  ClusterView view_;
  int unreachable_ = 0;
};

}  // namespace pleiad::admin
