// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "replication/replication_state.h"

#include <fmt/format.h>

#include <iterator>

#include "base/check.h"

namespace pleiad {

void ReplicationIds::OnPromoted(std::string fresh, Offset offset) {
  CHECK(fresh.size() == kReplicationIdSize);
  replid2 = std::move(replid);
  second_offset = offset + 1;
  replid = std::move(fresh);
}

void ReplicationIds::OnDemoted(Offset offset) {
  if (second_offset != offset + 1) return;
  const std::string before = replid2;
  OnFullSync(before);
}

void ReplicationIds::OnFullSync(std::string master_replid) {
  CHECK(master_replid.size() == kReplicationIdSize);
  *this = ReplicationIds();
  replid = std::move(master_replid);
}

void ReplicationIds::OnContinue(std::string_view master_replid, Offset offset) {
  if (master_replid != replid) OnPromoted(std::string(master_replid), offset);
}

bool CanContinue(const ReplicationIds& ids, const BacklogRange& backlog, std::string_view replid,
                 Offset wanted) {
  const bool mine = replid == ids.replid;
  const bool before =
      replid == ids.replid2 && ids.second_offset.value >= 0 && wanted <= ids.second_offset;
  if (!mine && !before) return false;
  return backlog.active && wanted >= backlog.first && wanted <= backlog.first + backlog.length;
}

namespace {

void AppendMasterLink(const MasterLinkView& link, std::string* out) {
  auto to = std::back_inserter(*out);
  fmt::format_to(to, "role:slave\r\nmaster_host:{}\r\nmaster_port:{}\r\nmaster_link_status:{}\r\n",
                 link.host, link.port, link.up ? "up" : "down");
  fmt::format_to(to, "master_last_io_seconds_ago:{}\r\nmaster_sync_in_progress:{:d}\r\n",
                 link.last_io_s, link.sync_in_progress);
  fmt::format_to(to, "slave_read_repl_offset:{}\r\nslave_repl_offset:{}\r\n",
                 link.read_offset.value, link.offset.value);
  if (link.sync_in_progress) {
    const int64_t total = link.sync_total_bytes;
    const int64_t read = link.sync_read_bytes;
    const double percent =
        total > 0 ? 100.0 * static_cast<double>(read) / static_cast<double>(total) : 0.0;
    fmt::format_to(to, "master_sync_total_bytes:{}\r\nmaster_sync_read_bytes:{}\r\n", total, read);
    fmt::format_to(to, "master_sync_left_bytes:{}\r\nmaster_sync_perc:{:.2f}\r\n", total - read,
                   percent);
    fmt::format_to(to, "master_sync_last_io_seconds_ago:{}\r\n", link.sync_last_io_s);
  }
  if (!link.up) fmt::format_to(to, "master_link_down_since_seconds:{}\r\n", link.down_since_s);
  fmt::format_to(to, "slave_priority:{}\r\nslave_read_only:{:d}\r\nreplica_announced:{:d}\r\n",
                 link.priority, link.read_only, link.announced);
}

resp::Reply Bulk(std::string_view text) {
  resp::Reply reply;
  reply.type = resp::Reply::Type::kBulk;
  reply.text = text;
  return reply;
}

resp::Reply Integer(int64_t number) {
  resp::Reply reply;
  reply.type = resp::Reply::Type::kInteger;
  reply.integer = number;
  return reply;
}

resp::Reply Array(std::vector<resp::Reply> items) {
  resp::Reply reply;
  reply.type = resp::Reply::Type::kArray;
  reply.items = std::move(items);
  return reply;
}

}  // namespace

std::string FormatReplicationInfo(const ReplicationView& view) {
  std::string out;
  auto to = std::back_inserter(out);
  if (view.master) {
    AppendMasterLink(*view.master, &out);
  } else {
    out += "role:master\r\n";
  }
  fmt::format_to(to, "connected_slaves:{}\r\n", view.replicas.size());
  if (view.good_replicas) fmt::format_to(to, "min_slaves_good_slaves:{}\r\n", *view.good_replicas);
  int number = 0;
  for (const ReplicaView& replica : view.replicas) {
    fmt::format_to(to, "slave{}:ip={},port={},state={},offset={},lag={}\r\n", number++, replica.ip,
                   replica.port, replica.state, replica.ack_offset.value, replica.lag_s);
  }
  fmt::format_to(to,
                 "master_failover_state:no-failover\r\nmaster_replid:{}\r\nmaster_replid2:{}\r\n",
                 view.ids.replid, view.ids.replid2);
  fmt::format_to(to, "master_repl_offset:{}\r\nsecond_repl_offset:{}\r\n", view.offset.value,
                 view.ids.second_offset.value);
  const BacklogRange& backlog = view.backlog;
  fmt::format_to(to, "repl_backlog_active:{:d}\r\nrepl_backlog_size:{}\r\n", backlog.active,
                 backlog.size);
  fmt::format_to(to, "repl_backlog_first_byte_offset:{}\r\nrepl_backlog_histlen:{}\r\n",
                 backlog.active ? backlog.first.value : 0, backlog.active ? backlog.length : 0);
  return out;
}

resp::Reply FormatRole(const ReplicationView& view) {
  if (view.master) {
    const MasterLinkView& link = *view.master;
    return Array({Bulk("slave"), Bulk(link.host), Integer(link.port), Bulk(link.role_state),
                  Integer(link.up ? link.offset.value : -1)});
  }
  std::vector<resp::Reply> replicas;
  for (const ReplicaView& replica : view.replicas) {
    if (!replica.online) continue;
    replicas.push_back(Array({Bulk(replica.ip), Bulk(fmt::format_int(replica.port).str()),
                              Bulk(fmt::format_int(replica.ack_offset.value).str())}));
  }
  return Array({Bulk("master"), Integer(view.offset.value), Array(std::move(replicas))});
}

}  // namespace pleiad
