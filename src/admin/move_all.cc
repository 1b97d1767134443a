// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Many slots: as a whole where the nodes can, one by one where they can't.
#include <fmt/format.h>

#include <algorithm>

#include "admin/atomic_move.h"
#include "admin/command_support.h"
#include "admin/progress.h"
#include "admin/report.h"
#include "admin/resume.h"

namespace pleiad::admin {
namespace {

class Run {
 public:
  Run(Session& session, const MoveOptions& options, size_t total, MoveStyle style)
      : session_(session),
        classic_(options.classic),
        style_(style),
        mover_(session, options),
        atomic_(session),
        progress_(session, total),
        total_(total) {}

  // Moves that share both nodes.
  int Group(const std::vector<SlotMove>& moves) {
    if (!classic_ && atomic_.Can(moves[0].from, moves[0].to)) {
      if (!atomic_.AwaitQuiet(moves[0].from).ok()) return Stopped();
      std::vector<int> slots;
      for (const SlotMove& move : moves) slots.push_back(move.slot);
      const Result<AtomicMover::Figures> moved =
          atomic_.Move(moves[0].from, moves[0].to, slots, [&](const AtomicMover::Figures& f) {
            const double part =
                f.keys_total == 0 ? 0
                                  : static_cast<double>(f.keys) / static_cast<double>(f.keys_total);
            progress_.Part(part, slots.size(), f.keys, f.bytes);
          });
      if (moved.ok()) {
        NoteWhole(*moved);
        for (const SlotMove& move : moves) {
          Begin(move);
          Done();
        }
        return 0;
      }
      if (session_.interrupted()) return Stopped();
      progress_.End();
      session_.Line(moved.message());
      session_.Line("*** Going on slot by slot.");
    }
    for (const SlotMove& move : moves) {
      if (session_.interrupted()) return Stopped();
      const bool lines = Begin(move);
      const Status status = mover_.Move(move, lines);
      Done();
      if (!status.ok()) return Failed(move, status);
    }
    return 0;
  }

  int End(int status) {
    progress_.End();
    return status;
  }

  // moved, keys, bytes, hold_usec, milliseconds; see docs/OPERATIONS.md.
  void Tell(Report* report) const {
    report->AddNumber("moved", static_cast<int64_t>(done_));
    report->AddNumber("keys", progress_.figures().keys);
    report->AddNumber("bytes", progress_.figures().bytes);
    report->MaxNumber("hold_usec", hold_us_);
    report->AddNumber("milliseconds", progress_.elapsed_ms());
  }

 private:
  // True: a line was begun.
  bool Begin(const SlotMove& move) {
    if (style_ != MoveStyle::kLines || progress_.shown()) return false;
    session_.Text(fmt::format("Moving slot {} from {} to {}: ", move.slot, session_.name(move.from),
                              session_.name(move.to)));
    return true;
  }

  void Done() {
    if (!progress_.shown()) session_.Text(style_ == MoveStyle::kLines ? "\n" : "#");
    ++done_;
    progress_.Step(whole_keys_ + mover_.keys_moved());
  }

  void NoteWhole(const AtomicMover::Figures& figures) {
    whole_keys_ += figures.keys;
    progress_.AddBytes(figures.bytes);
    hold_us_ = std::max(hold_us_, figures.hold_us);
  }

  int Stopped() {
    progress_.End();
    return Fail(session_, fmt::format("*** Stopped: {} of {} slots were moved, none is left open.",
                                      done_, total_));
  }

  int Failed(const SlotMove& move, const Status& status) {
    progress_.End();
    Fail(session_, status.message());
    return Fail(session_,
                fmt::format("*** The slot {} may be open now. `fix` will close it.", move.slot));
  }

  Session& session_;
  const bool classic_;
  const MoveStyle style_;
  SlotMover mover_;
  AtomicMover atomic_;
  Progress progress_;
  const size_t total_;
  size_t done_ = 0;
  int64_t whole_keys_ = 0;
  int64_t hold_us_ = 0;  // the longest hold of clients
};

}  // namespace

Status AwaitMigrations(Session& session) {
  AtomicMover mover(session);
  for (size_t node = 0; node < session.view().nodes.size(); ++node) {
    if (!session.view().nodes[node].self.Has("master")) continue;
    if (const Status s = mover.AwaitQuiet(node); !s.ok()) return s;
  }
  return session.RefreshAll();
}

int MoveAll(Session& session, const MoveOptions& options, const std::vector<SlotMove>& moves,
            MoveStyle style, const std::vector<SlotMove>& later) {
  // What `resume` would need. That it can't be kept is no reason not to begin.
  Host* const host = session.host();
  if (host != nullptr && !host->StateFile().empty()) {
    std::vector<SlotMove> all = moves;
    all.insert(all.end(), later.begin(), later.end());
    (void)host->WriteFile(host->StateFile(), MovesText(session.view(), all));
  }
  Run run(session, options, moves.size(), style);
  for (size_t i = 0; i < moves.size();) {
    size_t end = i;
    while (end < moves.size() && moves[end].from == moves[i].from && moves[end].to == moves[i].to)
      ++end;
    const int status = run.Group({moves.begin() + static_cast<std::ptrdiff_t>(i),
                                  moves.begin() + static_cast<std::ptrdiff_t>(end)});
    if (status != 0) {
      if (session.report() != nullptr) run.Tell(session.report());
      return status;
    }
    i = end;
  }
  if (session.report() != nullptr) run.Tell(session.report());
  if (host != nullptr && later.empty()) host->RemoveFile(host->StateFile());
  return run.End(0);
}

}  // namespace pleiad::admin
