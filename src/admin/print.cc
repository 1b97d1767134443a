// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/print.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace pleiad::admin {
namespace {

std::string_view Colour(std::string_view line) {
  const std::string_view head = line.substr(0, 3);
  if (head == ">>>") return "29;1";
  if (head == "[ER" || head == "[WA") return "31;1";
  if (head == "[OK") return "32";
  if (head == "***" || head == "[FA") return "33";
  return {};
}

std::string FlagsText(const NodeRow& row) {
  std::vector<std::string> flags = row.flags;
  std::erase(flags, "myself");
  return fmt::format("{}", fmt::join(flags, ","));
}

std::string SlotsLine(const NodeRow& row) {
  return fmt::format("   slots:{} ({} slots) {}", row.slots.str(), row.slots.size(),
                     FlagsText(row));
}

void Append(std::vector<std::string>& to, const std::vector<std::string>& lines) {
  to.insert(to.end(), lines.begin(), lines.end());
}

std::string ItemText(const resp::Reply& reply) {
  using Type = resp::Reply::Type;
  switch (reply.type) {
    case Type::kInteger:
    case Type::kDouble:
    case Type::kBool:
    case Type::kBigNumber:
    case Type::kArray:
    case Type::kMap:
    case Type::kSet:
    case Type::kPush:
      return ReplyText(reply);
    case Type::kNil:
      return "nil";
    default:
      return Quoted(reply.text);
  }
}

const Proposal::Master* MasterPart(const Proposal& proposal, size_t node) {
  const auto it = std::find_if(proposal.masters.begin(), proposal.masters.end(),
                               [node](const Proposal::Master& part) { return part.node == node; });
  return it == proposal.masters.end() ? nullptr : &*it;
}

const Proposal::Replica* ReplicaPart(const Proposal& proposal, size_t node) {
  const auto it = std::find_if(proposal.replicas.begin(), proposal.replicas.end(),
                               [node](const Proposal::Replica& part) { return part.node == node; });
  return it == proposal.replicas.end() ? nullptr : &*it;
}

std::string NameLine(char role, const NodeAddress& address, const NodeRow& row) {
  return fmt::format("{}: {} {}", role, row.id.str(), address.str());
}

// A node as planned: its row while it was empty, plus what it was to get.
NodeRow Planned(const ClusterView& empty, const Proposal& proposal, size_t node) {
  NodeRow row = empty.nodes[node].self;
  if (const Proposal::Master* master = MasterPart(proposal, node)) row.slots.Add(master->slots);
  if (const Proposal::Replica* replica = ReplicaPart(proposal, node)) {
    row.master = empty.nodes[replica->master].self.id;
  }
  return row;
}

}  // namespace

std::string Paint(std::string_view line) {
  const std::string_view colour = Colour(line);
  if (colour.empty()) return std::string(line);
  return fmt::format("\x1b[{}m{}\x1b[0m", colour, line);
}

std::vector<std::string> NodeLines(const NodeAddress& address, const NodeRow& row,
                                   std::optional<int> replicas) {
  std::vector<std::string> lines;
  lines.push_back(NameLine(row.Has("slave") ? 'S' : 'M', address, row));
  lines.push_back(SlotsLine(row));
  if (replicas && row.Has("master")) {
    lines.push_back(fmt::format("   {} additional replica(s)", *replicas));
  }
  if (!row.master.empty()) lines.push_back("   replicates " + row.master.str());
  return lines;
}

std::vector<std::string> ClusterLines(const ClusterView& view) {
  std::vector<std::string> lines;
  for (const NodeView& node : view.nodes) {
    Append(lines, NodeLines(node.address, node.self, view.ReplicaCount(node.self.id)));
  }
  return lines;
}

std::vector<std::string> ProposalLines(const ClusterView& view, const Proposal& proposal) {
  const auto name = [&view](size_t node) { return view.nodes[node].address.str(); };
  std::vector<std::string> lines;
  lines.push_back(fmt::format("Using {} masters:", proposal.masters.size()));
  for (const Proposal::Master& master : proposal.masters) lines.push_back(name(master.node));
  for (const Proposal::Replica& replica : proposal.replicas) {
    lines.push_back(
        fmt::format("Adding replica {} to {}", name(replica.node), name(replica.master)));
  }
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    const NodeRow row = Planned(view, proposal, i);
    if (row.master.empty()) {
      Append(lines, NodeLines(view.nodes[i].address, row, std::nullopt));
    } else {
      lines.push_back(NameLine('S', view.nodes[i].address, row));
      lines.push_back("   replicates " + row.master.str());
    }
  }
  return lines;
}

