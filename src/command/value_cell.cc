// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/value_cell.h"

#include <utility>

namespace pleiad {

bool ValueCell::Open(resp::Writer& out) {
  entry_ = ctx_->FindForWrite(key_);
  return CheckType(entry_, type_, out);
}

bool ValueCell::DeleteIf(bool empty) {
  if (!empty || entry_ == nullptr) return empty;
  entry_ = nullptr;
  ctx_->Delete(key_);
  ctx_->Notify(kNotifyGeneric, "del", key_);
  return true;
}

void ValueCell::Create(MemoryStore* value) {
  ctx_->PutValue(key_, type_, value);
  entry_ = ctx_->FindForWrite(key_);
}

void ValueCell::Moved(const Entry* old, Entry* fresh) {
  ctx_->ReplaceMoved(key_, old, fresh);
  entry_ = fresh;
}

void ValueCell::CountFields(bool before) {
  const bool after = entry_->has_field_expiry();
  if (before != after) [[unlikely]]
    ctx_->CountFieldExpiry(key_, after);
}

char* ValueCell::Resize(size_t size) {
  if (entry_ == nullptr) {
    MemoryStore value;
    value.Resize(size);
    Create(&value);
    return const_cast<char*>(entry_->str().data());
  }
  const Entry* const old = entry_;
  Entry* e = entry_;
  char* const bytes = Entry::ResizePacked(&e, size);
  Moved(old, e);
  return bytes;
}

void ValueCell::SetForm(uint8_t form) {
  if (entry_ != nullptr) {
    const bool before = entry_->has_field_expiry();
    entry_->set_form(form);
    CountFields(before);
  } else if (form != 0) {
    MemoryStore value;
    value.SetForm(form);
    Create(&value);
  }
}

void ValueCell::SetObject(std::unique_ptr<Object> object, uint8_t form) {
  if (entry_ == nullptr) {
    MemoryStore value;
    value.SetObject(std::move(object), form);
    Create(&value);
    return;
  }
  const bool before = entry_->has_field_expiry();
  Moved(entry_, Entry::WithObject(entry_, std::move(object), form));
  CountFields(before);
}

void ValueCell::SetPacked(std::string_view bytes, uint8_t form) {
  if (entry_ == nullptr) {
    MemoryStore value;
    value.SetPacked(bytes, form);
    Create(&value);
    return;
  }
  const bool before = entry_->has_field_expiry();
  Moved(entry_, Entry::WithPacked(entry_, bytes, form));
  CountFields(before);
}

}  // namespace pleiad
