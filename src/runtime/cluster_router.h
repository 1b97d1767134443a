// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ClusterRouter: what a command gets whose slot is not plainly ours: MOVED, ASK, TRYAGAIN,
// CLUSTERDOWN, or leave to run here. Asked with the slot's lock held; looks at the driver's
// published view, never waits for it. Cost: a mutex and a shared pointer; only redirected commands
// pay it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cluster/view.h"
#include "command/engine.h"
#include "server/config/settings.h"

namespace pleiad::runtime {

class ClusterRouter : public Router {
 public:
  using ViewSource = std::function<std::shared_ptr<const cluster::ClusterView>()>;
  using SettingsSource = std::function<std::shared_ptr<const Settings>()>;
  ClusterRouter(ViewSource view, SettingsSource settings)
      : view_(std::move(view)), settings_(std::move(settings)) {}

  bool Route(const RouteQuery& query, resp::Writer* out) override;

 private:
  ViewSource view_;
  SettingsSource settings_;
};

// "host:port" of a node as clients shall see it (cluster-preferred-endpoint-type).
std::string EndpointText(const cluster::ClusterView::Endpoint& node, EndpointType preferred);

}  // namespace pleiad::runtime
