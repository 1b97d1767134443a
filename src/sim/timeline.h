// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Timeline: what a run looked like, kept only when somebody wants to see it, and its picture: nodes
// as rows, time from left to right.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/heap.h"

namespace pleiad::sim {

struct Timeline {
  enum class State : uint8_t { kDown, kPaused, kReplica, kMaster, kMasterNotOk };
  struct Change {
    Us at;
    int node;
    State state;
    int shard;  // whose slots it owns or replicates; -1: none
  };
  enum class Mark : uint8_t { kCandidate, kWon, kLost, kFullSync };
  struct Point {
    Us at;
    int node;
    Mark mark;
    std::string text;
  };
  struct Span {  // a fault
    Us from;
    Us to;
    std::string text;
    std::vector<int> nodes;  // whom it concerns; empty: all
  };
  struct Sample {  // once a second
    Us at;
    int node;
    uint32_t writes;
    uint32_t links;  // outbound links that are up
  };
  int nodes = 0;
  Us end = 0;
  Us liveness_from = 0;
  std::vector<Change> changes;
  std::vector<Point> points;
  std::vector<Span> faults;
  std::vector<Sample> samples;
};

// One SVG document.
std::string DrawTimeline(const Timeline& timeline, const std::string& title);

}  // namespace pleiad::sim
