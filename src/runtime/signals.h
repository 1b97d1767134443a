// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The end of a process: SIGTERM and SIGINT are blocked in all threads and fetched by the main
// thread alone, so that no code ever runs inside a signal handler.
#pragma once

namespace pleiad::runtime {

class EndSignals {
 public:
  // Blocks both signals, and ignores SIGPIPE and SIGHUP. Main thread, before any other exists.
  EndSignals();
  // Waits for either; returns its number. Main thread.
  int Wait() const;
  // Makes Wait return, as if SIGTERM had come. Any thread.
  void Raise() const;

 private:
  unsigned long main_thread_;  // a pthread_t
};

}  // namespace pleiad::runtime
