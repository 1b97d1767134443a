// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "journal/journal.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace pleiad {
namespace {

void AppendNumber(std::string* out, char kind, size_t n) {
  char text[32];
  char* p = text + sizeof(text);
  *--p = '\n';
  *--p = '\r';
  do {
    *--p = static_cast<char>('0' + n % 10);
    n /= 10;
  } while (n != 0);
  *--p = kind;
  out->append(p, static_cast<size_t>(text + sizeof(text) - p));
}

void Encode(std::span<const std::string_view> args, std::string* out) {
  AppendNumber(out, '*', args.size());
  for (const std::string_view arg : args) {
    AppendNumber(out, '$', arg.size());
    out->append(arg);
    out->append("\r\n");
  }
}

}  // namespace

void Journal::SetActive(bool active) {
  const std::lock_guard<std::mutex> lock(mutex_);
  active_.store(active, std::memory_order_relaxed);
  if (!active) blocks_.clear();
  selected_db_ = -1;
}

void Journal::SetBacklogSize(int64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  backlog_size_ = bytes;
  TrimLocked();
}

void Journal::Append(SlotId slot, int db, std::span<const std::string_view> args) {
  if (!active()) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  scratch_.clear();
  EncodeSelect(db);
  Encode(args, &scratch_);
  AppendLocked(scratch_);
  if (!taps_.empty()) [[unlikely]]
    FeedTaps(slot, db, args);
  if (scratch_.capacity() > (1 << 20)) scratch_ = std::string();
}

void Journal::EncodeSelect(int db) {
  if (db == selected_db_) return;
  selected_db_ = db;
  const std::string number = std::to_string(db);
  const std::string_view select[] = {"SELECT", number};
  Encode(select, &scratch_);
}

void Journal::Group::Add(SlotId slot, int db, std::span<const std::string_view> args) {
  records_.push_back({slot, db, std::vector<std::string>(args.begin(), args.end())});
}

void Journal::AppendGroup(const Group& group) {
  if (!active() || group.empty()) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  scratch_.clear();
  static constexpr std::string_view kMulti[] = {"MULTI"};
  static constexpr std::string_view kExec[] = {"EXEC"};
  const bool several = group.records_.size() > 1;
  if (several) {
    EncodeSelect(group.records_.front().db);
    Encode(kMulti, &scratch_);
  }
  for (const Group::Record& record : group.records_) {
    EncodeSelect(record.db);
    const std::vector<std::string_view> args(record.args.begin(), record.args.end());
    Encode(args, &scratch_);
    if (!taps_.empty()) [[unlikely]]
      FeedTaps(record.slot, record.db, args);
  }
  if (several) Encode(kExec, &scratch_);
  AppendLocked(scratch_);
  if (scratch_.capacity() > (1 << 20)) scratch_ = std::string();
}

void Journal::AppendRecords(int db, std::string_view bytes) {
  if (!active()) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  scratch_.clear();
  EncodeSelect(db);
  AppendLocked(scratch_);
  AppendLocked(bytes);
}

void Journal::FeedTaps(SlotId slot, int db, std::span<const std::string_view> args) {
  for (Tap* tap : taps_) {
    if (!tap->slots_[slot.value]) continue;
    if (tap->db_ != db) {
      tap->db_ = db;
      const std::string number = std::to_string(db);
      const std::string_view select[] = {"SELECT", number};
      Encode(select, &tap->bytes_);
    }
    Encode(args, &tap->bytes_);
    if (tap->waiting_.exchange(tap->bytes_.size(), std::memory_order_acq_rel) == 0) tap->wake_();
  }
}

std::unique_ptr<Journal::Tap> Journal::Listen(const std::bitset<kSlotCount>& slots,
                                              std::function<void()> wake) {
  const std::lock_guard<std::mutex> lock(mutex_);
  CHECK(active());
  std::unique_ptr<Tap> tap(new Tap(this, slots, std::move(wake)));
  taps_.push_back(tap.get());
  return tap;
}

Journal::Tap::~Tap() {
  const std::lock_guard<std::mutex> lock(journal_->mutex_);
  std::erase(journal_->taps_, this);
}

