// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// `fix`: closes open slots, unites what several nodes claim, covers what nobody does.
#include <fmt/format.h>

#include <algorithm>

#include "admin/check.h"
#include "admin/command_support.h"
#include "admin/commands.h"
#include "admin/json.h"
#include "admin/move.h"
#include "admin/plan_fix.h"
#include "admin/print.h"
#include "admin/report.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

bool Confirm(Session& session, const Options& options, std::string_view question) {
  if (options.yes) return true;
  session.Text(fmt::format("{} (type 'yes' to accept): ", question));
  const std::optional<std::string> answer = session.console().ReadLine();
  return answer && ToLower(Trim(*answer)) == "yes";
}

class Fixer {
 public:
  Fixer(Session& session, const Options& options, MoveOptions move)
      : session_(session), options_(options), mover_(session, std::move(move)) {}

  Status OpenSlots() {
    for (const int slot : SlotsToRepair(session_.view(), options_.search_multiple_owners)) {
      if (session_.interrupted()) return Error{"*** Stopped."};
      SlotFacts facts = FactsOf(session_.view(), slot);
      if (const Status s = CountKeys(&facts); !s.ok()) return s;
      session_.Text(fmt::format(">>> Fixing open slot {}\n", slot));
      session_.Text(fmt::format("Set as migrating in: {}\n", Names(facts.migrating)));
      session_.Text(fmt::format("Set as importing in: {}\n", Names(facts.importing)));
      const std::optional<SlotRepair> repair = PlanRepair(session_.view(), facts);
      if (!repair) return Error{"[ERR] No master answers."};
      Note(*repair);
      if (options_.dry_run) {
        ShowRepair(*repair);
      } else if (const Status s = Repair(*repair); !s.ok()) {
        return s;
      }
    }
    return Status::Ok();
  }

  Status Coverage() {
    const std::vector<int> uncovered = UncoveredSlots(session_.view());
    if (uncovered.empty()) return Status::Ok();
    session_.Line(">>> Fixing slots coverage...");
    std::vector<SlotFacts> empty, single, several;
    for (const int slot : uncovered) {
      SlotFacts facts;
      facts.slot = slot;
      if (const Status s = CountKeys(&facts); !s.ok()) return s;
      (facts.keys.empty() ? empty : facts.keys.size() == 1 ? single : several).push_back(facts);
    }
    if (const Status s =
            Cover(empty, "The following uncovered slots have no keys across the cluster:",
                  "Fix these slots by covering with a random node?");
        !s.ok())
      return s;
    if (const Status s = Cover(single, "The following uncovered slots have keys in just one node:",
                               "Fix these slots by covering with those nodes?");
        !s.ok())
      return s;
    return Cover(several, "The following uncovered slots have keys in multiple nodes:",
                 "Fix these slots by moving keys into a single node?");
  }

  // [{"slot": N, "owner": id}, ...]: who has each slot that was repaired, or would be.
  std::string RepairsJson() const { return fmt::format("[{}]", fmt::join(repairs_, ", ")); }

 private:
  void Note(const SlotRepair& repair) {
    const size_t owner = repair.finish.value_or(repair.owner);
    repairs_.push_back(fmt::format("{{\"slot\": {}, \"owner\": {}}}", repair.slot,
                                   JsonText(session_.view().nodes[owner].self.id.str())));
  }

  std::string Names(const std::vector<SlotFacts::Link>& links) const {
    std::vector<std::string> names;
    for (const SlotFacts::Link& link : links) names.push_back(session_.name(link.node));
    return fmt::format("{}", fmt::join(names, ","));
  }

  Status CountKeys(SlotFacts* facts) {
    for (size_t i = 0; i < session_.view().nodes.size(); ++i) {
      if (!session_.view().nodes[i].self.Has("master")) continue;
      const Result<resp::Reply> count =
          session_.Demand(i, {"CLUSTER", "COUNTKEYSINSLOT", std::to_string(facts->slot)});
      if (!count.ok()) return count.error();
      if (count->integer > 0) facts->keys[i] = count->integer;
    }
    return Status::Ok();
  }

