// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `reshard`: the questions and answers of redis-trib.rb, word for word, or the same by options.
#include <fmt/format.h>

#include <algorithm>

#include "admin/command_support.h"
#include "admin/commands.h"
#include "admin/json.h"
#include "admin/move.h"
#include "admin/print.h"
#include "admin/report.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

constexpr std::string_view kBadSource =
    "*** The specified node is not known or is not a master, please retry.";

std::optional<size_t> FindMaster(const ClusterView& view, std::string_view id) {
  const std::optional<NodeId> parsed = NodeId::Parse(ToLower(Trim(id)));
  const std::optional<size_t> node = parsed ? view.Find(*parsed) : std::nullopt;
  return node && view.nodes[*node].self.Has("master") ? node : std::nullopt;
}

// What the operator wants. Each question is skipped if an option has answered it.
class Dialogue {
 public:
  Dialogue(Session& session, const Options& options) : session_(session), options_(options) {}

  // Error: the line to print; empty if the input ended.
  Status Ask() {
    if (const Status s = AskSlots(); !s.ok()) return s;
    if (const Status s = AskTarget(); !s.ok()) return s;
    return options_.from ? TakeSources() : AskSources();
  }

  int64_t slots = 0;
  size_t target = 0;
  std::vector<size_t> sources;

 private:
  Status AskSlots() {
    slots = options_.slots.value_or(0);
    while (slots < 1 || slots > kSlotCount) {
      session_.Text(fmt::format("How many slots do you want to move (from 1 to {})? ", kSlotCount));
      const std::optional<std::string> answer = session_.console().ReadLine();
      if (!answer) return Error{""};
      slots = ParseInt64(Trim(*answer)).value_or(0);
    }
    return Status::Ok();
  }

  Status AskTarget() {
    constexpr std::string_view kBadTarget =
        "*** The specified node is not known or not a master, please retry.";
    if (options_.to) {
      const std::optional<size_t> node = FindMaster(session_.view(), *options_.to);
      if (!node) return Error{std::string(kBadTarget)};
      target = *node;
      return Status::Ok();
    }
    for (;;) {
      session_.Text("What is the receiving node ID? ");
      const std::optional<std::string> answer = session_.console().ReadLine();
      if (!answer) return Error{""};
      const std::optional<size_t> node = FindMaster(session_.view(), *answer);
      if (node) {
        target = *node;
        return Status::Ok();
      }
      session_.Line(kBadTarget);
    }
  }

  void TakeAll() {
    sources.clear();
    for (size_t i = 0; i < session_.view().nodes.size(); ++i) {
      if (i != target && session_.view().nodes[i].self.Has("master")) sources.push_back(i);
    }
  }

  Status TakeSources() {
    if (*options_.from == "all") {
      TakeAll();
      return Status::Ok();
    }
    for (const std::string_view id : Split(*options_.from, ',')) {
      const std::optional<size_t> node = FindMaster(session_.view(), id);
      if (!node) return Error{std::string(kBadSource)};
      if (*node == target) {
        return Error{"*** Target node is also listed among the source nodes!"};
      }
      sources.push_back(*node);
    }
    return Status::Ok();
  }

  Status AskSources() {
    session_.Text(
        "Please enter all the source node IDs.\n"
        "  Type 'all' to use all the nodes as source nodes for the hash slots.\n"
        "  Type 'done' once you entered all the source nodes IDs.\n");
    for (;;) {
      session_.Text(fmt::format("Source node #{}:", sources.size() + 1));
      const std::optional<std::string> answer = session_.console().ReadLine();
      if (!answer) return Error{""};
      const std::string word = ToLower(Trim(*answer));
      if (word == "all") {
        TakeAll();
        return Status::Ok();
      }
      if (word == "done") {
        if (sources.empty()) return Error{"No source nodes given, operation aborted"};
        return Status::Ok();
      }
      AddSource(word);
    }
  }

  void AddSource(const std::string& word) {
    const std::optional<size_t> node = FindMaster(session_.view(), word);
    if (!node) {
      session_.Line(kBadSource);
    } else if (*node == target) {
      session_.Line("*** It is not possible to use the target node as source node.");
    } else if (std::find(sources.begin(), sources.end(), *node) == sources.end()) {
      sources.push_back(*node);
    }
  }

  Session& session_;
  const Options& options_;
};

void ShowNode(Session& session, size_t node) {
  const NodeView& view = session.view().nodes[node];
  const std::vector<std::string> lines =
      NodeLines(view.address, view.self, session.view().ReplicaCount(view.self.id));
  session.Text(fmt::format("    {}\n", fmt::join(lines, "\n")));
}

void ShowPlan(Session& session, const Dialogue& wish, const std::vector<SlotMove>& moves) {
  session.Text(fmt::format("\nReady to move {} slots.\n  Source nodes:\n", wish.slots));
  for (const size_t source : wish.sources) ShowNode(session, source);
  session.Text("  Destination node:\n");
  ShowNode(session, wish.target);
  session.Text("  Resharding plan:\n");
  for (const SlotMove& move : moves) {
    session.Text(fmt::format("    Moving slot {} from {}\n", move.slot,
                             session.view().nodes[move.from].self.id.str()));
  }
}

bool Agreed(Session& session) {
  session.Text("Do you want to proceed with the proposed reshard plan (yes/no)? ");
  const std::optional<std::string> answer = session.console().ReadLine();
  return answer && ToLower(Trim(*answer)) == "yes";
}

}  // namespace

bool Healthy(Session& session, std::string_view before) {
  const bool ok = ShowCheck(session, ClusterLines(session.view()));
  if (!ok) session.Line(fmt::format("*** Please fix your cluster problems before {}", before));
  return ok;
}

int Reshard(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  if (!address.ok()) return Fail(session, address.message());
  const Status opened = session.OpenCluster(*address);
  if (!opened.ok()) return Fail(session, opened.message());
  if (!Healthy(session, "resharding")) return 1;

  Dialogue wish(session, options);
  const Status asked = wish.Ask();
  if (!asked.ok()) return Fail(session, asked.message());
  const std::vector<SlotMove> moves =
      ReshardMoves(session.view(), wish.sources, wish.target, wish.slots);
  ShowPlan(session, wish, moves);
  if (session.report() != nullptr) session.report()->Set("moves", MovesJson(session.view(), moves));
  if (options.dry_run) return 0;
  if (!options.yes && !Agreed(session)) return 1;
  return MoveAll(session, MakeMoveOptions(env, options), moves, MoveStyle::kLines);
}

}  // namespace pleiad::admin
