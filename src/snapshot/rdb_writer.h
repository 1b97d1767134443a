// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Writes RDB bytes. Two layers, because a snapshot is made in two places:
//
// - the Append... functions turn one key into bytes at the end of a buffer. They hold no state, so
//   a slot's walker (or a writer that saves the old image of what it is about to change) calls them
//   under the slot's lock;
// - RdbWriter is the stream those buffers flow into, in any order of keys: header, facts, SELECTDB
//   where the database changes, end and checksum. It belongs to one thread and hands every byte to
//   a sink, in order.
//
//     RdbWriter writer([&](std::string_view bytes) { file.Append(bytes); });
//     writer.Begin(facts);
//     std::string record;
//     AppendRdbStringRecord(&record, "key", "value", UnixMs(0), {});
//     writer.Records(/*db=*/0, record);
//     writer.End();
//
// Cost: about a copy and a CRC64 (1.5 GB/s) of the bytes, plus LZF (about 300 MB/s) where
// compression is on.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "slot/entry.h"
#include "snapshot/rdb.h"

namespace pleiad {

// A string that was written plain and is long enough for LZF: `head` bytes of length from `at` on
// (in the buffer it was appended to), then `size` bytes.
struct RdbPlainString {
  size_t at = 0;
  size_t head = 0;
  size_t size = 0;
};

struct RdbEncodeOptions {
  bool compress =
      true;  // rdbcompression: LZF for strings of more than 20 bytes, when it saves 4 bytes or more
  // Not null: nothing is compressed now, but such strings are noted for AppendRdbPacked. For who
  // holds a lock meanwhile: noting is free, LZF costs ten times the copy.
  std::vector<RdbPlainString>* plain = nullptr;
};

// What may stand between expiry and type of a record. -1: not written. Redis writes idle under an
// LRU policy and freq under an LFU one.
struct RdbAccess {
  int64_t idle_s = -1;
  int freq = -1;  // 0..255
};

// Primitives. Each appends to *out.
void AppendRdbLength(std::string* out, uint64_t length);
// A number in the shortest form: 2, 3 or 5 bytes, or its decimal text when it needs more than 32
// bits.
void AppendRdbInteger(std::string* out, int64_t number);
// Any bytes: as an integer where the text is one in canonical form, compressed where that is
// shorter, else plain.
void AppendRdbString(std::string* out, std::string_view bytes, const RdbEncodeOptions& options);
void AppendRdbLittleEndian64(std::string* out, uint64_t number);
// Records that were made with `plain`, with the compression that was put off. `plain` in ascending
// order, as it was noted.
void AppendRdbPacked(std::string* out, std::string_view records,
                     std::span<const RdbPlainString> plain);

// A whole record of a string key. `expire` 0: none.
void AppendRdbStringRecord(std::string* out, std::string_view key, std::string_view value,
                           UnixMs expire, const RdbEncodeOptions& options,
                           const RdbAccess& access = {});
// A whole record of any entry.
void AppendRdbRecord(std::string* out, const Entry& entry, const RdbEncodeOptions& options,
                     const RdbAccess& access = {});

// The AUX fields at the head. Those that are nullopt or empty are left out.
struct RdbFacts {
  std::string redis_version =
      "7.0.15";  // what readers print; the format version is rdb::kVersionWritten
  UnixMs created;
  uint64_t used_memory = 0;
  // Where the stream goes on after this snapshot. All three or none.
  std::optional<int> repl_stream_db;
  std::string repl_id;
  std::optional<Offset> repl_offset;
  bool aof_base = false;
};

// The stream. REQUIRES: Begin, then any number of ResizeDb / Records / Aux / Function, then End;
// nothing after.
class RdbWriter {
 public:
  // Gets all bytes in order. The view is valid during the call.
  using Sink = std::function<void(std::string_view)>;

  // `checksum` false (rdbchecksum no): the trailer is zero, which readers take as "not checked".
  explicit RdbWriter(Sink sink, bool checksum = true)
      : sink_(std::move(sink)), checksum_(checksum) {}

  void Begin(const RdbFacts& facts);
  void Aux(std::string_view name, std::string_view value);
  // A function library.
  void Function(std::string_view source, const RdbEncodeOptions& options);
  // Hint for the reader's tables of `db`; selects it.
  void ResizeDb(int db, uint64_t keys, uint64_t keys_with_expiry);
  // Bytes made by Append...Record; any number of whole records of one database.
  void Records(int db, std::string_view records);
  void End();

  // Bytes given to the sink so far.
  uint64_t written() const { return written_; }

 private:
  enum class State { kNew, kOpen, kEnded };
  void Select(int db);
  void Write(std::string_view bytes);

  Sink sink_;
  const bool checksum_;
  State state_ = State::kNew;
  int db_ = -1;
  uint64_t crc_ = 0;
  uint64_t written_ = 0;
};

}  // namespace pleiad
