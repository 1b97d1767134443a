// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/info/section.h"

namespace pleiad::info {

// There is no child process and no append-only file: what speaks of them is 0, off or "never".
void PersistenceSection(const Input& in, Lines* out) {
  const uint64_t dirty = in.server.Sum(&ThreadStats::dirty);
  const uint64_t saved = in.server.dirty_at_last_save.load();
  out->Add("loading", in.ctx.engine.loading.load() ? 1 : 0);
  out->Add("async_loading", 0);
  out->Add("current_cow_peak", 0);
  out->Add("current_cow_size", 0);
  out->Add("current_cow_size_age", 0);
  out->Add("current_fork_perc", "0.00");
  out->Add("current_save_keys_processed", 0);
  out->Add("current_save_keys_total", 0);
  out->Add("rdb_changes_since_last_save", dirty - saved);
  out->Add("rdb_bgsave_in_progress", 0);
  out->Add("rdb_last_save_time", in.server.last_save_seconds.load());
  out->Add("rdb_last_bgsave_status", "ok");
  out->Add("rdb_last_bgsave_time_sec", -1);
  out->Add("rdb_current_bgsave_time_sec", -1);
  out->Add("rdb_saves", 0);
  out->Add("rdb_last_cow_size", 0);
  out->Add("rdb_last_load_keys_expired", 0);
  out->Add("rdb_last_load_keys_loaded", 0);
  out->Add("aof_enabled", 0);
  out->Add("aof_rewrite_in_progress", 0);
  out->Add("aof_rewrite_scheduled", 0);
  out->Add("aof_last_rewrite_time_sec", -1);
  out->Add("aof_current_rewrite_time_sec", -1);
  out->Add("aof_last_bgrewrite_status", "ok");
  out->Add("aof_rewrites", 0);
  out->Add("aof_rewrites_consecutive_failures", 0);
  out->Add("aof_last_write_status", "ok");
  out->Add("aof_last_cow_size", 0);
  out->Add("module_fork_in_progress", 0);
  out->Add("module_fork_last_cow_size", 0);
}

}  // namespace pleiad::info
