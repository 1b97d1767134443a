// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One line that shows how far a long run is: slots, keys, bytes, rate, time left. Only on
// terminals; where output goes to a file or a script, nothing of it appears.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "admin/session.h"

namespace pleiad::admin {

struct ProgressFigures {
  size_t done = 0;  // slots
  size_t total = 0;
  int64_t keys = 0;
  int64_t bytes = 0;  // 0: not known (MIGRATE does not tell)
  int64_t elapsed_ms = 0;
  double part = 0;  // of slots that are under way: as if so many more were done
};

// "[#####     ] 250/500 slots, 12000 keys, 3.1 MB, 8000 keys/s, 2 s left", in at most `width`
// columns: the bar gets shorter, then the line loses its end.
std::string ProgressLine(const ProgressFigures& figures, size_t width);
// "0 B" "999 B" "1.0 KB" "3.1 MB" "12.0 GB"
std::string BytesText(int64_t bytes);

class Progress {
 public:
  Progress(Session& session, size_t total);
  bool shown() const { return shown_; }
  // One more slot is done; `keys` in all so far.
  void Step(int64_t keys);
  // Slots that move as a whole: `part` of `slots` is done, with so many more keys and bytes.
  void Part(double part, size_t slots, int64_t keys, int64_t bytes);
  void AddBytes(int64_t bytes) { figures_.bytes += bytes; }
  const ProgressFigures& figures() const { return figures_; }
  int64_t elapsed_ms() const { return session_.clock().Now() - start_; }
  // Ends the line.
  void End();

 private:
  void Paint(const ProgressFigures& figures, bool must);

  Session& session_;
  const bool shown_;
  bool painted_once_ = false;
  ProgressFigures figures_;
  MonoMs start_;
  MonoMs painted_;
};

}  // namespace pleiad::admin
