// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The RDB format in numbers: what snapshot files, full synchronisations and DUMP payloads are made
// of. Writer and reader share this header, so a constant cannot differ between them.
//
//     "REDIS" 4 digits | "VALKEY" 3 digits        header: who and format version
//     FA name value                               AUX: facts about the file
//     FE db                                       SELECTDB: the records below belong to it
//     FB keys keys_with_expiry                    RESIZEDB: a hint
//     [FC 8 bytes ms | FD 4 bytes s] [F8 idle s] [F9 freq] type key value      one key
//     FF CRC64 (8 bytes little endian)            end; a sum of 0: the writer had it off
//
// A length is 1, 2, 5 or 9 bytes: 00xxxxxx, 01xxxxxx + 1 byte, 0x80 + 32 bit big endian, 0x81 + 64
// bit big endian. Where a string is expected, 11xxxxxx says that no plain bytes follow but an
// integer or an LZF block.
#pragma once

#include <cstdint>
#include <string_view>

namespace pleiad::rdb {

inline constexpr std::string_view kRedisMagic = "REDIS";    // then 4 digits
inline constexpr std::string_view kValkeyMagic = "VALKEY";  // then 3 digits
inline constexpr size_t kHeaderBytes = 9;
inline constexpr size_t kTrailerBytes = 8;

// What we write: the version of Redis 7.0, which every later server reads too.
inline constexpr int kVersionWritten = 10;
// What we read: versions 1 to 12 of Redis (up to 7.4) and 80 of Valkey (9.x).
inline constexpr int kRedisVersionMin = 1;
inline constexpr int kRedisVersionMax = 12;
inline constexpr int kValkeyVersionMin = 80;
inline constexpr int kValkeyVersionMax = 80;
inline constexpr int kVersionWithChecksum = 5;  // the first that ends with a CRC64

constexpr bool ReadableVersion(int version) {
  return (version >= kRedisVersionMin && version <= kRedisVersionMax) ||
         (version >= kValkeyVersionMin && version <= kValkeyVersionMax);
}

// Opcodes: the byte where a type could stand.
enum Opcode : uint8_t {
  kOpSlotImport = 243,     // Valkey 9: a slot import in flight
  kOpSlotInfo = 244,       // slot, keys, keys with expiry: a hint
  kOpFunction2 = 245,      // a function library: its source
  kOpFunctionPreGa = 246,  // the same in release candidates of 7.0
  kOpModuleAux = 247,      // data of a module
  kOpIdle = 248,           // seconds since the last access of the next key
  kOpFreq = 249,           // LFU counter of the next key (1 byte)
  kOpAux = 250,
  kOpResizeDb = 251,
  kOpExpireMs = 252,
  kOpExpireSeconds = 253,
  kOpSelectDb = 254,
  kOpEof = 255,
};

// Value types. Those that this version does not decode are known by name, for the error.
enum Type : uint8_t {
  kTypeString = 0,
  kTypeStreamListpacks = 15,
  kTypeStreamListpacks2 = 19,
  kTypeStreamListpacks3 = 21,
};

// "a string", "a hash", ... for messages; "a value of unknown type" beyond the known ones. From 22
// on Redis and Valkey gave the same numbers to different things.
std::string_view TypeName(uint8_t type, bool valkey);

// Low six bits of a length byte whose top bits are 11.
enum StringEncoding : uint8_t { kEncInt8 = 0, kEncInt16 = 1, kEncInt32 = 2, kEncLzf = 3 };

inline constexpr uint8_t kLen32 = 0x80;
inline constexpr uint8_t kLen64 = 0x81;

// A compressed string must be at least this long and save at least this much, as in Redis.
inline constexpr size_t kCompressBytesMin = 21;
inline constexpr size_t kCompressSavedMin = 4;
// LZF's densest code is 3 bytes for 264: a block that claims more than this ratio lies.
inline constexpr uint64_t kLzfRatioMax = 88;
// The longest decimal number that is tried as an integer.
inline constexpr size_t kIntegerTextMax = 11;

// The largest single string that is accepted (proto-max-bulk-len's default).
inline constexpr uint64_t kStringBytesMax = 512ULL << 20;

}  // namespace pleiad::rdb