std::vector<std::string> CreatedLines(const ClusterView& empty, const Proposal& proposal) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < empty.nodes.size(); ++i) {
    Append(lines, NodeLines(empty.nodes[i].address, Planned(empty, proposal, i), std::nullopt));
  }
  return lines;
}

std::vector<std::string> InfoLines(const ClusterView& view, const std::vector<int64_t>& keys) {
  std::vector<std::string> lines;
  int masters = 0;
  int64_t total = 0;
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    const NodeView& node = view.nodes[i];
    if (!node.self.Has("master")) continue;
    lines.push_back(fmt::format("{} ({}...) -> {} keys | {} slots | {} slaves.", node.address.str(),
                                node.self.id.view().substr(0, 8), keys[i], node.self.slots.size(),
                                view.ReplicaCount(node.self.id)));
    ++masters;
    total += keys[i];
  }
  lines.push_back(fmt::format("[OK] {} keys in {} masters.", total, masters));
  lines.push_back(
      fmt::format("{:.2f} keys per slot on average.", static_cast<double>(total) / kSlotCount));
  return lines;
}

std::string ReplyText(const resp::Reply& reply) {
  using Type = resp::Reply::Type;
  switch (reply.type) {
    case Type::kNil:
      return {};
    case Type::kInteger:
      return std::to_string(reply.integer);
    case Type::kBool:
      return reply.integer != 0 ? "true" : "false";
    case Type::kArray:
    case Type::kSet:
    case Type::kPush:
    case Type::kMap: {
      std::vector<std::string> items;
      for (const resp::Reply& item : reply.items) items.push_back(ItemText(item));
      return fmt::format("[{}]", fmt::join(items, ", "));
    }
    default:
      return reply.text;
  }
}

std::string HelpText() {
  return "Usage: redis-trib <command> <options> <arguments ...>\n"
         "\n"
         "  create          host1:port1 ... hostN:portN\n"
         "                  --replicas <arg>\n"
         "                  --yes\n"
         "                  --dry-run\n"
         "  check           host:port\n"
         "                  --search-multiple-owners\n"
         "  info            host:port\n"
         "  fix             host:port\n"
         "                  --timeout <arg>\n"
         "                  --search-multiple-owners\n"
         "                  --fix-with-unreachable-masters\n"
         "                  --dry-run\n"
         "  reshard         host:port\n"
         "                  --from <arg>\n"
         "                  --to <arg>\n"
         "                  --slots <arg>\n"
         "                  --yes\n"
         "                  --timeout <arg>\n"
         "                  --pipeline <arg>\n"
         "                  --replace\n"
         "                  --dry-run\n"
         "  rebalance       host:port\n"
         "                  --weight <arg>\n"
         "                  --auto-weights\n"
         "                  --use-empty-masters\n"
         "                  --timeout <arg>\n"
         "                  --simulate\n"
         "                  --pipeline <arg>\n"
         "                  --threshold <arg>\n"
         "                  --by <slots|keys|memory|ops>\n"
         "  drain           host:port (moves its slots away and removes it)\n"
         "                  --yes\n"
         "                  --dry-run\n"
         "  add-node        new_host:new_port existing_host:existing_port\n"
         "                  --slave\n"
         "                  --master-id <arg>\n"
         "  del-node        host:port node_id\n"
         "  set-timeout     host:port milliseconds\n"
         "  call            host:port command arg arg .. arg\n"
         "                  --cluster-only-masters\n"
         "                  --cluster-only-replicas\n"
         "  import          host:port\n"
         "                  --from <arg>\n"
         "                  --copy\n"
         "                  --replace\n"
         "                  --from-user <arg>\n"
         "                  --from-pass <arg>\n"
         "                  --from-askpass\n"
         "  backup          host:port directory\n"
         "  doctor          host:port (what is wrong, and what repairs it)\n"
         "  watch           host:port (a table of the nodes, every second)\n"
         "  resume          host:port (goes on with an interrupted run)\n"
         "  up              (makes and starts nodes on this machine, and a cluster of them)\n"
         "                  --nodes <arg>\n"
         "                  --replicas <arg>\n"
         "                  --dir <arg>\n"
         "                  --base-port <arg>\n"
         "  help            (show this help)\n"
         "\n"
         "For check, fix, reshard, del-node, set-timeout you can specify the host and port of any "
         "working node in the cluster.\n"
         "With every command: -a, --password <arg> (or the environment variable REDISCLI_AUTH) and "
         "--user <arg>; --json prints one JSON object instead of lines.\n";
}

}  // namespace pleiad::admin
