// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/signals.h"

#include <pthread.h>

#include <csignal>

namespace pleiad::runtime {
namespace {

sigset_t Handled() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

EndSignals::EndSignals() : main_thread_(pthread_self()) {
  const sigset_t set = Handled();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
}

int EndSignals::Wait() const {
  const sigset_t set = Handled();
  int signal = 0;
  sigwait(&set, &signal);
  return signal;
}

void EndSignals::Raise() const { pthread_kill(main_thread_, SIGTERM); }

}  // namespace pleiad::runtime
