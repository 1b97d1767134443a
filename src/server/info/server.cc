// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "base/version.h"
#include "runtime/process.h"
#include "server/info/section.h"

namespace pleiad::info {

void ServerSection(const Input& in, Lines* out) {
  const int64_t uptime_s = (in.ctx.mono_now - in.server.started()) / 1000;
  out->Add("redis_version", kRedisVersion);
  out->Add("pleiad_version", kPleiadVersion);
  out->Add("redis_git_sha1", "00000000");
  out->Add("redis_git_dirty", 0);
  out->Add("redis_build_id", "0000000000000000");
  out->Add("redis_mode", in.settings->cluster_enabled ? "cluster" : "standalone");
  out->Add("os", runtime::OperatingSystem());
  out->Add("arch_bits", sizeof(void*) * 8);
  out->Add("monotonic_clock", "POSIX clock_gettime");
  out->Add("multiplexing_api", "epoll");
#if defined(__clang__)
  out->Add("gcc_version", "0.0.0");
#else
  out->Add("gcc_version", fmt::format("{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__));
#endif
  out->Add("process_id", runtime::ProcessId());
  out->Add("process_supervised", "no");
  out->Add("run_id", in.server.run_id());
  out->Add("tcp_port", in.settings->port);
  out->Add("server_time_usec", in.ctx.now.value * 1000);
  out->Add("uptime_in_seconds", uptime_s);
  out->Add("uptime_in_days", uptime_s / (24 * 3600));
  out->Add("hz", in.settings->hz);
  out->Add("configured_hz", in.settings->hz);
  out->Add("lru_clock", (in.ctx.now.value / 1000) & 0xffffff);
  out->Add("executable", in.server.executable());
  out->Add("config_file", in.server.config().file());
  out->Add("availability_zone", in.settings->availability_zone);
  out->Add("io_threads_active", in.server.reactors().size() > 1 ? 1 : 0);
  out->Add("reactor_threads", in.server.reactors().size());
}

}  // namespace pleiad::info
