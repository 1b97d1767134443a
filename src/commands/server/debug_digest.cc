// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// DEBUG DIGEST and DIGEST-VALUE: 160 bits that are equal for equal data. What has an order (the
// elements of a list, the entries of a stream) is hashed one after the other; what has none (keys,
// members, fields) is hashed alone and summed, so threads, encodings and the order in which things
// came don't matter. Not those of redis-server: compare Pleiad with Pleiad.
#include <fmt/core.h>

#include <array>
#include <cstring>

#include "base/hash.h"
#include "commands/server/debug_words.h"
#include "data/hash.h"
#include "data/list.h"
#include "data/set.h"
#include "data/stream.h"
#include "data/zset.h"

namespace pleiad {
namespace {

class Digest {
 public:
  // Behind what was mixed in before.
  Digest& Mix(std::string_view bytes) {
    for (uint64_t& lane : lanes_) lane = HashBytes(bytes, lane);
    return *this;
  }
  Digest& Mix(int64_t number) {
    char bytes[sizeof(number)];
    std::memcpy(bytes, &number, sizeof(number));
    return Mix(std::string_view(bytes, sizeof(bytes)));
  }
  Digest& Mix(StreamId id) {
    return Mix(static_cast<int64_t>(id.ms)).Mix(static_cast<int64_t>(id.seq));
  }
  Digest& Mix(const Digest& other) {
    for (const uint64_t lane : other.lanes_) Mix(static_cast<int64_t>(lane));
    return *this;
  }
  // Beside it, in any order.
  void Sum(const Digest& other) {
    for (size_t i = 0; i < lanes_.size(); ++i) lanes_[i] += other.lanes_[i];
  }
  static Digest Zero() {
    Digest zero;
    zero.lanes_ = {};
    return zero;
  }
  std::string Hex() const {
    return fmt::format("{:016x}{:016x}{:08x}", lanes_[0], lanes_[1],
                       static_cast<uint32_t>(lanes_[2] >> 32));
  }

 private:
  std::array<uint64_t, 3> lanes_ = {0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f, 0x165667b19e3779f9};
};

Digest OfSet(const ValueView& value) {
  Digest sum = Digest::Zero();
  SetView(value).ForEach([&](std::string_view member) { sum.Sum(Digest().Mix(member)); });
  return sum;
}

Digest OfZset(const ValueView& value) {
  Digest sum = Digest::Zero();
  ZsetView(value).ForEach([&](std::string_view member, double score) {
    const double positive = score == 0 ? 0 : score;  // -0 is 0
    int64_t bits;
    std::memcpy(&bits, &positive, sizeof(bits));
    sum.Sum(Digest().Mix(member).Mix(bits));
  });
  return sum;
}

Digest OfHash(const ValueView& value, UnixMs now) {
  Digest sum = Digest::Zero();
  HashView(value, now.value).ForEach([&](const FieldElement& e) {
    Digest one;
    one.Mix(e.field).Mix(e.value);
    if (e.expiry_ms != FieldElement::kNoExpiry) one.Mix(e.expiry_ms);
    sum.Sum(one);
  });
  return sum;
}

// What consumers did last is no data: replicas don't know it.
Digest OfGroups(const Stream& stream) {
  Digest sum = Digest::Zero();
  for (const auto& [name, group] : stream.groups()) {
    Digest one;
    one.Mix(name).Mix(group->last_id);
    for (const auto& [consumer_name, consumer] : group->consumers()) one.Mix(consumer_name);
    group->pending().ForEach([&](StreamId id, const StreamPending& pending) {
      one.Mix(id).Mix(pending.consumer->name).Mix(static_cast<int64_t>(pending.deliveries));
    });
    sum.Sum(one);
  }
  return sum;
}

Digest OfStream(const ValueView& value) {
  const auto& stream = *static_cast<const Stream*>(value.object);
  Digest all;
  StreamIterator it(stream, StreamId{}, StreamId::Max(), false);
  while (it.Next()) {
    all.Mix(it.id());
    it.entry().ForEachField(
        [&](std::string_view name, std::string_view text) { all.Mix(name).Mix(text); });
  }
  all.Mix(stream.last_id()).Mix(stream.max_deleted_id());
  all.Mix(static_cast<int64_t>(stream.entries_added()));
  return all.Mix(OfGroups(stream));
}

Digest OfList(const ValueView& value) {
  Digest all;
  ListReader(value).ForEach([&](std::string_view element) { all.Mix(element); });
  return all;
}

Digest OfEntry(const Entry& e, UnixMs now) {
  Digest all;
  all.Mix(static_cast<int64_t>(e.type()));
  const ValueView value = e.value();
  switch (e.type()) {
    case ValueType::kString:
      all.Mix(value.bytes);
      break;
    case ValueType::kList:
      all.Mix(OfList(value));
      break;
    case ValueType::kSet:
      all.Mix(OfSet(value));
      break;
    case ValueType::kZset:
      all.Mix(OfZset(value));
      break;
    case ValueType::kHash:
      all.Mix(OfHash(value, now));
      break;
    case ValueType::kStream:
      all.Mix(OfStream(value));
      break;
  }
  if (e.has_expiry()) all.Mix(e.expiry_ms());
  return all;
}

}  // namespace

void DebugDigest(ServerContext& ctx, const Args&, resp::Writer& out) {
  Digest sum = Digest::Zero();
  Keyspace& keyspace = ctx.engine.keyspace;
  ctx.Exclusive([&] {
    for (int i = 0; i < kSlotCount; ++i) {
      const SlotId id(static_cast<uint16_t>(i));
      LockSet locks(&keyspace);
      locks.LockOne(id);
      for (int db = 0; db < keyspace.databases(); ++db) {
        const SlotDb* slot_db = keyspace.Db(locks.slot(id), db, false);
        if (slot_db == nullptr) continue;
        slot_db->table.ForEach([&](const Entry* e) {
          if (e->has_expiry() && e->expiry_ms() <= ctx.now.value) return;
          sum.Sum(Digest().Mix(int64_t{db}).Mix(e->key()).Mix(OfEntry(*e, ctx.now)));
        });
      }
    }
  });
  out.Simple(sum.Hex());
}

void DebugDigestValue(ServerContext& ctx, const Args& args, resp::Writer& out) {
  out.Array(args.size() - 2);
  for (size_t i = 2; i < args.size(); ++i) {
    const Key key = ctx.engine.keyspace.MakeKey(args[i]);
    LockSet locks(&ctx.engine.keyspace);
    locks.LockOne(key.slot);
    ReadContext read(&ctx.engine, &ctx.stats, &locks, &ctx.client, ctx.now);
    const Entry* e = read.Find(key, false);
    out.Simple(e == nullptr ? Digest::Zero().Hex() : OfEntry(*e, ctx.now).Hex());
  }
}

}  // namespace pleiad
