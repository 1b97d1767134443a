// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// KeyspaceEvents: who hears of changes of keys. Events go out as messages, on
// `__keyspace@<db>__:<key>` with the event, and on `__keyevent@<db>__:<event>` with the key, as
// notify-keyspace-events says (letters K and E; the class is checked by who raises an event). They
// stay on this node. Cost: nothing unless a class is switched on. Changes go to client-side caching
// (command/tracking.h).
#pragma once

#include <string_view>

#include "command/engine.h"

namespace pleiad {

class KeyspaceEvents : public ChangeObserver {
 public:
  explicit KeyspaceEvents(Engine* engine) : engine_(engine) {}

  void OnEvent(NotifyClass event_class, std::string_view event, int db,
               std::string_view key) override;
  bool OnChange(SlotId slot, int, std::string_view key, const ClientState* by) override {
    return engine_->tracking.OnChange(slot, key, by);
  }
  void OnFlush() override { engine_->tracking.OnFlush(); }

 private:
  Engine* const engine_;
};

}  // namespace pleiad
