// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reactor: one thread with an epoll loop and its connections. It runs their commands to completion
// itself. Between waits it is inside the keyspace (Keyspace::Enter), so whoever holds an exclusive
// section may look at its connections. Wakes ten times a second for its share of expiry and
// time-outs; otherwise only for work.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "command/dispatch.h"
#include "runtime/connection.h"
#include "server/config/settings.h"

namespace pleiad::runtime {

class Server;

class Reactor : private PushSink {
 public:
  Reactor(Server* server, int index, uint64_t seed);
  ~Reactor() override;

  void Start();
  // Ends the loop after its current round and joins. Connections are closed.
  void Stop();

  // Runs `task` on this reactor's thread, soon. Any thread.
  void Post(std::function<void()> task);
  // Takes over an accepted socket. Any thread.
  void Adopt(uint64_t id, int fd, std::string address);
  // This reactor accepts for all: call before Start.
  void AddListener(int fd, bool unix_socket);

  // The reply of a client that waited. Own thread (Post it); nothing happens if it has gone.
  void Resume(uint64_t client_id, std::string_view reply);
  // CLIENT UNBLOCK: answers it with `reply`, or with what a deadline gives if that is empty. False:
  // it does not wait. Own thread or an exclusive section.
  bool Unblock(Connection* c, std::string_view reply);

  // How a reply gets to a client of this reactor that waits. Any thread may call what it gives.
  std::function<void(std::string)> DeliveryTo(uint64_t client_id);
  // A pause is over: those whom it held back go on, in the order in which they came. Own thread.
  void ResumePaused();

  // MONITOR: this connection sees every command from now on, or (false) no longer. Own thread.
  void SetMonitor(Connection* c, bool on);
  // A line for all of this reactor's monitors. Own thread.
  void SendToMonitors(std::string_view line);
  bool has_monitors() const { return monitor_count_.load(std::memory_order_relaxed) != 0; }

  // What is on disk moved on: replies that waited for it go out. Own thread (Post it).
  void ReleaseGated();

  int index() const { return index_; }
  Dispatcher& dispatcher() { return dispatcher_; }
  // The connections. Own thread, or an exclusive section.
  const std::vector<Connection*>& connections() const { return connections_; }

 private:
  struct Listener {
    int fd;
    bool unix_socket;
  };
  void Loop();
  void Round(const epoll_event* events, int n);
  void Accept(const Listener& listener);
  void AddConnection(uint64_t id, int fd, const std::string& address);
  void OnReadable(Connection* c, bool hang_up);
  void Rearm(Connection* c);
  bool ReadLarge(Connection* c);
  void Process(Connection* c, std::string_view data);
  bool ParseOne(Connection* c, std::string_view* data, size_t* batched, bool* stop);
  void BeginLarge(Connection* c, std::string_view* data, size_t consumed);
  void RunBatch(Connection* c, size_t n);
  void Flush(Connection* c);
  void FlushRound();
  void Send(Connection* c, std::string_view bytes);
  void Settle(Connection* c);
  bool SendPending(Connection* c);
  bool Gated(Connection* c);
  bool PutOff(Connection* c, bool* stop);
  void BeginWait(Connection* c, size_t ran, size_t batched);
  void EndWait(Connection* c);
  void ReadWhileWaiting(Connection* c, bool hang_up);
  void ExpireWaits();
  void ResumeHeldBack(Connection* c);
  int64_t WaitMs() const;
  bool OverOutputLimit(Connection* c);
  void Close(Connection* c, std::string_view why);
  // Messages for subscribed clients (reactor_mail.cc).
  void WakeForMail();
  void BeginPushes() override;
  void Push(ClientState* client, std::string_view bytes) override;
  void EndPushes() override;
  void HandOver(Connection* c);
  void KeepUnparsed(Connection* c, std::string_view data);
  void UpdateInterest(Connection* c);
  void Cron();
  void CloseIdle();
  void RunTasks();
  void RefreshSettings();

  Server* server_;
  const int index_;
  int epoll_fd_;
  int wake_fd_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_{};
  Dispatcher dispatcher_;
  Prng prng_;
  std::shared_ptr<const Settings> settings_;
  uint64_t settings_version_ = 0;
  resp::RequestLimits limits_;

  UnixMs now_;
  MonoMs mono_now_;
  MonoMs next_cron_;
  int cron_count_ = 0;
  int expire_cursor_;

  std::vector<char> read_buffer_;
  struct Unsent {
    Connection* connection;
    size_t begin;
    size_t size;
  };
  resp::OutBuffer out_;                                // replies of this round
  size_t out_begin_ = 0;                               // where those of the running batch begin
  std::vector<Unsent> unsent_;                         // which part of out_ is whose
  Connection* running_ = nullptr;                      // whose batch runs
  std::vector<Connection*> pushed_;                    // who got messages and was not flushed yet
  std::vector<Connection*> gated_;                     // whose replies wait for the disk
  std::unordered_map<uint64_t, Connection*> waiting_;  // connections with a waiter, by client id
  std::set<std::pair<int64_t, uint64_t>> deadlines_;   // of those, by time
  std::vector<uint64_t> paused_;  // clients that a pause holds back, as they came
  std::vector<Connection*> monitors_;
  std::atomic<size_t> monitor_count_{0};
  std::vector<Listener> listeners_;
  std::vector<Connection*> connections_;

  std::mutex mutex_;  // guards tasks_
  std::vector<std::function<void()>> tasks_;
};

}  // namespace pleiad::runtime
