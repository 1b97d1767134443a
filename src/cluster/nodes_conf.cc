// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/nodes_conf.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/text.h"
#include "fmt/format.h"

namespace pleiad::cluster {

namespace {

struct FlagWord {
  uint16_t bit;
  std::string_view word;
};
constexpr FlagWord kFlagWords[] = {{kFlagMyself, "myself"}, {kFlagMaster, "master"},
                                   {kFlagReplica, "slave"}, {kFlagPfail, "fail?"},
                                   {kFlagFail, "fail"},     {kFlagHandshake, "handshake"},
                                   {kFlagNoAddr, "noaddr"}, {kFlagNoFailover, "nofailover"}};

constexpr size_t kFixedColumns = 8;

// Enough of a bad word to find it, not two megabytes of it.
std::string Show(std::string_view word) { return Quoted(word.substr(0, 60)); }

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  for (size_t at = 0; at < line.size();) {
    const size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) words.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  const std::optional<uint64_t> n = ParseUint64(text);
  if (!n || *n > 65535) return std::nullopt;
  return static_cast<uint16_t>(*n);
}

std::optional<Epoch> ParseEpoch(std::string_view text) {
  const std::optional<uint64_t> n = ParseUint64(text);
  if (!n || *n >= kEpochMax) return std::nullopt;
  return Epoch(*n);
}

std::optional<SlotId> ParseSlot(std::string_view text) {
  const std::optional<int64_t> n = ParseInt64(text);
  return n ? SlotId::From(*n) : std::nullopt;
}

// ip:port[@cport][,hostname[,name=value]...]
Status ParseAddress(std::string_view word, NodesConfNode* node) {
  const std::vector<std::string_view> parts = Split(word, ',');
  std::string_view address = parts[0];
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return Error{"no ':' in address " + Show(word)};
  node->ip.assign(address.substr(0, colon));
  address.remove_prefix(colon + 1);
  const size_t at = address.find('@');
  if (at != std::string_view::npos) {
    node->cport = ParsePort(address.substr(at + 1));
    if (!node->cport) return Error{"bad bus port in " + Show(word)};
  }
  const std::optional<uint16_t> port = ParsePort(address.substr(0, at));
  if (!port) return Error{"bad port in " + Show(word)};
  node->port = *port;
  if (parts.size() > 1) node->hostname = std::string(parts[1]);
  for (size_t i = 2; i < parts.size(); ++i) {
    const size_t equals = parts[i].find('=');
    if (equals == std::string_view::npos) return Error{"no '=' in field " + Show(parts[i])};
    node->fields.emplace_back(parts[i].substr(0, equals), parts[i].substr(equals + 1));
  }
  const std::string_view shard = node->Field("shard-id");
  if (!shard.empty() && !NodeId::Parse(shard)) return Error{"bad shard-id " + Show(shard)};
  for (const char* name : {"tcp-port", "tls-port"}) {
    const std::string_view value = node->Field(name);
    if (!value.empty() && !ParsePort(value)) return Error{"bad port in field " + Show(value)};
  }
  return Status::Ok();
}

Status ParseFlags(std::string_view word, NodesConfNode* node) {
  if (word == "noflags") return Status::Ok();
  for (const std::string_view flag : Split(word, ',')) {
    const auto* known = std::find_if(std::begin(kFlagWords), std::end(kFlagWords),
                                     [&](const FlagWord& f) { return f.word == flag; });
    if (known == std::end(kFlagWords)) return Error{"unknown flag " + Show(flag)};
    node->flags = static_cast<uint16_t>(node->flags | known->bit);
  }
  if ((node->flags & kFlagMaster) != 0 && (node->flags & kFlagReplica) != 0) {
    return Error{"a node can't be master and slave"};
  }
  return Status::Ok();
}

// [slot->-id] or [slot-<-id]
Status ParseOpenSlot(std::string_view word, NodesConfNode* node) {
  const size_t dash = word.find('-');
  if (dash == std::string_view::npos) return Error{"no '-' in open slot " + Show(word)};
  const std::optional<SlotId> slot = ParseSlot(word.substr(1, dash - 1));
  if (!slot) return Error{"bad slot number in " + Show(word)};
  const std::string_view arrow = word.substr(dash, 3);
  if ((arrow != "->-" && arrow != "-<-") || word.back() != ']') {
    return Error{"an open slot is [n->-id] or [n-<-id], not " + Show(word)};
  }
  const std::optional<NodeId> other = NodeId::Parse(word.substr(dash + 3, word.size() - dash - 4));
  if (!other) return Error{"bad node id in open slot " + Show(word)};
  node->open_slots.push_back({*slot, arrow == "->-", *other});
  return Status::Ok();
}

// n or first-last
Status ParseSlots(std::string_view word, NodesConfNode* node) {
  const size_t dash = word.find('-');
  const std::optional<SlotId> first = ParseSlot(word.substr(0, dash));
  const std::optional<SlotId> last =
      dash == std::string_view::npos ? first : ParseSlot(word.substr(dash + 1));
  if (!first || !last || *last < *first) return Error{"bad slot or range " + Show(word)};
  for (unsigned n = first->value; n <= last->value; ++n) {
    const SlotId slot(static_cast<uint16_t>(n));
    if (node->slots.Test(slot)) return Error{fmt::format("slot {} is named twice", n)};
    node->slots.Set(slot);
  }
  return Status::Ok();
}

Status ParseSlotColumns(const std::vector<std::string_view>& words, NodesConfNode* node) {
  for (size_t i = kFixedColumns; i < words.size(); ++i) {
    const Status status =
        words[i][0] == '[' ? ParseOpenSlot(words[i], node) : ParseSlots(words[i], node);
    if (!status.ok()) return status;
  }
  if ((node->flags & kFlagMaster) == 0 && !node->slots.Empty()) {
    return Error{"only a master owns slots"};
  }
  if ((node->flags & kFlagMyself) == 0 && !node->open_slots.empty()) {
    return Error{"only the line of myself has open slots"};
  }
  return Status::Ok();
}

Status ParseNode(const std::vector<std::string_view>& words, NodesConfNode* node) {
  if (words.size() < kFixedColumns) {
    return Error{fmt::format("a node needs {} columns, there are {}", kFixedColumns, words.size())};
  }
  const std::optional<NodeId> id = NodeId::Parse(words[0]);
  if (!id) return Error{"a node id is 40 hex digits, not " + Show(words[0])};
  node->id = *id;
  Status status = ParseAddress(words[1], node);
  if (status.ok()) status = ParseFlags(words[2], node);
  if (!status.ok()) return status;
  if (words[3] != "-") {
    const std::optional<NodeId> master = NodeId::Parse(words[3]);
    if (!master) return Error{"bad id of a master " + Show(words[3])};
    node->master = *master;
    if ((node->flags & kFlagReplica) == 0) return Error{"only a slave has a master"};
    if (node->master == node->id) return Error{"a node can't be its own master"};
  }
  const std::optional<int64_t> ping = ParseInt64(words[4]);
  const std::optional<int64_t> pong = ParseInt64(words[5]);
  if (!ping || !pong || *ping < 0 || *pong < 0) return Error{"bad ping or pong time"};
  node->ping_sent_ms = *ping;
  node->pong_received_ms = *pong;
  const std::optional<Epoch> epoch = ParseEpoch(words[6]);
  if (!epoch) return Error{"bad config epoch " + Show(words[6])};
  node->config_epoch = *epoch;
  if (words[7] != "connected" && words[7] != "disconnected") {
    return Error{"the link is connected or disconnected, not " + Show(words[7])};
  }
  node->connected = words[7] == "connected";
  return ParseSlotColumns(words, node);
}

// Unknown variables are passed over, as Redis does: a newer version may write more.
Status ParseVars(const std::vector<std::string_view>& words, NodesConf* conf) {
  if (words.size() % 2 == 0) return Error{"vars need a value each"};
  bool current = false;
  bool vote = false;
  for (size_t i = 1; i + 1 < words.size(); i += 2) {
    if (words[i].starts_with("lease")) {
      const std::optional<uint64_t> n = ParseUint64(words[i + 1]);
      if (!n) return Error{"bad number " + Show(words[i + 1])};
      if (words[i] == "leaseBoots") conf->boots = *n;
      if (words[i] == "leaseContested") conf->contested = *n != 0;
      if (words[i] == "leasePromised") conf->promised = Epoch(*n);
      continue;
    }
    const bool is_current = words[i] == "currentEpoch";
    if (!is_current && words[i] != "lastVoteEpoch") continue;
    const std::optional<Epoch> epoch = ParseEpoch(words[i + 1]);
    if (!epoch) return Error{"bad epoch " + Show(words[i + 1])};
    (is_current ? conf->current_epoch : conf->last_vote_epoch) = *epoch;
    (is_current ? current : vote) = true;
  }
  if (!current || !vote) return Error{"vars must name currentEpoch and lastVoteEpoch"};
  return Status::Ok();
}

// What a file needs beyond good lines. `line` of each node is needed for the message.
class WholeFile {
 public:
  Status Add(const NodesConfNode& node, size_t line) {
    if (!lines_.emplace(node.id, line).second) {
      return Error{fmt::format("node {} is already on line {}", node.id.view(), lines_[node.id])};
    }
    if ((node.flags & kFlagMyself) != 0) {
      if (myself_ != 0) return Error{fmt::format("line {} is already myself", myself_)};
      if ((node.flags & (kFlagMaster | kFlagReplica)) == 0) {
        return Error{"myself must be master or slave"};
      }
      myself_ = line;
    }
    Status status;
    node.slots.ForEach([&](SlotId slot) {
      if (owned_.Test(slot)) status = Error{fmt::format("slot {} has another owner", slot.value)};
      owned_.Set(slot);
    });
    return status;
  }
  // Names the line that refers to a node nobody describes.
  Status Finish(const NodesConf& conf, size_t last_line) const {
    if (myself_ == 0) return Error{fmt::format("line {}: no node is myself", last_line)};
    for (const NodesConfNode& node : conf.nodes) {
      const size_t line = lines_.at(node.id);
      if (!node.master.empty() && !lines_.contains(node.master)) {
        return Error{fmt::format("line {}: unknown master {}", line, node.master.view())};
      }
      for (const NodesConfNode::OpenSlot& open : node.open_slots) {
        if (lines_.contains(open.other)) continue;
        return Error{
            fmt::format("line {}: unknown node {} in an open slot", line, open.other.view())};
      }
    }
    return Status::Ok();
  }

