// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Many slots: as a whole where the nodes can, one by one where they can't.
#include <fmt/format.h>

#include "admin/atomic_move.h"
#include "admin/command_support.h"
#include "admin/progress.h"
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
      std::vector<int> slots;
      for (const SlotMove& move : moves) slots.push_back(move.slot);
      const Status status = atomic_.Move(moves[0].from, moves[0].to, slots);
      if (status.ok()) {
        for (const SlotMove& move : moves) {
          Begin(move);
          Done();
        }
        return 0;
      }
      if (session_.interrupted()) return Stopped();
      session_.Line(status.message());
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
    progress_.Step(mover_.keys_moved());
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
};

}  // namespace

int MoveAll(Session& session, const MoveOptions& options, const std::vector<SlotMove>& moves,
            MoveStyle style) {
  // What `resume` would need. That it can't be kept is no reason not to begin.
  Host* const host = session.host();
  if (host != nullptr && !host->StateFile().empty())
    (void)host->WriteFile(host->StateFile(), MovesText(session.view(), moves));
  Run run(session, options, moves.size(), style);
  for (size_t i = 0; i < moves.size();) {
    size_t end = i;
    while (end < moves.size() && moves[end].from == moves[i].from && moves[end].to == moves[i].to)
      ++end;
    const int status = run.Group({moves.begin() + static_cast<std::ptrdiff_t>(i),
                                  moves.begin() + static_cast<std::ptrdiff_t>(end)});
    if (status != 0) return status;
    i = end;
  }
  if (host != nullptr) host->RemoveFile(host->StateFile());
  return run.End(0);
}

}  // namespace pleiad::admin
