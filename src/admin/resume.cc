// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/resume.h"

#include <fmt/format.h>

#include "admin/command_support.h"
#include "admin/commands.h"
#include "admin/json.h"
#include "admin/report.h"
#include "base/text.h"

namespace pleiad::admin {

std::string MovesText(const ClusterView& view, const std::vector<SlotMove>& moves) {
  std::string text;
  for (size_t i = 0; i < moves.size();) {
    size_t end = i + 1;
    while (end < moves.size() && moves[end].from == moves[i].from && moves[end].to == moves[i].to &&
           moves[end].slot == moves[end - 1].slot + 1)
      ++end;
    text += fmt::format("{} {} {}-{}\n", view.nodes[moves[i].from].self.id.str(),
                        view.nodes[moves[i].to].self.id.str(), moves[i].slot, moves[end - 1].slot);
    i = end;
  }
  return text;
}

std::vector<SlotMove> MovesLeft(const ClusterView& view, std::string_view text, size_t* foreign) {
  std::vector<SlotMove> moves;
  *foreign = 0;
  for (const std::string_view line : Split(text, '\n')) {
    const std::vector<std::string_view> words = Split(line, ' ');
    if (words.size() != 3) continue;
    const size_t dash = words[2].find('-');
    const std::optional<NodeId> from = NodeId::Parse(words[0]);
    const std::optional<NodeId> to = NodeId::Parse(words[1]);
    const std::optional<int64_t> first = ParseInt64(words[2].substr(0, dash));
    const std::optional<int64_t> last =
        dash == std::string_view::npos ? first : ParseInt64(words[2].substr(dash + 1));
    if (!from || !to || !first || !last || *first < 0 || *last >= kSlotCount) continue;
    const std::optional<size_t> source = view.Find(*from);
    const std::optional<size_t> target = view.Find(*to);
    if (!target || !source) {
      ++*foreign;
      continue;
    }
    if (!view.nodes[*target].self.Has("master")) continue;
    for (int64_t slot = *first; slot <= *last; ++slot) {
      if (!view.nodes[*source].self.slots.Has(static_cast<int>(slot))) continue;
      moves.push_back({static_cast<int>(slot), *source, *target});
    }
  }
  return moves;
}

int Resume(const Environment& env, const Options& options) {
  Session session(env, MakeCredentials(env, options));
  if (env.host == nullptr) return Fail(session, "[ERR] There is no place for files.");
  const Result<std::string> text = env.host->ReadFile(env.host->StateFile());
  // Open slots first: with a list or without.
  Options fix = options;
  fix.command = "fix";
  if (const int fixed = Fix(env, fix); fixed != 0) return fixed;
  if (!text.ok()) {
    session.Line("[OK] There is no list of an interrupted run.");
    if (session.report() != nullptr) session.report()->Set("moves", "[]");
    return 0;
  }
  const Result<NodeAddress> address = ParseAddress(options.args[0]);
  if (!address.ok()) return Fail(session, address.message());
  const Status opened = session.OpenCluster(*address);
  if (!opened.ok()) return Fail(session, opened.message());
  size_t foreign = 0;
  const std::vector<SlotMove> moves = MovesLeft(session.view(), *text, &foreign);
  if (foreign > 0) {
    return Fail(session, "[ERR] " + env.host->StateFile() +
                             " is about nodes that are not in this cluster (any more). Remove it "
                             "if it is of no use.");
  }
  session.Line(fmt::format(">>> Going on: {} slots are left to move.", moves.size()));
  if (session.report() != nullptr) session.report()->Set("moves", MovesJson(session.view(), moves));
  if (options.dry_run) return 0;
  return MoveAll(session, MakeMoveOptions(env, options), moves, MoveStyle::kLines);
}

}  // namespace pleiad::admin