 private:
  std::unordered_map<NodeId, size_t> lines_;
  size_t myself_ = 0;
  SlotSet owned_;
};

Status ParseLine(std::string_view line, size_t number, WholeFile* whole, NodesConf* conf,
                 bool* vars) {
  if (line.size() > kNodesConfLineMax) {
    return Error{fmt::format("longer than {} bytes", kNodesConfLineMax)};
  }
  if (line.find('\0') != std::string_view::npos) return Error{"a zero byte"};
  const std::vector<std::string_view> words = Words(line);
  if (words.empty()) return Status::Ok();
  if (*vars) return Error{"text behind the vars, which come last"};
  if (words[0] == "vars") {
    *vars = true;
    return ParseVars(words, conf);
  }
  conf->nodes.emplace_back();
  const Status status = ParseNode(words, &conf->nodes.back());
  if (!status.ok()) return status;
  return whole->Add(conf->nodes.back(), number);
}

MonoMs Dated(int64_t wall_ms, MonoMs now) { return wall_ms == 0 ? MonoMs(0) : now; }

void FillNode(const NodesConfNode& from, MonoMs now, Node* to) {
  to->ip = from.ip;
  to->port = from.port;
  const uint32_t guess = from.port == 0 ? 0 : from.port + 10000U;
  to->cport = from.cport.value_or(static_cast<uint16_t>(guess > 65535 ? 0 : guess));
  for (const char* name : {"tcp-port", "tls-port"}) {
    const std::string_view value = from.Field(name);
    if (!value.empty()) to->pport = *ParsePort(value);
  }
  to->hostname = from.hostname.value_or("");
  to->nodename.assign(from.Field("nodename"));
  to->availability_zone.assign(from.Field("availability-zone"));
  to->shard_id = NodeId::Parse(from.Field("shard-id")).value_or(NodeId());
  to->created = now;
  to->ping_sent = Dated(from.ping_sent_ms, now);
  to->pong_received = Dated(from.pong_received_ms, now);
  if ((from.flags & kFlagFail) != 0) to->fail_time = now;
}

bool Skipped(const NodesConfNode& node) {
  return (node.flags & kFlagHandshake) != 0 && (node.flags & kFlagMyself) == 0;
}

void LinkNodes(const NodesConf& conf, ClusterState* state) {
  for (const NodesConfNode& from : conf.nodes) {
    Node* node = Skipped(from) ? nullptr : state->Find(from.id);
    if (node == nullptr) continue;
    if ((from.flags & kFlagReplica) != 0) {
      state->SetReplicaOf(node, from.master.empty() ? nullptr : state->Find(from.master));
    } else if ((from.flags & kFlagMaster) != 0) {
      node->config_epoch = from.config_epoch;
      from.slots.ForEach([&](SlotId slot) { state->SetSlotOwner(slot, node); });
    }
    for (const NodesConfNode::OpenSlot& open : from.open_slots) {
      Node* other = state->Find(open.other);
      if (open.migrating) {
        state->SetMigratingTo(open.slot, other);
      } else {
        state->SetImportingFrom(open.slot, other);
      }
    }
  }
  for (const auto& [id, node] : state->nodes()) {  // a shard without a name takes its master's
    if (node->IsMaster() && node->shard_id.empty()) node->shard_id = id;
  }
  for (const auto& [id, node] : state->nodes()) {
    if (node->master != nullptr) node->shard_id = node->master->shard_id;
    if (node->shard_id.empty()) node->shard_id = id;
  }
}

}  // namespace

