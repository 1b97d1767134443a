// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Journal: the one ordered stream of effects, with one offset: the replication offset that clients
// and peers see.
//
// A record is an effect as a RESP command (absolute expiry, DEL of what expired), so its bytes are
// at once what a Redis replica expects, what an AOF holds, and what a slot migration forwards. It
// is appended while the slot's lock is held, so the order per slot is the order of the stream.
// Readers (sinks) pull at their own pace by offset; the journal keeps at least `backlog` bytes and
// everything an attached reader has not read. With nobody listening, Append costs one load.
//
// Threads: any. Lock order: behind the slot locks.
#pragma once

#include <atomic>
#include <bitset>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace pleiad {

class Journal {
 public:
  Journal() = default;

  // Somebody listens (a sink, or a backlog for replicas that may come back).
  bool active() const { return active_.load(std::memory_order_relaxed); }
  // Turns recording on or off. Off drops what is kept. The offset goes on from where it was.
  void SetActive(bool active);
  void SetBacklogSize(int64_t bytes);

  // REQUIRES: the locks of the slots that the effect touches. A SELECT is put in when the database
  // changes.
  void Append(SlotId slot, int db, std::span<const std::string_view> args);
  // Records that must stand together: what a transaction did. Between MULTI and EXEC if there are
  // several, as themselves if there is one. No other record comes between them, although other
  // threads append meanwhile.
  class Group {
   public:
    void Add(SlotId slot, int db, std::span<const std::string_view> args);
    bool empty() const { return records_.empty(); }

   private:
    friend class Journal;
    struct Record {
      SlotId slot;
      int db;
      std::vector<std::string> args;
    };
    std::vector<Record> records_;
  };
  // REQUIRES: the locks of the slots of all records, or an exclusive section.
  void AppendGroup(const Group& group);
  // Bytes that are already a stream: a replica passes on what its master sent.
  void AppendRaw(std::string_view bytes);

  // Offset of the next byte, and of the oldest byte kept.
  Offset end() const { return Offset(end_.load(std::memory_order_acquire)); }
  Offset begin() const;
  // A replica that took over its master's stream starts at that offset. Drops what is kept.
  void ResetTo(Offset offset);

  // The stream starts with a SELECT again at the next record: for a reader that begins here.
  void ForgetDatabase();

  // A reader's place. What lies behind the smallest place of all readers is kept beyond the
  // backlog.
  class Reader {
   public:
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    Offset offset() const { return offset_; }
    int64_t lag() const { return journal_->end() - offset_; }
    // Appends up to `max` bytes to `out` and moves on. Returns how many.
    size_t Read(size_t max, std::string* out);
    // The last Read ended where the journal did: behind a whole record.
    bool at_end() const { return at_end_; }

   private:
    friend class Journal;
    Reader(Journal* journal, Offset offset) : journal_(journal), offset_(offset) {}
    Journal* journal_;
    Offset offset_;
    bool at_end_ = false;
  };
  // nullptr if `from` is no longer kept (or lies ahead of the end).
  std::unique_ptr<Reader> Attach(Offset from);

  // A copy of the records of some slots, from now on: what a slot migration forwards. Kept until it
  // is taken, whatever its size, beside the stream; records without a slot are not in it. Begins
  // with a SELECT. What a transaction did comes as single records: the receiver shows nobody a part
  // of it. REQUIRES of the journal: active.
  class Tap {
   public:
    ~Tap();
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;
    // Appends what there is to `out`; returns how many bytes.
    size_t Take(std::string* out);
    size_t waiting() const { return waiting_.load(std::memory_order_acquire); }

   private:
    friend class Journal;
    Tap(Journal* journal, const std::bitset<kSlotCount>& slots, std::function<void()> wake)
        : journal_(journal), slots_(slots), wake_(std::move(wake)) {}
    Journal* journal_;
    const std::bitset<kSlotCount> slots_;
    const std::function<void()> wake_;
    int db_ = -1;
    std::string bytes_;
    std::atomic<size_t> waiting_{0};
  };
  // `wake` is called when there is something after there was nothing, with the mutex held.
  std::unique_ptr<Tap> Listen(const std::bitset<kSlotCount>& slots, std::function<void()> wake);
  // Records of a slot that are bytes already: those that a migration brought. REQUIRES: the caller
  // alone writes to that slot.
  void AppendRecords(int db, std::string_view bytes);

  // `wake` is called after appends when it was not called since the last Read that reached the end;
  // from any thread, with the journal's mutex held: it must only signal (eventfd). A reader that
  // has reached the end may therefore wait for it. `owner` names it for RemoveWaker.
  void AddWaker(const void* owner, std::function<void()> wake);
  void RemoveWaker(const void* owner);

 private:
  static constexpr size_t kBlockSize = 64 * 1024;
  struct Block {
    int64_t start;
    size_t size = 0;
    std::unique_ptr<char[]> bytes;
  };
  void AppendLocked(std::string_view bytes);
  void EncodeSelect(int db);
  void FeedTaps(SlotId slot, int db, std::span<const std::string_view> args);
  void TrimLocked();

  mutable std::mutex mutex_;
  std::atomic<bool> active_{false};
  std::atomic<int64_t> end_{0};
  int64_t backlog_size_ = 10 * 1024 * 1024;
  int selected_db_ = -1;
  std::deque<Block> blocks_;
  std::vector<Reader*> readers_;
  std::vector<Tap*> taps_;
  std::string scratch_;
  std::vector<std::pair<const void*, std::function<void()>>> wakers_;
  bool woken_ = false;
};

}  // namespace pleiad
