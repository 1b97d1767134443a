// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_stream.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "data/stream.h"

namespace pleiad {
namespace {

constexpr size_t kStreamIdBytes = 16;

uint64_t FromBigEndian(const char* p) {
  uint64_t n;
  std::memcpy(&n, p, 8);
  return __builtin_bswap64(n);
}

void AppendStreamId(std::string* out, StreamId id) {
  const uint64_t parts[] = {__builtin_bswap64(id.ms), __builtin_bswap64(id.seq)};
  out->append(reinterpret_cast<const char*>(parts), sizeof(parts));
}

void AppendIdLengths(std::string* out, StreamId id) {
  AppendRdbLength(out, id.ms);
  AppendRdbLength(out, id.seq);
}

class RdbStreamDecoder : public RdbValueDecoder {
 public:
  explicit RdbStreamDecoder(uint8_t type) : type_(type) {}

  RdbWant Start() override {
    stream_ = std::make_unique<Stream>();
    group_ = nullptr;
    return Go(State::kNodes);
  }
  Result<RdbWant> OnToken(const RdbToken& token) override {
    if (state_ < State::kGroups) return OnStream(token);
    return state_ < State::kConsumers ? OnGroup(token) : OnConsumer(token);
  }
  Status Deliver(const RdbKey& key, RdbSink* sink) override {
    MemoryStore value;
    value.SetObject(std::move(stream_));
    return sink->OnValue(key, ValueType::kStream, &value);
  }

 private:
  // What is read next. The order is that of the bytes.
  enum class State {
    kNodes,
    kNodeId,
    kNode,
    kLength,
    kLastMs,
    kLastSeq,
    kFirstMs,
    kFirstSeq,
    kMaxDeletedMs,
    kMaxDeletedSeq,
    kEntriesAdded,
    kGroups,
    kGroupName,
    kGroupMs,
    kGroupSeq,
    kEntriesRead,
    kPending,
    kPendingMs,
    kPendingSeq,
    kPendingTime,
    kDeliveries,
    kConsumers,
    kConsumerName,
    kSeen,
    kActive,
    kOwned,
    kOwnedMs,
    kOwnedSeq,
  };

  bool v2() const { return type_ >= rdb::kTypeStreamListpacks2; }
  RdbWant Go(State state) {
    state_ = state;
    switch (state) {
      case State::kNodeId:
      case State::kNode:
      case State::kGroupName:
      case State::kConsumerName:
        return RdbWant::kString;
      case State::kPendingMs:
      case State::kPendingSeq:
      case State::kPendingTime:
      case State::kSeen:
      case State::kActive:
      case State::kOwnedMs:
      case State::kOwnedSeq:
        return RdbWant::kU64;
      default:
        return RdbWant::kLength;
    }
  }

  Result<RdbWant> OnStream(const RdbToken& token);
  Result<RdbWant> OnGroup(const RdbToken& token);
  Result<RdbWant> OnConsumer(const RdbToken& token);
  Status AddNode(std::string_view listpack);
  void FinishHead();
  Status OnOwned();
  // The next group, or the end.
  RdbWant NextGroup() {
    if (groups_-- > 0) return Go(State::kGroupName);
    return RdbWant::kDone;
  }
  RdbWant NextPending() { return Go(pending_left_-- > 0 ? State::kPendingMs : State::kConsumers); }
  Result<RdbWant> NextConsumer() {
    if (consumers_-- > 0) return Go(State::kConsumerName);
    if (owned_ != pending_.size()) return Error{"a pending entry of a group has no consumer"};
    return NextGroup();
  }
  Result<RdbWant> NextOwned() {
    if (owned_left_-- > 0) return Go(State::kOwnedMs);
    return NextConsumer();
  }

