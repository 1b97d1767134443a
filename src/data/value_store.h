// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Where a collection lives. A small one is *packed*: a few bytes that lie inside its entry, in a
// layout its type knows (`form` tells layouts of one type apart, 0..15). A large one is an Object.
//
//   ValueView   to read either
//   ValueStore  to change it; a collection moves from packed to object and back through it
//   MemoryStore a ValueStore without an entry: decoders build values in it
//
// The editors of data/ (Hash, Set, ...) are thin: they hold a ValueStore* and no state of their
// own, so making one costs nothing. Threads: whoever holds the lock of the slot.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "data/object.h"

namespace pleiad {

struct ValueView {
  std::string_view bytes;          // packed; empty if there is an object, or nothing at all
  const Object* object = nullptr;  // null: packed
  uint8_t form = 0;
};

class ValueStore {
 public:
  virtual ~ValueStore() = default;

  // What is there now. A value that does not exist yet is packed, form 0 and empty.
  virtual ValueView view() const = 0;
  Object* object() const { return const_cast<Object*>(view().object); }
  std::string_view bytes() const { return view().bytes; }
  uint8_t form() const { return view().form; }

  // Makes the packed bytes `size` long, keeping what fits, and returns where they are. Views taken
  // before are void. REQUIRES: packed. Cost: may copy.
  virtual char* Resize(size_t size) = 0;
  virtual void SetForm(uint8_t form) = 0;
  // From packed to an object (or another object in its place); the old value is freed.
  virtual void SetObject(std::unique_ptr<Object> object, uint8_t form = 0) = 0;
  // Replaces whatever there is. `bytes` must not be a view of this store.
  virtual void SetPacked(std::string_view bytes, uint8_t form = 0) = 0;
};

class MemoryStore : public ValueStore {
 public:
  MemoryStore() = default;
  MemoryStore(MemoryStore&&) = default;
  MemoryStore& operator=(MemoryStore&&) = default;

  ValueView view() const override {
    return {object_ ? std::string_view() : std::string_view(bytes_), object_.get(), form_};
  }
  char* Resize(size_t size) override {
    bytes_.resize(size);
    return bytes_.data();
  }
  void SetForm(uint8_t form) override { form_ = form; }
  void SetObject(std::unique_ptr<Object> object, uint8_t form = 0) override {
    object_ = std::move(object);
    bytes_.clear();
    form_ = form;
  }
  void SetPacked(std::string_view bytes, uint8_t form = 0) override {
    bytes_.assign(bytes);
    object_.reset();
    form_ = form;
  }
  std::unique_ptr<Object> TakeObject() { return std::move(object_); }

 private:
  std::string bytes_;
  std::unique_ptr<Object> object_;
  uint8_t form_ = 0;
};

}  // namespace pleiad
