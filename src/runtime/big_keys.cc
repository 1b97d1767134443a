// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/big_keys.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "command/command.h"
#include "command/dispatch.h"
#include "data/hash.h"
#include "data/list.h"
#include "data/set.h"
#include "data/stream.h"
#include "data/zset.h"
#include "resp/request_writer.h"
#include "runtime/clock.h"
#include "runtime/command_base.h"
#include "snapshot/dump_payload.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kBigElements = 1000;
constexpr size_t kBigBytes = 256 * 1024;
constexpr size_t kPieceElements = 64;
constexpr size_t kPieceBytesMax = 32 * 1024;  // under one hold of the lock: some 50 us
constexpr size_t kRecordsAtOnce = 16 * 1024;  // so many are looked at with the lock held
constexpr int kBeginsMax = 3;

template <typename Names>
bool IsOneOf(std::string_view name, const Names& names) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// What the receiver may do to its part of a hash, set or sorted set: only named elements are
// concerned, and what it gets wrong about those that it lacks is put right by their turn.
constexpr std::string_view kByElement[] = {
    "HSET",     "HMSET", "HSETNX", "HDEL", "HINCRBY", "HINCRBYFLOAT", "HPEXPIREAT",
    "HPERSIST", "SADD",  "SREM",   "ZADD", "ZINCRBY", "ZREM"};
// The last piece tells it.
constexpr std::string_view kExpiryWords[] = {"PEXPIREAT", "EXPIREAT", "PEXPIRE", "EXPIRE",
                                             "PERSIST"};
// What is to come has it: entries in their turn, groups with the last piece.
constexpr std::string_view kStreamLater[] = {"XADD", "XTRIM", "XGROUP", "XCLAIM", "XACK", "XSETID"};

std::vector<std::string_view> KeysOf(std::span<const std::string_view> record) {
  std::vector<std::string_view> keys;
  const CommandTable& table = CommandTable::Get();
  const CommandSpec* spec = table.Find(record[0]);
  if (spec != nullptr && record.size() > 1 && table.HasSubcommands(*spec)) {
    const CommandSpec* sub = table.Subcommand(*spec, record[1]);
    if (sub != nullptr) spec = sub;
  }
  if (spec == nullptr) return keys;
  std::vector<size_t> places;
  if (!KeyArgs(*spec, Args(record), &places)) return keys;
  for (const size_t i : places) keys.push_back(record[i]);
  return keys;
}

}  // namespace

// Not compressed: this runs under the slot's lock, perhaps a writer's.
void AppendKey(const Entry& e, std::string* out) {
  const std::string expiry = std::to_string(e.has_expiry() ? e.expiry_ms() : 0);
  if (e.type() != ValueType::kString) {
    resp::AppendRequest(
        {"RESTORE", e.key(), expiry, DumpEntry(e, {.compress = false}), "REPLACE", "ABSTTL"}, out);
  } else if (e.has_expiry()) {
    resp::AppendRequest({"SET", e.key(), e.str(), "PXAT", expiry}, out);
  } else {
    resp::AppendRequest({"SET", e.key(), e.str()}, out);
  }
}

bool BigKeys::IsBig(const Entry& e) {
  if (!e.is_object()) return false;
  switch (e.type()) {
    case ValueType::kString:
      return false;
    case ValueType::kHash:
    case ValueType::kSet:
    case ValueType::kList:
      if (e.object()->MemoryUsage() > kBigBytes) return true;
      break;
    case ValueType::kZset:
    case ValueType::kStream:
      break;
  }
  switch (e.type()) {
    case ValueType::kHash:
      return HashView(e.value(), HashView::kHideNothing).size() > kBigElements;
    case ValueType::kSet:
      return SetView(e.value()).size() > kBigElements;
    case ValueType::kList:
      return ListReader(e.value()).size() > kBigElements;
    case ValueType::kZset:
      return ZsetView(e.value()).size() > kBigElements;
    case ValueType::kStream:
      return static_cast<const Stream*>(e.object())->length() > kBigElements;
    case ValueType::kString:
      break;
  }
  return false;
}

void BigKeys::Append(SlotId slot, std::string_view key, bool stale) {
  auto course = std::make_unique<Course>();
  course->slot = slot;
  course->key = key;
  course->stale = stale;
  unfinished_[course->key] = course.get();
  queue_.push_back(std::move(course));
}

BigKeys::Course* BigKeys::Find(std::string_view key) {
  const auto it = unfinished_.find(std::string(key));
  return it == unfinished_.end() ? nullptr : it->second;
}

void BigKeys::End(Course* course) {
  course->over = true;
  unfinished_.erase(course->key);
}

void BigKeys::Step(std::string* out) {
  Course* const course = queue_.front().get();
  // Most of the records without the lock; the rest, which it delays, are few.
  do {
    raw_.clear();
    tap_->Take(&raw_);
    Filter(raw_, out);
  } while (raw_.size() > kRecordsAtOnce);
  Keyspace& keyspace = engine_->keyspace;
  keyspace.Enter(thread_);
  {
    LockSet locks(&keyspace);
    locks.LockOne(course->slot);
    raw_.clear();
    tap_->Take(&raw_);
    Filter(raw_, out);
    if (!course->over) TakePiece(course, out);
  }
  keyspace.Leave(thread_);
  if (course->over) queue_.pop_front();
}

