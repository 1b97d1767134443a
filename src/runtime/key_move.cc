// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/key_move.h"

#include "snapshot/dump_payload.h"

namespace pleiad::runtime {
namespace {

// Where a slot without keys of its own sends its clients, as the text of an error; empty: it is
// here. A slot on its way in or out is here as far as MIGRATE goes: it is how its keys move.
std::string WhereElse(Engine* engine, SlotId id, SlotState state) {
  if (engine->router == nullptr || state != SlotState::kNotMine) return {};
  RouteQuery query;
  query.slot = id;
  query.state = state;
  query.write = true;
  query.keys = 1;
  resp::OutBuffer buffer;
  resp::Writer out(&buffer, 2);
  if (engine->router->Route(query, &out)) return {};
  const std::string_view reply = buffer.view();
  return std::string(reply.substr(1, reply.find('\r') - 1));
}

}  // namespace

KeyMove::KeyMove(Engine* engine, ThreadStats* stats, int db, bool copy)
    : engine_(engine), stats_(stats), copy_(copy) {
  nobody_.db = db;
}

KeyMove::~KeyMove() {
  while (!held_.empty()) Release(std::string(*held_.begin()));
}

void KeyMove::Hold(LockSet* locks, const Key& key) {
  locks->slot(key.slot).watched |= Slot::kMoving;
  if (held_.emplace(key.bytes).second) engine_->moving.Add(key.slot, nobody_.db, key.bytes);
}

KeyMove::Look KeyMove::Take(std::string_view name, UnixMs now, TakenKey* taken,
                            std::string* error) {
  const std::vector<Key> keys = {engine_->keyspace.MakeKey(name)};
  const Key& key = keys[0];
  LockSet locks(&engine_->keyspace);
  locks.LockOne(key.slot);
  *error = WhereElse(engine_, key.slot, locks.slot(key.slot).state);
  if (!error->empty()) return Look::kElsewhere;
  ReadContext ctx(engine_, stats_, &locks, &nobody_, now);
  ctx.set_keys(&keys);
  const Entry* e = ctx.Find(key, false);
  if (e == nullptr) return Look::kMissing;
  taken->name = name;
  taken->payload = DumpEntry(*e, {});
  taken->expiry_ms = e->expiry_ms();
  if (copy_) return Look::kTaken;
  Hold(&locks, key);
  locks.slot(key.slot).watched |= Slot::kWatched;
  taken->watch = std::make_unique<ClientWatches>(&engine_->watches);
  taken->watch->Add(nobody_.db, name, key.slot, true);
  return Look::kTaken;
}

KeyMove::End KeyMove::Settle(const TakenKey& taken, UnixMs now) {
  if (copy_) return End::kMoved;
  const std::vector<Key> keys = {engine_->keyspace.MakeKey(taken.name)};
  const Key& key = keys[0];
  LockSet locks(&engine_->keyspace);
  locks.LockOne(key.slot);
  if (engine_->replica.load(std::memory_order_relaxed)) return End::kNotOurs;
  if (engine_->router != nullptr && locks.slot(key.slot).state == SlotState::kNotMine)
    return End::kNotOurs;
  // A manual failover waits for the replicas to have all there is: nothing may come behind it.
  if (engine_->pauses.level() != PauseLevel::kNone) return End::kPaused;
  WriteContext ctx(engine_, stats_, &locks, &nobody_, now);
  ctx.set_keys(&keys);
  if (ctx.Find(key, false) == nullptr) return End::kGone;
  if (taken.watch->all()[0]->dirty.load(std::memory_order_relaxed)) return End::kChanged;
  ctx.Delete(key);
  ctx.Notify(kNotifyGeneric, "del", key);
  ctx.Propagate({"DEL", key.bytes});
  ThreadStats::Add(&stats_->dirty, 1);
  return End::kMoved;
}

void KeyMove::Release(const std::string& name) {
  const Key key = engine_->keyspace.MakeKey(name);
  LockSet locks(&engine_->keyspace);
  locks.LockOne(key.slot);
  held_.erase(name);
  if (!engine_->moving.Remove(key.slot, nobody_.db, name))
    locks.slot(key.slot).watched &= static_cast<uint8_t>(~Slot::kMoving);
}

}  // namespace pleiad::runtime
