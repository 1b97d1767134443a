// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reads RDB bytes that arrive in pieces of any size: a file, or a master's full synchronisation.
//
//     RdbReader reader(&sink);
//     while (!reader.done()) {
//       Result<size_t> used = reader.Feed(piece);
//       if (!used.ok()) return used.error();  // "... (near byte 1234)"
//     }  // done: piece.substr(*used) comes after the RDB
//
// States and what is wanted in each:
//
//     kHeader -> kOpcode -> kAuxName -> kAuxValue -> kOpcode
//                        -> kSelectDb, kResize..., kSlot..., kFunction -> kOpcode
//                        -> kExpire..., kIdle, kFreq -> kOpcode   (of the next key)
//                        -> kKey -> kValue -> kOpcode
//                        -> kChecksum -> kEnd
//
// A broken or hostile file costs at most the memory of its largest string, ends in an error that
// says where, and never in a crash. The keys before the error were delivered: who needs all or
// nothing must keep the old data aside. One thread. Cost: one pass with a CRC64; strings that lie
// within a piece are not copied.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "snapshot/rdb_value.h"

namespace pleiad {

class RdbReader {
 public:
  struct Options {
    bool check_checksum = true;
    uint64_t string_bytes_max = rdb::kStringBytesMax;
    const CollectionSettings* collections = &DefaultCollectionSettings();
  };

  // `sink` outlives the reader.
  explicit RdbReader(RdbSink* sink) : RdbReader(sink, Options()) {}
  RdbReader(RdbSink* sink, const Options& options);
  ~RdbReader();

  // Consumes bytes; the result is how many. Less than the piece only when the RDB ended in it.
  // After an error or the end: REQUIRES that it is not called again.
  Result<size_t> Feed(std::string_view piece);

  bool done() const { return state_ == State::kEnd; }
  // "the file ends in the middle of key 'x'": what to say when the bytes stop before done().
  std::string TruncatedMessage() const;
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t keys_read() const { return keys_read_; }
  int version() const { return version_; }

  // For reports: what is being read, or was when it failed.
  struct Place {
    std::string_view doing;  // in the words of redis-check-rdb: "read-key"
    std::string_view key;    // of the record under way, if it was read
    int type = 0;            // of that record, or of the one before
  };
  Place place() const;

 private:
  enum class State {
    kHeader,
    kOpcode,
    kAuxName,
    kAuxValue,
    kSelectDb,
    kResizeKeys,
    kResizeExpires,
    kSlotNumber,
    kSlotKeys,
    kSlotExpires,
    kFunction,
    kExpireMs,
    kExpireSeconds,
    kIdle,
    kFreq,
    kKey,
    kValue,
    kChecksum,
    kEnd,
    kFailed,
  };
  RdbWant WantOf(State state) const;
  Status OnToken(const RdbToken& token);
  Status OnHeader(std::string_view header);
  Status OnOpcode(uint8_t opcode);
  Status OnType(uint8_t type);
  Status OnFact(const RdbToken& token);
  Status OnKey(std::string_view key);
  Status OnValueToken(const RdbToken& token);
  Status OnChecksum(uint64_t sum);
  Status Finish();
  Error Located(const std::string& message) const;

  RdbSink* const sink_;
  const Options options_;
  RdbTokenizer tokenizer_;
  State state_ = State::kHeader;
  State failed_in_ = State::kHeader;  // when state_ is kFailed
  bool valkey_ = false;
  int version_ = 0;
  uint64_t crc_ = 0;
  uint64_t bytes_read_ = 0;
  uint64_t keys_read_ = 0;
  // The record under way.
  uint8_t type_ = 0;
  RdbKey key_;
  std::string key_bytes_;
  std::string aux_name_;
  uint64_t resize_keys_ = 0;
  RdbWant value_want_ = RdbWant::kDone;
  RdbValueDecoder* decoder_ = nullptr;
  std::unique_ptr<RdbValueDecoder> decoders_[256];  // made when a type is first met
};

}  // namespace pleiad
