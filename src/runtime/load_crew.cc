// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/load_crew.h"

#include <fmt/core.h>

#include <array>

#include "base/memory.h"
#include "base/text.h"
#include "command/context.h"
#include "snapshot/rdb_token.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kQueuedMax = 64;  // batches; beyond, the reader helps

}  // namespace

LoadBatch::~LoadBatch() {
  for (const Item& item : items) {
    if (item.entry != nullptr) Entry::Free(item.entry);
  }
}

LoadCrew::LoadCrew(Engine* engine, UnixMs now, int first_thread, int workers)
    : engine_(engine), now_(now) {
  for (int i = 0; i < workers; ++i)
    threads_.emplace_back([this, thread = first_thread + i] { Work(thread); });
}

LoadCrew::~LoadCrew() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
    queue_.clear();
    work_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

Status LoadCrew::Add(std::unique_ptr<LoadBatch> batch) {
  std::unique_ptr<LoadBatch> mine;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!status_.ok()) return status_;
    queue_.push_back(std::move(batch));
    if (queue_.size() > kQueuedMax || threads_.empty()) {
      mine = std::move(queue_.front());
      queue_.pop_front();
    } else {
      work_.notify_one();
    }
  }
  if (mine) Run(mine.get());
  return Status::Ok();
}

Status LoadCrew::Finish() {
  while (std::unique_ptr<LoadBatch> batch = Take()) {
    Run(batch.get());
    const std::lock_guard<std::mutex> lock(mutex_);
    --running_;
  }
  // What workers still run they run inside: they wait for nobody.
  std::unique_lock<std::mutex> lock(mutex_);
  idle_.wait(lock, [this] { return running_ == 0; });
  return status_;
}

std::unique_ptr<LoadBatch> LoadCrew::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (queue_.empty()) return nullptr;
  std::unique_ptr<LoadBatch> batch = std::move(queue_.front());
  queue_.pop_front();
  ++running_;
  return batch;
}

void LoadCrew::Work(int thread) {
  RegisterMemoryThread();
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      work_.wait(lock, [this] { return stop_ || !queue_.empty(); });
      if (stop_) break;
    }
    engine_->keyspace.Enter(thread);
    std::unique_ptr<LoadBatch> batch = Take();
    if (batch) {
      Run(batch.get());
      const std::lock_guard<std::mutex> lock(mutex_);
      if (--running_ == 0) idle_.notify_all();
    }
    engine_->keyspace.Leave(thread);
  }
  UnregisterMemoryThread();
}

void LoadCrew::Fail(const std::string& why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (status_.ok()) status_ = Error{why};
}

Status LoadCrew::MakeEntries(LoadBatch* batch) {
  for (LoadBatch::Item& item : batch->items) {
    if (item.entry != nullptr) continue;
    const std::string_view key = std::string_view(batch->bytes).substr(item.at, item.key_size);
    const std::string_view value =
        std::string_view(batch->bytes).substr(item.at + item.key_size, item.value_size);
    if (item.full_size == 0) {
      item.entry = Entry::CreateString(key, value, item.expiry_ms);
      continue;
    }
    char* to = nullptr;
    item.entry = Entry::CreateBlank(key, item.full_size, item.expiry_ms, &to);
    if (!UnpackRdbString(value, to, item.full_size))
      return Error{fmt::format("the compressed value of key {} is damaged", Quoted(key))};
  }
  return Status::Ok();
}

void LoadCrew::Run(LoadBatch* batch) {
  const Status made = MakeEntries(batch);
  if (!made.ok()) {
    Fail(made.message());
    return;
  }
  std::array<Key, LoadBatch::kItemsMax> keys;
  for (size_t i = 0; i < batch->items.size(); ++i) {
    keys[i] = engine_->keyspace.MakeKey(batch->items[i].entry->key());
    __builtin_prefetch(&engine_->keyspace.RawSlot(keys[i].slot), 1);
  }
#ifdef PLEIAD_JEMALLOC
  for (size_t i = 0; i < batch->items.size(); ++i) {
    if (batch->items[i].db == 0)
      engine_->keyspace.RawSlot(keys[i].slot).db0.table.PrefetchBucket(keys[i].hash);
  }
#endif
  const uint32_t access = FreshAccessBits(*engine_, now_);
  for (size_t i = 0; i < batch->items.size(); ++i) {
    LoadBatch::Item& item = batch->items[i];
    item.entry->set_access(access);
    if (!Insert(keys[i], item.db, item.entry)) {
      Fail(fmt::format("the key {} is there twice", Quoted(keys[i].bytes)));
      return;
    }
    item.entry = nullptr;
  }
}

bool LoadCrew::Insert(const Key& key, int db, Entry* entry) {
  Keyspace& keyspace = engine_->keyspace;
  LockSet locks(&keyspace);
  locks.LockOne(key.slot);
  Slot& slot = locks.slot(key.slot);
  SlotDb* slot_db = keyspace.Db(slot, db, true);
  if (slot_db->table.Find(key.hash, key.bytes) != nullptr) return false;
  keyspace.BeforeChange(key.slot, db, *slot_db, key.hash);
  slot_db->table.Insert(key.hash, entry, keyspace.hash_seed());
  keyspace.NoteExpiries(slot, *slot_db, *entry);
  return true;
}

}  // namespace pleiad::runtime
