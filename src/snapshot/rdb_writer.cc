// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_writer.h"

#include <fmt/format.h>
#include <lzf.h>

#include <array>
#include <limits>
#include <memory>

#include "base/check.h"
#include "base/crc.h"
#include "base/text.h"
#include "snapshot/rdb_encode.h"

namespace pleiad {
namespace {

void AppendByte(std::string* out, unsigned byte) { out->push_back(static_cast<char>(byte)); }

void AppendBigEndian(std::string* out, uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i)
    AppendByte(out, static_cast<unsigned>(number >> (8 * i)) & 0xff);
}

void AppendLittleEndian(std::string* out, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) AppendByte(out, static_cast<unsigned>(number >> (8 * i)) & 0xff);
}

template <typename T>
bool Fits(int64_t number) {
  return number >= std::numeric_limits<T>::min() && number <= std::numeric_limits<T>::max();
}

// False when the number needs more than 32 bits.
bool AppendEncodedInteger(std::string* out, int64_t number) {
  const auto bits = static_cast<uint64_t>(number);
  if (Fits<int8_t>(number)) {
    AppendByte(out, 0xc0 | rdb::kEncInt8);
    AppendLittleEndian(out, bits, 1);
  } else if (Fits<int16_t>(number)) {
    AppendByte(out, 0xc0 | rdb::kEncInt16);
    AppendLittleEndian(out, bits, 2);
  } else if (Fits<int32_t>(number)) {
    AppendByte(out, 0xc0 | rdb::kEncInt32);
    AppendLittleEndian(out, bits, 4);
  } else {
    return false;
  }
  return true;
}

void AppendPlain(std::string* out, std::string_view bytes) {
  AppendRdbLength(out, bytes.size());
  out->append(bytes);
}

// False when it would not save enough; *out is unchanged then.
bool AppendCompressed(std::string* out, std::string_view bytes) {
  if (bytes.size() < rdb::kCompressBytesMin || bytes.size() > rdb::kStringBytesMax) return false;
  const size_t room = bytes.size() - rdb::kCompressSavedMin;
  std::array<char, 4096> near_room;
  std::unique_ptr<char[]> far_room;
  char* to = near_room.data();
  if (room > near_room.size()) {
    far_room = std::make_unique_for_overwrite<char[]>(room);
    to = far_room.get();
  }
  const unsigned packed = lzf_compress(bytes.data(), static_cast<unsigned>(bytes.size()), to,
                                       static_cast<unsigned>(room));
  if (packed == 0) return false;
  AppendByte(out, 0xc0 | rdb::kEncLzf);
  AppendRdbLength(out, packed);
  AppendRdbLength(out, bytes.size());
  out->append(to, packed);
  return true;
}

void AppendFacts(std::string* out, UnixMs expire, const RdbAccess& access) {
  if (expire.value != 0) {
    AppendByte(out, rdb::kOpExpireMs);
    AppendLittleEndian(out, static_cast<uint64_t>(expire.value), 8);
  }
  if (access.idle_s >= 0) {
    AppendByte(out, rdb::kOpIdle);
    AppendRdbLength(out, static_cast<uint64_t>(access.idle_s));
  }
  if (access.freq >= 0) {
    AppendByte(out, rdb::kOpFreq);
    AppendByte(out, static_cast<unsigned>(access.freq) & 0xff);
  }
}

}  // namespace

void AppendRdbLength(std::string* out, uint64_t length) {
  if (length < (1 << 6)) {
    AppendByte(out, static_cast<unsigned>(length));
  } else if (length < (1 << 14)) {
    AppendBigEndian(out, length | 0x4000, 2);
  } else if (length <= std::numeric_limits<uint32_t>::max()) {
    AppendByte(out, rdb::kLen32);
    AppendBigEndian(out, length, 4);
  } else {
    AppendByte(out, rdb::kLen64);
    AppendBigEndian(out, length, 8);
  }
}

void AppendRdbInteger(std::string* out, int64_t number) {
  if (AppendEncodedInteger(out, number)) return;
  const fmt::format_int text(number);
  AppendPlain(out, std::string_view(text.data(), text.size()));
}

void AppendRdbString(std::string* out, std::string_view bytes, const RdbEncodeOptions& options) {
  if (bytes.size() <= rdb::kIntegerTextMax) {
    const std::optional<int64_t> number = ParseInt64(bytes);
    if (number && AppendEncodedInteger(out, *number)) return;
  }
  if (options.plain != nullptr) {
    const size_t at = out->size();
    AppendPlain(out, bytes);
    if (bytes.size() >= rdb::kCompressBytesMin)
      options.plain->push_back({at, out->size() - at - bytes.size(), bytes.size()});
    return;
  }
  if (options.compress && AppendCompressed(out, bytes)) return;
  AppendPlain(out, bytes);
}

