// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Dispatcher, continued: clients that wait. The thread that made a key ready runs the commands of
// those who wait for it, first come first served, after it let go of its own locks and before its
// reply leaves; so a client that pushes and then reads finds what the waiters left.
#include <utility>

#include "command/dispatch.h"

namespace pleiad {

bool Dispatcher::MayBlock(const ClientState& client) const {
  if (serving_) return true;
  return make_delivery_ && client.connection != nullptr && group_ == nullptr &&
         !client.from_master && !client.exclusive;
}

// REQUIRES: the locks under which the command found nothing.
void Dispatcher::Block(const PreparedCommand& c, ClientState* client, LockSet* locks,
                       ReadContext::BlockSpec spec) {
  if (serving_) {
    still_nothing_ = true;
    return;
  }
  auto waiter = std::make_shared<Waiter>();
  waiter->client.id = client->id;
  waiter->client.db = client->db;
  waiter->client.protocol = client->protocol;
  waiter->client.readonly = client->readonly;
  waiter->client.address = client->address;
  waiter->client.name = client->name;
  waiter->args = std::move(spec.args);
  if (waiter->args.empty()) waiter->args.assign(c.args.begin(), c.args.end());
  waiter->db = client->db;
  waiter->null_array = spec.null_array;
  waiter->rerun = spec.rerun;
  waiter->writes = c.spec->write != nullptr;
  waiter->held = spec.held;
  if (spec.held) waiter->client.asking = client->asking;
  if (spec.timeout_ms != 0) waiter->deadline_ms = mono_now_.value + spec.timeout_ms;
  for (const Key& key : c.keys) {
    waiter->keys.push_back({key.slot, std::string(key.bytes)});
    locks->slot(key.slot).watched |= Slot::kWaiters;
  }
  client->waiter = waiter;
  waiter->deliver = make_delivery_(client);
  engine_->waiters.Add(waiter);
}

// REQUIRES: the lock of the slot of its keys, which is held.
void Dispatcher::Hold(const PreparedCommand& c, ClientState* client, LockSet* locks,
                      resp::Writer* out, std::vector<std::string> again) {
  if (serving_) {
    still_nothing_ = true;
    return;
  }
  if (!make_delivery_ || client->connection == nullptr) {
    out->Error("TRYAGAIN The slot's state is changing");
    return;
  }
  ReadContext::BlockSpec spec;
  spec.args = std::move(again);
  spec.rerun = true;
  Block(c, client, locks, std::move(spec));
}

void Dispatcher::ServeReady() {
  if (serving_) return;  // the loop below goes on with what this command made ready
  if (engine_->pauses.At(mono_now_) != PauseLevel::kNone) [[unlikely]] {
    engine_->waiters.LeaveOver(&ready_);  // until ServeLeftOver
    if (engine_->pauses.level() != PauseLevel::kNone) return;
    ready_ = engine_->waiters.TakeLeftOver();  // it ended that moment
  }
  while (!ready_.empty()) {
    const ReadyKey ready = std::move(ready_.front());
    ready_.pop_front();
    ServeKey(ready);
  }
}

void Dispatcher::ServeLeftOver(UnixMs now, MonoMs mono_now) {
  now_ = now;
  mono_now_ = mono_now;
  ready_ = engine_->waiters.TakeLeftOver();
  if (!ready_.empty()) ServeReady();
}

void Dispatcher::ServeKey(const ReadyKey& ready) {
  const Key key = engine_->keyspace.MakeKey(ready.key);
  auto waiters = engine_->waiters.For(key.slot, ready.db, ready.key);
  if (waiters.empty()) {
    LockSet locks(&engine_->keyspace);
    locks.LockOne(key.slot);
    // Registration needs this lock, so nobody comes in between.
    if (!engine_->waiters.Any(key.slot))
      locks.slot(key.slot).watched &= static_cast<uint8_t>(~Slot::kWaiters);
    return;
  }
  for (const auto& waiter : waiters) {
    const bool served = Serve(waiter, key);
    // It took the last there was.
    if (served && !waiter->held && !TypeAt(key, ready.db).has_value()) return;
  }
}

// True if a command of that group waits for keys of this type.
static bool WaitsFor(std::string_view group, std::optional<ValueType> type) {
  if (group == "list") return type == ValueType::kList;
  if (group == "sorted-set") return type == ValueType::kZset;
  return type == ValueType::kStream;
}

// False: there was nothing for it, or somebody else has it.
bool Dispatcher::Serve(const std::shared_ptr<Waiter>& waiter, const Key& ready) {
  if (waiter->rerun) return false;
  for (;;) {
    int expected = Waiter::kWaiting;
    if (!waiter->state.compare_exchange_strong(expected, Waiter::kServing)) {
      if (expected != Waiter::kServing) return false;
      waiter->again = true;
      // Whoever serves it looks at `again` after it put the state back: look once more ourselves.
      if (waiter->state.load() != Waiter::kWaiting) return false;
      continue;
    }
    waiter->again = false;
    PreparedCommand c;
    c.args.assign(waiter->args.begin(), waiter->args.end());
    Lookup(&c);
    resp::OutBuffer buffer;
    resp::Writer out(&buffer, waiter->client.protocol);
    serving_ = true;
    still_nothing_ = false;
    RunKeyed(c, &waiter->client, &out);
    serving_ = false;
    engine_->tracking.SendBroadcasts(waiter->client.id);
    // A key of another type is as good as none, but for a group that its stream went away from. If
    // the key that is ready is what it waits for, another one (BLMOVE's destination) is wrong.
    const bool wrong_type = buffer.view().starts_with("-WRONGTYPE") &&
                            c.spec->name != "xreadgroup" && !waiter->held &&
                            !WaitsFor(c.spec->group, TypeAt(ready, waiter->db));
    if (!still_nothing_ && !wrong_type) {
      waiter->state = Waiter::kDone;
      engine_->waiters.Remove(waiter);
      waiter->deliver(std::string(buffer.view()));
      return true;
    }
    expected = Waiter::kServing;
    if (!waiter->state.compare_exchange_strong(expected, Waiter::kWaiting)) return false;  // gone
    if (!waiter->again.exchange(false)) return false;
  }
}

// A write to a key that is being moved waits until it is known where the key is. What can't wait
// (a transaction, the replication stream) goes on: the mover notices (runtime/key_move.h).
bool Dispatcher::HeldByMove(const PreparedCommand& c, ClientState* client, LockSet* locks) {
  if (!MayBlock(*client)) return false;
  for (const Key& key : c.keys) {
    if ((locks->slot(key.slot).watched & Slot::kMoving) == 0) continue;
    if (!engine_->moving.Contains(key.slot, client->db, key.bytes)) continue;
    ReadContext::BlockSpec spec;
    spec.held = true;
    Block(c, client, locks, std::move(spec));
    return true;
  }
  return false;
}

void Dispatcher::ServeHeld(int db, const std::vector<std::string>& keys, UnixMs now, MonoMs mono) {
  now_ = now;
  mono_now_ = mono;
  for (const std::string& key : keys) ready_.push_back({db, key});
  ServeReady();
}

std::optional<ValueType> Dispatcher::TypeAt(const Key& key, int db) {
  LockSet locks(&engine_->keyspace);
  locks.LockOne(key.slot);
  const SlotDb* slot_db = engine_->keyspace.Db(locks.slot(key.slot), db, false);
  if (slot_db == nullptr) return std::nullopt;
  const Entry* const e = slot_db->table.Find(key.hash, key.bytes);
  return e == nullptr ? std::nullopt : std::optional(e->type());
}

}  // namespace pleiad