  void ShowRepair(const SlotRepair& repair) {
    if (repair.finish) {
      session_.Line(fmt::format("Would move the slot on from {} to {}", session_.name(repair.owner),
                                session_.name(*repair.finish)));
      return;
    }
    session_.Line(fmt::format("Would leave the slot with {}{}", session_.name(repair.owner),
                              repair.gather.empty() ? "" : " and move the others' keys there"));
  }

  Status SetSlot(size_t node, int slot, std::vector<std::string> words) {
    std::vector<std::string> args = {"CLUSTER", "SETSLOT", std::to_string(slot)};
    args.insert(args.end(), words.begin(), words.end());
    const Result<resp::Reply> reply = session_.Demand(node, args);
    return reply.ok() ? Status::Ok() : Status(reply.error());
  }

  Status Repair(const SlotRepair& repair) {
    if (repair.finish) {
      const SlotMove move{repair.slot, repair.owner, *repair.finish};
      session_.Text(fmt::format("Moving slot {} from {} to {}: ", move.slot,
                                session_.name(move.from), session_.name(move.to)));
      const Status status = mover_.Move(move, true);
      session_.Text("\n");
      return status;
    }
    if (repair.claim) {
      session_.Line(">>> Nobody claims ownership, selecting an owner...");
      session_.Line("*** Configuring " + session_.name(repair.owner) + " as the slot owner");
      if (const Status s = Claim(repair.owner, repair.slot); !s.ok()) return s;
    }
    for (const size_t node : repair.disown) {
      if (const Status s = Disown(node, repair); !s.ok()) return s;
    }
    for (const size_t node : repair.close) {
      if (const Status s = SetSlot(node, repair.slot, {"STABLE"}); !s.ok()) return s;
    }
    return Gather(repair);
  }

  Status Claim(size_t node, int slot) {
    if (const Status s = SetSlot(node, slot, {"STABLE"}); !s.ok()) return s;
    const Result<resp::Reply> added =
        session_.Call(node, {"CLUSTER", "ADDSLOTS", std::to_string(slot)});
    if (!added.ok()) return added.error();
    if (added->is_error()) {
      // It thinks that the slot is somebody's who does not think so (any more).
      const Result<resp::Reply> gone =
          session_.Demand(node, {"CLUSTER", "DELSLOTS", std::to_string(slot)});
      if (!gone.ok()) return gone.error();
      const Result<resp::Reply> again =
          session_.Demand(node, {"CLUSTER", "ADDSLOTS", std::to_string(slot)});
      if (!again.ok()) return again.error();
    }
    // So that nobody's older claim is taken for the newer one. Some nodes are at the top already.
    const Result<resp::Reply> bump = session_.Call(node, {"CLUSTER", "BUMPEPOCH"});
    return bump.ok() ? Status::Ok() : Status(bump.error());
  }

  Status Disown(size_t node, const SlotRepair& repair) {
    session_.Line(fmt::format("*** Slot {} stays with {}, {} gives it up", repair.slot,
                              session_.name(repair.owner), session_.name(node)));
    const Result<resp::Reply> gone =
        session_.Demand(node, {"CLUSTER", "DELSLOTS", std::to_string(repair.slot)});
    if (!gone.ok()) return gone.error();
    return Status::Ok();
  }

  // The keys that others hold go to the owner. A node lets keys go only of a slot that it has or
  // takes part in, so it is told so for the time.
  Status Gather(const SlotRepair& repair) {
    const std::string owner = session_.view().nodes[repair.owner].self.id.str();
    for (const size_t node : repair.gather) {
      session_.Text(fmt::format(">>> Moving the slot's keys from {} to its owner {}: ",
                                session_.name(node), session_.name(repair.owner)));
      if (const Status s = SetSlot(node, repair.slot, {"IMPORTING", owner}); !s.ok()) return s;
      const Result<KeysMoved> moved =
          mover_.MoveKeys({repair.slot, node, repair.owner}, true, true);
      session_.Text("\n");
      if (!moved.ok()) return moved.error();
      if (moved->kept > 0) {
        session_.Line(fmt::format(
            "[WARNING] {} keys of slot {} had another value at its owner, which was kept.",
            moved->kept, repair.slot));
      }
      if (const Status s = SetSlot(node, repair.slot, {"STABLE"}); !s.ok()) return s;
    }
    return Status::Ok();
  }

