// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace pleiad::admin {
namespace {

constexpr int64_t kRepaintMs = 100;
constexpr size_t kBarMax = 30;
constexpr size_t kBarMin = 5;

}  // namespace

std::string BytesText(int64_t bytes) {
  constexpr const char* kUnits[] = {"KB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string ProgressLine(const ProgressFigures& f, size_t width) {
  std::string text = fmt::format(" {}/{} slots, {} keys", f.done, f.total, f.keys);
  if (f.bytes > 0) text += ", " + BytesText(f.bytes);
  const double done = static_cast<double>(f.done) + f.part;
  const double total = static_cast<double>(f.total);
  if (f.elapsed_ms > 0 && done > 0) {
    text += fmt::format(", {} keys/s", f.keys * 1000 / f.elapsed_ms);
    const double left_ms = static_cast<double>(f.elapsed_ms) * (total - done) / done;
    text += fmt::format(", {} s left", (static_cast<int64_t>(left_ms) + 999) / 1000);
  }
  const size_t room = width > text.size() + 2 ? width - text.size() - 2 : 0;
  std::string line;
  if (room >= kBarMin) {
    const size_t bar = std::min(room, kBarMax);
    const double share = f.total == 0 ? 1 : std::min(1.0, done / total);
    const auto filled = static_cast<size_t>(share * static_cast<double>(bar));
    line = fmt::format("[{:<{}}]", std::string(filled, '#'), bar);
  } else {
    text.erase(0, 1);
  }
  return (line + text).substr(0, width);
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
  Paint(figures_, figures_.done == figures_.total);
}

void Progress::Part(double part, size_t slots, int64_t keys, int64_t bytes) {
  ProgressFigures now = figures_;
  now.part = part * static_cast<double>(slots);
  now.keys += keys;
  now.bytes += bytes;
  Paint(now, false);
}

// One column stays free: a line that fills the last one would be broken by some terminals.
void Progress::Paint(const ProgressFigures& figures, bool must) {
  if (!shown_) return;
  const MonoMs now = session_.clock().Now();
  if (!must && now - painted_ < kRepaintMs) return;
  painted_ = now;
  painted_once_ = true;
  ProgressFigures f = figures;
  f.elapsed_ms = now - start_;
  session_.Text("\r" + ProgressLine(f, session_.width() - 1) + "\x1b[K");
}

void Progress::End() {
  if (painted_once_) session_.Text("\n");
  painted_once_ = false;
}

}  // namespace pleiad::admin