  const uint8_t type_;
  State state_ = State::kNodes;
  std::unique_ptr<Stream> stream_;
  uint64_t nodes_ = 0;
  StreamId id_;  // whatever id is being read
  StreamId last_id_;
  StreamId max_deleted_;
  uint64_t entries_added_ = 0;
  uint64_t groups_ = 0;
  std::string group_name_;
  StreamGroup* group_ = nullptr;
  uint64_t pending_left_ = 0;
  std::vector<std::pair<StreamId, StreamPending>> pending_;  // of the group, by id
  size_t owned_ = 0;                                         // of them found with a consumer
  uint64_t consumers_ = 0;
  StreamConsumer* consumer_ = nullptr;
  uint64_t owned_left_ = 0;
};

Status RdbStreamDecoder::AddNode(std::string_view listpack) {
  StreamNode* const node = StreamNode::FromListpack(listpack, id_);
  if (node == nullptr) return Error{"a node of a stream is damaged"};
  if (!stream_->AdoptNode(id_, node)) return Error{"the nodes of a stream are not in order"};
  return Status::Ok();
}

// All about the stream is known but its groups.
void RdbStreamDecoder::FinishHead() {
  stream_->SetLastId(std::max(stream_->last_id(), last_id_));
  stream_->SetMaxDeletedId(max_deleted_);
  stream_->SetEntriesAdded(std::max(entries_added_, stream_->length()));
}

Result<RdbWant> RdbStreamDecoder::OnStream(const RdbToken& token) {
  switch (state_) {
    case State::kNodes:
      nodes_ = token.number;
      break;
    case State::kNodeId:
      if (token.text.size() != kStreamIdBytes) return Error{"the id of a node is not 16 bytes"};
      id_ = {FromBigEndian(token.text.data()), FromBigEndian(token.text.data() + 8)};
      return Go(State::kNode);
    case State::kNode: {
      const Status status = AddNode(token.text);
      if (!status.ok()) return status.error();
      break;
    }
    case State::kLength:
      return Go(State::kLastMs);
    case State::kLastMs:
      last_id_.ms = token.number;
      return Go(State::kLastSeq);
    case State::kLastSeq:
      last_id_.seq = token.number;
      max_deleted_ = {};
      entries_added_ = stream_->length();
      if (v2()) return Go(State::kFirstMs);
      FinishHead();
      return Go(State::kGroups);
    case State::kFirstMs:
      return Go(State::kFirstSeq);
    case State::kFirstSeq:
      return Go(State::kMaxDeletedMs);
    case State::kMaxDeletedMs:
      max_deleted_.ms = token.number;
      return Go(State::kMaxDeletedSeq);
    case State::kMaxDeletedSeq:
      max_deleted_.seq = token.number;
      return Go(State::kEntriesAdded);
    default:
      entries_added_ = token.number;
      FinishHead();
      return Go(State::kGroups);
  }
  return Go(nodes_-- > 0 ? State::kNodeId : State::kLength);
}

Result<RdbWant> RdbStreamDecoder::OnGroup(const RdbToken& token) {
  switch (state_) {
    case State::kGroups:
      groups_ = token.number;
      return NextGroup();
    case State::kGroupName:
      group_name_ = token.text;
      pending_.clear();
      owned_ = 0;
      return Go(State::kGroupMs);
    case State::kGroupMs:
      id_.ms = token.number;
      return Go(State::kGroupSeq);
    case State::kGroupSeq:
      id_.seq = token.number;
      group_ = stream_->CreateGroup(group_name_, id_, StreamGroup::kUnknown);
      if (group_ == nullptr) return Error{"two groups of a stream have the same name"};
      if (v2()) return Go(State::kEntriesRead);
      group_->entries_read = stream_->EntriesUpTo(id_);
      return Go(State::kPending);
    case State::kEntriesRead:
      group_->entries_read = std::max(static_cast<int64_t>(token.number), StreamGroup::kUnknown);
      return Go(State::kPending);
    case State::kPending:
      pending_left_ = token.number;
      return NextPending();
    case State::kPendingMs:
      id_.ms = __builtin_bswap64(token.number);
      return Go(State::kPendingSeq);
    case State::kPendingSeq:
      id_.seq = __builtin_bswap64(token.number);
      if (!pending_.empty() && id_ <= pending_.back().first)
        return Error{"the pending entries of a group are not in order"};
      return Go(State::kPendingTime);
    case State::kPendingTime:
      pending_.push_back({id_, {nullptr, static_cast<int64_t>(token.number), 0}});
      return Go(State::kDeliveries);
    default:
      pending_.back().second.deliveries = token.number;
      return NextPending();
  }
}

Status RdbStreamDecoder::OnOwned() {
  const auto found =
      std::lower_bound(pending_.begin(), pending_.end(), id_,
                       [](const auto& entry, StreamId id) { return entry.first < id; });
  if (found == pending_.end() || found->first != id_)
    return Error{"an entry is pending for a consumer and not for its group"};
  if (found->second.consumer != nullptr) return Error{"an entry is pending for two consumers"};
  found->second.consumer = consumer_;
  group_->SetPending(id_, found->second);
  ++owned_;
  return Status::Ok();
}

Result<RdbWant> RdbStreamDecoder::OnConsumer(const RdbToken& token) {
  switch (state_) {
    case State::kConsumers:
      consumers_ = token.number;
      return NextConsumer();
    case State::kConsumerName:
      if (group_->FindConsumer(token.text) != nullptr)
        return Error{"two consumers of a group have the same name"};
      consumer_ = group_->CreateConsumer(token.text, 0);
      return Go(State::kSeen);
    case State::kSeen:
      // The active time was not kept before 7.2; this is the best guess.
      consumer_->seen_ms = consumer_->active_ms = static_cast<int64_t>(token.number);
      return Go(type_ >= rdb::kTypeStreamListpacks3 ? State::kActive : State::kOwned);
    case State::kActive:
      consumer_->active_ms = static_cast<int64_t>(token.number);
      return Go(State::kOwned);
    case State::kOwned:
      owned_left_ = token.number;
      return NextOwned();
    case State::kOwnedMs:
      id_.ms = __builtin_bswap64(token.number);
      return Go(State::kOwnedSeq);
    default: {
      id_.seq = __builtin_bswap64(token.number);
      const Status status = OnOwned();
      if (!status.ok()) return status.error();
      return NextOwned();
    }
  }
}

void AppendStreamGroup(std::string* out, const std::string& name, const StreamGroup& group,
                       const RdbEncodeOptions& options) {
  AppendRdbString(out, name, options);
  AppendIdLengths(out, group.last_id);
  AppendRdbLength(out, static_cast<uint64_t>(group.entries_read));
  AppendRdbLength(out, group.pending().size());
  group.pending().ForEach([&](StreamId id, const StreamPending& what) {
    AppendStreamId(out, id);
    AppendRdbLittleEndian64(out, static_cast<uint64_t>(what.delivered_ms));
    AppendRdbLength(out, what.deliveries);
  });
  AppendRdbLength(out, group.consumers().size());
  for (const auto& [consumer_name, consumer] : group.consumers()) {
    AppendRdbString(out, consumer_name, options);
    AppendRdbLittleEndian64(out, static_cast<uint64_t>(consumer->seen_ms));
    AppendRdbLength(out, consumer->pending.size());
    consumer->pending.ForEach([&](StreamId id, const auto&) { AppendStreamId(out, id); });
  }
}

uint8_t RdbStreamType(const ValueView&) { return rdb::kTypeStreamListpacks2; }

void AppendRdbStream(std::string* out, const ValueView& value, const RdbEncodeOptions& options) {
  const auto& stream = static_cast<const Stream&>(*value.object);
  AppendRdbLength(out, stream.nodes().size());
  std::string bytes;
  stream.nodes().ForEach([&](StreamId id, const StreamNode* node) {
    bytes.clear();
    AppendStreamId(&bytes, id);
    AppendRdbString(out, bytes, options);
    bytes.clear();
    node->AppendListpack(&bytes);
    AppendRdbString(out, bytes, options);
  });
  AppendRdbLength(out, stream.length());
  AppendIdLengths(out, stream.last_id());
  AppendIdLengths(out, stream.first_id());
  AppendIdLengths(out, stream.max_deleted_id());
  AppendRdbLength(out, stream.entries_added());
  AppendRdbLength(out, stream.groups().size());
  for (const auto& [name, group] : stream.groups()) AppendStreamGroup(out, name, *group, options);
}

}  // namespace

std::unique_ptr<RdbValueDecoder> MakeRdbStreamDecoder(uint8_t type) {
  return std::make_unique<RdbStreamDecoder>(type);
}

const RdbEncoder kRdbStreamEncoder{RdbStreamType, AppendRdbStream};

}  // namespace pleiad
