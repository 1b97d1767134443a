// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// CONFIG: the configuration at run time. The rules live in server/config/store.h; this is their
// dress.
#include <fmt/core.h>

#include <array>

#include "base/log.h"
#include "base/text.h"
#include "command/command.h"
#include "commands/server/login.h"
#include "runtime/files.h"
#include "runtime/persistence.h"
#include "runtime/server.h"
#include "server/config/store.h"

namespace pleiad {
namespace {

// CONFIG GET pattern [pattern ...]: names and values, sorted by name. Aliases answer too.
//
// > CONFIG GET maxmemory-p* hz
// 1) "hz"
// 2) "10"
// 3) "maxmemory-policy"
// 4) "noeviction"
// > CONFIG GET slave-priority
// 1) "slave-priority"
// 2) "100"
// > CONFIG GET bogus
// (empty array)
// > CONFIG GET
// (error) ERR wrong number of arguments for 'config|get' command
void ConfigGet(ServerContext& ctx, const Args& args, resp::Writer& out) {
  std::vector<std::string> patterns;
  for (size_t i = 2; i < args.size(); ++i) patterns.emplace_back(args[i]);
  const ConfigStore::Pairs pairs = ctx.server->config().Get(patterns);
  out.Map(pairs.size());
  for (const auto& [name, value] : pairs) {
    out.Bulk(name);
    out.Bulk(value);
  }
}

// CONFIG SET name value [name value ...]: all of them or none.
//
// > CONFIG SET maxmemory-samples 7 slave-priority 90
// OK
// > CONFIG GET maxmemory-samples replica-priority
// 1) "maxmemory-samples"
// 2) "7"
// 3) "replica-priority"
// 4) "90"
// > CONFIG SET maxmemory-samples 8 repl-timeout abc
// (error) ERR CONFIG SET failed (possibly related to argument 'repl-timeout') - argument ...
// > CONFIG GET maxmemory-samples
// 1) "maxmemory-samples"
// 2) "7"
// > CONFIG SET bogus 1
// (error) ERR Unknown option or number of arguments for CONFIG SET - 'bogus'
// > CONFIG SET daemonize yes
// (error) ERR CONFIG SET failed (possibly related to argument 'daemonize') - can't set ...
// > CONFIG SET repl-timeout 5 repl-timeout 6
// (error) ERR CONFIG SET failed (possibly related to argument 'repl-timeout') - duplicate parameter
// > CONFIG SET repl-timeout 5 hz
// (error) ERR syntax error
void ConfigSet(ServerContext& ctx, const Args& args, resp::Writer& out) {
  if (args.size() % 2 != 0) {
    out.Error(kSyntaxError);
    return;
  }
  ConfigStore::Pairs pairs;
  for (size_t i = 2; i < args.size(); i += 2) pairs.emplace_back(args[i], args[i + 1]);
  for (const auto& [name, value] : pairs) {
    if (!EqualsIgnoreCase(name, "appendonly") || !EqualsIgnoreCase(value, "yes")) continue;
    if (ctx.server->settings()->appendonly) continue;
    const Status folder = ctx.server->persistence().CheckAofFolder();
    if (folder.ok()) continue;
    PLOG(kWarning, "Can't start the append only file: {}", folder.message());
    out.Error(
        "ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on "
        "AOF. Check server logs.");
    return;
  }
  const Status status = ctx.server->config().Set(pairs, IsLocal(ctx.client));
  if (status.ok()) {
    out.Ok();
  } else {
    out.Error(status.message());
  }
}

// CONFIG REWRITE: brings the configuration file up to what holds now; comments and order stay.
//
// > CONFIG REWRITE
// (error) ERR The server is running without a config file
void ConfigRewrite(ServerContext& ctx, const Args&, resp::Writer& out) {
  ConfigStore& config = ctx.server->config();
  if (config.file().empty()) {
    out.Error("ERR The server is running without a config file");
    return;
  }
  const Status status = config.RewriteFile(runtime::WriteFileAtomically);
  if (!status.ok()) {
    PLOG(kWarning, "CONFIG REWRITE failed: {}: {}", config.file(), status.message());
    out.Error(fmt::format("ERR Rewriting config file: {}", status.message()));
    return;
  }
  PLOG(kNotice, "CONFIG REWRITE executed with success.");
  out.Ok();
}

// CONFIG RESETSTAT: the counters of INFO start again at zero.
//
// > CONFIG RESETSTAT
// OK
void ConfigResetStat(ServerContext& ctx, const Args&, resp::Writer& out) {
  ctx.Exclusive([&] { ctx.server->ResetStats(); });
  out.Ok();
}

// CONFIG HELP: what there is.
//
// > CONFIG HELP
//  1) CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
//  2) GET <pattern> [<pattern> ...]
// ...
void ConfigHelp(ServerContext&, const Args&, resp::Writer& out) {
  constexpr std::array<std::string_view, 11> kLines = {
      "CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "GET <pattern> [<pattern> ...]",
      "    Return parameters matching the glob-like <pattern>s and their values.",
      "SET <directive> <value> [<directive> <value> ...]",
      "    Set each configuration <directive> to its <value>: all of them or none.",
      "RESETSTAT",
      "    Reset statistics reported by the INFO command.",
      "REWRITE",
      "    Rewrite the configuration file.",
      "HELP",
      "    Print this help.",
  };
  out.Array(kLines.size());
  for (std::string_view line : kLines) out.Simple(line);
}

// A subcommand that there is not.
//
// > CONFIG FOO
// (error) ERR unknown subcommand 'FOO'. Try CONFIG HELP.
// > CONFIG|GET
// (error) ERR unknown command 'CONFIG|GET'...
// > CONFIG
// (error) ERR wrong number of arguments for 'config' command
void Config(ServerContext&, const Args& args, resp::Writer& out) {
  out.Error(fmt::format("ERR unknown subcommand '{}'. Try CONFIG HELP.", args[1].substr(0, 128)));
}

constexpr uint32_t kConfigFlags = kCmdAdmin | kCmdNoScript | kCmdLoading | kCmdStale;

const CommandRegistration kConfig{{.name = "config",
                                   .arity = -2,
                                   .keys = {},
                                   .group = "server",
                                   .since = "2.0.0",
                                   .usage = "subcommand",
                                   .summary = "A container for server configuration commands.",
                                   .complexity = "Depends on subcommand.",
                                   .server = Config}};
const CommandRegistration kConfigGet{
    {.name = "config|get",
     .arity = -3,
     .flags = kConfigFlags,
     .keys = {},
     .group = "server",
     .since = "2.0.0",
     .usage = "parameter [parameter ...]",
     .summary = "Returns the effective values of configuration parameters.",
     .complexity = "O(N) where N is the number of configuration parameters provided",
     .server = ConfigGet}};
const CommandRegistration kConfigSet{
    {.name = "config|set",
     .arity = -4,
     .flags = kConfigFlags,
     .keys = {},
     .group = "server",
     .since = "2.0.0",
     .usage = "parameter value [parameter value ...]",
     .summary = "Sets configuration parameters in-flight.",
     .complexity = "O(N) where N is the number of configuration parameters provided",
     .server = ConfigSet}};
const CommandRegistration kConfigRewrite{
    {.name = "config|rewrite",
     .arity = 2,
     .flags = kConfigFlags,
     .keys = {},
     .group = "server",
     .since = "2.8.0",
     .usage = "",
     .summary = "Persists the effective configuration to file.",
     .complexity = "O(1)",
     .server = ConfigRewrite}};
const CommandRegistration kConfigResetStat{{.name = "config|resetstat",
                                            .arity = 2,
                                            .flags = kConfigFlags,
                                            .keys = {},
                                            .group = "server",
                                            .since = "2.0.0",
                                            .usage = "",
                                            .summary = "Resets the server's statistics.",
                                            .complexity = "O(1)",
                                            .server = ConfigResetStat}};
const CommandRegistration kConfigHelp{{.name = "config|help",
                                       .arity = 2,
                                       .flags = kCmdLoading | kCmdStale,
                                       .keys = {},
                                       .group = "server",
                                       .since = "5.0.0",
                                       .usage = "",
                                       .summary = "Returns helpful text about the subcommands.",
                                       .complexity = "O(1)",
                                       .server = ConfigHelp}};

}  // namespace
}  // namespace pleiad
