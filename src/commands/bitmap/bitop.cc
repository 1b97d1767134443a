// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <array>
#include <utility>
#include <vector>

#include "base/text.h"
#include "command/command.h"
#include "data/bitmap.h"

namespace pleiad {
namespace {

struct BitOpWord {
  std::string_view name;
  BitOperation operation;
  size_t sources_min;
};

constexpr std::array<BitOpWord, 8> kBitOpWords = {{{"AND", BitOperation::kAnd, 1},
                                                   {"OR", BitOperation::kOr, 1},
                                                   {"XOR", BitOperation::kXor, 1},
                                                   {"NOT", BitOperation::kNot, 1},
                                                   {"DIFF", BitOperation::kDiff, 2},
                                                   {"DIFF1", BitOperation::kDiff1, 2},
                                                   {"ANDOR", BitOperation::kAndOr, 2},
                                                   {"ONE", BitOperation::kOne, 1}}};

// Null: the error was written.
const BitOpWord* ParseBitOp(const Args& args, resp::Writer& out) {
  for (const BitOpWord& word : kBitOpWords) {
    if (!EqualsIgnoreCase(args[1], word.name)) continue;
    const size_t sources = args.size() - 3;
    if (word.operation == BitOperation::kNot && sources != 1) {
      out.Error("ERR BITOP NOT must be called with a single source key.");
      return nullptr;
    }
    if (sources < word.sources_min) {
      out.Error(
          fmt::format("ERR BITOP {} must be called with at least two source keys.", word.name));
      return nullptr;
    }
    return &word;
  }
  out.Error(kSyntaxError);
  return nullptr;
}

// BITOP <AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE> destkey key [key ...]: the length of
// the result. An empty result deletes the destination.
//
// > MSET a "abc" b "abcd" c "x"
// OK
// > BITOP AND d a b
// (integer) 4
// > GET d
// "abc\x00"
// > BITOP OR d a c
// (integer) 3
// > GET d
// "ybc"
// > BITOP XOR d a b
// (integer) 4
// > GET d
// "\x00\x00\x00d"
// > BITOP NOT d c
// (integer) 1
// > GET d
// "\x87"
// > BITOP DIFF d b a c
// (integer) 4
// > GET d
// "\x00\x00\x00d"
// > BITOP DIFF1 d c a
// (integer) 3
// > GET d
// "\x01bc"
// > BITOP ANDOR d a c b
// (integer) 4
// > GET d
// "abc\x00"
// > BITOP ONE d a b c
// (integer) 4
// > GET d
// "\x18\x00\x00d"
// > BITOP AND d nothing nowhere
// (integer) 0
// > EXISTS d
// (integer) 0
// > BITOP NOT d a
// (integer) 3
// > OBJECT ENCODING d
// "raw"
// > BITOP NOT d a b
// (error) ERR BITOP NOT must be called with a single source key.
// > BITOP DIFF d a
// (error) ERR BITOP DIFF must be called with at least two source keys.
// > BITOP NAND d a b
// (error) ERR syntax error
void BitOp(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const BitOpWord* const word = ParseBitOp(args, out);
  if (word == nullptr) return;
  std::vector<std::string_view> sources;
  size_t size = 0;
  for (size_t i = 1; i < ctx.keys().size(); ++i) {
    const Entry* e = ctx.Find(ctx.key(i));
    if (!CheckString(e, out)) return;
    sources.push_back(e == nullptr ? std::string_view() : e->str());
    size = std::max(size, sources.back().size());
  }
  const Key& destination = ctx.key(0);
  if (size == 0) {
    if (ctx.Delete(destination)) ctx.Notify(kNotifyGeneric, "del", destination);
    out.Integer(0);
    return;
  }
  HeapString* const result = HeapString::Create(size);
  CombineBits(word->operation, sources, result->data());
  result->size = size;
  if (size <= Entry::kInlineMax) {
    ctx.SetString(destination, result->view(), Entry::kNoExpiry);
    HeapString::Free(result);
  } else {
    ctx.SetString(destination, result->view(), Entry::kNoExpiry, false, result);
  }
  ctx.FindForWrite(destination)->set_modified();  // OBJECT ENCODING says raw
  ctx.Notify(kNotifyString, "set", destination);
  out.Integer(static_cast<int64_t>(size));
}

const CommandRegistration kBitOp{
    {.name = "bitop",
     .arity = -4,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {2, -1, 1},
     .group = "bitmap",
     .since = "2.6.0",
     .usage = "<AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE> destkey key [key ...]",
     .summary = "Performs bitwise operations on multiple strings, and stores the result.",
     .complexity = "O(N)",
     .write = BitOp}};

}  // namespace
}  // namespace pleiad
