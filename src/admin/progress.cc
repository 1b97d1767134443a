// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/progress.h"

#include <fmt/format.h>

namespace pleiad::admin {
namespace {

constexpr int64_t kRepaintMs = 100;
constexpr size_t kBarWidth = 30;

}  // namespace

std::string ProgressLine(const ProgressFigures& f) {
  const size_t filled = f.total == 0 ? kBarWidth : f.done * kBarWidth / f.total;
  std::string line = fmt::format("[{:<{}}] {}/{} slots, {} keys", std::string(filled, '#'),
                                 kBarWidth, f.done, f.total, f.keys);
  if (f.elapsed_ms <= 0 || f.done == 0) return line;
  line += fmt::format(", {} keys/s", f.keys * 1000 / f.elapsed_ms);
  const auto left = static_cast<int64_t>(f.total - f.done);
  const int64_t left_ms = f.elapsed_ms * left / static_cast<int64_t>(f.done);
  line += fmt::format(", {} s left", (left_ms + 999) / 1000);
  return line;
}

Progress::Progress(Session& session, size_t total)
    : session_(session),
      shown_(session.terminal() && total > 0),
      start_(session.clock().Now()),
      painted_(start_) {
  figures_.total = total;
}

void Progress::Step(int64_t keys) {
  ++figures_.done;
  figures_.keys = keys;
  if (!shown_) return;
  const MonoMs now = session_.clock().Now();
  if (now - painted_ < kRepaintMs && figures_.done < figures_.total) return;
  painted_ = now;
  figures_.elapsed_ms = now - start_;
  session_.Text("\r" + ProgressLine(figures_) + "\x1b[K");
}

void Progress::End() {
  if (shown_) session_.Text("\n");
}

}  // namespace pleiad::admin
