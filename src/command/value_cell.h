// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ValueCell: the collection under a key, to change; what a write handler gives to an editor of
// data/. It makes the key when the first bytes go in, keeps the table right when the entry moves,
// and deletes the key when the collection became empty.
//
//     ValueCell cell(&ctx, ctx.key(), ValueType::kHash);
//     if (!cell.Open(out)) return;                     // WRONGTYPE was written
//     Hash hash(&cell, ctx.engine().collections);
//     const bool added = hash.Set(field, value);
//     cell.Changed();                                  // once per command, if anything changed
//     ctx.Notify(kNotifyHash, "hset", ctx.key());
//     ...
//     cell.DeleteIf(hash.empty());                     // after a removal; sends "del"
//
// Threads: the handler's, its slot locked. Cost: Open is one lookup.
#pragma once

#include <memory>
#include <string_view>

#include "command/command.h"

namespace pleiad {

class ValueCell : public ValueStore {
 public:
  ValueCell(WriteContext* ctx, const Key& key, ValueType type)
      : ctx_(ctx), key_(key), type_(type) {}

  // Looks the key up. Its pre-image has been given to running snapshots. False: it holds another
  // type; WRONGTYPE was written.
  bool Open(resp::Writer& out);
  // The key is there (now).
  bool exists() const { return entry_ != nullptr; }
  const Entry* entry() const { return entry_; }

  // Makes the key with that value, taken over. REQUIRES: !exists().
  void Create(MemoryStore* value);
  // Counts a change; wakes WATCH and tracking.
  void Changed() { ctx_->Changed(key_); }
  // Deletes the key, with its "del" event, if `empty`. Returns `empty`.
  bool DeleteIf(bool empty);

  ValueView view() const override { return entry_ == nullptr ? ValueView() : entry_->value(); }
  char* Resize(size_t size) override;
  void SetForm(uint8_t form) override;
  void SetObject(std::unique_ptr<Object> object, uint8_t form = 0) override;
  void SetPacked(std::string_view bytes, uint8_t form = 0) override;

 private:
  void Moved(const Entry* old, Entry* fresh);
  void CountFields(bool before);

  WriteContext* const ctx_;
  const Key key_;
  const ValueType type_;
  Entry* entry_ = nullptr;
};

}  // namespace pleiad
