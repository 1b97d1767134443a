// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a handler sees of the world. A handler sees its arguments, a context and a reply; it can't
// reach a socket, another slot, a clock or the journal. The slots of all the command's keys are
// locked while it runs.
//
//   ReadContext    commands that only read
//   WriteContext   commands that change keys: every change goes through it, and it keeps memory
//   accounting, the expiry
//                  summary, snapshot pre-images, notifications, WATCH, tracking and the journal
//                  true in one place
//   ServerContext  commands about the connection or the server
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/prng.h"
#include "command/client_state.h"
#include "command/engine.h"
#include "resp/writer.h"
#include "slot/keyspace.h"

namespace pleiad {

namespace runtime {
class Server;
}

// The arguments of a command; args[0] is its name as typed.
class Args {
 public:
  Args() = default;
  Args(std::span<const std::string_view> args, std::vector<HeapString*>* owned = nullptr)
      : args_(args), owned_(owned) {}
  size_t size() const { return args_.size(); }
  std::string_view operator[](size_t i) const { return args_[i]; }
  std::span<const std::string_view> all() const { return args_; }
  // True if argument i (case-insensitive) is `word`.
  bool Is(size_t i, std::string_view word) const;
  // True if Take(i) would give something.
  bool Owned(size_t i) const {
    return owned_ != nullptr && i < owned_->size() && (*owned_)[i] != nullptr;
  }
  // A large argument that was read into memory of its own: the caller may take it over. Null for
  // ordinary ones.
  HeapString* Take(size_t i) const;

 private:
  std::span<const std::string_view> args_;
  std::vector<HeapString*>* owned_ = nullptr;
};

class ReadContext {
 public:
  ReadContext(Engine* engine, ThreadStats* stats, LockSet* locks, ClientState* client, UnixMs now)
      : engine_(engine),
        stats_(stats),
        locks_(locks),
        client_(client),
        now_(now),
        db_(client->db) {}

  UnixMs now() const { return now_; }
  int db() const { return db_; }
  const ClientState& client() const { return *client_; }

  // The command's keys in the order of its key specification, as looked up.
  const std::vector<Key>& keys() const { return *keys_; }
  const Key& key(size_t i = 0) const { return (*keys_)[i]; }
  void set_keys(const std::vector<Key>* keys) { keys_ = keys; }

  // The entry, or null if the key is absent or expired (what expired is deleted on a master).
  // Counts a hit or miss and marks the access, unless `touch` is false (commands that write,
  // OBJECT). Valid until the handler returns or changes the key. Cost: one bucket line and the
  // entry.
  const Entry* Find(const Key& key, bool touch = true) { return FindMutable(key, db_, touch); }
  const Entry* Find(const Key& key, int db, bool touch) { return FindMutable(key, db, touch); }
  // Counts a hit or miss, but is no access for the eviction policy: EXISTS, TTL, TYPE.
  const Entry* Peek(const Key& key);
  // An access even if the client said CLIENT NO-TOUCH: TOUCH.
  const Entry* FindAndTouch(const Key& key);

  // The 24 access bits as seconds idle (LRU policies) or as LFU counter.
  int64_t IdleSeconds(const Entry& e) const;
  int LfuCounter(const Entry& e) const;
  bool lfu_policy() const;

  // 64 random bits. SPOP, SRANDMEMBER and their like.
  uint64_t Random() { return prng_->Next(); }
  Prng& prng() { return *prng_; }

  // A command that has nothing to give yet (BLPOP on an empty list) may wait: it is run again, as a
  // whole, when one of its keys becomes ready, and answered with a null at the deadline. It must
  // not have changed or replied anything.
  struct BlockSpec {
    int64_t timeout_ms = 0;         // 0: for ever
    bool null_array = true;         // the reply at the deadline: null array or null
    std::vector<std::string> args;  // what to run again; empty: as typed (XREAD's $ is resolved)
    bool held = false;              // see Waiter::held
    bool rerun = false;             // see Waiter::rerun
  };
  // False in a transaction or in the replication stream: the handler replies as if the time were
  // over.
  bool may_block() const { return may_block_; }
  void Block(BlockSpec spec) { block_ = std::move(spec); }

