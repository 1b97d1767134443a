// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/command_base.h"

#include <charconv>
#include <deque>
#include <limits>
#include <string_view>
#include <vector>

#include "data/hash.h"
#include "data/list.h"
#include "data/set.h"
#include "data/stream.h"
#include "data/zset.h"
#include "resp/request_writer.h"
#include "snapshot/dump_payload.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kArgsMax = 2 + 2 * 64;
constexpr size_t kPendingMax = 2000;  // under one hold of the lock: about a millisecond

bool PendingCanBeSaid(const Stream& stream) {
  size_t pending = 0;
  for (const auto& [name, group] : stream.groups()) {
    pending += group->pending().size();
    if (pending > kPendingMax) return false;
    const StreamIdMap<StreamPending>& map = group->pending();
    for (auto c = map.Begin(); !(c == map.End()); c = map.Next(c)) {
      if (!stream.Contains(map.at(c).id)) return false;
    }
  }
  return true;
}

void AppendGroup(std::string* out, std::string_view key, std::string_view name,
                 const StreamGroup& group) {
  const std::string last = group.last_id.Text();
  resp::AppendRequest(
      {"XGROUP", "CREATE", key, name, last, "ENTRIESREAD", std::to_string(group.entries_read)},
      out);
  for (const auto& [consumer, facts] : group.consumers())
    resp::AppendRequest({"XGROUP", "CREATECONSUMER", key, name, consumer}, out);
  const StreamIdMap<StreamPending>& map = group.pending();
  for (auto c = map.Begin(); !(c == map.End()); c = map.Next(c)) {
    const StreamPending& what = map.at(c).value;
    resp::AppendRequest({"XCLAIM", key, name, what.consumer->name, "0", map.at(c).id.Text(), "TIME",
                         std::to_string(what.delivered_ms), "RETRYCOUNT",
                         std::to_string(what.deliveries), "FORCE", "JUSTID", "LASTID", last},
                        out);
  }
}

// Gathers arguments for `name key ...` and writes a command whenever there are enough. They are
// copied: an element's view ends with the call that gave it.
class ManyCommands {
 public:
  ManyCommands(std::string* out, std::string_view name, std::string_view key)
      : out_(out), args_{std::string(name), std::string(key)} {}
  ~ManyCommands() { Flush(); }
  ManyCommands(const ManyCommands&) = delete;
  ManyCommands& operator=(const ManyCommands&) = delete;

  void Add(std::string_view one) {
    args_.emplace_back(one);
    if (args_.size() >= kArgsMax) Flush();
  }
  void Add(std::string_view first, std::string_view second) {
    args_.emplace_back(first);
    Add(second);
  }

 private:
  void Flush() {
    if (args_.size() > 2) resp::AppendRequest(args_, out_);
    args_.resize(2);
  }

  std::string* const out_;
  std::vector<std::string> args_;
};

void AppendHash(std::string* out, const Entry& entry) {
  const HashView hash(entry.value(), HashView::kHideNothing);
  {
    ManyCommands commands(out, "HSET", entry.key());
    hash.ForEach([&](const FieldElement& e) { commands.Add(e.field, e.value); });
  }
  if (!hash.with_expiry()) return;
  hash.ForEach([&](const FieldElement& e) {
    if (e.expiry_ms == FieldElement::kNoExpiry) return;
    resp::AppendRequest(
        {"HPEXPIREAT", entry.key(), std::to_string(e.expiry_ms), "FIELDS", "1", e.field}, out);
  });
}

void AppendValue(std::string* out, const Entry& entry) {
  const std::string_view key = entry.key();
  switch (entry.type()) {
    case ValueType::kString:
      resp::AppendRequest({"SET", key, entry.value().bytes}, out);
      break;
    case ValueType::kList: {
      ManyCommands commands(out, "RPUSH", key);
      ListReader(entry.value()).ForEach([&](std::string_view e) { commands.Add(e); });
      break;
    }
    case ValueType::kSet: {
      ManyCommands commands(out, "SADD", key);
      SetView(entry.value()).ForEach([&](std::string_view e) { commands.Add(e); });
      break;
    }
    case ValueType::kZset: {
      ManyCommands commands(out, "ZADD", key);
      ZsetView(entry.value()).ForEach([&](std::string_view member, double score) {
        commands.Add(ScoreText(score), member);
      });
      break;
    }
    case ValueType::kHash:
      AppendHash(out, entry);
      break;
    case ValueType::kStream:
      resp::AppendRequest({"RESTORE", key, "0", DumpEntry(entry, {})}, out);
      break;
  }
}

}  // namespace

std::string ScoreText(double score) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof(text), score).ptr;
  return {text, end};
}

bool AppendStreamState(std::string* out, std::string_view key, const Stream& stream) {
  if (!PendingCanBeSaid(stream)) return false;
  resp::AppendRequest(
      {"XSETID", key, stream.last_id().Text(), "ENTRIESADDED",
       std::to_string(stream.entries_added()), "MAXDELETEDID", stream.max_deleted_id().Text()},
      out);
  for (const auto& [name, group] : stream.groups()) AppendGroup(out, key, name, *group);
  return true;
}

void AppendAsCommands(std::string* out, const Entry& entry) {
  AppendValue(out, entry);
  if (!entry.has_expiry()) return;
  resp::AppendRequest({"PEXPIREAT", entry.key(), std::to_string(entry.expiry_ms())}, out);
}

}  // namespace pleiad::runtime
