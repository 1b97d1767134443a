// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ExportLink: one slot migration away from here: the connection to the target, the snapshot of the
// slots, the tap on the journal, and an ExportSession that says what to do. Runs on the export
// thread from beginning to end; the export thread holds nothing while it waits.
//
// What it sends are the effects of the journal and, for the keys of the snapshot, commands that
// make them: SET for strings, RESTORE for the rest.
// Large collections are sent in pieces behind the snapshot: runtime/big_keys.h.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/journal.h"
#include "migration/export_session.h"
#include "runtime/migration_driver.h"

namespace pleiad::runtime {

class ExportLink {
 public:
  ExportLink(MigrationDriver* driver, std::shared_ptr<MigrationRecord> record, int wake_fd);
  ~ExportLink();
  ExportLink(const ExportLink&) = delete;
  ExportLink& operator=(const ExportLink&) = delete;

  // To the end of the job.
  void Run();

 private:
  class Snapshot;
  bool alive() const { return session_.state() != migration::ExportSession::State::kDone; }
  void Step(migration::ExportInput::Kind kind, std::string text = {});
  void Obey(const migration::ExportEffect& effect);
  void Connect();
  void FinishConnect();
  void Close();
  void Tick();
  void Breathe();
  bool AwaitRoom();
  void SendSnapshot();
  void SendBigKeys(Snapshot* snapshot);
  void Count(size_t out_before);
  void Hold(Epoch epoch);
  void Outbid(Epoch outbid);
  void LookWhetherDrained();
  void Release(Epoch outbid);
  void LookAtWorld();
  bool AllMoved();
  std::string WhyBroken();
  void Pump();
  void WaitIo(int timeout_ms);
  void Receive();
  void Flush();

  MigrationDriver* const driver_;
  Engine* const engine_;
  const std::shared_ptr<MigrationRecord> record_;
  const migration::SlotBits slots_;
  const int wake_fd_;
  migration::ExportSession session_;
  // What the session's effects cause comes after them.
  std::deque<std::pair<migration::ExportInput, std::string>> next_;
  bool stepping_ = false;

  int fd_ = -1;
  bool connecting_ = false;
  std::string in_;
  std::string out_;
  size_t out_sent_ = 0;
  int64_t records_sent_ = 0;
  std::unique_ptr<Journal::Tap> tap_;
  uint64_t whole_changes_ = 0;
  uint64_t table_seen_ = 0;
  bool send_snapshot_ = false;
  bool moved_late_ = false;
  bool draining_ = false;
  Offset drained_at_{0};
  int64_t resumed_at_us_ = 0;
  int64_t held_at_us_ = 0;  // when the hold began; 0: nobody was held
  int64_t granted_at_us_ = 0;
};

}  // namespace pleiad::runtime
