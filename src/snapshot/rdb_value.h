// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Values of RDB records: what a decoded value is, who receives it, and how a type plugs in.
//
// A type is one class behind RdbValueDecoder, entered in MakeRdbValueDecoder. It is asked what
// primitive it wants first and is then given one after the other, so the same class reads from a
// socket in pieces and from a RESTORE payload, and never waits, buffers or looks ahead:
//
//     string:  Start -> kString;  OnToken("abc") -> kDone
//     list:    Start -> kLength;  OnToken(2) -> kString;
//              OnToken("a") -> kString;  OnToken("b") -> kDone
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "data/collection_settings.h"
#include "data/value_store.h"
#include "slot/entry.h"
#include "snapshot/rdb_token.h"

namespace pleiad {

// Everything about a key but its value.
struct RdbKey {
  int db = 0;
  std::string_view key;
  UnixMs expire;  // 0: none. May lie in the past: what to do with it is the receiver's decision
  int64_t idle_s = -1;  // seconds since the last access, -1: not told
  int freq = -1;        // LFU counter, -1: not told
};

// Receives what a reader finds, in the order of the file. A refusal (an error Status) ends the
// reading with that sentence. Views are valid during the call only.
class RdbSink {
 public:
  virtual ~RdbSink() = default;
  virtual Status OnAux(std::string_view name, std::string_view value) = 0;
  virtual Status OnSelectDb(int db) = 0;
  // Hint: the db selected last will get this many keys. Never trust it with memory.
  virtual Status OnResize(uint64_t keys, uint64_t keys_with_expiry) = 0;
  virtual Status OnString(const RdbKey& key, std::string_view value) = 0;
  // A string as an LZF block of `size` bytes; unpacks it and calls OnString unless overridden.
  virtual Status OnPackedString(const RdbKey& key, std::string_view packed, size_t size);
  // A list, set, sorted set, hash or stream. The sink may take the value over.
  virtual Status OnValue(const RdbKey& key, ValueType type, MemoryStore* value) = 0;
  // A function library (its source). Refused unless overridden: dropping it silently would lose
  // data.
  virtual Status OnFunction(std::string_view source);
  // The end was read and the checksum, if there is one, is right.
  virtual Status OnEnd() = 0;
};

class RdbValueDecoder {
 public:
  virtual ~RdbValueDecoder() = default;
  // Begins a value (the decoder is reused for the next one) and says what to read first; kDone is
  // not allowed.
  virtual RdbWant Start() = 0;
  // One primitive, as wanted. Says what to read next; kDone ends the value. An error makes the
  // value "damaged".
  virtual Result<RdbWant> OnToken(const RdbToken& token) = 0;
  // After kDone and before anything else is read: the value goes to the sink.
  virtual Status Deliver(const RdbKey& key, RdbSink* sink) = 0;
};

// Null: this version can't decode the type (rdb::TypeName names it). `settings` outlive the
// decoder: they say when a collection is packed.
std::unique_ptr<RdbValueDecoder> MakeRdbValueDecoder(uint8_t type, bool valkey,
                                                     const CollectionSettings* settings);
// The thresholds of a server that was not configured.
const CollectionSettings& DefaultCollectionSettings();

}  // namespace pleiad