std::string_view NodesConfNode::Field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

bool FitsNodesConf(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c <= '~' && c != ',' && c != '='; });
}

std::string FlagsText(uint16_t flags) {
  std::string out;
  for (const FlagWord& flag : kFlagWords) {
    if ((flags & flag.bit) == 0) continue;
    if (!out.empty()) out += ',';
    out += flag.word;
  }
  return out.empty() ? "noflags" : out;
}

Result<NodesConf> ParseNodesConf(std::string_view text) {
  NodesConf conf;
  WholeFile whole;
  bool vars = false;
  size_t number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = text.find('\n');
    const Status status = ParseLine(text.substr(0, end), number, &whole, &conf, &vars);
    if (!status.ok()) return Error{fmt::format("line {}: {}", number, status.message())};
    if (end == std::string_view::npos) {
      return Error{fmt::format("line {}: the file ends within a line: it is cut short", number)};
    }
    text.remove_prefix(end + 1);
  }
  if (!vars) return Error{fmt::format("line {}: the file ends without its vars", number + 1)};
  const Status status = whole.Finish(conf, number);
  if (!status.ok()) return status.error();
  return conf;
}

std::string PrintNodesConf(const NodesConf& conf) {
  fmt::memory_buffer buffer;
  auto out = fmt::appender(buffer);
  for (const NodesConfNode& node : conf.nodes) {
    fmt::format_to(out, "{} {}:{}", node.id.view(), node.ip, node.port);
    if (node.cport) fmt::format_to(out, "@{}", *node.cport);
    if (node.hostname) fmt::format_to(out, ",{}", *node.hostname);
    for (const auto& [name, value] : node.fields) fmt::format_to(out, ",{}={}", name, value);
    fmt::format_to(out, " {} {} {} {} {} {}", FlagsText(node.flags),
                   node.master.empty() ? std::string_view("-") : node.master.view(),
                   node.ping_sent_ms, node.pong_received_ms, node.config_epoch.value,
                   node.connected ? "connected" : "disconnected");
    node.slots.ForEachRange([&](SlotId first, SlotId last) {
      if (first == last) {
        fmt::format_to(out, " {}", first.value);
      } else {
        fmt::format_to(out, " {}-{}", first.value, last.value);
      }
    });
    for (const NodesConfNode::OpenSlot& open : node.open_slots) {
      fmt::format_to(out, " [{}{}{}]", open.slot.value, open.migrating ? "->-" : "-<-",
                     open.other.view());
    }
    buffer.push_back('\n');
  }
  fmt::format_to(out, "vars currentEpoch {} lastVoteEpoch {}", conf.current_epoch.value,
                 conf.last_vote_epoch.value);
  if (conf.boots != 0) fmt::format_to(out, " leaseBoots {}", conf.boots);
  if (conf.contested) fmt::format_to(out, " leaseContested 1");
  if (conf.promised.value != 0) fmt::format_to(out, " leasePromised {}", conf.promised.value);
  buffer.push_back('\n');
  return fmt::to_string(buffer);
}

