// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Dispatcher: runs batches of commands of one connection on the reactor thread that read them.
//
// A batch is prepared in three passes (look up and hash; prefetch buckets; prefetch entries) and
// then run command by command: a pipelined client is bound by memory latency, and the passes let
// the loads of 32 commands overlap. Threads: one dispatcher per reactor thread; the thread is
// inside (Keyspace::Enter) while it calls Run.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/prng.h"
#include "command/command.h"

namespace pleiad {

// A parsed command waiting to run. `args` stay valid until Run returns.
struct PreparedCommand {
  std::vector<std::string_view> args;
  std::vector<HeapString*> owned;     // by argument number; empty if there are no large ones
  const CommandSpec* spec = nullptr;  // null: unknown
  std::vector<Key> keys;
  bool keys_ok = true;
};

// Bytes of a command as clients send it.
uint64_t RequestBytes(std::span<const std::string_view> args);

// Called for a command beyond one of Engine's slowlog_cycles, large_request_bytes and
// large_reply_bytes.
struct CommandCost {
  uint64_t cycles = 0;
  uint64_t request_bytes = 0;
  uint64_t reply_bytes = 0;
};
using SlowCommandHook =
    std::function<void(const ClientState& client, const Args& args, const CommandCost& cost)>;

// Per command figures of one thread.
struct CommandStats {
  static constexpr size_t kBuckets = 40;  // the last one takes what is beyond 2^39 cycles

  std::atomic<uint64_t> calls{0};
  std::atomic<uint64_t> cycles{0};
  std::atomic<uint64_t> rejected{0};
  std::atomic<uint64_t> failed{0};
  // Calls by duration: [k] counts those of 2^(k-1) to 2^k - 1 cycles. For LATENCY HISTOGRAM.
  std::array<std::atomic<uint64_t>, kBuckets> by_cycles{};
};

// Appends the positions of a command's keys. False: the arguments are wrong. REQUIRES: the arity is
// right.
bool KeyArgs(const CommandSpec& spec, const Args& args, std::vector<size_t>* positions);

// False, and the error written: no write may be made at this moment (a replica, a pause, a disk
// that fails).
bool CheckWritable(const Engine& engine, resp::Writer* out);

class Dispatcher {
 public:
  static constexpr size_t kBatch = 32;

  Dispatcher(Engine* engine, runtime::Server* server, int thread, uint64_t seed);

  // Slots of a batch to fill: fill(i).args, for i < kBatch.
  PreparedCommand& at(size_t i) { return batch_[i]; }
  // Runs the first `n` commands of the batch for `client`, appending replies to `out`. Stops early
  // when the client is to be closed. `now`s are the clocks of this loop. Returns how many ran.
  size_t Run(size_t n, ClientState* client, resp::OutBuffer* out, UnixMs now, MonoMs mono_now);
  // One command from anywhere (replication stream, tests).
  void RunOne(std::span<const std::string_view> args, ClientState* client, resp::OutBuffer* out,
              UnixMs now, MonoMs mono_now);

  // Runs the commands that waited for a move of those keys (MIGRATE) to end. REQUIRES: inside, no
  // slot lock held.
  void ServeHeld(int db, const std::vector<std::string>& keys, UnixMs now, MonoMs mono);
  // A pause is over: those are served whose keys became ready meanwhile.
  void ServeLeftOver(UnixMs now, MonoMs mono_now);

  // Called on this thread when `client` begins to wait: how its reply will get to it. Without it
  // (tests of the command layer) nothing waits.
  using DeliveryMaker = std::function<std::function<void(std::string)>(ClientState* client)>;
  void set_delivery(DeliveryMaker maker) { make_delivery_ = std::move(maker); }

  // Keyed commands get CLUSTERDOWN: our lease has run out (this process was stopped or cut off), so
  // others may own our slots by now.
  void set_fenced(bool fenced) { fenced_ = fenced; }
  bool fenced() const { return fenced_; }
  // This node was promoted a moment ago: who is sent here waits until its claim counts, instead of
  // hearing CLUSTERDOWN.
  void set_taking_over(bool taking_over) { taking_over_ = taking_over; }
  void set_slow_hook(SlowCommandHook hook) { slow_hook_ = std::move(hook); }
  // Where messages of subscribed clients go. Without it (tests of the command layer) only the
  // client that runs commands gets its own.
  void set_push_sink(PushSink* sink) { push_sink_ = sink; }
  // Hands out what the thread's mailbox holds. `running`, if not null, is the client whose command
  // has just ended: its messages go behind the reply, to `out`.
  void DeliverMail(ClientState* running, resp::OutBuffer* out);
  const std::vector<CommandStats>& command_stats() const { return command_stats_; }
  std::vector<CommandStats>& command_stats() { return command_stats_; }
  // "errorstat" counts by error code (ERR, WRONGTYPE, ...). Read in exclusive sections.
  const std::vector<std::pair<std::string, uint64_t>>& error_stats() const { return error_stats_; }
  void ResetStats();
  int thread() const { return thread_; }

