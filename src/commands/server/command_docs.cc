// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/text.h"
#include "command/command.h"
#include "commands/server/command_facts.h"
#include "commands/server/usage.h"

namespace pleiad {
namespace {

void WriteFlags(const UsageArg& arg, resp::Writer& out) {
  out.Bulk("flags");
  out.Set(static_cast<size_t>(arg.optional) + static_cast<size_t>(arg.multiple) +
          static_cast<size_t>(arg.multiple_token));
  if (arg.optional) out.Simple("optional");
  if (arg.multiple) out.Simple("multiple");
  if (arg.multiple_token) out.Simple("multiple_token");
}

void WriteText(std::string_view name, std::string_view value, resp::Writer& out) {
  out.Bulk(name);
  out.Bulk(value);
}

void WriteArgs(const std::vector<UsageArg>& args, bool keys_known, resp::Writer& out) {
  out.Array(args.size());
  for (const UsageArg& arg : args) {
    const bool group = !arg.args.empty();
    const bool plain = !group && arg.type != UsageArg::Type::kPureToken;
    const bool key = keys_known && arg.type == UsageArg::Type::kKey;
    const bool flags = arg.optional || arg.multiple || arg.multiple_token;
    out.Map(2U + (plain ? 1U : 0U) + (key ? 1U : 0U) + (arg.token.empty() ? 0U : 1U) +
            (flags ? 1U : 0U) + (group ? 1U : 0U));
    WriteText("name", arg.name, out);
    WriteText("type", UsageTypeName(arg.type), out);
    if (plain) WriteText("display_text", arg.name, out);
    if (key) {
      out.Bulk("key_spec_index");
      out.Integer(0);
    }
    if (!arg.token.empty()) WriteText("token", arg.token, out);
    if (flags) WriteFlags(arg, out);
    if (group) {
      out.Bulk("arguments");
      WriteArgs(arg.args, keys_known, out);
    }
  }
}

void WriteDocs(const CommandSpec& spec, resp::Writer& out) {
  std::vector<const CommandSpec*> subcommands;
  for (const CommandSpec& other : CommandTable::Get().all()) {
    if (IsSubcommandOf(other, spec)) subcommands.push_back(&other);
  }
  // "subcommand" is what containers say of themselves; their subcommands say it better.
  const std::vector<UsageArg> args =
      subcommands.empty() ? ParseUsage(spec.usage) : std::vector<UsageArg>();
  out.Map(4U + (args.empty() ? 0U : 1U) + (subcommands.empty() ? 0U : 1U));
  WriteText("summary", spec.summary, out);
  WriteText("since", spec.since, out);
  WriteText("group", spec.group, out);
  WriteText("complexity", spec.complexity, out);
  if (!args.empty()) {
    out.Bulk("arguments");
    WriteArgs(args, HasKeys(spec), out);
  }
  if (subcommands.empty()) return;
  out.Bulk("subcommands");
  out.Map(subcommands.size());
  for (const CommandSpec* subcommand : subcommands) {
    out.Bulk(subcommand->name);
    WriteDocs(*subcommand, out);
  }
}

// COMMAND DOCS [command-name ...]: summaries and arguments. Names that there are not are left out.
//
// > COMMAND DOCS echo bogus
// 1) "echo"
// 2)  1) "summary"
//     2) "Returns the given string."
//     3) "since"
//     4) "1.0.0"
//     5) "group"
//     6) "connection"
//     7) "complexity"
//     8) "O(1)"
//     9) "arguments"
//    10) 1) 1) "name"
//           2) "message"
//           3) "type"
//           4) "string"
//           5) "display_text"
//           6) "message"
// > COMMAND DOCS bogus
// (empty array)
void CommandDocs(ServerContext&, const Args& args, resp::Writer& out) {
  std::vector<const CommandSpec*> specs;
  const CommandTable& table = CommandTable::Get();
  for (size_t i = 2; i < args.size(); ++i) {
    const CommandSpec* spec = table.Find(args[i]);
    if (spec != nullptr) specs.push_back(spec);
  }
  for (const CommandSpec& spec : table.all()) {
    if (args.size() == 2 && !IsSubcommand(spec)) specs.push_back(&spec);
  }
  out.Map(specs.size());
  for (const CommandSpec* spec : specs) {
    out.Bulk(spec->name);
    WriteDocs(*spec, out);
  }
}

const CommandRegistration kDocs{
    {.name = "command|docs",
     .arity = -2,
     .flags = kCmdLoading | kCmdStale,
     .keys = {},
     .group = "server",
     .since = "7.0.0",
     .usage = "[command-name [command-name ...]]",
     .summary = "Returns documentary information about one, multiple or all commands.",
     .complexity = "O(N) where N is the number of commands to look up",
     .server = CommandDocs}};

}  // namespace
}  // namespace pleiad
