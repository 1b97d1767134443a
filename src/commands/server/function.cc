// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// FUNCTION: libraries are kept, not run (command/function_libraries.h). What a master or an AOF
// says is taken as it is; clients may look, move and delete.
#include <string>
#include <vector>

#include "base/text.h"
#include "command/command.h"
#include "commands/generic/whole_keyspace.h"
#include "commands/server/help.h"
#include "snapshot/dump_payload.h"

namespace pleiad {
namespace {

using Library = FunctionLibraries::Library;

constexpr uint32_t kFunctionWriteFlags = kCmdWrite | kCmdNoScript;

// A subcommand that there is not.
//
// > FUNCTION FOO
// (error) ERR unknown subcommand 'FOO'. Try FUNCTION HELP.
// > FUNCTION
// (error) ERR wrong number of arguments for 'function' command
void Function(ServerContext&, const Args& args, resp::Writer& out) {
  WriteUnknownSubcommand(args, out);
}

// FUNCTION LOAD [REPLACE] code: this version can't run functions, so a client's library is refused.
// A master's, and one in an AOF, is kept.
//
// > FUNCTION LOAD "#!lua name=mylib\n"
// (error) ERR functions can't be run by this version; libraries that a data set brings are kept
// > FUNCTION LIST
// (empty array)
void FunctionLoad(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (!ctx.client.from_master) {
    out.Error(
        "ERR functions can't be run by this version; libraries that a data set brings are kept");
    return;
  }
  // A stream may say again what a snapshot said already.
  const Result<std::string> name = ctx.engine.functions.Load(args[args.size() - 1], true);
  if (!name.ok()) {
    out.Error("ERR " + name.message());
    return;
  }
  out.Bulk(*name);
}

// FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]: the libraries; what functions they hold is not
// known.
//
// > FUNCTION LIST LIBRARYNAME my* WITHCODE
// (empty array)
// > FUNCTION LIST LIBRARYNAME
// (error) ERR library name argument was not given
// > FUNCTION LIST BAR
// (error) ERR Unknown argument BAR
void FunctionList(ServerContext& ctx, const Args& args, resp::Writer& out) {
  bool with_code = false;
  std::string_view pattern = "*";
  for (size_t i = 2; i < args.size(); ++i) {
    if (args.Is(i, "withcode")) {
      with_code = true;
    } else if (!args.Is(i, "libraryname")) {
      out.Error("ERR Unknown argument " + std::string(args[i]));
      return;
    } else if (++i == args.size()) {
      out.Error("ERR library name argument was not given");
      return;
    } else {
      pattern = args[i];
    }
  }
  std::vector<Library> libraries = ctx.engine.functions.All();
  std::erase_if(libraries, [&](const Library& l) { return !GlobMatch(pattern, l.name, true); });
  out.Array(libraries.size());
  for (const Library& library : libraries) {
    out.Map(with_code ? 4 : 3);
    out.Bulk("library_name");
    out.Bulk(library.name);
    out.Bulk("engine");
    out.Bulk(library.engine);
    out.Bulk("functions");
    out.Array(0);
    if (!with_code) continue;
    out.Bulk("library_code");
    out.Bulk(library.source);
  }
}

// FUNCTION DELETE name: drops a library.
//
// > FUNCTION DELETE mylib
// (error) ERR Library not found
void FunctionDelete(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (ctx.client.from_master) {
    ctx.engine.functions.Delete(args[2]);
    out.Ok();
    return;
  }
  ExclusiveWrite(ctx, out, [&] {
    if (!ctx.engine.functions.Delete(args[2])) {
      out.Error("ERR Library not found");
      return;
    }
    ThreadStats::Add(&ctx.stats.dirty, 1);
    ctx.Propagate({"FUNCTION", "DELETE", args[2]});
    out.Ok();
  });
}

// FUNCTION FLUSH [ASYNC | SYNC]: drops all libraries.
//
// > FUNCTION FLUSH SYNC
// OK
// > FUNCTION FLUSH NOW
// (error) ERR FUNCTION FLUSH only supports SYNC|ASYNC option
void FunctionFlush(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (args.size() > 3 || (args.size() == 3 && !args.Is(2, "sync") && !args.Is(2, "async"))) {
    out.Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    return;
  }
  if (ctx.client.from_master) {
    ctx.engine.functions.Clear();
    out.Ok();
    return;
  }
  ExclusiveWrite(ctx, out, [&] {
    ctx.engine.functions.Clear();
    ThreadStats::Add(&ctx.stats.dirty, 1);
    ctx.Propagate({"FUNCTION", "FLUSH"});
    out.Ok();
  });
}

// FUNCTION DUMP: all libraries as bytes for FUNCTION RESTORE, here or on a Redis from 7.0 on.
//
// > FUNCTION DUMP
// "\n\x00]\x9b\\@\x0f\x7f\xa2\xda"
void FunctionDump(ServerContext& ctx, const Args&, resp::Writer& out) {
  const std::vector<Library> libraries = ctx.engine.functions.All();
  std::vector<std::string_view> sources;
  for (const Library& library : libraries) sources.push_back(library.source);
  out.Bulk(DumpFunctions(sources));
}

// All or nothing: the error of the first that can't be taken.
Status RestoreInto(FunctionLibraries* kept, const std::vector<std::string>& sources,
                   std::string_view policy) {
  const bool replace = EqualsIgnoreCase(policy, "replace");
  FunctionLibraries fresh;
  if (!EqualsIgnoreCase(policy, "flush")) {
    for (const Library& library : kept->All()) (void)fresh.Load(library.source, false);
  }
  for (const std::string& source : sources) {
    const Result<std::string> loaded = fresh.Load(source, replace);
    if (!loaded.ok()) return Error{loaded.message()};
  }
  kept->Clear();
  for (const Library& library : fresh.All()) (void)kept->Load(library.source, true);
  return Status::Ok();
}

// FUNCTION RESTORE payload [FLUSH | APPEND | REPLACE]: keeps the libraries of a FUNCTION DUMP.
//
// > FUNCTION RESTORE garbage
// (error) ERR DUMP payload version or checksum are wrong
// > FUNCTION RESTORE garbage NOW
// (error) ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.
void FunctionRestore(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (args.size() > 4) {
    out.Error("ERR Unknown subcommand or wrong number of arguments for 'restore'.");
    return;
  }
  const std::string policy(args.size() == 4 ? args[3] : "append");
  if (args.size() == 4 && !args.Is(3, "flush") && !args.Is(3, "append") && !args.Is(3, "replace")) {
    out.Error("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
    return;
  }
  const Result<std::vector<std::string>> sources = RestoreFunctions(args[2]);
  if (!sources.ok()) {
    out.Error("ERR " + sources.message());
    return;
  }
  if (ctx.client.from_master) {
    const bool append = EqualsIgnoreCase(policy, "append");
    const Status done = RestoreInto(&ctx.engine.functions, *sources, append ? "replace" : policy);
    done.ok() ? out.Ok() : out.Error("ERR " + done.message());
    return;
  }
  ExclusiveWrite(ctx, out, [&] {
    const Status done = RestoreInto(&ctx.engine.functions, *sources, policy);
    if (!done.ok()) {
      out.Error("ERR " + done.message());
      return;
    }
    ThreadStats::Add(&ctx.stats.dirty, 1);
    ctx.Propagate({"FUNCTION", "RESTORE", args[2], policy});
    out.Ok();
  });
}

// FUNCTION HELP: these lines.
//
// > FUNCTION HELP NOW
// (error) ERR wrong number of arguments for 'function|help' command
void FunctionHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp("function",
            {"LIST [LIBRARYNAME PATTERN] [WITHCODE]",
             "    The libraries that the data set brought. They are kept, but not run.",
             "DELETE <LIBRARY NAME>", "    Drops a library.", "FLUSH [ASYNC|SYNC]",
             "    Drops all libraries.", "DUMP", "    All libraries as one payload.",
             "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]", "    Keeps the libraries of a payload."},
            out);
}

const CommandRegistration kFunction{{.name = "function",
                                     .arity = -2,
                                     .flags = kCmdWrite,
                                     .group = "scripting",
                                     .since = "7.0.0",
                                     .usage = "subcommand",
                                     .summary = "A container for function commands.",
                                     .complexity = "Depends on subcommand.",
                                     .server = Function}};
const CommandRegistration kFunctionLoad{
    {.name = "function|load",
     .arity = -3,
     .flags = kFunctionWriteFlags | kCmdDenyOom,
     .group = "scripting",
     .since = "7.0.0",
     .usage = "[REPLACE] function-code",
     .summary = "Creates a library. Refused: this version keeps libraries but can't run them.",
     .complexity = "O(1)",
     .server = FunctionLoad}};
const CommandRegistration kFunctionList{
    {.name = "function|list",
     .arity = -2,
     .flags = kCmdNoScript,
     .group = "scripting",
     .since = "7.0.0",
     .usage = "[LIBRARYNAME library-name-pattern] [WITHCODE]",
     .summary = "Returns information about the libraries that are kept.",
     .complexity = "O(N) where N is the number of libraries",
     .server = FunctionList}};
const CommandRegistration kFunctionDelete{{.name = "function|delete",
                                           .arity = 3,
                                           .flags = kFunctionWriteFlags,
                                           .group = "scripting",
                                           .since = "7.0.0",
                                           .usage = "library-name",
                                           .summary = "Deletes a library.",
                                           .complexity = "O(1)",
                                           .server = FunctionDelete}};
const CommandRegistration kFunctionFlush{{.name = "function|flush",
                                          .arity = -2,
                                          .flags = kFunctionWriteFlags,
                                          .group = "scripting",
                                          .since = "7.0.0",
                                          .usage = "[ASYNC | SYNC]",
                                          .summary = "Deletes all libraries.",
                                          .complexity = "O(N) where N is the number of libraries",
                                          .server = FunctionFlush}};
const CommandRegistration kFunctionDump{{.name = "function|dump",
                                         .arity = 2,
                                         .flags = kCmdNoScript,
                                         .group = "scripting",
                                         .since = "7.0.0",
                                         .usage = "",
                                         .summary = "Dumps all libraries into a binary payload.",
                                         .complexity = "O(N) where N is the number of libraries",
                                         .server = FunctionDump}};
const CommandRegistration kFunctionRestore{{.name = "function|restore",
                                            .arity = -3,
                                            .flags = kFunctionWriteFlags | kCmdDenyOom,
                                            .group = "scripting",
                                            .since = "7.0.0",
                                            .usage = "serialized-value [FLUSH | APPEND | REPLACE]",
                                            .summary = "Keeps the libraries of a payload.",
                                            .complexity = "O(N) where N is the number of libraries",
                                            .server = FunctionRestore}};
const CommandRegistration kFunctionHelp{
    {.name = "function|help",
     .arity = 2,
     .flags = kCmdLoading | kCmdStale,
     .group = "scripting",
     .since = "7.0.0",
     .usage = "",
     .summary = "Returns helpful text about the different subcommands.",
     .complexity = "O(1)",
     .server = FunctionHelp}};

}  // namespace
}  // namespace pleiad