 private:
  void Lookup(PreparedCommand* c);
  void PrefetchBatch(size_t n);
  void RunPrepared(PreparedCommand& c, ClientState* client, resp::Writer* out);
  bool RedirectToMaster(const CommandSpec& spec, const ClientState& client, resp::Writer* out);
  bool CheckState(const PreparedCommand& c, const ClientState& client, resp::Writer* out);
  bool CheckMemory(const CommandSpec& spec, const ClientState& client, resp::Writer* out);
  void RunNow(PreparedCommand& c, ClientState* client, resp::Writer* out);
  void RunServer(PreparedCommand& c, ClientState* client, resp::Writer* out);
  void RunKeyed(PreparedCommand& c, ClientState* client, resp::Writer* out);
  bool LockKeys(const PreparedCommand& c, LockSet* locks, resp::Writer* out);
  void RunLocked(PreparedCommand& c, ClientState* client, LockSet* locks, resp::Writer* out);
  bool HoldBack(bool writes, ClientState* client);
  bool AwaitTakeover(const PreparedCommand& c, ClientState* client);
  void NoteCost(const PreparedCommand& c, const ClientState& client, uint64_t cycles,
                uint64_t reply_bytes);
  void FeedMonitors(const CommandSpec& spec, std::span<const std::string_view> args,
                    const ClientState& client);
  bool CheckWritable(resp::Writer* out);
  bool HeldByMove(const PreparedCommand& c, ClientState* client, LockSet* locks);
  // Clients that wait (serve.cc).
  using ReadyKey = WaiterTable::ReadyKey;
  bool MayBlock(const ClientState& client) const;
  void Block(const PreparedCommand& c, ClientState* client, LockSet* locks,
             ReadContext::BlockSpec spec);
  void ServeReady();
  void ServeKey(const ReadyKey& ready);
  bool Serve(const std::shared_ptr<Waiter>& waiter, const Key& ready);
  std::optional<ValueType> TypeAt(const Key& key, int db);
  // Transactions (exec.cc).
  void RunInTransaction(PreparedCommand& c, ClientState* client, resp::Writer* out);
  bool MayQueue(const PreparedCommand& c, ClientState* client, resp::Writer* out);
  void Exec(ClientState* client, resp::Writer* out);
  bool CheckExec(std::vector<PreparedCommand>& commands, ClientState* client, LockSet* locks,
                 resp::Writer* out);
  bool CheckExecMemory(const CommandSpec& grows, ClientState* client, resp::Writer* out);
  bool WatchBroken(const ClientState& client, LockSet* locks);
  void RunQueued(std::vector<PreparedCommand>& commands, ClientState* client, LockSet* locks,
                 resp::Writer* out);
  // False: the reply was written, or (SlotState::kHeld) the client waits with `again`, or the
  // command as typed, and there is no reply yet.
  bool RouteLocked(const PreparedCommand& c, ClientState* client, LockSet* locks, resp::Writer* out,
                   std::vector<std::string> again = {});
  void Hold(const PreparedCommand& c, ClientState* client, LockSet* locks, resp::Writer* out,
            std::vector<std::string> again);
  size_t CountMissing(const PreparedCommand& c, const ClientState& client, LockSet* locks);
  void EndCommand(const PreparedCommand& c, ClientState* client, resp::OutBuffer* out);
  void Remember(const PreparedCommand& c, const ClientState& client, LockSet* locks);
  void DropReply(const PreparedCommand& c, ClientState* client, size_t before,
                 resp::OutBuffer* out);
  void CountError(const CommandSpec* spec, std::string_view reply);
  void ReplyUnknown(const PreparedCommand& c, resp::Writer* out);

  Engine* engine_;
  runtime::Server* server_;
  const int thread_;
  bool fenced_ = false;
  bool taking_over_ = false;
  ThreadStats* stats_;
  Prng prng_;
  UnixMs now_;
  MonoMs mono_now_;
  std::array<PreparedCommand, kBatch> batch_;
  std::vector<CommandStats> command_stats_;
  std::vector<std::pair<std::string, uint64_t>> error_stats_;
  std::vector<size_t> positions_;
  SlowCommandHook slow_hook_;
  PushSink* push_sink_ = nullptr;
  Journal::Group* group_ = nullptr;  // while an EXEC runs
  DeliveryMaker make_delivery_;
  std::deque<ReadyKey> ready_;  // keys that clients wait for, and that may have something now
  bool serving_ = false;        // the command that runs is a waiter's
  bool still_nothing_ = false;  // ... and it has to wait on
};

}  // namespace pleiad
