// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <vector>

#include "commands/bitmap/bit_argument.h"
#include "data/bitmap.h"

namespace pleiad {
namespace {

struct BitFieldStep {
  enum class Kind { kGet, kSet, kIncrBy };
  Kind kind = Kind::kGet;
  BitField field;
  int64_t value = 0;
  BitOverflow overflow = BitOverflow::kWrap;
};

bool ParseBitFieldType(std::string_view text, BitField* field, resp::Writer& out) {
  const bool is_signed = text.starts_with('i');
  const auto bits = is_signed || text.starts_with('u') ? ParseInt64(text.substr(1)) : std::nullopt;
  if (!bits.has_value() || *bits < 1 || *bits > (is_signed ? 64 : 63)) {
    out.Error(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "
        "i64 is.");
    return false;
  }
  field->is_signed = is_signed;
  field->bits = static_cast<unsigned>(*bits);
  return true;
}

bool ParseBitOverflow(const Args& args, size_t i, BitOverflow* overflow, resp::Writer& out) {
  if (args.Is(i, "wrap")) {
    *overflow = BitOverflow::kWrap;
  } else if (args.Is(i, "sat")) {
    *overflow = BitOverflow::kSaturate;
  } else if (args.Is(i, "fail")) {
    *overflow = BitOverflow::kFail;
  } else {
    out.Error("ERR Invalid OVERFLOW type specified");
    return false;
  }
  return true;
}

// All of the command is read before anything is done. nullopt: the error was written.
std::optional<std::vector<BitFieldStep>> ParseBitFieldSteps(ReadContext& ctx, const Args& args,
                                                            bool read_only, resp::Writer& out) {
  std::vector<BitFieldStep> steps;
  BitOverflow overflow = BitOverflow::kWrap;
  for (size_t i = 2; i < args.size();) {
    const size_t left = args.size() - i - 1;
    if (args.Is(i, "overflow") && left >= 1) {
      if (!ParseBitOverflow(args, i + 1, &overflow, out)) return std::nullopt;
      i += 2;
      continue;
    }
    BitFieldStep step;
    step.overflow = overflow;
    if (args.Is(i, "get") && left >= 2) {
      step.kind = BitFieldStep::Kind::kGet;
    } else if (args.Is(i, "set") && left >= 3) {
      step.kind = BitFieldStep::Kind::kSet;
    } else if (args.Is(i, "incrby") && left >= 3) {
      step.kind = BitFieldStep::Kind::kIncrBy;
    } else {
      out.Error(kSyntaxError);
      return std::nullopt;
    }
    if (!ParseBitFieldType(args[i + 1], &step.field, out)) return std::nullopt;
    const auto offset = BitOffsetArg(ctx, args[i + 2], step.field.bits, out);
    if (!offset.has_value()) return std::nullopt;
    step.field.offset = *offset;
    if (step.kind != BitFieldStep::Kind::kGet) {
      const auto value = IntArg(args, i + 3, out);
      if (!value.has_value()) return std::nullopt;
      step.value = *value;
      ++i;
    }
    i += 3;
    steps.push_back(step);
  }
  if (!read_only) return steps;
  for (const BitFieldStep& step : steps) {
    if (step.kind == BitFieldStep::Kind::kGet) continue;
    out.Error("ERR BITFIELD_RO only supports the GET subcommand");
    return std::nullopt;
  }
  return steps;
}

void ReadBitFields(ReadContext& ctx, const std::vector<BitFieldStep>& steps, resp::Writer& out) {
  const Entry* e = ctx.Find(ctx.key());
  if (!CheckString(e, out)) return;
  out.Array(steps.size());
  for (const BitFieldStep& step : steps) {
    out.Integer(step.field.Read(e == nullptr ? std::string_view() : e->str()));
  }
}

// True if the bytes changed.
bool RunBitFieldStep(const BitFieldStep& step, const BitString& string, resp::Writer& out) {
  const int64_t before = step.field.Read(string.entry->str());
  if (step.kind == BitFieldStep::Kind::kGet) {
    out.Integer(before);
    return false;
  }
  const bool is_set = step.kind == BitFieldStep::Kind::kSet;
  const auto after = is_set ? FitBitField(step.field, step.value, 0, step.overflow)
                            : FitBitField(step.field, before, step.value, step.overflow);
  if (!after.has_value()) {
    out.Null();
    return false;
  }
  step.field.Write(string.bytes, *after);
  out.Integer(is_set ? before : *after);
  return *after != before;
}

// BITFIELD key [GET type offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET type offset value | INCRBY
// type offset increment> ...]: the values read, the old values of SET, the new ones of INCRBY; nil
// where OVERFLOW FAIL refused. "#n" is an offset in fields of that type.
//
// > BITFIELD k SET u8 0 255 GET u8 0 GET i8 0
// 1) (integer) 0
// 2) (integer) 255
// 3) (integer) -1
// > BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
// 1) (integer) 1
// 2) (integer) 1
// > BITFIELD k INCRBY u2 100 3 OVERFLOW SAT INCRBY u2 102 3 OVERFLOW FAIL INCRBY u2 102 1
// 1) (integer) 0
// 2) (integer) 3
// 3) (nil)
// > BITFIELD n SET i16 #1 -300
// 1) (integer) 0
// > BITFIELD n GET i16 16 GET i16 #1 GET u16 #1
// 1) (integer) -300
// 2) (integer) -300
// 3) (integer) 65236
// > BITFIELD n OVERFLOW WRAP SET i8 0 300 OVERFLOW SAT SET i8 8 -300
// 1) (integer) 0
// 2) (integer) 0
// > BITFIELD n GET i8 0 GET i8 8
// 1) (integer) 44
// 2) (integer) -128
// > BITFIELD n
// (empty array)
// > BITFIELD n GET u64 0
// (error) ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported ...
// > BITFIELD n GET u8 -1
// (error) ERR bit offset is not an integer or out of range
// > BITFIELD n OVERFLOW MAYBE GET u8 0
// (error) ERR Invalid OVERFLOW type specified
// > BITFIELD n SET u8 0 x
// (error) ERR value is not an integer or out of range
// > BITFIELD n SET u8 0
// (error) ERR syntax error
void DoBitField(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto steps = ParseBitFieldSteps(ctx, args, false, out);
  if (!steps.has_value()) return;
  uint64_t bytes = 0;  // 0: nothing is written
  for (const BitFieldStep& step : *steps) {
    if (step.kind == BitFieldStep::Kind::kGet) continue;
    bytes = std::max(bytes, step.field.last_bit() / 8 + 1);
  }
  if (bytes == 0) return ReadBitFields(ctx, *steps, out);
  const Key& key = ctx.key();
  const auto string = OpenBitString(ctx, key, bytes, out);
  if (!string.has_value()) return;
  bool changed = string->grew;
  out.Array(steps->size());
  for (const BitFieldStep& step : *steps) changed |= RunBitFieldStep(step, *string, out);
  if (!changed) return;
  if (!string->created) ctx.Changed(key);
  ctx.Notify(kNotifyString, "setbit", key);
}

// BITFIELD_RO key [GET type offset ...]
//
// > SET k a
// OK
// > BITFIELD_RO k GET u8 0 GET i4 4
// 1) (integer) 97
// 2) (integer) 1
// > BITFIELD_RO absent GET u8 100
// 1) (integer) 0
// > BITFIELD_RO k SET u8 0 1
// (error) ERR BITFIELD_RO only supports the GET subcommand
void BitFieldRo(ReadContext& ctx, const Args& args, resp::Writer& out) {
  const auto steps = ParseBitFieldSteps(ctx, args, true, out);
  if (steps.has_value()) ReadBitFields(ctx, *steps, out);
}

const CommandRegistration kBitFieldCommand{
    {.name = "bitfield",
     .arity = -2,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 1, 1},
     .group = "bitmap",
     .since = "3.2.0",
     .usage = "key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset "
              "value | INCRBY encoding offset increment> [GET encoding offset | [OVERFLOW <WRAP | "
              "SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> ...]]",
     .summary = "Performs arbitrary bitfield integer operations on strings.",
     .complexity = "O(1) for each subcommand specified",
     .write = DoBitField}};
const CommandRegistration kBitFieldRo{
    {.name = "bitfield_ro",
     .arity = -2,
     .flags = kCmdReadonly | kCmdFast,
     .keys = {1, 1, 1},
     .group = "bitmap",
     .since = "6.0.0",
     .usage = "key [GET encoding offset [GET encoding offset ...]]",
     .summary = "Performs arbitrary read-only bitfield integer operations on strings.",
     .complexity = "O(1) for each subcommand specified",
     .read = BitFieldRo}};

}  // namespace
}  // namespace pleiad