  // Locks slots of keys that the command does not name (SORT ... BY weight_*) beside its own. To
  // keep the order of locks all are released first: what was found before is void. REQUIRES: the
  // command has kCmdOtherSlots and has changed nothing yet; not in cluster mode, where such keys
  // must be in the slot of the command. Nothing to do in an exclusive section.
  void LockAlso(const std::vector<SlotId>& slots) {
    if (!client_->exclusive) locks_->Extend(slots);
  }

  // WATCH: the client's next EXEC is refused if the key changes before it.
  void Watch(const Key& key);

  Engine& engine() { return *engine_; }

 protected:
  Entry* FindMutable(const Key& key, int db, bool touch);
  void CountLookup(const Key& key, int db, bool hit);
  void Touch(Entry* e);
  void ExpireNow(const Key& key, int db, SlotDb* slot_db, Entry* e);

  Engine* engine_;
  ThreadStats* stats_;
  LockSet* locks_;
  ClientState* client_;
  UnixMs now_;
  int db_;
  const std::vector<Key>* keys_ = nullptr;
  Prng* prng_ = nullptr;  // set by the dispatcher
  bool may_block_ = false;
  bool may_write_ = false;  // a WriteContext
  std::optional<BlockSpec> block_;
  friend class Dispatcher;
};

class WriteContext : public ReadContext {
 public:
  WriteContext(Engine* engine, ThreadStats* stats, LockSet* locks, ClientState* client, UnixMs now)
      : ReadContext(engine, stats, locks, client, now) {
    may_write_ = true;
  }

  // An entry about to be changed in place: its pre-image has been given to running snapshots. Call
  // Changed() afterwards. Null if absent. `*entry` may be moved by Entry's functions: then use
  // ReplaceMoved.
  Entry* FindForWrite(const Key& key);
  // `fresh` stands for `old` now (Entry::Resize, Assign or WithExpiry returned another address).
  void ReplaceMoved(const Key& key, const Entry* old, Entry* fresh);

  // Sets a string. Keeps the expiry if `keep_expiry`, else `expiry_ms` (unix ms or
  // Entry::kNoExpiry) is the new one. Overwrites a value of any type. `owned`, if not null, is the
  // value's memory, taken over.
  void SetString(const Key& key, std::string_view value, int64_t expiry_ms,
                 bool keep_expiry = false, HeapString* owned = nullptr);
  // Puts a whole entry in (RESTORE, COPY, RENAME), over whatever is there. Takes it over. `db` < 0:
  // the client's.
  void Put(const Key& key, Entry* entry, int db = -1);
  // Puts a collection in, over whatever is there, without expiry unless told otherwise. Takes the
  // value over. For the ...STORE commands and ValueCell.
  void PutValue(const Key& key, ValueType type, MemoryStore* value,
                int64_t expiry_ms = Entry::kNoExpiry);
  // Takes the entry out without freeing it; null if absent. For RENAME and MOVE.
  Entry* Extract(const Key& key, int db = -1);
  // True if the key was there.
  bool Delete(const Key& key, int db = -1);
  // Sets, changes or (kNoExpiry) removes the expiry. REQUIRES: the key is there.
  void SetExpiry(const Key& key, int64_t expiry_ms);
  // Hashes whose fields expire: the hash under the key became one, or is none any more (ValueCell
  // says so) ...
  void CountFieldExpiry(const Key& key, bool has);
  // ... and one of its fields expires then.
  void FieldExpires(const Key& key, int64_t at_ms);

  // Something changed (in place): counts, wakes WATCH and tracking. The mutators above call it
  // themselves.
  void Changed(const Key& key, int db = -1);
  // Clients that wait for this key may be served now: it came to be (Put says so itself), a stream
  // got an entry, or a stream or group they read went away.
  void MarkReady(const Key& key, int db = -1);
  // A keyspace event.
  void Notify(NotifyClass event_class, std::string_view event, const Key& key, int db = -1);

  // What goes into the journal instead of the command as typed. May be called several times:
  // several records. Not called: the command as typed, if anything changed.
  void Propagate(std::span<const std::string_view> args);
  void Propagate(std::initializer_list<std::string_view> args) {
    Propagate(std::span<const std::string_view>(args.begin(), args.size()));
  }
  // Nothing goes into the journal.
  void PropagateNothing() { propagated_ = true; }

