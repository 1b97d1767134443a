// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// COMMAND: the command table, for clients that route and for shells that hint. What is shown comes
// from CommandSpec.
#include "command/command.h"

#include "base/text.h"
#include "command/dispatch.h"
#include "commands/server/command_facts.h"
#include "commands/server/help.h"

namespace pleiad {
namespace {

void WriteNames(const std::vector<std::string_view>& names, std::string_view prefix,
                resp::Writer& out) {
  out.Set(names.size());
  for (const std::string_view name : names) out.Simple(std::string(prefix) + std::string(name));
}

void WriteSearch(std::string_view type,
                 std::initializer_list<std::pair<std::string_view, int>> spec, resp::Writer& out) {
  out.Map(2);
  out.Bulk("type");
  out.Bulk(type);
  out.Bulk("spec");
  out.Map(spec.size());
  for (const auto& [name, value] : spec) {
    out.Bulk(name);
    out.Integer(value);
  }
}

void WriteKeySpecs(const CommandSpec& spec, resp::Writer& out) {
  out.Array(HasKeys(spec) ? 1 : 0);
  if (!HasKeys(spec)) return;
  out.Map(3);
  out.Bulk("flags");
  WriteNames(KeyFlagNames(spec), "", out);
  const KeyPositions& keys = spec.keys;
  out.Bulk("begin_search");
  if (spec.get_keys != nullptr) {
    WriteSearch("unknown", {}, out);
    out.Bulk("find_keys");
    WriteSearch("unknown", {}, out);
    return;
  }
  WriteSearch("index", {{"index", keys.first}}, out);
  out.Bulk("find_keys");
  const int last = keys.last < 0 ? keys.last : keys.last - keys.first;
  WriteSearch("range", {{"lastkey", last}, {"keystep", keys.step}, {"limit", 0}}, out);
}

// One command as COMMAND and COMMAND INFO show it: ten fields.
void WriteInfo(const CommandSpec& spec, resp::Writer& out) {
  out.Array(10);
  out.Bulk(spec.name);
  out.Integer(spec.arity);
  WriteNames(FlagNames(spec), "", out);
  out.Integer(spec.keys.first);
  out.Integer(spec.keys.last);
  out.Integer(spec.keys.step);
  WriteNames(CategoryNames(spec), "@", out);
  out.Array(0);  // tips
  WriteKeySpecs(spec, out);
  const size_t place = out.DeferArray();
  size_t subcommands = 0;
  for (const CommandSpec& other : CommandTable::Get().all()) {
    if (!IsSubcommandOf(other, spec)) continue;
    WriteInfo(other, out);
    ++subcommands;
  }
  out.FillArray(place, subcommands);
}

void WriteAll(resp::Writer& out) {
  const size_t place = out.DeferArray();
  size_t commands = 0;
  for (const CommandSpec& spec : CommandTable::Get().all()) {
    if (IsSubcommand(spec)) continue;
    WriteInfo(spec, out);
    ++commands;
  }
  out.FillArray(place, commands);
}

// COMMAND: all commands.
//
// > COMMAND BOGUS
// (error) ERR unknown subcommand 'BOGUS'. Try COMMAND HELP.
void Command(ServerContext&, const Args& args, resp::Writer& out) {
  if (args.size() == 1) {
    WriteAll(out);
  } else {
    WriteUnknownSubcommand(args, out);
  }
}

// COMMAND INFO [command-name ...]: null for a name that there is not.
//
// > COMMAND INFO get bogus
// 1)  1) "get"
//     2) (integer) 2
//     3) 1) readonly
//        2) fast
//     4) (integer) 1
//     5) (integer) 1
//     6) (integer) 1
//     7) 1) @read
//        2) @string
//        3) @fast
//     8) (empty array)
//     9) 1) 1) "flags"
//           2) 1) RO
//              2) access
//           3) "begin_search"
//           4) 1) "type"
//              2) "index"
//              3) "spec"
//              4) 1) "index"
//                 2) (integer) 1
//           5) "find_keys"
//           6) 1) "type"
//              2) "range"
//              3) "spec"
//              4) 1) "lastkey"
//                 2) (integer) 0
//                 3) "keystep"
//                 4) (integer) 1
//                 5) "limit"
//                 6) (integer) 0
//    10) (empty array)
// 2) (nil)
void CommandInfo(ServerContext&, const Args& args, resp::Writer& out) {
  if (args.size() == 2) {
    WriteAll(out);
    return;
  }
  out.Array(args.size() - 2);
  for (size_t i = 2; i < args.size(); ++i) {
    const CommandSpec* spec = CommandTable::Get().Find(args[i]);
    if (spec == nullptr) {
      out.NullArray();
    } else {
      WriteInfo(*spec, out);
    }
  }
}

// COMMAND COUNT
//
// > COMMAND COUNT
// (integer) ...
void CommandCount(ServerContext&, const Args&, resp::Writer& out) {
  int64_t count = 0;
  for (const CommandSpec& spec : CommandTable::Get().all()) count += IsSubcommand(spec) ? 0 : 1;
  out.Integer(count);
}

bool InCategory(const CommandSpec& spec, std::string_view category) {
  for (const std::string_view name : CategoryNames(spec)) {
    if (EqualsIgnoreCase(name, category)) return true;
  }
  return false;
}

// COMMAND LIST [FILTERBY <MODULE name | ACLCAT category | PATTERN pattern>]: names; subcommands too
// where they match.
//
// > COMMAND LIST FILTERBY PATTERN gets*
// 1) "getset"
// > COMMAND LIST FILTERBY MODULE json
// (empty array)
// > COMMAND LIST FILTERBY PATTERN config|r*
// 1) "config|resetstat"
// 2) "config|rewrite"
// > COMMAND LIST FILTERBY BOGUS x
// (error) ERR syntax error
void CommandList(ServerContext&, const Args& args, resp::Writer& out) {
  const bool filtered = args.size() > 2;
  if (filtered && (args.size() != 5 || !args.Is(2, "filterby"))) {
    out.Error(kSyntaxError);
    return;
  }
  const bool module = filtered && args.Is(3, "module");
  const bool category = filtered && args.Is(3, "aclcat");
  const bool pattern = filtered && args.Is(3, "pattern");
  if (filtered && !module && !category && !pattern) {
    out.Error(kSyntaxError);
    return;
  }
  const size_t place = out.DeferArray();
  size_t count = 0;
  for (const CommandSpec& spec : CommandTable::Get().all()) {
    const bool matches = !filtered || (category && InCategory(spec, args[4])) ||
                         (pattern && GlobMatch(args[4], spec.name, true));
    if (!matches) continue;
    out.Bulk(spec.name);
    ++count;
  }
  out.FillArray(place, count);
}

// The keys of the command that begins at args[2]. False: the error has been written.
bool FindKeys(const Args& args, const CommandSpec** spec, std::vector<size_t>* positions,
              resp::Writer& out) {
  const CommandTable& table = CommandTable::Get();
  *spec = table.Find(args[2]);
  if (*spec == nullptr) {
    out.Error("ERR Invalid command specified");
    return false;
  }
  if (args.size() > 3 && table.HasSubcommands(**spec)) {
    const CommandSpec* sub = table.Subcommand(**spec, args[3]);
    if (sub != nullptr) *spec = sub;
  }
  if (!HasKeys(**spec)) {
    out.Error("ERR The command has no key arguments");
    return false;
  }
  const int count = static_cast<int>(args.size()) - 2;
  const int arity = (*spec)->arity;
  if (arity > 0 ? count != arity : count < -arity) {
    out.Error("ERR Invalid number of arguments specified for command");
    return false;
  }
  if (KeyArgs(**spec, Args(args.all().subspan(2)), positions) && !positions->empty()) return true;
  out.Error("ERR Invalid arguments specified for command");
  return false;
}

// COMMAND GETKEYS command [arg ...]
//
// > COMMAND GETKEYS MSET a 1 b 2
// 1) "a"
// 2) "b"
// > COMMAND GETKEYS GET
// (error) ERR Invalid number of arguments specified for command
// > COMMAND GETKEYS PING
// (error) ERR The command has no key arguments
// > COMMAND GETKEYS BOGUS a
// (error) ERR Invalid command specified
void GetKeysOf(ServerContext&, const Args& args, resp::Writer& out) {
  const CommandSpec* spec = nullptr;
  std::vector<size_t> positions;
  if (!FindKeys(args, &spec, &positions, out)) return;
  out.Array(positions.size());
  for (const size_t i : positions) out.Bulk(args[i + 2]);
}

// COMMAND GETKEYSANDFLAGS command [arg ...]: keys and what the command does to them.
//
// > COMMAND GETKEYSANDFLAGS GET a
// 1) 1) "a"
//    2) 1) RO
//       2) access
void GetKeysAndFlags(ServerContext&, const Args& args, resp::Writer& out) {
  const CommandSpec* spec = nullptr;
  std::vector<size_t> positions;
  if (!FindKeys(args, &spec, &positions, out)) return;
  out.Array(positions.size());
  for (const size_t i : positions) {
    out.Array(2);
    out.Bulk(args[i + 2]);
    WriteNames(KeyFlagNames(*spec), "", out);
  }
}

// COMMAND HELP
//
// > COMMAND HELP
//  1) COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
// ...
void CommandHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp("command",
            {"(no subcommand)", "    Return details about all commands.", "COUNT",
             "    Return the total number of commands of this server.",
             "LIST [FILTERBY <MODULE <name> | ACLCAT <category> | PATTERN <pattern>>]",
             "    Return the names of the commands of this server.", "INFO [<command-name> ...]",
             "    Return details about commands: of all if no names are given.",
             "DOCS [<command-name> ...]",
             "    Return the documentation of commands: of all if no names are given.",
             "GETKEYS <full-command>", "    Return the keys of a full command.",
             "GETKEYSANDFLAGS <full-command>",
             "    Return the keys of a full command and how it treats them."},
            out);
}

constexpr uint32_t kCommandFlags = kCmdLoading | kCmdStale;

const CommandRegistration kCommand{{.name = "command",
                                    .arity = -1,
                                    .flags = kCommandFlags,
                                    .keys = {},
                                    .group = "server",
                                    .since = "2.8.13",
                                    .usage = "",
                                    .summary = "Returns detailed information about all commands.",
                                    .complexity = "O(N) where N is the total number of commands",
                                    .server = Command}};
const CommandRegistration kCommandInfo{
    {.name = "command|info",
     .arity = -2,
     .flags = kCommandFlags,
     .keys = {},
     .group = "server",
     .since = "2.8.13",
     .usage = "[command-name [command-name ...]]",
     .summary = "Returns information about one, multiple or all commands.",
     .complexity = "O(N) where N is the number of commands to look up",
     .server = CommandInfo}};
const CommandRegistration kCount{{.name = "command|count",
                                  .arity = 2,
                                  .flags = kCommandFlags,
                                  .keys = {},
                                  .group = "server",
                                  .since = "2.8.13",
                                  .usage = "",
                                  .summary = "Returns a count of commands.",
                                  .complexity = "O(N) where N is the total number of commands",
                                  .server = CommandCount}};
const CommandRegistration kCommandList{
    {.name = "command|list",
     .arity = -2,
     .flags = kCommandFlags,
     .keys = {},
     .group = "server",
     .since = "7.0.0",
     .usage = "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
     .summary = "Returns a list of command names.",
     .complexity = "O(N) where N is the total number of commands",
     .server = CommandList}};
const CommandRegistration kGetKeys{
    {.name = "command|getkeys",
     .arity = -3,
     .flags = kCommandFlags,
     .keys = {},
     .group = "server",
     .since = "2.8.13",
     .usage = "command [arg [arg ...]]",
     .summary = "Extracts the key names from an arbitrary command.",
     .complexity = "O(N) where N is the number of arguments to the command",
     .server = GetKeysOf}};
const CommandRegistration kGetKeysAndFlags{
    {.name = "command|getkeysandflags",
     .arity = -3,
     .flags = kCommandFlags,
     .keys = {},
     .group = "server",
     .since = "7.0.0",
     .usage = "command [arg [arg ...]]",
     .summary = "Extracts the key names and access flags for an arbitrary command.",
     .complexity = "O(N) where N is the number of arguments to the command",
     .server = GetKeysAndFlags}};
const CommandRegistration kCommandHelp{
    {.name = "command|help",
     .arity = 2,
     .flags = kCommandFlags,
     .keys = {},
     .group = "server",
     .since = "5.0.0",
     .usage = "",
     .summary = "Returns helpful text about the different subcommands.",
     .complexity = "O(1)",
     .server = CommandHelp}};

}  // namespace
}  // namespace pleiad
