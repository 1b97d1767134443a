// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <string>

#include "base/text.h"
#include "commands/hash/hash_access.h"
#include "commands/string/float_text.h"

namespace pleiad {
namespace {

// HINCRBYFLOAT key field increment: the sum. A field that is not there counts as 0. Keeps its
// expiry. In the journal: HSET, and HPEXPIREAT if there is one.
//
// > HSET k a 10.50
// (integer) 1
// > HINCRBYFLOAT k a 0.1
// "10.6"
// > HINCRBYFLOAT k a -5
// "5.6"
// > HSET k a 5.0e3
// (integer) 0
// > HINCRBYFLOAT k a 2.0e2
// "5200"
// > HINCRBYFLOAT k b 1.5
// "1.5"
// > HINCRBYFLOAT k a much
// (error) ERR value is not a valid float
// > HINCRBYFLOAT k a inf
// (error) ERR value is NaN or Infinity
// > HSET k c text
// (integer) 1
// > HINCRBYFLOAT k c 1
// (error) ERR hash value is not a float
// > SET text v
// OK
// > HINCRBYFLOAT text a 1
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Hincrbyfloat(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const auto increment = ParseLongDouble(args[3]);
  if (!increment.has_value()) {
    out.Error(kNotFloat);
    return;
  }
  if (std::isnan(*increment) || std::isinf(*increment)) {
    out.Error("ERR value is NaN or Infinity");
    return;
  }
  HashEdit edit(&ctx);
  if (!edit.Open(out)) return;
  const std::string_view field = args[2];
  const auto old = edit.Find(field);
  const auto number = old.has_value() ? ParseLongDouble(old->value) : 0.0L;
  if (!number.has_value()) {
    out.Error("ERR hash value is not a float");
    return;
  }
  const long double sum = *number + *increment;
  if (std::isnan(sum) || std::isinf(sum)) {
    out.Error("ERR increment would produce NaN or Infinity");
    return;
  }
  const int64_t expiry_ms = old.has_value() ? old->expiry_ms : FieldElement::kNoExpiry;
  const std::string text = FormatForPeople(sum);
  edit.DropIfOver(field);
  edit.Put(field, text, expiry_ms);
  edit.Finish("hincrbyfloat");
  ctx.Propagate({"HSET", args[1], field, text});
  if (expiry_ms != FieldElement::kNoExpiry) {
    ctx.Propagate({"HPEXPIREAT", args[1], std::to_string(expiry_ms), "FIELDS", "1", field});
  }
  out.Bulk(text);
}

const CommandRegistration kHincrbyfloat{
    {.name = "hincrbyfloat",
     .arity = 4,
     .flags = kCmdWrite | kCmdDenyOom | kCmdFast,
     .keys = {1, 1, 1},
     .group = "hash",
     .since = "2.6.0",
     .usage = "key field increment",
     .summary = "Adds a floating point number to the value of a field in a hash. A field that is "
                "not there counts as 0.",
     .complexity = "O(1)",
     .write = Hincrbyfloat}};

}  // namespace
}  // namespace pleiad