  bool changed() const { return dirty_ != 0; }

 private:
  friend class Dispatcher;
  SlotDb* DbOf(const Key& key, int db, bool create);
  Slot& SlotOf(const Key& key) { return locks_->slot(key.slot); }
  int ResolveDb(int db) const { return db < 0 ? db_ : db; }
  void Unlink(SlotDb* slot_db, Entry* e);
  void Link(const Key& key, SlotDb* slot_db, Entry* e);

  Journal::Group* group_ = nullptr;  // null: records go into the journal at once
  struct ReadyKey {
    int db;
    std::string key;
  };
  uint64_t dirty_ = 0;
  bool propagated_ = false;
  std::vector<ReadyKey> ready_;
};

struct ServerContext {
  Engine& engine;
  ClientState& client;
  runtime::Server* server;  // null only in tests of the command layer alone
  int thread;               // the caller's number, for exclusive sections
  UnixMs now;
  MonoMs mono_now;
  ThreadStats& stats;
  Journal::Group* group = nullptr;  // of the EXEC that this command is a part of

  // Runs f with no other thread inside a command: FLUSHALL, SWAPDB, CLIENT LIST. Cost: waits for
  // the others' batches.
  template <typename F>
  void Exclusive(F f) {
    if (client.exclusive) {
      f();
      return;
    }
    engine.keyspace.Leave(thread);
    engine.keyspace.EnterExclusive();
    f();
    engine.keyspace.LeaveExclusive();
    engine.keyspace.Enter(thread);
  }
  // Records an effect of a server command (FLUSHALL, SWAPDB). REQUIRES: an exclusive section.
  void Propagate(std::initializer_list<std::string_view> args) {
    if (client.from_master) return;  // the stream's own bytes go into the journal
    const std::span<const std::string_view> record(args.begin(), args.size());
    if (group != nullptr) {
      group->Add(SlotId(0), client.db, record);
    } else {
      engine.journal.Append(SlotId(0), client.db, record);
      client.write_offset = engine.journal.end();
    }
  }
};

// Bits of Entry::access for the policy in force.
uint32_t FreshAccessBits(const Engine& engine, UnixMs now);

// Evicts until used memory is under the limit. False: still over it and nothing more to evict.
// REQUIRES: no slot lock held.
bool EvictToLimit(Engine* engine, ThreadStats* stats, UnixMs now, uint64_t random);

// Deletes what expired, up to `budget` entries, in the slots s with s % stride == first, from
// *cursor on. Returns how many entries were deleted. REQUIRES: no slot lock held; not on a replica.
size_t ExpireSweep(Engine* engine, ThreadStats* stats, UnixMs now, int first, int stride,
                   int* cursor, size_t budget);

// Deletes all keys of a slot, of every database, with their DELs in the journal: what is left of a
// slot that another node took over, or a reset. REQUIRES: the slot's lock.
void DeleteSlotKeys(Engine* engine, SlotId id, Slot& slot);

// Takes up to `most` keys of a slot that is not served here (SlotPhase::kLeftover) out of their
// tables, with their DELs in the journal, into `garbage`: the caller frees them behind the lock.
// Returns false when none is left. REQUIRES: the slot's lock; not on a replica.
bool TakeLeftovers(Engine* engine, SlotId id, Slot& slot, size_t most,
                   std::vector<Entry*>* garbage);

// Takes all keys of database `db` (negative: of every database) out of their slots, into `garbage`,
// without records in the journal. Snapshots under way are given what they lack first; WATCH and
// tracking hear of it. Returns how many keys there were. REQUIRES: an exclusive section. Free
// `garbage` after it: cost here is 16384 slots (about 100 us), there the keys.
uint64_t DetachDatabase(Engine* engine, int db, std::deque<Table>* garbage);

// Exchanges the keys of two databases. REQUIRES: an exclusive section; both numbers valid. Cost:
// 16384 slots.
void SwapDatabases(Engine* engine, int a, int b);

}  // namespace pleiad
