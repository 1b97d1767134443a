// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// SnapshotStream: the data set of one instant as a stream of RDB bytes, while commands go on. Full
// syncs and files are made of it.
//
//     SnapshotStream stream(&engine, thread);
//     stream.Cut([&] { offset = engine.journal.end(); });    // the instant
//     bool whole = stream.Write(facts, [&](std::string_view bytes) { return Send(bytes); });
//
// Write walks the slots and hands out pieces; `out` may block (the network), nothing is locked
// meanwhile. Writers that change what the walk has not reached leave the old image here first: that
// is the memory this costs beyond a piece, at worst the size of what was changed during the walk.
// Threads: Cut, Write and the destructor on one thread, outside the keyspace; Take on any.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "command/engine.h"
#include "snapshot/rdb_writer.h"

namespace pleiad::runtime {

class SnapshotStream : public SnapshotSink {
 public:
  // `thread`: the caller's number for Keyspace::Enter. The walk is inside while it walks a slot: a
  // cut in the midst of that would mark what was given to the old sinks as given to its own.
  struct Options {
    bool commands = false;  // for WriteCommands instead of Write
    bool checksum = true;   // false: the trailer says "not checked" (rdbchecksum no)
    bool compress =
        false;  // LZF for long strings (rdbcompression); done by Write, outside all locks
  };
  SnapshotStream(Engine* engine, int thread, Options options);
  ~SnapshotStream() override;

  // `at_cut` runs in the exclusive section: nothing changes between the snapshot's state and what
  // it reads.
  void Cut(const std::function<void()>& at_cut);
  // False: `out` returned false, and nothing more was handed out. REQUIRES: Cut, and called once.
  bool Write(const RdbFacts& facts, const std::function<bool(std::string_view)>& out);

  // The same as commands, each database behind its SELECT (aof-use-rdb-preamble no).
  bool WriteCommands(const std::function<bool(std::string_view)>& out);

  void Take(SlotId slot, int db, const Entry& entry) override;

 private:
  // Whole records of one database, and which of their strings wait for LZF.
  struct Piece {
    int db = 0;
    std::string records;
    std::vector<RdbPlainString> plain;
  };
  std::deque<Piece> TakePieces();
  bool Drain(RdbWriter* writer, std::string* written,
             const std::function<bool(std::string_view)>& out);
  bool DrainCommands(const std::function<bool(std::string_view)>& out);
  bool Walk(const std::function<bool()>& drain);
  void End();

  Engine* const engine_;
  const int thread_;
  const Options options_;
  bool cut_ = false;
  std::vector<FunctionLibraries::Library> functions_;  // of the cut
  std::mutex mutex_;                                   // leaf; guards the following
  std::vector<Piece> open_;                            // by database
  std::deque<Piece> full_;    // no string grows by copying what may be the whole data set
  size_t pending_bytes_ = 0;  // in both
};

}  // namespace pleiad::runtime