std::unique_ptr<ClusterState> StateFromNodesConf(const NodesConf& conf, MonoMs now, UnixMs wall) {
  const auto me = std::find_if(conf.nodes.begin(), conf.nodes.end(),
                               [](const NodesConfNode& n) { return (n.flags & kFlagMyself) != 0; });
  CHECK(me != conf.nodes.end());  // ParseNodesConf refuses such a file
  auto state = std::make_unique<ClusterState>(me->id, NodeId());
  state->now = now;
  state->wall = wall;
  constexpr auto kRole = static_cast<uint16_t>(kFlagMaster | kFlagReplica);
  for (const NodesConfNode& from : conf.nodes) {
    if (Skipped(from)) continue;
    Node* node = state->myself();
    if (from.id == me->id) {
      node->flags = static_cast<uint16_t>((node->flags & kRole) | (from.flags & ~kRole));
    } else {
      // Roles are set by LinkNodes, so that the table's counts stay true.
      node = state->Add(from.id, static_cast<uint16_t>(from.flags & ~kFlagReplica));
    }
    FillNode(from, now, node);
  }
  LinkNodes(conf, state.get());
  state->last_vote_epoch = conf.last_vote_epoch;
  state->boots = conf.boots;
  state->contested = conf.contested;
  state->promised = conf.promised;
  state->current_epoch = std::max(conf.current_epoch, conf.last_vote_epoch);
  state->current_epoch = state->MaxEpoch();
  for (const NodesConfNode& from : conf.nodes) {  // replicas' too: someone did use that number
    state->current_epoch = std::max(state->current_epoch, from.config_epoch);
  }
  return state;
}

