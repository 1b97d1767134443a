// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/persistence.h"

#include "runtime/clock.h"
#include "server/info/section.h"

namespace pleiad::info {
namespace {

using runtime::LoadProgress;

void LoadingLines(const LoadProgress& load, Lines* out) {
  const int64_t total = load.total_bytes.load();
  const int64_t loaded = load.loaded_bytes.load();
  const int64_t passed = runtime::UnixNow().value / 1000 - load.started_seconds.load();
  out->Add("loading_start_time", load.started_seconds.load());
  out->Add("loading_total_bytes", total);
  out->Add("loading_rdb_used_mem", 0);
  out->Add("loading_loaded_bytes", loaded);
  out->Add("loading_loaded_perc",
           fmt::format(
               "{:.2f}",
               total == 0 ? 0.0 : static_cast<double>(loaded) * 100 / static_cast<double>(total)));
  out->Add("loading_eta_seconds", loaded == 0 ? 1 : passed * (total - loaded) / loaded);
}

int64_t RunningSeconds(int64_t started_seconds) {
  return started_seconds < 0 ? -1 : runtime::UnixNow().value / 1000 - started_seconds;
}

}  // namespace

// There is no child process: what speaks of a fork or of its copies is 0.
void PersistenceSection(const Input& in, Lines* out) {
  const runtime::PersistenceView view = in.server.persistence().View();
  const LoadProgress& load = in.server.persistence().load_progress();
  out->Add("loading", view.loading ? 1 : 0);
  out->Add("async_loading", 0);
  out->Add("current_cow_peak", 0);
  out->Add("current_cow_size", 0);
  out->Add("current_cow_size_age", 0);
  out->Add("current_fork_perc", "0.00");
  out->Add("current_save_keys_processed", 0);
  out->Add("current_save_keys_total", 0);
  out->Add("rdb_changes_since_last_save", view.changes_since_save);
  out->Add("rdb_bgsave_in_progress", view.bgsave_running ? 1 : 0);
  out->Add("rdb_last_save_time", view.last_save_seconds);
  out->Add("rdb_last_bgsave_status", view.bgsave_ok ? "ok" : "err");
  out->Add("rdb_last_bgsave_time_sec", view.bgsave_last_seconds);
  out->Add("rdb_current_bgsave_time_sec", RunningSeconds(view.bgsave_started_seconds));
  out->Add("rdb_saves", view.saves);
  out->Add("rdb_last_cow_size", 0);
  out->Add("rdb_last_load_keys_expired", load.keys_expired.load());
  out->Add("rdb_last_load_keys_loaded", load.keys_loaded.load());
  out->Add("aof_enabled", view.aof_enabled ? 1 : 0);
  out->Add("aof_rewrite_in_progress", view.rewrite_running ? 1 : 0);
  out->Add("aof_rewrite_scheduled", view.rewrite_scheduled ? 1 : 0);
  out->Add("aof_last_rewrite_time_sec", view.rewrite_last_seconds);
  out->Add("aof_current_rewrite_time_sec", RunningSeconds(view.rewrite_started_seconds));
  out->Add("aof_last_bgrewrite_status", view.rewrite_ok ? "ok" : "err");
  out->Add("aof_rewrites", view.rewrites);
  out->Add("aof_rewrites_consecutive_failures", view.rewrite_failures);
  out->Add("aof_last_write_status", view.aof_write_ok ? "ok" : "err");
  out->Add("aof_last_cow_size", 0);
  out->Add("module_fork_in_progress", 0);
  out->Add("module_fork_last_cow_size", 0);
  if (view.aof_enabled) {
    out->Add("aof_current_size", view.aof.current);
    out->Add("aof_base_size", view.aof.base);
    out->Add("aof_pending_rewrite", view.rewrite_scheduled ? 1 : 0);
    out->Add("aof_buffer_length", view.aof.unwritten);
    out->Add("aof_pending_bio_fsync", 0);
    out->Add("aof_delayed_fsync", 0);
  }
  if (view.loading) LoadingLines(load, out);
}

}  // namespace pleiad::info
