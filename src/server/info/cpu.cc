// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/process.h"
#include "server/info/section.h"

namespace pleiad::info {

void CpuSection(const Input&, Lines* out) {
  const runtime::CpuSeconds cpu = runtime::ReadCpuSeconds();
  const auto add = [&](std::string_view name, double seconds) {
    out->Add(name, fmt::format("{:.6f}", seconds));
  };
  add("used_cpu_sys", cpu.system);
  add("used_cpu_user", cpu.user);
  add("used_cpu_sys_children", cpu.system_children);
  add("used_cpu_user_children", cpu.user_children);
}

}  // namespace pleiad::info
