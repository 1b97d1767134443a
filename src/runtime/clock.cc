// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/clock.h"

#include <ctime>

#include "base/cycles.h"

namespace pleiad::runtime {
namespace {

int64_t Micros(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

double MeasureRate() {
  const int64_t start = Micros(CLOCK_MONOTONIC);
  const uint64_t cycles = CycleCount();
  int64_t now = start;
  while (now - start < 20000) now = Micros(CLOCK_MONOTONIC);
  return static_cast<double>(CycleCount() - cycles) / static_cast<double>(now - start);
}

}  // namespace

MonoMs MonoNow() { return MonoMs(Micros(CLOCK_MONOTONIC) / 1000); }
UnixMs UnixNow() { return UnixMs(Micros(CLOCK_REALTIME) / 1000); }
int64_t UnixMicros() { return Micros(CLOCK_REALTIME); }
int64_t MonoMicros() { return Micros(CLOCK_MONOTONIC); }

double CyclesPerMicrosecond() {
  static const double rate = MeasureRate();
  return rate;
}

}  // namespace pleiad::runtime
