// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One line that shows how far a long run is: slots, keys, rate, time left. Only on terminals; where
// output goes to a file or a script, nothing of it appears.
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
  int64_t elapsed_ms = 0;
};

// "[#####     ] 250/500 slots, 12000 keys, 8000 keys/s, 2 s left"
std::string ProgressLine(const ProgressFigures& figures);

class Progress {
 public:
  Progress(Session& session, size_t total);
  bool shown() const { return shown_; }
  // One more slot is done; `keys` in all so far.
  void Step(int64_t keys);
  // Ends the line.
  void End();

 private:
  Session& session_;
  const bool shown_;
  ProgressFigures figures_;
  MonoMs start_;
  MonoMs painted_;
};

}  // namespace pleiad::admin
