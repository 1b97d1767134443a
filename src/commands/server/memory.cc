// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// MEMORY: where the memory went. The figures are those of INFO memory.
#include "base/memory.h"

#include <fmt/core.h>

#include "command/command.h"
#include "commands/server/help.h"
#include "server/info/memory_figures.h"

namespace pleiad {
namespace {

// A subcommand that there is not.
//
// > MEMORY BOGUS
// (error) ERR unknown subcommand 'BOGUS'. Try MEMORY HELP.
void Memory(ServerContext&, const Args& args, resp::Writer& out) {
  WriteUnknownSubcommand(args, out);
}

// MEMORY USAGE key [SAMPLES count]: bytes that the key and its value take, allocator rounding and
// its place in the table included. SAMPLES has a meaning for values of many parts only; strings are
// counted whole.
//
// > SET k v
// OK
// > MEMORY USAGE k
// (integer) ...
// > MEMORY USAGE k SAMPLES 0
// (integer) ...
// > MEMORY USAGE nosuchkey
// (nil)
// > MEMORY USAGE k SAMPLES -1
// (error) ERR syntax error
// > MEMORY USAGE k BOGUS 1
// (error) ERR syntax error
void MemoryUsage(ReadContext& ctx, const Args& args, resp::Writer& out) {
  constexpr size_t kPlaceBytes = sizeof(uint64_t);
  for (size_t i = 3; i < args.size(); i += 2) {
    if (!args.Is(i, "samples") || i + 1 == args.size()) {
      out.Error(kSyntaxError);
      return;
    }
    const auto count = IntArg(args, i + 1, out);
    if (!count.has_value()) return;
    if (*count < 0) {
      out.Error(kSyntaxError);
      return;
    }
  }
  const Entry* e = ctx.Find(ctx.key(), false);
  if (e == nullptr) {
    out.Null();
  } else {
    out.Integer(static_cast<int64_t>(e->MemoryUsage() + kPlaceBytes));
  }
}

void Add(std::string_view name, uint64_t value, resp::Writer& out) {
  out.Bulk(name);
  out.Integer(static_cast<int64_t>(value));
}

void AddDifference(std::string_view name, uint64_t a, uint64_t b, resp::Writer& out) {
  out.Bulk(name);
  out.Integer(static_cast<int64_t>(a) - static_cast<int64_t>(b));
}

void AddRatio(std::string_view name, uint64_t part, uint64_t whole, double unit,
              resp::Writer& out) {
  out.Bulk(name);
  out.Double(whole == 0 ? 0 : unit * static_cast<double>(part) / static_cast<double>(whole));
}

// MEMORY STATS: where the memory went, as numbers.
//
// > MEMORY STATS
//  1) "peak.allocated"
//  2) (integer) ...
//  3) "total.allocated"
//  4) (integer) ...
//  5) "startup.allocated"
//  6) (integer) 0
// ...
void MemoryStats(ServerContext& ctx, const Args&, resp::Writer& out) {
  const info::MemoryFigures f = info::ReadMemoryFigures(ctx, info::ClientMemory(ctx));
  uint64_t keys = 0;
  for (int db = 0; db < ctx.engine.keyspace.databases(); ++db)
    keys += ctx.engine.keyspace.Count(db).keys;
  const AllocatorStats& a = f.allocator;
  out.Map(22);
  Add("peak.allocated", f.peak, out);
  Add("total.allocated", f.used, out);
  Add("startup.allocated", f.startup, out);
  Add("replication.backlog", f.backlog, out);
  Add("clients.normal", f.clients, out);
  Add("overhead.total", f.overhead, out);
  Add("keys.count", keys, out);
  Add("keys.bytes-per-key", keys == 0 ? 0 : f.grown() / keys, out);
  Add("dataset.bytes", f.dataset(), out);
  AddRatio("dataset.percentage", f.dataset(), f.grown(), 100, out);
  AddRatio("peak.percentage", f.used, f.peak, 100, out);
  Add("allocator.allocated", a.allocated, out);
  Add("allocator.active", a.active, out);
  Add("allocator.resident", a.resident, out);
  AddRatio("allocator-fragmentation.ratio", a.active, a.allocated, 1, out);
  AddDifference("allocator-fragmentation.bytes", a.active, a.allocated, out);
  AddRatio("allocator-rss.ratio", a.resident, a.active, 1, out);
  AddDifference("allocator-rss.bytes", a.resident, a.active, out);
  AddRatio("rss-overhead.ratio", f.resident, a.resident, 1, out);
  AddDifference("rss-overhead.bytes", f.resident, a.resident, out);
  AddRatio("fragmentation", f.resident, f.used, 1, out);
  AddDifference("fragmentation.bytes", f.resident, f.used, out);
}

// MEMORY DOCTOR: what looks wrong, in words.
//
// > MEMORY DOCTOR
// ...
void MemoryDoctor(ServerContext& ctx, const Args&, resp::Writer& out) {
  constexpr uint64_t kSmall = 5 << 20;
  const info::MemoryFigures f = info::ReadMemoryFigures(ctx, info::ClientMemory(ctx));
  if (f.used < kSmall) {
    out.Verbatim("txt", "Less than 5 MB are in use: too little to judge.\n");
    return;
  }
  const auto times = [](uint64_t a, uint64_t b) {
    return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
  };
  std::string text;
  if (times(f.peak, f.used) > 1.5) {
    text += fmt::format(
        " * Peak: once {:.1f} times as much memory was in use as now. What the allocator keeps of "
        "it may make the resident "
        "size look large. MEMORY PURGE gives it back.\n",
        times(f.peak, f.used));
  }
  if (times(f.resident, f.used) > 1.4) {
    text +=
        fmt::format(" * Fragmentation: the process takes {:.2f} times the memory that is in use.\n",
                    times(f.resident, f.used));
  }
  if (times(f.clients, f.used) > 0.2) {
    text += fmt::format(
        " * Clients: their buffers take {:.0f}% of the memory in use. CLIENT LIST shows whose "
        "(tot-mem).\n",
        100 * times(f.clients, f.used));
  }
  out.Verbatim("txt", text.empty() ? "No memory problem found.\n" : "Worth a look:\n\n" + text);
}

// MEMORY MALLOC-STATS: what the allocator says of itself.
//
// > MEMORY MALLOC-STATS
// ...
void MallocStats(ServerContext&, const Args&, resp::Writer& out) {
  const AllocatorStats a = ReadAllocatorStats();
  out.Verbatim("txt", fmt::format("{}: allocated {} active {} resident {} retained {}\n",
                                  AllocatorName(), a.allocated, a.active, a.resident, a.retained));
}

// MEMORY PURGE: gives free pages back to the system.
//
// > MEMORY PURGE
// OK
void MemoryPurge(ServerContext&, const Args&, resp::Writer& out) {
  PurgeAllocator();
  out.Ok();
}

// MEMORY HELP
//
// > MEMORY HELP
//  1) MEMORY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
// ...
void MemoryHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp("memory",
            {"DOCTOR", "    Return memory problems reports.", "MALLOC-STATS",
             "    Return internal statistics of the memory allocator.", "PURGE",
             "    Give unused pages back to the system.", "STATS",
             "    Return information about the memory usage of the server.",
             "USAGE <key> [SAMPLES <count>]", "    Return the bytes used by <key> and its value."},
            out);
}

const CommandRegistration kMemory{{.name = "memory",
                                   .arity = -2,
                                   .keys = {},
                                   .group = "server",
                                   .since = "4.0.0",
                                   .usage = "subcommand",
                                   .summary = "A container for memory diagnostics commands.",
                                   .complexity = "Depends on subcommand.",
                                   .server = Memory}};
const CommandRegistration kUsage{{.name = "memory|usage",
                                  .arity = -3,
                                  .flags = kCmdReadonly,
                                  .keys = {2, 2, 1},
                                  .group = "server",
                                  .since = "4.0.0",
                                  .usage = "key [SAMPLES count]",
                                  .summary = "Estimates the memory usage of a key.",
                                  .complexity = "O(1)",
                                  .read = MemoryUsage}};
const CommandRegistration kStats{{.name = "memory|stats",
                                  .arity = 2,
                                  .keys = {},
                                  .group = "server",
                                  .since = "4.0.0",
                                  .usage = "",
                                  .summary = "Returns details about memory usage.",
                                  .complexity = "O(1)",
                                  .server = MemoryStats}};
const CommandRegistration kDoctor{{.name = "memory|doctor",
                                   .arity = 2,
                                   .keys = {},
                                   .group = "server",
                                   .since = "4.0.0",
                                   .usage = "",
                                   .summary = "Outputs a memory problems report.",
                                   .complexity = "O(1)",
                                   .server = MemoryDoctor}};
const CommandRegistration kMallocStats{{.name = "memory|malloc-stats",
                                        .arity = 2,
                                        .keys = {},
                                        .group = "server",
                                        .since = "4.0.0",
                                        .usage = "",
                                        .summary = "Returns the allocator statistics.",
                                        .complexity = "O(1)",
                                        .server = MallocStats}};
const CommandRegistration kPurge{
    {.name = "memory|purge",
     .arity = 2,
     .keys = {},
     .group = "server",
     .since = "4.0.0",
     .usage = "",
     .summary = "Asks the allocator to release memory.",
     .complexity = "Depends on how much memory is allocated, could be slow",
     .server = MemoryPurge}};
const CommandRegistration kMemoryHelp{
    {.name = "memory|help",
     .arity = 2,
     .flags = kCmdLoading | kCmdStale,
     .keys = {},
     .group = "server",
     .since = "4.0.0",
     .usage = "",
     .summary = "Returns helpful text about the different subcommands.",
     .complexity = "O(1)",
     .server = MemoryHelp}};

}  // namespace
}  // namespace pleiad