size_t Journal::Tap::Take(std::string* out) {
  const std::lock_guard<std::mutex> lock(journal_->mutex_);
  const size_t n = bytes_.size();
  if (out->empty()) {
    out->swap(bytes_);
  } else {
    out->append(bytes_);
  }
  bytes_.clear();
  waiting_.store(0, std::memory_order_release);
  return n;
}

void Journal::AppendRaw(std::string_view bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!active()) {
    end_.fetch_add(static_cast<int64_t>(bytes.size()), std::memory_order_release);
    return;
  }
  AppendLocked(bytes);
}

void Journal::AppendLocked(std::string_view bytes) {
  int64_t end = end_.load(std::memory_order_relaxed);
  while (!bytes.empty()) {
    if (blocks_.empty() || blocks_.back().size == kBlockSize) {
      blocks_.push_back({end, 0, std::make_unique_for_overwrite<char[]>(kBlockSize)});
      TrimLocked();
    }
    Block& block = blocks_.back();
    const size_t n = std::min(bytes.size(), kBlockSize - block.size);
    std::memcpy(block.bytes.get() + block.size, bytes.data(), n);
    block.size += n;
    end += static_cast<int64_t>(n);
    bytes.remove_prefix(n);
  }
  end_.store(end, std::memory_order_release);
  if (!wakers_.empty() && !woken_) {
    woken_ = true;
    for (const auto& [owner, wake] : wakers_) wake();
  }
}

void Journal::TrimLocked() {
  int64_t keep = end_.load(std::memory_order_relaxed) - backlog_size_;
  for (const Reader* reader : readers_) keep = std::min(keep, reader->offset_.value);
  while (blocks_.size() > 1 &&
         blocks_.front().start + static_cast<int64_t>(blocks_.front().size) <= keep) {
    blocks_.pop_front();
  }
}

Offset Journal::begin() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return blocks_.empty() ? end() : Offset(blocks_.front().start);
}

void Journal::ResetTo(Offset offset) {
  const std::lock_guard<std::mutex> lock(mutex_);
  CHECK(readers_.empty());
  blocks_.clear();
  end_.store(offset.value, std::memory_order_release);
  selected_db_ = -1;
}

void Journal::ForgetDatabase() {
  const std::lock_guard<std::mutex> lock(mutex_);
  selected_db_ = -1;
}

void Journal::AddWaker(const void* owner, std::function<void()> wake) {
  const std::lock_guard<std::mutex> lock(mutex_);
  wakers_.emplace_back(owner, std::move(wake));
  woken_ = false;
}

void Journal::RemoveWaker(const void* owner) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(wakers_, [owner](const auto& waker) { return waker.first == owner; });
}

std::unique_ptr<Journal::Reader> Journal::Attach(Offset from) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const int64_t oldest = blocks_.empty() ? end().value : blocks_.front().start;
  if (from.value < oldest || from > end()) return nullptr;
  std::unique_ptr<Reader> reader(new Reader(this, from));
  readers_.push_back(reader.get());
  return reader;
}

Journal::Reader::~Reader() {
  const std::lock_guard<std::mutex> lock(journal_->mutex_);
  std::erase(journal_->readers_, this);
  journal_->TrimLocked();
}

size_t Journal::Reader::Read(size_t max, std::string* out) {
  const std::lock_guard<std::mutex> lock(journal_->mutex_);
  size_t total = 0;
  for (const Block& block : journal_->blocks_) {
    const int64_t block_end = block.start + static_cast<int64_t>(block.size);
    if (block_end <= offset_.value) continue;
    if (total == max) break;
    const auto skip = static_cast<size_t>(offset_.value - block.start);
    const size_t n = std::min(block.size - skip, max - total);
    out->append(block.bytes.get() + skip, n);
    offset_ = offset_ + static_cast<int64_t>(n);
    total += n;
  }
  at_end_ = offset_ == journal_->end();
  if (at_end_) journal_->woken_ = false;
  journal_->TrimLocked();
  return total;
}

}  // namespace pleiad