// ---- records

void BigKeys::Filter(std::string_view records, std::string* out) {
  while (!records.empty()) {
    size_t consumed = 0;
    const auto result = parser_.Next(
        records, {.bulk_size_max = int64_t{1} << 40, .args_max = int64_t{1} << 40}, &consumed);
    CHECK(result == resp::RequestParser::Result::kCommand);  // the journal's own
    Pass(parser_.args(), records.substr(0, consumed), out);
    records.remove_prefix(consumed);
  }
}

void BigKeys::Pass(Record record, std::string_view raw, std::string* out) {
  const std::vector<std::string_view> keys = KeysOf(record);
  const bool ours =
      std::any_of(keys.begin(), keys.end(), [&](std::string_view key) { return Find(key); });
  if (!ours) {
    out->append(raw);
    return;
  }
  const std::string name = ToUpper(record[0]);
  if (name == "DEL" || name == "UNLINK") {
    for (const std::string_view key : keys) Gone(key, out);
  } else if (keys.size() == 1) {
    PassOne(keys[0], record, raw, out);
  } else if (keys.size() != 2 || !PassPair(name, record, out)) {
    // Those that are only read lose their place for nothing; such records are rare.
    const bool first_is_written = name.ends_with("STORE") || name == "BITOP" || name == "PFMERGE";
    for (const std::string_view key : keys) {
      Anew(key);
      if (first_is_written) break;
    }
  }
}

// Commands about two keys that can be told as commands about one.
bool BigKeys::PassPair(std::string_view name, Record record, std::string* out) {
  if (name == "RENAME" || name == "RENAMENX") {
    Gone(record[1], out);
    Anew(record[2]);
  } else if (name == "COPY") {
    Anew(record[2]);
  } else if (name == "SMOVE") {
    const std::string_view removed[] = {"SREM", record[1], record[3]};
    const std::string_view added[] = {"SADD", record[2], record[3]};
    PassOne(record[1], removed, {}, out);
    PassOne(record[2], added, {}, out);
  } else if (name == "LMOVE" || name == "RPOPLPUSH") {
    const bool head = name == "LMOVE" && EqualsIgnoreCase(record[3], "LEFT");
    const std::string_view popped[] = {head ? "LPOP" : "RPOP", record[1]};
    if (record[1] != record[2]) PassOne(record[1], popped, {}, out);
    Anew(record[2]);
  } else {
    return false;
  }
  return true;
}

// `raw`: the record's bytes, if there are any.
void BigKeys::PassOne(std::string_view key, Record record, std::string_view raw, std::string* out) {
  const auto send = [&] {
    raw.empty() ? resp::AppendRequest(record, out) : static_cast<void>(out->append(raw));
  };
  Course* const course = Find(key);
  if (course == nullptr) return send();
  if (!course->begun) return;
  const std::string name = ToUpper(record[0]);
  if (IsOneOf(name, kExpiryWords)) return;
  if (IsOneOf(name, kByElement) || name == "XDEL") return send();
  if (IsOneOf(name, kStreamLater)) {
    course->trimmed = true;
    return;
  }
  if (!PassToList(course, name, record, out)) Anew(key);
}

bool BigKeys::PassToList(Course* course, std::string_view name, Record record, std::string* out) {
  using Verdict = migration::ListCourse::Verdict;
  if (course->list.length == 0) return false;  // it is no list
  std::vector<std::string> words;
  const Verdict verdict = course->list.Apply(name, record, &words);
  if (verdict == Verdict::kSend) resp::AppendRequest(words, out);
  return verdict != Verdict::kAnew;
}

void BigKeys::Gone(std::string_view key, std::string* out) {
  Course* const course = Find(key);
  if (course != nullptr && !course->begun) return;  // its turn finds nothing
  resp::AppendRequest({"DEL", key}, out);
  if (course != nullptr) End(course);
}

// The key gets a turn, from its beginning.
void BigKeys::Anew(std::string_view key) {
  Course* const course = Find(key);
  if (course == nullptr) return Append(engine_->keyspace.MakeKey(key).slot, key, true);
  course->stale = course->stale || course->begun;
  course->begun = false;
}

// ---- pieces

void BigKeys::TakePiece(Course* course, std::string* out) {
  Keyspace& keyspace = engine_->keyspace;
  const Key key = keyspace.MakeKey(course->key);
  const Entry* e = keyspace.RawSlot(course->slot).db0.table.Find(key.hash, key.bytes);
  const bool same = e != nullptr && e->is_object() && e->object() == course->object;
  if (course->begun && !same) Anew(course->key);
  if (course->stale) {
    resp::AppendRequest({"DEL", course->key}, out);
    course->stale = false;
  }
  if (e == nullptr) return End(course);
  if (!course->begun && !Begin(course, *e, out)) return End(course);
  if (!AppendPiece(course, *e, out)) return;
  if (e->has_expiry())
    resp::AppendRequest({"PEXPIREAT", course->key, std::to_string(e->expiry_ms())}, out);
  End(course);
}

