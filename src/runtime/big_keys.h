// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// BigKeys: keys too large for one record, on their way out with a slot migration. They are no part
// of its snapshot. Each is sent as it is now, some elements under each hold of its slot's lock,
// between the records of the slots in the order of their effects.
//
// Step takes the records up to a moment, sends those that make sense at the receiver, and behind
// them a piece of the first key, of the same moment. What makes sense:
//
//     key of the record     what becomes of the record
//     none of ours          it goes, as it is
//     its turn is to come   nothing: its turn brings what it is then
//     under way             by type. It goes where the receiver's part is enough for it and a later
//                           piece puts right what it does to the rest (SADD, HINCRBY); or nothing,
//                           where only what is still to come is concerned (RPUSH, XADD). Anything
//                           else (LINSERT, ZPOPMAX, a RENAME to it): the receiver forgets the key
//                           and its turn comes again, the third time in one piece
//     several               none of them may read half a key: what it writes gets a turn of its own
//
// Threads: the export thread. The walk of hashes, sets and sorted sets is the one of HSCAN: what is
// there all the time is given at least once.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "command/engine.h"
#include "data/stream_id.h"
#include "journal/journal.h"
#include "migration/list_course.h"
#include "resp/request_parser.h"

namespace pleiad {
class Stream;
}

namespace pleiad::runtime {

// The commands that make this key: SET or RESTORE, with its expiry.
void AppendKey(const Entry& e, std::string* out);

class BigKeys {
 public:
  static bool IsBig(const Entry& e);

  // `thread`: for Keyspace::Enter. REQUIRES: nothing was taken from the tap yet.
  BigKeys(Engine* engine, Journal::Tap* tap, int thread)
      : engine_(engine), tap_(tap), thread_(thread) {}

  void Add(SlotId slot, std::string_view key) { Append(slot, key, false); }
  bool done() const { return queue_.empty(); }
  // The next records and the next piece. REQUIRES: !done(). Cost: holds a lock for some 50 us.
  void Step(std::string* out);

 private:
  struct Course {
    SlotId slot;
    std::string key;
    bool stale = false;  // the receiver may have something of this name, which must go first
    bool begun = false;  // it has a part
    bool over = false;
    int begins = 0;
    const Object* object = nullptr;
    uint64_t cursor = 0;  // hash, set, sorted set
    migration::ListCourse list;
    StreamId last;         // the last entry that was sent
    bool trimmed = false;  // entries went at its head
  };
  using Record = std::span<const std::string_view>;

  void Append(SlotId slot, std::string_view key, bool stale);
  void Filter(std::string_view records, std::string* out);
  void Pass(Record record, std::string_view raw, std::string* out);
  bool PassPair(std::string_view name, Record record, std::string* out);
  void PassOne(std::string_view key, Record record, std::string_view raw, std::string* out);
  bool PassToList(Course* course, std::string_view name, Record record, std::string* out);
  void Gone(std::string_view key, std::string* out);
  void Anew(std::string_view key);
  void End(Course* course);
  Course* Find(std::string_view key);

  void TakePiece(Course* course, std::string* out);
  bool Begin(Course* course, const Entry& e, std::string* out);
  bool AppendPiece(Course* course, const Entry& e, std::string* out);
  bool HashPiece(Course* course, const Entry& e, std::string* out);
  bool ListPiece(Course* course, const Entry& e, std::string* out);
  bool StreamPiece(Course* course, const Entry& e, std::string* out);

  Engine* const engine_;
  Journal::Tap* const tap_;
  const int thread_;
  std::deque<std::unique_ptr<Course>> queue_;            // the first is under way
  std::unordered_map<std::string, Course*> unfinished_;  // by key
  resp::RequestParser parser_;
  std::string raw_;
};

}  // namespace pleiad::runtime
