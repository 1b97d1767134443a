// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the system knows of this process, for INFO and MEMORY, and the one place where a thread may
// be made to sleep on purpose (DEBUG SLEEP, pacing). Any thread; each call is a system call or two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace pleiad::runtime {

struct CpuSeconds {
  double user = 0;
  double system = 0;
  double user_children = 0;
  double system_children = 0;
};
CpuSeconds ReadCpuSeconds();

// Bytes of this process in physical memory; 0 if the system does not say.
size_t ResidentBytes();
// Bytes of physical memory of the machine.
uint64_t MachineMemoryBytes();
// "Linux 6.1.0 x86_64".
std::string OperatingSystem();
int ProcessId();

// The calling thread does nothing for so long.
void BlockThisThread(int64_t micros);

// Runs a program to its end (args[0] is its path) with this one's standard streams. Error: it could
// not be started, or did not end with status 0.
Status RunProgram(const std::vector<std::string>& args);
// The path of this program.
std::string OwnExecutable();

}  // namespace pleiad::runtime