void AppendRdbPacked(std::string* out, std::string_view records,
                     std::span<const RdbPlainString> plain) {
  size_t done = 0;
  for (const RdbPlainString& s : plain) {
    CHECK(s.at >= done && s.at + s.head + s.size <= records.size());
    out->append(records.substr(done, s.at - done));
    done = s.at;
    if (AppendCompressed(out, records.substr(s.at + s.head, s.size))) done += s.head + s.size;
  }
  out->append(records.substr(done));
}

void AppendRdbLittleEndian64(std::string* out, uint64_t number) {
  AppendLittleEndian(out, number, 8);
}

void AppendRdbStringRecord(std::string* out, std::string_view key, std::string_view value,
                           UnixMs expire, const RdbEncodeOptions& options,
                           const RdbAccess& access) {
  AppendFacts(out, expire, access);
  AppendByte(out, rdb::kTypeString);
  AppendRdbString(out, key, options);
  AppendRdbString(out, value, options);
}

void AppendRdbRecord(std::string* out, const Entry& entry, const RdbEncodeOptions& options,
                     const RdbAccess& access) {
  AppendFacts(out, UnixMs(entry.has_expiry() ? entry.expiry_ms() : 0), access);
  AppendByte(out, RdbTypeOf(entry));
  AppendRdbString(out, entry.key(), options);
  AppendRdbValue(out, entry, options);
}

void RdbWriter::Begin(const RdbFacts& facts) {
  CHECK(state_ == State::kNew);
  state_ = State::kOpen;
  Write(fmt::format("{}{:04}", rdb::kRedisMagic, rdb::kVersionWritten));
  if (!facts.redis_version.empty()) Aux("redis-ver", facts.redis_version);
  Aux("redis-bits", "64");
  Aux("ctime", fmt::format_int(facts.created.value / 1000).str());
  Aux("used-mem", fmt::format_int(facts.used_memory).str());
  if (facts.repl_stream_db && facts.repl_offset) {
    Aux("repl-stream-db", fmt::format_int(*facts.repl_stream_db).str());
    Aux("repl-id", facts.repl_id);
    Aux("repl-offset", fmt::format_int(facts.repl_offset->value).str());
  }
  Aux("aof-base", facts.aof_base ? "1" : "0");
}

void RdbWriter::Aux(std::string_view name, std::string_view value) {
  CHECK(state_ == State::kOpen);
  std::string out;
  AppendByte(&out, rdb::kOpAux);
  AppendRdbString(&out, name, {});
  AppendRdbString(&out, value, {});
  Write(out);
}

void RdbWriter::Function(std::string_view source, const RdbEncodeOptions& options) {
  CHECK(state_ == State::kOpen);
  std::string out;
  AppendByte(&out, rdb::kOpFunction2);
  AppendRdbString(&out, source, options);
  Write(out);
}

void RdbWriter::ResizeDb(int db, uint64_t keys, uint64_t keys_with_expiry) {
  CHECK(state_ == State::kOpen);
  Select(db);
  std::string out;
  AppendByte(&out, rdb::kOpResizeDb);
  AppendRdbLength(&out, keys);
  AppendRdbLength(&out, keys_with_expiry);
  Write(out);
}

void RdbWriter::Records(int db, std::string_view records) {
  CHECK(state_ == State::kOpen);
  if (records.empty()) return;
  Select(db);
  Write(records);
}

void RdbWriter::End() {
  CHECK(state_ == State::kOpen);
  std::string out;
  AppendByte(&out, rdb::kOpEof);
  Write(out);
  out.clear();
  AppendRdbLittleEndian64(
      &out, checksum_ ? crc_ : 0);  // Write adds these to crc_ too: it is not used again
  Write(out);
  state_ = State::kEnded;
}

void RdbWriter::Select(int db) {
  CHECK(db >= 0);
  if (db == db_) return;
  db_ = db;
  std::string out;
  AppendByte(&out, rdb::kOpSelectDb);
  AppendRdbLength(&out, static_cast<uint64_t>(db));
  Write(out);
}

void RdbWriter::Write(std::string_view bytes) {
  if (checksum_) crc_ = Crc64(crc_, bytes);
  written_ += bytes.size();
  sink_(bytes);
}

}  // namespace pleiad
