// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The picture: a row a node, coloured by what it is; marks for elections and losses; faults as
// shades over the rows they concern; below each row the writes of each second, above it the links.
#include "sim/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace pleiad::sim {

namespace {

constexpr int kLeft = 70;
constexpr int kTop = 64;
constexpr int kWidth = 1400;
constexpr int kShards = 12;
constexpr const char* kShardColours[kShards] = {"#4e79a7", "#f28e2b", "#59a14f", "#b07aa1",
                                                "#76b7b2", "#edc948", "#9c755f", "#ff9da7",
                                                "#1b9e77", "#7570b3", "#66a61e", "#a6761d"};

class Picture {
 public:
  explicit Picture(const Timeline& timeline)
      : t_(timeline),
        row_(std::clamp(900 / std::max(timeline.nodes, 1), 6, 34)),
        height_(kTop + row_ * timeline.nodes + 60) {}

  std::string Draw(const std::string& title) {
    Out("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
        "{1}\" font-family=\"sans-serif\" font-size=\"11\">\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        "<text x=\"{2}\" y=\"20\" font-size=\"15\">{3}</text>\n",
        kLeft + kWidth + 30, height_, kLeft, title);
    Legend();
    Axis();
    States();
    Faults();
    Samples();
    Points();
    out_ += "</svg>\n";
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void Out(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  double X(Us at) const {
    return kLeft + static_cast<double>(kWidth) * static_cast<double>(at) /
                       static_cast<double>(std::max<Us>(t_.end, 1));
  }
  int Y(int node) const { return kTop + node * row_; }

  void Legend() {
    Out("<text x=\"{}\" y=\"38\" fill=\"#555\">full colour: master that serves (a colour a shard), "
        "hatched pale: master not ok, thin: replica, white: down, grey: stopped. ▲ asks for votes  "
        "★ wins  ✕ lost write  ● full sync. Green line: links up, bars: writes a "
        "second</text>\n",
        kLeft);
  }

  void Axis() {
    Us step = kSecond;
    while (t_.end / step > 20) step *= step == 2 * kSecond || step == 20 * kSecond ? 5 : 2;
    for (Us at = 0; at <= t_.end; at += step) {
      Out("<line x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\" stroke=\"#ddd\"/>"
          "<text x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\" fill=\"#555\">{4} s</text>\n",
          X(at), kTop, Y(t_.nodes), Y(t_.nodes) + 16, at / kSecond);
    }
    if (t_.liveness_from > 0) {
      Out("<line x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\" stroke=\"#2a2\" "
          "stroke-width=\"2\"/><text x=\"{0:.1f}\" y=\"{3}\" fill=\"#2a2\">healed</text>\n",
          X(t_.liveness_from), kTop - 6, Y(t_.nodes), Y(t_.nodes) + 32);
    }
    for (int i = 0; i < t_.nodes && row_ >= 9; ++i) {
      Out("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">node {}</text>\n", kLeft - 6,
          Y(i) + row_ / 2 + 4, i);
    }
  }

  void States() {
    std::vector<const Timeline::Change*> last(static_cast<size_t>(t_.nodes), nullptr);
    const auto draw = [&](const Timeline::Change& from, Us to) { State(from, to); };
    for (const Timeline::Change& change : t_.changes) {
      const Timeline::Change*& before = last[static_cast<size_t>(change.node)];
      if (before != nullptr) draw(*before, change.at);
      before = &change;
    }
    for (const Timeline::Change* change : last) {
      if (change != nullptr) draw(*change, t_.end);
    }
  }

  void State(const Timeline::Change& from, Us to) {
    const double x = X(from.at);
    const double width = std::max(X(to) - x, 0.5);
    const char* colour =
        from.shard < 0 ? "#999" : kShardColours[static_cast<size_t>(from.shard % kShards)];
    int top = Y(from.node) + 1;
    int height = row_ - 2;
    const char* opacity = "1";
    switch (from.state) {
      case Timeline::State::kDown:
        colour = "#f4f4f4";
        break;
      case Timeline::State::kPaused:
        colour = "#bbbbbb";
        break;
      case Timeline::State::kReplica:
        top += height / 3;
        height = std::max(height / 3, 2);
        opacity = "0.55";
        break;
      case Timeline::State::kMasterNotOk:
        opacity = "0.3";
        break;
      case Timeline::State::kMaster:
        break;
    }
    Out("<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" fill=\"{}\" opacity=\"{}\"/>\n",
        x, top, width, height, colour, opacity);
  }

  void Faults() {
    for (const Timeline::Span& span : t_.faults) {
      const double x = X(span.from);
      const double width = std::max(X(span.to) - x, 1.0);
      if (span.nodes.empty()) {
        Out("<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" fill=\"#d00\" "
            "opacity=\"0.08\"><title>{}</title></rect>\n",
            x, kTop, width, row_ * t_.nodes, span.text);
      }
      for (const int node : span.nodes) {
        Out("<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" fill=\"none\" "
            "stroke=\"#d00\" stroke-width=\"0.8\"><title>{}</title></rect>\n",
            x, Y(node), width, row_ - 1, span.text);
        if (row_ >= 12 && width > 30) {
          Out("<text x=\"{:.1f}\" y=\"{}\" fill=\"#a00\" font-size=\"9\">{}</text>\n", x + 2,
              Y(node) + 9, span.text);
        }
      }
    }
  }

  void Samples() {
    if (row_ < 12) return;
    uint32_t most = 1;
    for (const Timeline::Sample& s : t_.samples) most = std::max(most, s.writes);
    std::vector<std::string> paths(static_cast<size_t>(t_.nodes));
    for (const Timeline::Sample& s : t_.samples) {
      if (s.writes > 0) {
        const double height = (row_ - 3) * 0.45 * s.writes / most;
        Out("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.1f}\" fill=\"#222\" "
            "opacity=\"0.65\"/>\n",
            X(s.at - kSecond), Y(s.node) + row_ - 1 - height,
            std::max(X(kSecond) - X(0) - 0.3, 0.4), height);
      }
      std::string& path = paths[static_cast<size_t>(s.node)];
      const double share = static_cast<double>(s.links) / std::max(t_.nodes - 1, 1);
      path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", X(s.at),
                          Y(s.node) + 1 + (row_ - 3) * 0.5 * (1 - share));
    }
    for (const std::string& path : paths) {
      Out("<polyline points=\"{}\" fill=\"none\" stroke=\"#0a0\" stroke-width=\"0.7\"/>\n", path);
    }
  }

  void Points() {
    for (const Timeline::Point& point : t_.points) {
      const char* sign = "●";
      const char* colour = "#06c";
      switch (point.mark) {
        case Timeline::Mark::kCandidate:
          sign = "▲";
          colour = "#a0a";
          break;
        case Timeline::Mark::kWon:
          sign = "★";
          colour = "#d60";
          break;
        case Timeline::Mark::kLost:
          sign = "✕";
          colour = "#c00";
          break;
        case Timeline::Mark::kFullSync:
          break;
      }
      Out("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\" fill=\"{}\" font-size=\"{}\">{}"
          "<title>{:.3f} s {}</title></text>\n",
          X(point.at), Y(point.node) + row_ / 2 + 5, colour, std::clamp(row_ - 8, 6, 15), sign,
          static_cast<double>(point.at) / kSecond, point.text);
    }
  }

  const Timeline& t_;
  int row_;
  int height_;
  std::string out_;
};

}  // namespace

std::string DrawTimeline(const Timeline& timeline, const std::string& title) {
  return Picture(timeline).Draw(title);
}

}  // namespace pleiad::sim
