// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ConfigStore: the configuration of a running node. Any thread may call any function.
//
// Readers on the hot path do not come here: they keep a Settings snapshot and compare version(),
// one load.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "server/config/load.h"
#include "server/config/rewrite.h"
#include "server/config/settings.h"
#include "server/config/values.h"

namespace pleiad {

class ConfigStore {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  // The owner can't do what the new settings ask for (bind a port, open a file).
  struct Refusal {
    std::string name;  // the directive to blame
    std::string reason;
  };
  // Asked before a change is published; may act (bind the new port) and may refuse. Runs on the
  // thread of Set(), one at a time; must not call Set(). When it refuses, it must have undone what
  // it did.
  using Applier = std::function<std::optional<Refusal>(const Settings& before, const Settings& now,
                                                       const std::vector<std::string>& names)>;
  // Told after a change is published, in the order of the changes. `names` are main names, not
  // aliases. The same thread and rule as Applier.
  using Listener = std::function<void(const Settings& now, const std::vector<std::string>& names)>;

  // `env` is kept: CONFIG SET dir asks its resolve_dir, ranges draw from its seed.
  ConfigStore(LoadedConfig loaded, ConfigEnvironment env);
  ConfigStore(const ConfigStore&) = delete;
  ConfigStore& operator=(const ConfigStore&) = delete;

  // Before the threads start.
  void SetApplier(Applier applier) { applier_ = std::move(applier); }
  void AddListener(Listener listener) { listeners_.push_back(std::move(listener)); }

  // The snapshot of now. Never null. Cost: a mutex; keep the pointer.
  std::shared_ptr<const Settings> settings() const;
  // Moves at each change, after the snapshot did.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // The path of the configuration file; empty: there is none to rewrite.
  const std::string& file() const { return file_; }

  // CONFIG GET: name and value of every directive that some pattern matches, each once, sorted by
  // name. Patterns ignore case; hidden directives answer to their whole name only.
  Pairs Get(const std::vector<std::string>& patterns) const;

  // CONFIG SET: all of them or none. The message of a refusal is the whole error reply ("ERR CONFIG
  // SET failed ..."). `client_is_local`: the client came over loopback or the Unix socket (for
  // enable-protected-configs local).
  Status Set(const Pairs& pairs, bool client_is_local);

  // The same for the server's own changes (REPLICAOF, a failover): immutable and protected
  // directives too, and the applier is not asked.
  Status SetByServer(const Pairs& pairs);

  // CONFIG REWRITE: the new text of the file whose text is `old_text` (see rewrite.h). The caller
  // reads and writes it.
  std::string Rewrite(std::string_view old_text, const RewriteExtras& extras = {}) const;

  // The same with the file: reads it by env.read, hands the new text to `write`. One at a time, so
  // that two clients can't mix their files. REQUIRES: file() is not empty.
  using WriteFile = std::function<Status(const std::string& path, const std::string& text)>;
  Status RewriteFile(const WriteFile& write, const RewriteExtras& extras = {});

  // True when the value of this directive must not appear in logs. Unknown names: false.
  static bool IsSensitive(std::string_view name);

 private:
  Status Change(const Pairs& pairs, bool by_server, bool client_is_local);
  Status CheckNames(const Pairs& pairs, bool client_is_local, const Settings& now,
                    std::vector<size_t>* indexes) const;

  const std::string file_;
  const ConfigEnvironment env_;
  Applier applier_;
  std::vector<Listener> listeners_;
  std::atomic<uint64_t> version_{1};

  std::mutex change_mutex_;  // one change at a time; taken before mutex_; guards prng_
  Prng prng_;
  std::mutex file_mutex_;     // one rewrite at a time; taken before mutex_
  mutable std::mutex mutex_;  // guards the two below
  ConfigValues values_;
  std::shared_ptr<const Settings> settings_;
};

}  // namespace pleiad
