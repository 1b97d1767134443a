// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/atomic_move.h"

#include "admin/slot_set.h"
#include "base/text.h"

namespace pleiad::admin {
namespace {

constexpr int64_t kLookMs = 20;

bool Ended(const std::string& state) {
  return state == "success" || state == "failed" || state == "cancelled";
}

}  // namespace

bool AtomicMover::Knows(size_t node) {
  const auto known = known_.find(node);
  if (known != known_.end()) return known->second;
  const Result<resp::Reply> reply = session_.Call(node, {"CLUSTER", "GETSLOTMIGRATIONS"});
  return known_[node] = reply.ok() && !reply->is_error();
}

Status AtomicMover::AwaitQuiet(size_t node) {
  if (!Knows(node)) return Status::Ok();
  for (;;) {
    const Result<resp::Reply> list = session_.Demand(node, {"CLUSTER", "GETSLOTMIGRATIONS"});
    if (!list.ok()) return list.error();
    bool busy = false;
    for (const resp::Reply& row : list->items) {
      for (size_t i = 0; i + 1 < row.items.size(); i += 2)
        busy = busy || (row.items[i].text == "state" && !Ended(row.items[i + 1].text));
    }
    if (!busy) return Status::Ok();
    if (session_.interrupted()) return Error{"*** Stopped."};
    session_.clock().Pause(kLookMs);
  }
}

Result<std::map<std::string, AtomicMover::Job>> AtomicMover::Exports(size_t node) {
  const Result<resp::Reply> list = session_.Demand(node, {"CLUSTER", "GETSLOTMIGRATIONS"});
  if (!list.ok()) return list.error();
  std::map<std::string, Job> jobs;
  for (const resp::Reply& row : list->items) {
    std::map<std::string, std::string> facts;
    std::map<std::string, int64_t> numbers;
    for (size_t i = 0; i + 1 < row.items.size(); i += 2) {
      facts[row.items[i].text] = row.items[i + 1].text;
      numbers[row.items[i].text] = row.items[i + 1].integer;
    }
    if (facts["operation"] != "EXPORT") continue;
    jobs[facts["name"]] = {
        facts["target_node"],
        facts["state"],
        facts["message"],
        {numbers["keys_total"], numbers["keys_done"], numbers["bytes_done"], numbers["hold_usec"]}};
  }
  return jobs;
}

Result<AtomicMover::Figures> AtomicMover::Move(size_t from, size_t to,
                                               const std::vector<int>& slots,
                                               const OnProgress& on_progress) {
  const std::string target = session_.view().nodes[to].self.id.str();
  const Result<std::map<std::string, Job>> before = Exports(from);
  if (!before.ok()) return before.error();
  SlotSet set;
  for (const int slot : slots) set.Add(slot);
  std::vector<std::string> args = {"CLUSTER", "MIGRATESLOTS", "SLOTSRANGE"};
  for (const SlotRange& range : set.Ranges()) {
    args.push_back(std::to_string(range.first));
    args.push_back(std::to_string(range.last));
  }
  args.insert(args.end(), {"NODE", target});
  const Result<resp::Reply> started = session_.Demand(from, args);
  if (!started.ok()) return started.error();
  bool cancelled = false;
  for (;;) {
    const Result<std::map<std::string, Job>> now = Exports(from);
    if (!now.ok()) return now.error();
    const Job* ours = nullptr;
    for (const auto& [name, job] : *now) {
      if (!before->contains(name) && job.target == target) ours = &job;
    }
    if (ours == nullptr) return Error{"[ERR] The migration is not in the source's list."};
    if (ours->state == "success") return ours->figures;
    if (Ended(ours->state)) {
      return Error{"[ERR] The migration ended as " + ours->state + ": " + ours->message};
    }
    on_progress(ours->figures);
    if (session_.interrupted() && !cancelled) {
      // It may be too late for that: then it ends with success.
      (void)session_.Call(from, {"CLUSTER", "CANCELSLOTMIGRATIONS"});
      cancelled = true;
    }
    session_.clock().Pause(kLookMs);
  }
}

}  // namespace pleiad::admin