// False: it went as a whole.
bool BigKeys::Begin(Course* course, const Entry& e, std::string* out) {
  if (!IsBig(e) || ++course->begins > kBeginsMax) {
    AppendKey(e, out);
    return false;
  }
  course->begun = true;
  course->object = e.object();
  course->cursor = 0;
  course->list = {};
  course->last = {};
  course->trimmed = false;
  if (e.type() == ValueType::kList)
    course->list.length = static_cast<int64_t>(ListReader(e.value()).size());
  return true;
}

// True: that was the last.
bool BigKeys::AppendPiece(Course* course, const Entry& e, std::string* out) {
  std::vector<std::string> args;
  size_t bytes = 0;
  switch (e.type()) {
    case ValueType::kHash:
      return HashPiece(course, e, out);
    case ValueType::kList:
      return ListPiece(course, e, out);
    case ValueType::kStream:
      return StreamPiece(course, e, out);
    case ValueType::kSet:
      args = {"SADD", course->key};
      do {
        course->cursor =
            SetView(e.value()).Scan(course->cursor, kPieceElements, [&](std::string_view member) {
              args.emplace_back(member);
              bytes += member.size();
            });
      } while (course->cursor != 0 && bytes < kPieceBytesMax);
      break;
    case ValueType::kZset:
      args = {"ZADD", course->key};
      do {
        course->cursor = ZsetView(e.value()).Scan(course->cursor, kPieceElements,
                                                  [&](std::string_view member, double score) {
                                                    args.push_back(ScoreText(score));
                                                    args.emplace_back(member);
                                                    bytes += member.size() + sizeof(score);
                                                  });
      } while (course->cursor != 0 && bytes < kPieceBytesMax);
      break;
    case ValueType::kString:
      return true;
  }
  if (args.size() > 2) resp::AppendRequest(args, out);
  return course->cursor == 0;
}

bool BigKeys::HashPiece(Course* course, const Entry& e, std::string* out) {
  std::vector<std::string> args = {"HSET", course->key};
  std::string expiries;
  size_t bytes = 0;
  const HashView view(e.value(), UnixNow().value);
  do {
    course->cursor = view.Scan(course->cursor, kPieceElements, [&](const FieldElement& field) {
      args.emplace_back(field.field);
      args.emplace_back(field.value);
      bytes += field.field.size() + field.value.size();
      if (field.expiry_ms == FieldElement::kNoExpiry) return;
      resp::AppendRequest(
          {"HPEXPIREAT", course->key, std::to_string(field.expiry_ms), "FIELDS", "1", field.field},
          &expiries);
    });
  } while (course->cursor != 0 && bytes < kPieceBytesMax);
  if (args.size() > 2) resp::AppendRequest(args, out);
  out->append(expiries);
  return course->cursor == 0;
}

bool BigKeys::ListPiece(Course* course, const Entry& e, std::string* out) {
  const ListReader list(e.value());
  migration::ListCourse& at = course->list;
  if (at.length != static_cast<int64_t>(list.size())) {
    // A record did to it what nobody here knows of.
    Anew(course->key);
    return false;
  }
  std::vector<std::string> args = {"RPUSH", course->key};
  size_t bytes = 0;
  ListCursor cursor = list.From(static_cast<size_t>(at.sent), ListEnd::kTail);
  std::string_view element;
  while (args.size() < kPieceElements && bytes < kPieceBytesMax && cursor.Next(&element)) {
    args.emplace_back(element);
    bytes += element.size();
    ++at.sent;
  }
  if (args.size() > 2) resp::AppendRequest(args, out);
  return at.sent == at.length;
}

bool BigKeys::StreamPiece(Course* course, const Entry& e, std::string* out) {
  const Stream& stream = *static_cast<const Stream*>(e.object());
  if (stream.length() == 0) {  // what it has left can't be said without an entry
    resp::AppendRequest({"DEL", course->key}, out);
    AppendKey(e, out);
    return true;
  }
  if (course->trimmed && !course->last.zero())
    resp::AppendRequest({"XTRIM", course->key, "MINID", "=", stream.first_id().Text()}, out);
  course->trimmed = false;
  StreamId from = course->last;
  if (!from.zero() && !from.Next(&from)) return true;
  size_t bytes = 0;
  size_t entries = 0;
  StreamIterator i(stream, from, StreamId::Max(), false);
  bool more = i.Next();
  for (; more && entries < kPieceElements && bytes < kPieceBytesMax; more = i.Next()) {
    std::vector<std::string> args = {"XADD", course->key, i.id().Text()};
    i.entry().ForEachField([&](std::string_view name, std::string_view value) {
      args.emplace_back(name);
      args.emplace_back(value);
      bytes += name.size() + value.size();
    });
    resp::AppendRequest(args, out);
    course->last = i.id();
    ++entries;
  }
  if (more) return false;
  if (!AppendStreamState(out, course->key, stream)) {
    resp::AppendRequest({"DEL", course->key}, out);
    AppendKey(e, out);
  }
  return true;
}

}  // namespace pleiad::runtime
