// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ReplicaLink: one replica of ours: its socket, its PrimarySession and the thread that serves both.
// See primary_driver.h.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "journal/journal.h"
#include "resp/request_parser.h"
#include "runtime/primary_driver.h"
#include "snapshot/rdb_writer.h"

namespace pleiad::runtime {

class ReplicaLink {
 public:
  ReplicaLink(PrimaryDriver* driver, int fd, std::string address, std::vector<std::string> args,
              std::string unparsed, std::unique_ptr<PrimarySession> session);
  // Waits for the thread.
  ~ReplicaLink();

  // Any thread.
  void Start();
  void RequestStop();
  bool done() const { return done_.load(std::memory_order_acquire); }
  ReplicaView View(MonoMs now) const;
  bool is_replica() const;
  bool online() const;
  Offset ack_offset() const;
  Offset disk_offset() const;
  MonoMs ack_at() const;
  int wake_fd() const { return wake_fd_; }
  const std::string& address() const { return address_; }

 private:
  void Run();
  void Step(PrimaryInput input);
  void Obey(const PrimaryEffect& effect);
  void StepPsync();
  void FullSync();
  int WaitForSyncPlace();
  bool SendStreamed(class SnapshotStream* stream, const RdbFacts& facts, Offset offset,
                    const ReplicationIds& ids);
  bool SendSized(class SnapshotStream* stream, const RdbFacts& facts, Offset offset,
                 const ReplicationIds& ids);
  bool Queue(std::string_view bytes);
  void Pump();
  bool alive() const { return !broken_ && !stop_.load(std::memory_order_relaxed); }
  void WaitIo(int timeout_ms);
  void Receive();
  void OnCommand(const std::vector<std::string_view>& args);
  void Flush();
  void Tick();
  void CheckLag(MonoMs now);
  void Break(std::string_view why);

  PrimaryDriver* const driver_;
  const int fd_;
  const int wake_fd_;
  const std::string address_;
  const std::vector<std::string> args_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> done_{false};

  mutable std::mutex mutex_;  // guards session_: stepped by the thread, read by INFO
  std::unique_ptr<PrimarySession> session_;

  // The thread's own.
  std::string in_;
  resp::RequestParser parser_;
  std::string out_;
  size_t out_sent_ = 0;
  std::unique_ptr<Journal::Reader> reader_;
  MonoMs ticked_;
  MonoMs over_soft_since_;
  bool order_snapshot_ = false;
  bool order_streamed_ = false;
  bool send_snapshot_ = false;
  bool close_when_sent_ = false;
  bool broken_ = false;
};

}  // namespace pleiad::runtime
