// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/stream/stream_args.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace pleiad {
namespace {

constexpr uint64_t kStreamSeqMax = std::numeric_limits<uint64_t>::max();

// Digits; leading zeros, blanks and a plus sign are fine too, as they always were with clients.
std::optional<uint64_t> ParseStreamNumber(std::string_view text) {
  uint64_t number = 0;
  const size_t start = text.find_first_not_of(" \t\n\v\f\r");
  text.remove_prefix(std::min(start, text.size()));
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace

std::optional<StreamId> ParseStreamId(std::string_view text, uint64_t missing_seq) {
  const size_t dash = text.find('-');
  const auto ms = ParseStreamNumber(text.substr(0, dash));
  if (!ms.has_value()) return std::nullopt;
  if (dash == std::string_view::npos) return StreamId{*ms, missing_seq};
  const auto seq = ParseStreamNumber(text.substr(dash + 1));
  if (!seq.has_value()) return std::nullopt;
  return StreamId{*ms, *seq};
}

bool StreamIdArg(const Args& args, size_t i, bool ends, uint64_t missing_seq, StreamId* id,
                 resp::Writer& out) {
  if (ends && args[i] == "-") {
    *id = {};
    return true;
  }
  if (ends && args[i] == "+") {
    *id = StreamId::Max();
    return true;
  }
  const auto parsed = ParseStreamId(args[i], missing_seq);
  if (!parsed.has_value()) {
    out.Error(kInvalidStreamId);
    return false;
  }
  *id = *parsed;
  return true;
}

bool StreamIdArgs(const Args& args, size_t first, size_t end, std::vector<StreamId>* ids,
                  resp::Writer& out) {
  ids->reserve(end - first);
  for (size_t i = first; i < end; ++i) {
    StreamId id;
    if (!StreamIdArg(args, i, false, 0, &id, out)) return false;
    ids->push_back(id);
  }
  return true;
}

namespace {

bool StreamRangeEnd(const Args& args, size_t i, uint64_t missing_seq, bool* exclusive, StreamId* id,
                    resp::Writer& out) {
  *exclusive = args[i].size() > 1 && args[i][0] == '(';
  if (!*exclusive) return StreamIdArg(args, i, true, missing_seq, id, out);
  const std::string_view bound = args[i].substr(1);
  return StreamIdArg(Args(std::span(&bound, 1)), 0, false, missing_seq, id, out);
}

}  // namespace

bool StreamStartArg(const Args& args, size_t i, StreamId* id, resp::Writer& out) {
  bool exclusive;
  if (!StreamRangeEnd(args, i, 0, &exclusive, id, out)) return false;
  if (!exclusive || id->Next(id)) return true;
  out.Error("ERR invalid start ID for the interval");
  return false;
}

bool StreamEndArg(const Args& args, size_t i, StreamId* id, resp::Writer& out) {
  bool exclusive;
  if (!StreamRangeEnd(args, i, kStreamSeqMax, &exclusive, id, out)) return false;
  if (!exclusive || id->Previous(id)) return true;
  out.Error("ERR invalid end ID for the interval");
  return false;
}

std::optional<int64_t> StreamCountArg(const Args& args, size_t i, resp::Writer& out) {
  const auto count = IntArg(args, i, out);
  if (!count.has_value()) return std::nullopt;
  return std::max<int64_t>(*count, 0);
}

Stream* MakeStream(ValueCell* cell) {
  if (!cell->exists()) cell->SetObject(std::make_unique<Stream>());
  return static_cast<Stream*>(cell->object());
}

void WriteStreamId(resp::Writer& out, StreamId id) {
  char text[48];
  char* p = std::to_chars(text, text + 20, id.ms).ptr;
  *p++ = '-';
  p = std::to_chars(p, text + sizeof(text), id.seq).ptr;
  out.Bulk({text, static_cast<size_t>(p - text)});
}

void WriteStreamEntry(resp::Writer& out, const StreamNode::Entry& entry) {
  out.Array(2);
  WriteStreamId(out, entry.id);
  out.Array(2UL * entry.fields);
  entry.ForEachField([&](std::string_view name, std::string_view value) {
    out.Bulk(name);
    out.Bulk(value);
  });
}

bool WriteStreamEntry(resp::Writer& out, const Stream& stream, StreamId id) {
  StreamIterator i(stream, id, id, false);
  if (!i.Next()) return false;
  WriteStreamEntry(out, i.entry());
  return true;
}

void WriteNoGroup(resp::Writer& out, std::string_view key, std::string_view group,
                  std::string_view suffix) {
  out.Error(fmt::format("NOGROUP No such key '{}' or consumer group '{}'{}", key, group, suffix));
}

StreamConsumer* SeeConsumer(WriteContext& ctx, const Key& key, std::string_view group_name,
                            StreamGroup* group, std::string_view name) {
  StreamConsumer* consumer = group->FindConsumer(name);
  if (consumer == nullptr) {
    consumer = group->CreateConsumer(name, ctx.now().value);
    ctx.Changed(key);
    ctx.Notify(kNotifyStream, "xgroup-createconsumer", key);
    ctx.Propagate({"XGROUP", "CREATECONSUMER", key.bytes, group_name, name});
  }
  consumer->seen_ms = ctx.now().value;
  return consumer;
}

void PropagatePending(WriteContext& ctx, const Key& key, std::string_view group_name,
                      const StreamGroup& group, StreamId id, const StreamPending& what) {
  if (!ctx.engine().journal.active()) {
    ctx.PropagateNothing();
    return;
  }
  const std::string time = std::to_string(what.delivered_ms);
  const std::string count = std::to_string(what.deliveries);
  ctx.Propagate({"XCLAIM", key.bytes, group_name, what.consumer->name, "0", id.Text(), "TIME", time,
                 "RETRYCOUNT", count, "FORCE", "JUSTID", "LASTID", group.last_id.Text()});
}

void PropagateGroupPosition(WriteContext& ctx, const Key& key, std::string_view group_name,
                            const StreamGroup& group) {
  ctx.Propagate({"XGROUP", "SETID", key.bytes, group_name, group.last_id.Text(), "ENTRIESREAD",
                 std::to_string(group.entries_read)});
}

std::optional<StreamReferences> ReferencesWord(const Args& args, size_t i) {
  if (args.Is(i, "keepref")) return StreamReferences::kKeep;
  if (args.Is(i, "delref")) return StreamReferences::kDelete;
  if (args.Is(i, "acked")) return StreamReferences::kAcknowledged;
  return std::nullopt;
}

std::string_view ReferencesName(StreamReferences references) {
  switch (references) {
    case StreamReferences::kKeep:
      return "KEEPREF";
    case StreamReferences::kDelete:
      return "DELREF";
    case StreamReferences::kAcknowledged:
      break;
  }
  return "ACKED";
}

namespace {

// MAXLEN or MINID with "=" or "~" and its threshold.
bool ParseStreamThreshold(const Args& args, size_t* i, StreamTrim* trim, resp::Writer& out) {
  const bool by_length = args.Is(*i, "maxlen");
  if (trim->kind != StreamTrim::Kind::kNone) {
    out.Error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    return false;
  }
  ++*i;
  trim->approximate = false;
  if (*i + 1 < args.size() && (args[*i] == "~" || args[*i] == "=")) {
    trim->approximate = args[*i] == "~";
    ++*i;
  }
  trim->kind = by_length ? StreamTrim::Kind::kMaxLen : StreamTrim::Kind::kMinId;
  if (!by_length) return StreamIdArg(args, *i, false, 0, &trim->min_id, out);
  const auto length = IntArg(args, *i, out);
  if (!length.has_value()) return false;
  if (*length < 0) {
    out.Error("ERR The MAXLEN argument must be >= 0.");
    return false;
  }
  trim->max_length = static_cast<uint64_t>(*length);
  return true;
}

}  // namespace

bool ParseTrimOption(const Args& args, size_t* i, StreamTrimOptions* options, bool* taken,
                     resp::Writer& out) {
  *taken = true;
  const bool more = *i + 1 < args.size();
  if (more && (args.Is(*i, "maxlen") || args.Is(*i, "minid")))
    return ParseStreamThreshold(args, i, &options->trim, out);
  if (more && args.Is(*i, "limit")) {
    const auto limit = IntArg(args, ++*i, out);
    if (!limit.has_value()) return false;
    if (*limit < 0) {
      out.Error("ERR The LIMIT argument must be >= 0.");
      return false;
    }
    options->trim.limit = *limit;
    options->limit_given = true;
    return true;
  }
  if (const auto references = ReferencesWord(args, *i)) {
    if (options->references_given) {
      out.Error(kSyntaxError);
      return false;
    }
    options->trim.references = *references;
    options->references_given = true;
    return true;
  }
  *taken = false;
  return true;
}

bool FinishTrimOptions(StreamTrimOptions* options, bool obey, const CollectionSettings& settings,
                       resp::Writer& out) {
  constexpr int64_t kLimitNodes = 100;
  constexpr int64_t kLimitDefault = 10'000;
  constexpr int64_t kLimitMax = 1'000'000;
  StreamTrim& trim = options->trim;
  if (trim.limit != 0 && trim.kind == StreamTrim::Kind::kNone) {
    out.Error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    return false;
  }
  if (obey) {
    trim.limit = 0;
    return true;
  }
  if (options->limit_given) {
    if (trim.approximate) return true;
    out.Error("ERR syntax error, LIMIT cannot be used without the special ~ option");
    return false;
  }
  if (!trim.approximate) return true;
  const int64_t nodes = kLimitNodes * settings.stream_node_max_entries;
  trim.limit = nodes <= 0 ? kLimitDefault : std::min(nodes, kLimitMax);
  return true;
}

void AppendTrimRecord(const StreamTrimOptions& options, const Stream& stream,
                      std::vector<std::string>* texts) {
  const StreamTrim& trim = options.trim;
  const bool by_length = trim.kind == StreamTrim::Kind::kMaxLen || stream.length() == 0;
  texts->emplace_back(by_length ? "MAXLEN" : "MINID");
  texts->emplace_back("=");
  texts->push_back(by_length ? std::to_string(stream.length()) : stream.first_id().Text());
  if (options.references_given) texts->emplace_back(ReferencesName(trim.references));
}

}  // namespace pleiad
