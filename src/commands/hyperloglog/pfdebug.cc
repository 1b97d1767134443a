// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <memory>
#include <string>

#include "base/check.h"
#include "base/text.h"
#include "commands/hyperloglog/hll_argument.h"

namespace pleiad {
namespace {

// Makes the string dense. nullopt: damaged, the error was written; else whether it was sparse.
std::optional<bool> PfDebugMakeDense(WriteContext& ctx, Entry* e, resp::Writer& out) {
  if (HllIsDense(e->str())) return false;
  std::string bytes(e->str());
  if (!HllMakeDense(&bytes)) {
    out.Error(kHllDamaged);
    return std::nullopt;
  }
  WriteHll(ctx, ctx.key(), e, bytes);
  return true;
}

void PfDebugGetReg(WriteContext& ctx, Entry* e, resp::Writer& out) {
  if (!PfDebugMakeDense(ctx, e, out).has_value()) return;
  const auto set = std::make_unique<HllSet>();
  CHECK(set->Merge(ctx.Find(ctx.key())->str()));
  out.Array(kHllRegisters);
  for (size_t i = 0; i < kHllRegisters; ++i) out.Integer(set->at(i));
}

void PfDebugDecode(WriteContext&, Entry* e, resp::Writer& out) {
  if (HllIsDense(e->str())) {
    out.Error("ERR HLL encoding is not sparse");
    return;
  }
  const auto text = HllDescribeRuns(e->str());
  if (text.has_value()) {
    out.Bulk(*text);
  } else {
    out.Error(kHllDamaged);
  }
}

void PfDebugEncoding(WriteContext&, Entry* e, resp::Writer& out) {
  out.Simple(HllIsDense(e->str()) ? "dense" : "sparse");
}

void PfDebugToDense(WriteContext& ctx, Entry* e, resp::Writer& out) {
  const auto was_sparse = PfDebugMakeDense(ctx, e, out);
  if (was_sparse.has_value()) out.Integer(*was_sparse ? 1 : 0);
}

struct PfDebugWord {
  std::string_view name;
  void (*run)(WriteContext& ctx, Entry* e, resp::Writer& out);
};

constexpr PfDebugWord kPfDebugWords[] = {{"getreg", PfDebugGetReg},
                                         {"decode", PfDebugDecode},
                                         {"encoding", PfDebugEncoding},
                                         {"todense", PfDebugToDense}};

// PFDEBUG <GETREG | DECODE | ENCODING | TODENSE> key: for tests. GETREG makes the string dense.
//
// > PFADD h a
// (integer) 1
// > PFDEBUG DECODE h
// "Z:12711 v:2,1 Z:3672"
// > PFDEBUG ENCODING h
// sparse
// > PFDEBUG TODENSE h
// (integer) 1
// > PFDEBUG TODENSE h
// (integer) 0
// > PFDEBUG ENCODING h
// dense
// > STRLEN h
// (integer) 12304
// > PFDEBUG DECODE h
// (error) ERR HLL encoding is not sparse
// > PFDEBUG GETREG h
//     1) (integer) 0
// ...
// > PFDEBUG ENCODING absent
// (error) ERR The specified key does not exist
// > PFDEBUG SIZE h
// (error) ERR Unknown PFDEBUG subcommand 'SIZE'
// > PFDEBUG DECODE h x
// (error) ERR Wrong number of arguments for the 'DECODE' subcommand
void PfDebug(WriteContext& ctx, const Args& args, resp::Writer& out) {
  Entry* const e = ctx.FindForWrite(ctx.key());
  if (e == nullptr) {
    out.Error("ERR The specified key does not exist");
    return;
  }
  if (!CheckHll(e, out)) return;
  for (const PfDebugWord& word : kPfDebugWords) {
    if (!EqualsIgnoreCase(args[1], word.name)) continue;
    if (args.size() != 3) {
      out.Error(fmt::format("ERR Wrong number of arguments for the '{}' subcommand", args[1]));
      return;
    }
    word.run(ctx, e, out);
    return;
  }
  out.Error(fmt::format("ERR Unknown PFDEBUG subcommand '{}'", args[1].substr(0, 128)));
}

const CommandRegistration kPfDebug{
    {.name = "pfdebug",
     .arity = -3,
     .flags = kCmdWrite | kCmdDenyOom | kCmdAdmin,
     .keys = {2, 2, 1},
     .group = "hyperloglog",
     .since = "2.8.9",
     .usage = "subcommand key",
     .summary = "Internal commands for debugging HyperLogLog values.",
     .complexity = "N/A",
     .write = PfDebug}};

}  // namespace
}  // namespace pleiad
