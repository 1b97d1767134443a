// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/keyspace_events.h"

#include <fmt/core.h>

namespace pleiad {

void KeyspaceEvents::OnEvent(NotifyClass, std::string_view event, int db, std::string_view key) {
  const uint32_t flags = engine_->notify_flags.load(std::memory_order_relaxed);
  if (flags & kNotifyKeyspace)
    engine_->pubsub.Publish(fmt::format("__keyspace@{}__:{}", db, key), event, false);
  if (flags & kNotifyKeyevent)
    engine_->pubsub.Publish(fmt::format("__keyevent@{}__:{}", db, event), key, false);
}

}  // namespace pleiad