  Status Cover(const std::vector<SlotFacts>& slots, std::string_view title,
               std::string_view question) {
    if (slots.empty()) return Status::Ok();
    SlotSet set;
    for (const SlotFacts& facts : slots) set.Add(facts.slot);
    session_.Line(title);
    session_.Line(set.str());
    if (options_.dry_run || !Confirm(session_, options_, question)) return Status::Ok();
    for (const SlotFacts& facts : slots) {
      std::optional<SlotRepair> repair = PlanRepair(session_.view(), facts);
      if (!repair) return Error{"[ERR] No master answers."};
      if (facts.keys.empty()) repair->owner = Poorest();
      Note(*repair);
      session_.Line(
          fmt::format(">>> Covering slot {} with {}", facts.slot, session_.name(repair->owner)));
      if (const Status s = Claim(repair->owner, facts.slot); !s.ok()) return s;
      ++given_[repair->owner];
      if (const Status s = Gather(*repair); !s.ok()) return s;
    }
    return Status::Ok();
  }

  // The master with the fewest slots.
  size_t Poorest() {
    std::optional<size_t> best;
    const auto slots = [this](size_t i) {
      return session_.view().nodes[i].self.slots.size() + given_[i];
    };
    for (size_t i = 0; i < session_.view().nodes.size(); ++i) {
      if (!session_.view().nodes[i].self.Has("master")) continue;
      if (!best || slots(i) < slots(*best)) best = i;
    }
    return best.value_or(0);
  }

  Session& session_;
  const Options& options_;
  SlotMover mover_;
  std::vector<std::string> repairs_;
  std::map<size_t, int> given_;  // slots that nodes got on the way
};

// Masters that others know and that did not answer, with slots.
int UnreachableMasters(const Session& session) {
  const ClusterView& view = session.view();
  int count = 0;
  for (const NodeRow& row : view.nodes[0].rows) {
    if (row.Has("master") && !row.slots.empty() && !view.Find(row.id)) ++count;
  }
  return count;
}

int Fix(Session& session, const Options& options, Fixer& fixer) {
  if (const Status s = fixer.OpenSlots(); !s.ok()) return Fail(session, s.message());
  if (const Status s = session.RefreshAll(); !s.ok()) return Fail(session, s.message());
  session.Lines(CoverageLines(CheckCluster(session.view())));
  const int unreachable = UnreachableMasters(session);
  const bool uncovered = !UncoveredSlots(session.view()).empty();
  if (uncovered && unreachable > 0 && !options.fix_with_unreachable_masters) {
    return Fail(session,
                fmt::format("*** Fixing slots coverage with {} unreachable masters is dangerous: "
                            "their slots would be given to nodes without their keys. If you "
                            "really want that use --fix-with-unreachable-masters.",
                            unreachable));
  }
  if (const Status s = fixer.Coverage(); !s.ok()) return Fail(session, s.message());
  if (const Status s = session.RefreshAll(); !s.ok()) return Fail(session, s.message());
  const CheckReport after = CheckCluster(session.view());
  if (session.report() != nullptr)
    ReportCheck(session.view(), after, session.unreachable(), session.report());
  return options.dry_run || (after.open.empty() && after.covered) ? 0 : 1;
}

}  // namespace

int Fix(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  if (!address.ok()) return Fail(session, address.message());
  const Status opened = session.OpenCluster(*address);
  if (!opened.ok()) return Fail(session, opened.message());
  session.Line(">>> Performing Cluster Check (using node " + session.name(0) + ")");
  session.Lines(ClusterLines(session.view()));
  // Slots that move as a whole at this moment are not open, and who owns them changes.
  if (const Status s = AwaitMigrations(session); !s.ok()) return Fail(session, s.message());
  const CheckReport report = CheckCluster(session.view());
  session.Lines(AgreementLines(session.view(), report));
  Fixer fixer(session, options, MakeMoveOptions(env, options));
  const int status = Fix(session, options, fixer);
  if (session.report() != nullptr) session.report()->Set("repairs", fixer.RepairsJson());
  return status;
}

}  // namespace pleiad::admin
