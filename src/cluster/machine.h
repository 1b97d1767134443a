// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The cluster machine: one node's part in gossip, failure detection, elections and slot ownership,
// as a function from what happened to what must be done. It owns no socket, clock, file or thread.
//
//     Machine machine(config, seed, std::move(state));      // state: new, or loaded from
//     nodes.conf Run(machine.Start(now, wall)); Run(machine.Step({now, wall, Tick{}})); // Run:
//     obey Effects from top to bottom
//
// Reading order: event.h, effects.h, machine.cc (dispatch and tick), then one file a subject:
// handshake.cc, gossip.cc, failure.cc, election.cc, vote.cc, ownership.cc, health.cc (ok/fail),
// admin_*.cc.
//
// Thread: one; the caller serialises. Step runs to completion and calls nobody back. CHECKs its
// invariants at the end.
#pragma once

#include <cstdint>
#include <memory>

#include "base/ids.h"
#include "cluster/cluster_config.h"
#include "cluster/effects.h"
#include "cluster/event.h"
#include "cluster/state.h"

namespace pleiad::cluster {

class Core;

class Machine {
 public:
  // REQUIRES: state->now and state->wall are the clocks at load.
  Machine(const ClusterConfig& config, uint64_t seed, std::unique_ptr<ClusterState> state);
  ~Machine();

  // Once, before the first Step: saves nodes.conf, tells the role and the slots found in it.
  Effects Start(MonoMs now, UnixMs wall);
  // Cost: a tick O(nodes); a heartbeat O(gossip entries x log nodes), plus O(slots claimed) when a
  // claim changed.
  Effects Step(const Input& input);

  const ClusterState& state() const;
  const ClusterConfig& config() const;

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace pleiad::cluster