Result<std::unique_ptr<ClusterState>> LoadNodesConf(std::string_view text, MonoMs now,
                                                    UnixMs wall) {
  const Result<NodesConf> conf = ParseNodesConf(text);
  if (!conf.ok()) return conf.error();
  return StateFromNodesConf(*conf, now, wall);
}

NodesConf NodesConfFromState(const ClusterState& state) {
  NodesConf conf;
  conf.current_epoch = state.current_epoch;
  conf.last_vote_epoch = state.last_vote_epoch;
  conf.boots = state.boots;
  conf.contested = state.contested;
  conf.promised = state.promised;
  for (const auto& [id, node] : state.nodes()) {
    if (node->InHandshake()) continue;
    NodesConfNode& out = conf.nodes.emplace_back();
    out.id = id;
    out.ip = node->ip;
    out.port = node->port;
    out.cport = node->cport;
    out.hostname = node->hostname;
    if (node->pport != 0) out.fields.emplace_back("tls-port", fmt::to_string(node->pport));
    if (!node->nodename.empty()) out.fields.emplace_back("nodename", node->nodename);
    if (!node->availability_zone.empty() && FitsNodesConf(node->availability_zone)) {
      out.fields.emplace_back("availability-zone", node->availability_zone);
    }
    if (!node->shard_id.empty()) out.fields.emplace_back("shard-id", node->shard_id.str());
    out.flags = node->flags;
    if (node->master != nullptr) out.master = node->master->id;
    out.ping_sent_ms = std::max<int64_t>(0, state.ToWall(node->ping_sent).value);
    out.pong_received_ms = std::max<int64_t>(0, state.ToWall(node->pong_received).value);
    out.config_epoch = state.ConfigEpochOf(node.get());
    out.connected = node->IsMyself() || node->link_up;
    out.slots = node->slots;
    if (!node->IsMyself() || !state.HasOpenSlots()) continue;
    for (uint16_t n = 0; n < kSlotCount; ++n) {
      const Node* to = state.MigratingTo(SlotId(n));
      const Node* from = state.ImportingFrom(SlotId(n));
      if (to != nullptr) out.open_slots.push_back({SlotId(n), true, to->id});
      if (from != nullptr && to == nullptr) out.open_slots.push_back({SlotId(n), false, from->id});
    }
  }
  return conf;
}

std::string WriteNodesConf(const ClusterState& state) {
  return PrintNodesConf(NodesConfFromState(state));
}

}  // namespace pleiad::cluster
