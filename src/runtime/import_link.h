// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ImportLink: one slot migration to here: a connection that left its reactor, its thread, and an
// ImportSession. Records are run like a master's stream: they pass every check, nothing expires,
// and their bytes go into our journal as they are, in the same stay in the keyspace as their
// effect, so that our replicas and the AOF get what came.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "command/dispatch.h"
#include "migration/import_session.h"
#include "resp/request_parser.h"
#include "runtime/migration_driver.h"

namespace pleiad::runtime {

class ImportLink {
 public:
  // Takes over `fd`. `unparsed`: bytes read behind ESTABLISH.
  ImportLink(MigrationDriver* driver, std::shared_ptr<MigrationRecord> record, migration::Job job,
             int fd, std::string unparsed);
  // Ends the import and waits for the thread.
  ~ImportLink();
  ImportLink(const ImportLink&) = delete;
  ImportLink& operator=(const ImportLink&) = delete;

  bool done() const { return done_.load(std::memory_order_acquire); }

 private:
  bool alive() const { return session_.state() != migration::ImportSession::State::kDone; }
  void Run();
  void Step(migration::ImportInput::Kind kind, std::string text = {}, Epoch epoch = Epoch(0));
  void Obey(const migration::ImportEffect& effect);
  bool HideSlots(std::string* why);
  void DropSlots();
  void Claim(Epoch epoch, MonoMs deadline);
  void AwaitVoters();
  void LookWhetherReplicasReady();
  std::string WhyBroken();
  void WaitIo(int timeout_ms);
  void Receive();
  void Parse();
  void OnControl(const std::vector<std::string_view>& args);
  void AddRecord(const std::vector<std::string_view>& args, std::string_view raw);
  void RunRecords();
  Epoch NextEpoch();
  void SendLine(std::string_view text);

  MigrationDriver* const driver_;
  Engine* const engine_;
  const std::shared_ptr<MigrationRecord> record_;
  const migration::Job job_;
  migration::ImportSession session_;
  Dispatcher dispatcher_;
  std::atomic<bool> done_{false};
  std::atomic<bool> stop_{false};

  // The thread's own.
  const int fd_;
  std::string in_;
  resp::RequestParser parser_;
  struct Next {
    migration::ImportInput input;
    std::string text;
  };
  std::deque<Next> next_;
  bool stepping_ = false;
  ClientState client_;
  resp::OutBuffer replies_;
  size_t batch_ = 0;
  std::string_view batch_raw_;
  int64_t applied_ = 0;
  int64_t told_ = 0;
  std::string failure_;
  uint64_t whole_changes_ = 0;
  uint64_t table_seen_ = 0;
  bool waits_for_replicas_ = false;
  Offset settle_at_{0};
  int64_t granted_at_us_ = 0;
  MonoMs asked_;
  bool closed_ = false;
  std::thread thread_;  // last: it uses what is above
};

}  // namespace pleiad::runtime
