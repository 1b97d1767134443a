// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/session.h"

#include "admin/print.h"

namespace pleiad::admin {
namespace {

Error About(const std::string& name, std::string_view what) {
  return Error{"[ERR] Node " + name + ": " + std::string(what)};
}

Result<resp::Reply> DemandFrom(NodeClient& client, const std::string& name,
                               const std::vector<std::string>& args) {
  Result<resp::Reply> reply = client.Call(args);
  if (!reply.ok()) return About(name, reply.message());
  if (reply->is_error()) return About(name, reply->text);
  return reply;
}

// Not those that failed, are on their way in, or whose address nobody knows. A node without a link
// to the one we ask may still answer us.
bool Askable(const NodeRow& row) {
  return row.Settled() && !row.Has("fail") && !row.Has("myself") && !row.address.host.empty();
}

}  // namespace

size_t Session::width() const {
  constexpr int kUsual = 80;
  constexpr int kLeast = 20;
  const int columns = env_.columns ? env_.columns() : kUsual;
  return static_cast<size_t>(columns < kLeast ? kUsual : columns);
}

void Session::Line(std::string_view line) {
  env_.console->Write((env_.colour ? Paint(line) : std::string(line)) + "\n");
}

void Session::Lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) Line(line);
}

Status Session::LogIn(NodeClient& client, const std::string& name) {
  if (credentials_.password.empty()) return Status::Ok();
  std::vector<std::string> args = {"AUTH"};
  if (!credentials_.user.empty()) args.push_back(credentials_.user);
  args.push_back(credentials_.password);
  const Result<resp::Reply> reply = DemandFrom(client, name, args);
  return reply.ok() ? Status::Ok() : Status(reply.error());
}

Result<size_t> Session::Open(const NodeAddress& address) {
  const std::string name = address.str();
  Result<std::unique_ptr<NodeClient>> client = env_.connector->Connect(address);
  if (!client.ok()) return Error{"[ERR] Sorry, can't connect to node " + name};
  if (const Status status = LogIn(**client, name); !status.ok()) return status.error();
  const Result<resp::Reply> info = DemandFrom(**client, name, {"INFO"});
  if (!info.ok()) return info.error();
  if (!ParseInfo(info->text).cluster_enabled) {
    return Error{"[ERR] Node " + name + " is not configured as a cluster node."};
  }
  const Result<resp::Reply> nodes = DemandFrom(**client, name, {"CLUSTER", "NODES"});
  if (!nodes.ok()) return nodes.error();
  Result<NodeView> view = MakeNodeView(address, nodes->text);
  if (!view.ok()) return About(name, view.message());
  view->ip = (*client)->PeerIp();
  view->zone = ParseInfo(info->text).zone;
  clients_.push_back(*std::move(client));
  view_.nodes.push_back(*std::move(view));
  return clients_.size() - 1;
}

Status Session::OpenCluster(const NodeAddress& address) {
  const Result<size_t> first = Open(address);
  if (!first.ok()) return first.error();
  const std::vector<NodeRow> rows = view_.nodes[*first].rows;
  for (const NodeRow& row : rows) {
    if (!Askable(row)) continue;
    const Result<size_t> opened = Open(row.address);
    if (opened.ok()) continue;
    Line(opened.message());
    ++unreachable_;
  }
  return Status::Ok();
}

Result<resp::Reply> Session::Call(size_t node, const std::vector<std::string>& args) {
  Result<resp::Reply> reply = clients_[node]->Call(args);
  if (!reply.ok()) return About(name(node), reply.message());
  return reply;
}

Result<resp::Reply> Session::Demand(size_t node, const std::vector<std::string>& args) {
  return DemandFrom(*clients_[node], name(node), args);
}

Status Session::Refresh(size_t node) {
  NodeView& old = view_.nodes[node];
  const Result<resp::Reply> nodes = Demand(node, {"CLUSTER", "NODES"});
  if (!nodes.ok()) return nodes.error();
  Result<NodeView> fresh = MakeNodeView(old.address, nodes->text);
  if (!fresh.ok()) return About(name(node), fresh.message());
  fresh->ip = old.ip;
  fresh->zone = old.zone;
  old = *std::move(fresh);
  return Status::Ok();
}

Status Session::RefreshAll() {
  for (size_t i = 0; i < clients_.size(); ++i) {
    if (const Status status = Refresh(i); !status.ok()) return status;
  }
  return Status::Ok();
}

Result<NodeInfo> Session::Info(size_t node) {
  const Result<resp::Reply> info = Demand(node, {"INFO"});
  if (!info.ok()) return info.error();
  return ParseInfo(info->text);
}

}  // namespace pleiad::admin
