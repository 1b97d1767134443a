// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "admin/check.h"
#include "admin/command_support.h"
#include "admin/json.h"
#include "admin/placement.h"
#include "admin/print.h"
#include "admin/report.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

constexpr int64_t kNodeTimeoutMinMs = 100;  // below it, ordinary pauses look like failures

int Check(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  if (!address.ok()) return Fail(session, address.message());
  const Status opened = session.OpenCluster(*address);
  if (!opened.ok()) return Fail(session, opened.message());
  bool ok = ShowCheck(session, ClusterLines(session.view()));
  if (options.search_multiple_owners) {
    const std::vector<std::string> lines = MultipleOwnerLines(session.view());
    session.Lines(lines);
    ok = ok && lines.size() == 2;
  }
  const std::vector<std::string> placement = PlacementLines(session.view());
  session.Lines(placement);
  if (session.report() != nullptr) session.report()->Set("warnings", JsonTexts(placement));
  return ok ? 0 : 1;
}

void ReportInfo(const ClusterView& view, const std::vector<int64_t>& keys, Report* report) {
  std::vector<std::string> masters;
  int64_t total = 0;
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    const NodeView& node = view.nodes[i];
    if (!node.self.Has("master")) continue;
    total += keys[i];
    masters.push_back(fmt::format(
        "{{\"name\": {}, \"address\": {}, \"keys\": {}, \"slots_count\": {}, \"replicas\": {}}}",
        JsonText(node.self.id.str()), JsonText(node.address.str()), keys[i], node.self.slots.size(),
        view.ReplicaCount(node.self.id)));
  }
  report->Number("keys", total);
  report->Set("masters", fmt::format("[{}]", fmt::join(masters, ", ")));
}

int Info(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  if (!address.ok()) return Fail(session, address.message());
  const Status opened = session.OpenCluster(*address);
  if (!opened.ok()) return Fail(session, opened.message());
  const std::vector<NodeView>& nodes = session.view().nodes;
  std::vector<int64_t> keys(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i].self.Has("master")) continue;
    const Result<resp::Reply> size = session.Demand(i, {"DBSIZE"});
    if (!size.ok()) return Fail(session, size.message());
    keys[i] = size->integer;
  }
  session.Lines(InfoLines(session.view(), keys));
  if (session.report() != nullptr) ReportInfo(session.view(), keys, session.report());
  return session.unreachable() == 0 ? 0 : 1;
}

int Call(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  if (!address.ok()) return Fail(session, address.message());
  const Status opened = session.OpenCluster(*address);
  if (!opened.ok()) return Fail(session, opened.message());
  std::vector<std::string> command(options.args.begin() + 1, options.args.end());
  command[0] = ToUpper(command[0]);
  session.Line(fmt::format(">>> Calling {}", fmt::join(command, " ")));
  int errors = session.unreachable();
  std::vector<std::string> replies;
  for (size_t i = 0; i < session.view().nodes.size(); ++i) {
    const bool master = session.view().nodes[i].self.Has("master");
    if (master ? options.only_replicas : options.only_masters) continue;
    const Result<resp::Reply> reply = session.Call(i, command);
    errors += !reply.ok() || reply->is_error() ? 1 : 0;
    const std::string text = reply.ok() ? ReplyText(*reply) : reply.message();
    session.Line(session.name(i) + ": " + text);
    replies.push_back(fmt::format("{{\"name\": {}, \"address\": {}, \"ok\": {}, \"reply\": {}}}",
                                  JsonText(session.view().nodes[i].self.id.str()),
                                  JsonText(session.name(i)), reply.ok() && !reply->is_error(),
                                  JsonText(text)));
  }
  if (session.report() != nullptr)
    session.report()->Set("replies", fmt::format("[{}]", fmt::join(replies, ", ")));
  return errors == 0 ? 0 : 1;
}

Status SetTimeoutOf(Session& session, size_t node, const std::string& timeout_ms) {
  const Result<resp::Reply> set =
      session.Demand(node, {"CONFIG", "SET", "cluster-node-timeout", timeout_ms});
  if (!set.ok()) return set.error();
  const Result<resp::Reply> rewritten = session.Demand(node, {"CONFIG", "REWRITE"});
  return rewritten.ok() ? Status::Ok() : Status(rewritten.error());
}

