// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The primitives of RDB, read from bytes that arrive in pieces of any size. The caller says what it
// wants next; Read consumes bytes until it has it. A token may span any number of pieces: what was
// consumed of it is kept here, so the caller never has to offer a byte twice.
//
// Memory: a string grows with the bytes that arrived, never with the length that was claimed. A
// claimed length above the limit, or an LZF block whose claimed size no LZF block of its length can
// have, is an error.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "snapshot/rdb.h"

namespace pleiad {

enum class RdbWant {
  kByte,    // 1 byte -> number
  kLength,  // a length -> number
  kString,  // a string in any encoding -> text
  kPacked,  // the same, but an LZF block stays packed: its bytes -> text, its full size -> number
            // (0: text is the string itself)
  kU32,     // 4 bytes little endian -> number
  kU64,     // 8 bytes little endian -> number
  kHeader,  // 9 bytes -> text
  kDone,    // (value decoders) nothing more: the value is complete
};

struct RdbToken {
  uint64_t number = 0;
  std::string_view text;  // valid until the next Read and while the piece it was read from lives
};

// The string in an LZF block, which must have exactly `size` bytes there. False: it is damaged.
bool UnpackRdbString(std::string_view packed, char* to, size_t size);

class RdbTokenizer {
 public:
  explicit RdbTokenizer(uint64_t string_bytes_max = rdb::kStringBytesMax)
      : string_max_(string_bytes_max) {}

  // True: `token` is complete. False: all of *in was consumed and more is needed; ask again with
  // the same `want`. Consumes from the front of *in. After an error the tokenizer is not usable.
  // REQUIRES: want != kDone.
  Result<bool> Read(RdbWant want, std::string_view* in, RdbToken* token);

 private:
  enum class StringState { kHead, kPlain, kInteger, kPackedLength, kFullLength, kPacked };

  bool ReadFixed(size_t bytes, std::string_view* in);
  Result<bool> ReadLength(std::string_view* in, uint64_t* length, int* encoding);
  Result<bool> ReadString(std::string_view* in, RdbToken* token);
  Result<bool> StartString(uint64_t length, int encoding);
  bool ReadBody(std::string_view* in, std::string_view* body);
  Result<bool> Unpack(std::string_view packed, RdbToken* token);

  const uint64_t string_max_;
  // Fixed-size parts: lengths, numbers, header.
  std::array<unsigned char, 16> fixed_{};
  size_t fixed_have_ = 0;
  // Strings.
  StringState string_state_ = StringState::kHead;
  int encoding_ = 0;
  uint64_t body_bytes_ = 0;
  uint64_t full_bytes_ = 0;
  bool keep_packed_ = false;
  std::string body_;      // the part of the body that arrived in earlier pieces
  std::string unpacked_;  // LZF result
  std::array<char, 24> digits_{};
};

}  // namespace pleiad
