// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the stream commands share: ids as arguments, entries as replies, trims, and the records of
// what a consumer group went through. Parsers write the error themselves and return false or
// nullopt. Threads: the handler's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command/command.h"
#include "command/value_cell.h"
#include "data/stream.h"

namespace pleiad {

inline constexpr std::string_view kInvalidStreamId =
    "ERR Invalid stream ID specified as stream command argument";

// "ms" or "ms-seq"; where the second is missing it is `missing_seq`. No error is written.
std::optional<StreamId> ParseStreamId(std::string_view text, uint64_t missing_seq);
// The same; with `ends`, "-" and "+" are the lowest and the highest id.
bool StreamIdArg(const Args& args, size_t i, bool ends, uint64_t missing_seq, StreamId* id,
                 resp::Writer& out);
// All of args[first, end).
bool StreamIdArgs(const Args& args, size_t first, size_t end, std::vector<StreamId>* ids,
                  resp::Writer& out);
// The two ends of a range, each included, "(" excluding it.
bool StreamStartArg(const Args& args, size_t i, StreamId* id, resp::Writer& out);
bool StreamEndArg(const Args& args, size_t i, StreamId* id, resp::Writer& out);
// COUNT and its like: negative means 0.
std::optional<int64_t> StreamCountArg(const Args& args, size_t i, resp::Writer& out);

// The stream of an entry; null for null. REQUIRES: the type was checked.
inline const Stream* StreamOf(const Entry* e) {
  return e == nullptr ? nullptr : static_cast<const Stream*>(e->object());
}
// The stream of a cell; null if there is none. REQUIRES: Open said true.
inline Stream* StreamOf(ValueCell* cell) {
  return cell->exists() ? static_cast<Stream*>(cell->object()) : nullptr;
}
// The same, made if there is none.
Stream* MakeStream(ValueCell* cell);

void WriteStreamId(resp::Writer& out, StreamId id);
// | id | names and values |
void WriteStreamEntry(resp::Writer& out, const StreamNode::Entry& entry);
// The entry of that id. False: it is not there, and nothing was written.
bool WriteStreamEntry(resp::Writer& out, const Stream& stream, StreamId id);

// "NOGROUP No such key 'k' or consumer group 'g'" with `suffix`.
void WriteNoGroup(resp::Writer& out, std::string_view key, std::string_view group,
                  std::string_view suffix = {});
// The consumer, made (with its event and record) if there is none; its seen time is now.
StreamConsumer* SeeConsumer(WriteContext& ctx, const Key& key, std::string_view group_name,
                            StreamGroup* group, std::string_view name);
// Records that `id` is pending as the group says now: XCLAIM with absolute time, or XACK's effect
// where the entry is gone.
void PropagatePending(WriteContext& ctx, const Key& key, std::string_view group_name,
                      const StreamGroup& group, StreamId id, const StreamPending& what);
// Records how far the group has read.
void PropagateGroupPosition(WriteContext& ctx, const Key& key, std::string_view group_name,
                            const StreamGroup& group);

// KEEPREF, DELREF or ACKED at args[i].
std::optional<StreamReferences> ReferencesWord(const Args& args, size_t i);
std::string_view ReferencesName(StreamReferences references);

// Options of XADD before the id and of XTRIM.
struct StreamTrimOptions {
  StreamTrim trim;
  bool limit_given = false;
  bool references_given = false;
};
// Takes the option at args[*i], if it is one, and moves *i to its last word. False: an error was
// written. *taken: it was one.
bool ParseTrimOption(const Args& args, size_t* i, StreamTrimOptions* options, bool* taken,
                     resp::Writer& out);
// What can be told when all options are known. `obey`: they come from a master and were checked
// there.
bool FinishTrimOptions(StreamTrimOptions* options, bool obey, const CollectionSettings& settings,
                       resp::Writer& out);
// Appends "MAXLEN = n" or "MINID = id", what the trim came to on this stream, and the word of its
// references. The strings go to `texts`, which must not move them later.
void AppendTrimRecord(const StreamTrimOptions& options, const Stream& stream,
                      std::vector<std::string>* texts);

}  // namespace pleiad