int SetTimeout(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  if (!address.ok()) return Fail(session, address.message());
  const std::optional<int64_t> timeout_ms = ParseInt64(options.args[1]);
  if (!timeout_ms || *timeout_ms < kNodeTimeoutMinMs) {
    return Fail(
        session,
        fmt::format("[ERR] Setting a node timeout of less than {} milliseconds is a bad idea.",
                    kNodeTimeoutMinMs));
  }
  const Status opened = session.OpenCluster(*address);
  if (!opened.ok()) return Fail(session, opened.message());
  session.Line(">>> Reconfiguring node timeout in every cluster node...");
  int failed = session.unreachable();
  int done = 0;
  for (size_t i = 0; i < session.view().nodes.size(); ++i) {
    const Status status = SetTimeoutOf(session, i, options.args[1]);
    session.Line(status.ok() ? "*** New timeout set for " + session.name(i) : status.message());
    (status.ok() ? done : failed) += 1;
  }
  session.Line(fmt::format(">>> New node timeout set. {} OK, {} ERR.", done, failed));
  if (session.report() != nullptr) {
    session.report()->Number("set", done);
    session.report()->Number("failed", failed);
  }
  return failed == 0 ? 0 : 1;
}

int Help(const Environment& env, const Options&) {
  env.console->Write(HelpText());
  return 0;
}

struct Command {
  const char* name;
  size_t min_args;
  size_t max_args;
  int (*run)(const Environment&, const Options&);
};

constexpr size_t kMany = SIZE_MAX;
constexpr Command kCommands[] = {
    {"create", 1, kMany, Create},
    {"check", 1, 1, Check},
    {"info", 1, 1, Info},
    {"call", 2, kMany, Call},
    {"add-node", 2, 2, AddNode},
    {"del-node", 2, 2, DelNode},
    {"help", 0, kMany, Help},
    {"set-timeout", 2, 2, SetTimeout},
    {"reshard", 1, 1, Reshard},
    {"rebalance", 1, 1, Rebalance},
    {"drain", 1, 1, Drain},
    {"fix", 1, 1, Fix},
    {"import", 1, 1, Import},
    {"backup", 2, 2, Backup},
    {"up", 0, 0, Up},
    {"doctor", 1, 1, RunDoctor},
    {"watch", 1, 1, Watch},
    {"resume", 1, 1, Resume},
};

// Everything that is printed becomes a part of one JSON object.
int RunAsJson(Environment env, const Command& command, const Options& options) {
  Console& real = *env.console;
  RecordingConsole recorder;
  Report report;
  env.console = &recorder;
  env.report = &report;
  env.colour = env.terminal = false;
  const int exit = command.run(env, options);
  const std::vector<std::string> lines = recorder.Lines();
  // A finding is no failure of the command; the first serious line says what it is.
  for (const std::string& line : lines) {
    if (exit != 0 && (line.starts_with("[ERR") || line.starts_with("[WARNING"))) report.Error(line);
  }
  if (exit != 0 && !lines.empty()) report.Error(lines.back());
  real.Write(report.Json(command.name, exit, lines));
  return exit;
}

int Refuse(const Environment& env, const std::string& line) {
  Session session(env, {});
  return Fail(session, line);
}

// The old guides write "check 1 HOST:PORT"; redis-trib.rb of their time took the number for
// nothing.
void DropLeadingNumber(Options& options) {
  if (options.command == "check" && options.args.size() == 2 && ParseInt64(options.args[0])) {
    options.args.erase(options.args.begin());
  }
}

}  // namespace

int Fail(Session& session, std::string_view line) {
  for (std::string_view part : Split(line, '\n')) session.Line(part);
  if (session.report() != nullptr && !line.empty()) session.report()->Error(line);
  return 1;
}

bool ShowCheck(Session& session, const std::vector<std::string>& node_lines) {
  session.Line(">>> Performing Cluster Check (using node " + session.name(0) + ")");
  session.Lines(node_lines);
  const CheckReport report = CheckCluster(session.view());
  session.Lines(CheckLines(session.view(), report));
  if (session.report() != nullptr)
    ReportCheck(session.view(), report, session.unreachable(), session.report());
  return report.ok() && session.unreachable() == 0;
}

int RunTrib(const Environment& env, const std::vector<std::string>& words) {
  Result<Options> options = ParseOptions(words);
  if (!options.ok()) return Refuse(env, options.message());
  if (options->command.empty()) {
    env.console->Write(HelpText());
    return 1;
  }
  DropLeadingNumber(*options);
  for (const Command& command : kCommands) {
    if (options->command != command.name) continue;
    const size_t count = options->args.size();
    if (count < command.min_args || count > command.max_args) {
      return Refuse(env, "[ERR] Wrong number of arguments for specified sub command");
    }
    return options->json && command.run != Help ? RunAsJson(env, command, *options)
                                                : command.run(env, *options);
  }
  return Refuse(env, "Unknown redis-trib subcommand '" + options->command + "'");
}

}  // namespace pleiad::admin
