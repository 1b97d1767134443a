// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/dispatch.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/cycles.h"
#include "base/memory.h"
#include "base/text.h"

namespace pleiad {
namespace {

constexpr size_t kErrorStatsMax = 128;
constexpr int64_t kTakeoverLookMs = 2;
constexpr uint64_t kArgHeadMax = 32;  // what an argument takes beside its bytes, rounded up
// May end in the journal, or in other nodes' hands: what a pause of writes holds back.
bool Replicates(const CommandSpec& spec) {
  return (spec.flags & kCmdWrite) || spec.name == "pfcount" || spec.name == "publish" ||
         spec.name == "spublish";
}

uint64_t Digits(uint64_t n) {
  uint64_t digits = 1;
  for (; n >= 10; n /= 10) ++digits;
  return digits;
}

// What a RESP2 client may say while it is subscribed: everything else would have a reply that it
// can't tell from a message.
bool WhileSubscribed(const CommandSpec& spec) {
  return (spec.flags & kCmdPushReply) || spec.name == "ping" || spec.name == "quit" ||
         spec.name == "reset";
}

// Whoever asks a node that has nothing to give at the moment for a key of another node's is told
// where that is, instead of why this one can't serve: a master that gave its last slot away becomes
// a replica and loads, while clients still come to it.
bool SentElsewhere(Engine* engine, const PreparedCommand& c, const ClientState& client,
                   resp::Writer* out) {
  if (engine->router == nullptr || c.keys.empty()) return false;
  LockSet locks(&engine->keyspace);
  locks.LockOne(c.keys[0].slot);
  RouteQuery query;
  query.slot = c.keys[0].slot;
  query.state = locks.slot(query.slot).state;
  if (query.state != SlotState::kNotMine) return false;
  query.write = (c.spec->flags & kCmdWrite) != 0;
  query.readonly_client = client.readonly;
  query.keys = c.keys.size();
  return !engine->router->Route(query, out);
}

}  // namespace

uint64_t RequestBytes(std::span<const std::string_view> args) {
  uint64_t bytes = 3 + Digits(args.size());  // *N, $N, each with CR LF
  for (const std::string_view arg : args) bytes += 5 + Digits(arg.size()) + arg.size();
  return bytes;
}

bool KeyArgs(const CommandSpec& spec, const Args& args, std::vector<size_t>* positions) {
  if (spec.get_keys != nullptr) return spec.get_keys(args, positions);
  if (spec.keys.first == 0) return true;
  const int count = static_cast<int>(args.size());
  const int last = spec.keys.last < 0 ? count + spec.keys.last : spec.keys.last;
  for (int i = spec.keys.first; i <= last && i < count; i += spec.keys.step) {
    positions->push_back(static_cast<size_t>(i));
  }
  return true;
}

Dispatcher::Dispatcher(Engine* engine, runtime::Server* server, int thread, uint64_t seed)
    : engine_(engine),
      server_(server),
      thread_(thread),
      stats_(&engine->stats[static_cast<size_t>(thread)]),
      prng_(seed),
      command_stats_(CommandTable::Get().all().size()) {}

void Dispatcher::ResetStats() {
  for (CommandStats& s : command_stats_) {
    s.calls = 0;
    s.cycles = 0;
    s.rejected = 0;
    s.failed = 0;
    for (auto& count : s.by_cycles) count = 0;
  }
  error_stats_.clear();
}

void Dispatcher::Lookup(PreparedCommand* c) {
  c->keys.clear();
  c->keys_ok = true;
  const CommandTable& table = CommandTable::Get();
  c->spec = table.Find(c->args[0]);
  if (c->spec == nullptr) return;
  if (c->spec->name.find('|') != std::string_view::npos) {
    c->spec = nullptr;  // "CONFIG|GET" is our name for it, not a command
    return;
  }
  if (table.HasSubcommands(*c->spec) && c->args.size() > 1) {
    const CommandSpec* sub = table.Subcommand(*c->spec, c->args[1]);
    if (sub != nullptr) c->spec = sub;
  }
  const CommandSpec& spec = *c->spec;
  const int count = static_cast<int>(c->args.size());
  if (spec.arity > 0 ? count != spec.arity : count < -spec.arity) return;
  if (spec.keys.first == 1 && spec.keys.last == 1 && spec.get_keys == nullptr) [[likely]] {
    c->keys.push_back(engine_->keyspace.MakeKey(c->args[1]));
  } else if (spec.keys.first != 0 || spec.get_keys != nullptr) {
    positions_.clear();
    c->keys_ok = KeyArgs(spec, Args(c->args), &positions_);
    for (const size_t i : positions_) c->keys.push_back(engine_->keyspace.MakeKey(c->args[i]));
  }
  for (const Key& key : c->keys) __builtin_prefetch(&engine_->keyspace.RawSlot(key.slot), 1);
}

// The passes of a batch after the first, which is in Lookup (slots): buckets, then entries, then
// values that lie outside of their entries. They read without locks; see the hints in slot/table.h.
void Dispatcher::PrefetchBatch(size_t n) {
#ifdef PLEIAD_JEMALLOC
  for (size_t i = 0; i < n; ++i) {
    for (const Key& key : batch_[i].keys)
      engine_->keyspace.RawSlot(key.slot).db0.table.PrefetchBucket(key.hash);
  }
  for (size_t i = 0; i < n; ++i) {
    for (const Key& key : batch_[i].keys)
      engine_->keyspace.RawSlot(key.slot).db0.table.PrefetchEntry(key.hash);
  }
  for (size_t i = 0; i < n; ++i) {
    for (const Key& key : batch_[i].keys)
      engine_->keyspace.RawSlot(key.slot).db0.table.PrefetchValue(key.hash);
  }
#else
  (void)n;
#endif
}

size_t Dispatcher::Run(size_t n, ClientState* client, resp::OutBuffer* out, UnixMs now,
                       MonoMs mono_now) {
  now_ = now;
  mono_now_ = mono_now;
  for (size_t i = 0; i < n; ++i) Lookup(&batch_[i]);
  if (n > 1 && client->db == 0) PrefetchBatch(n);
  resp::Writer writer(out, client->protocol);
  size_t done = 0;
  uint64_t start = CycleCount();
  while (done < n && !client->close_after_reply && client->waiter == nullptr) {
    PreparedCommand& c = batch_[done++];
    const size_t before = out->size();
    RunPrepared(c, client, &writer);
    if (client->waiter != nullptr && Postponed(*client)) [[unlikely]] {
      --done;  // it is still to come
      break;
    }
    const uint64_t end = CycleCount();
    if (c.spec != nullptr) {
      CommandStats& stats = command_stats_[static_cast<size_t>(c.spec->index)];
      ThreadStats::Add(&stats.calls, 1);
      ThreadStats::Add(&stats.cycles, end - start);
      const auto bucket = static_cast<size_t>(std::bit_width(end - start));
      ThreadStats::Add(&stats.by_cycles[std::min(bucket, CommandStats::kBuckets - 1)], 1);
      NoteCost(c, *client, end - start, out->size() - before);
    }
    if (out->size() > before && out->data()[before] == '-')
      CountError(c.spec, out->view().substr(before));
    if (client->reply_mode != ClientState::ReplyMode::kOn) [[unlikely]]
      DropReply(c, client, before, out);
    if (client->subscriber != nullptr) [[unlikely]]
      EndCommand(c, client, out);
    start = end;
  }
  engine_->tracking.SendBroadcasts(client->id);
  client->total_commands += done;
  ThreadStats::Add(&stats_->commands, done);
  return done;
}

// CLIENT REPLY OFF and SKIP: the command ran, its reply is dropped.
void Dispatcher::DropReply(const PreparedCommand& c, ClientState* client, size_t before,
                           resp::OutBuffer* out) {
  const ClientState::ReplyMode mode = client->reply_mode;
  if (mode == ClientState::ReplyMode::kSkipNext) {
    client->reply_mode = ClientState::ReplyMode::kSkip;
    return;
  }
  if (mode == ClientState::ReplyMode::kSkip) client->reply_mode = ClientState::ReplyMode::kOn;
  if (c.spec == nullptr || !(c.spec->flags & kCmdPushReply)) out->Truncate(before);
}

// Of a client that tracks or is subscribed. CLIENT CACHING is for the command, or the transaction,
// that comes next.
void Dispatcher::EndCommand(const PreparedCommand& c, ClientState* client, resp::OutBuffer* out) {
  TrackingState* const tracking = client->subscriber->tracking.get();
  if (tracking != nullptr && tracking->caching && client->transaction == nullptr &&
      (c.spec == nullptr || !c.spec->name.starts_with("client|")))
    tracking->caching = false;
  DeliverMail(client, out);
}

// The client has read the command's keys, and wants to hear when they change. REQUIRES: their
// slots' locks.
void Dispatcher::Remember(const PreparedCommand& c, const ClientState& client, LockSet* locks) {
  const TrackingState& state = *client.subscriber->tracking;
  if ((state.opt_in && !state.caching) || (state.opt_out && state.caching)) return;
  for (const Key& key : c.keys) {
    locks->slot(key.slot).watched |= Slot::kWatched;
    engine_->tracking.Remember(key.slot, key.bytes, state);
  }
}

void Dispatcher::DeliverMail(ClientState* running, resp::OutBuffer* out) {
  class Split : public PushSink {
   public:
    Split(PushSink* others, ClientState* running, resp::OutBuffer* out)
        : others_(others), running_(running), out_(out) {}
    void BeginPushes() override {
      if (others_ != nullptr) others_->BeginPushes();
    }
    void Push(ClientState* client, std::string_view bytes) override {
      if (client == running_) {
        out_->Append(bytes);
      } else if (others_ != nullptr) {
        others_->Push(client, bytes);
      }
    }
    void EndPushes() override {
      if (others_ != nullptr) others_->EndPushes();
    }

   private:
    PushSink* others_;
    ClientState* running_;
    resp::OutBuffer* out_;
  };
  Desk& desk = engine_->pubsub.desk(thread_);
  if (!desk.mailbox().any()) return;
  Split sink(push_sink_, running, out);
  desk.Deliver(&sink);
}

// The commands log, and what a slot's commands cost.
void Dispatcher::NoteCost(const PreparedCommand& c, const ClientState& client, uint64_t cycles,
                          uint64_t reply_bytes) {
  uint64_t data_bytes = 0;
  for (const std::string_view arg : c.args) data_bytes += arg.size();
  const auto over = [](uint64_t value, const std::atomic<uint64_t>& limit) {
    return value > limit.load(std::memory_order_relaxed);
  };
  data_bytes += c.args.size() * kArgHeadMax;
  const bool slow = over(cycles, engine_->slowlog_cycles) ||
                    over(reply_bytes, engine_->large_reply_bytes) ||
                    over(data_bytes, engine_->large_request_bytes);
  if (slow && slow_hook_) [[unlikely]]
    slow_hook_(client, Args(c.args), {cycles, RequestBytes(c.args), reply_bytes});
  if (!c.keys.empty() && engine_->slot_stats.enabled()) [[unlikely]]
    engine_->slot_stats.Add(c.keys[0].slot, cycles, RequestBytes(c.args), reply_bytes);
}

void Dispatcher::FeedMonitors(const CommandSpec& spec, std::span<const std::string_view> args,
                              const ClientState& client) {
  if (engine_->monitors.load(std::memory_order_relaxed) == 0) [[likely]]
    return;
  if (spec.flags & (kCmdSkipMonitor | kCmdAdmin)) return;
  if (engine_->on_monitored) engine_->on_monitored(client, args);
}

void Dispatcher::RunOne(std::span<const std::string_view> args, ClientState* client,
                        resp::OutBuffer* out, UnixMs now, MonoMs mono_now) {
  batch_[0].args.assign(args.begin(), args.end());
  batch_[0].owned.clear();
  Run(1, client, out, now, mono_now);
}

void Dispatcher::CountError(const CommandSpec* spec, std::string_view reply) {
  ThreadStats::Add(&stats_->errors, 1);
  if (spec != nullptr)
    ThreadStats::Add(&command_stats_[static_cast<size_t>(spec->index)].failed, 1);
  const std::string_view code = reply.substr(1, reply.find_first_of(" \r") - 1);
  for (auto& [name, count] : error_stats_) {
    if (name == code) {
      ++count;
      return;
    }
  }
  if (error_stats_.size() < kErrorStatsMax) error_stats_.emplace_back(std::string(code), 1);
}

void Dispatcher::ReplyUnknown(const PreparedCommand& c, resp::Writer* out) {
  std::string text =
      fmt::format("ERR unknown command '{}', with args beginning with: ", c.args[0].substr(0, 128));
  for (size_t i = 1; i < c.args.size() && text.size() < 256; ++i) {
    text += fmt::format("'{}' ", c.args[i].substr(0, 128));
  }
  out->Error(text);
}

// Without cluster mode, for clients that said they can follow: what a replica would refuse, or
// answer with what may be old, is for its master.
bool Dispatcher::RedirectToMaster(const CommandSpec& spec, const ClientState& client,
                                  resp::Writer* out) {
  if (engine_->cluster.load(std::memory_order_relaxed) || !engine_->master_address ||
      !engine_->replica.load(std::memory_order_relaxed))
    return false;
  if (!(spec.flags & kCmdWrite) && (client.readonly || !(spec.flags & kCmdReadonly))) return false;
  out->Error("REDIRECT " + engine_->master_address());
  return true;
}

bool Dispatcher::CheckState(const PreparedCommand& c, const ClientState& client,
                            resp::Writer* out) {
  const CommandSpec& spec = *c.spec;
  if (client.from_master) return true;
  if (!client.authenticated && !(spec.flags & kCmdNoAuth) &&
      engine_->require_auth.load(std::memory_order_relaxed)) {
    out->Error("NOAUTH Authentication required.");
    return false;
  }
  if (client.subscribed && client.protocol == 2 && group_ == nullptr && !WhileSubscribed(spec))
      [[unlikely]] {
    out->Error(fmt::format(
        "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
        "allowed in this context",
        spec.name));
    return false;
  }
  if (client.redirectable && RedirectToMaster(spec, client, out)) [[unlikely]]
    return false;
  if (engine_->loading.load(std::memory_order_relaxed) && !(spec.flags & kCmdLoading)) {
    if (SentElsewhere(engine_, c, client, out)) return false;
    out->Error("LOADING Redis is loading the dataset in memory");
    return false;
  }
  if (engine_->master_link_down.load(std::memory_order_relaxed) && !(spec.flags & kCmdStale)) {
    if (SentElsewhere(engine_, c, client, out)) return false;
    out->Error("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.");
    return false;
  }
  return CheckMemory(spec, client, out);
}

bool Dispatcher::CheckMemory(const CommandSpec& spec, const ClientState& client,
                             resp::Writer* out) {
  const uint64_t limit = engine_->maxmemory.load(std::memory_order_relaxed);
  if (limit == 0 || client.from_master) return true;
  if (engine_->replica.load(std::memory_order_relaxed)) return true;
  if (!(spec.flags & kCmdDenyOom)) return true;
  if (UsedMemory() <= limit || EvictToLimit(engine_, stats_, now_, prng_.Next())) return true;
  out->Error("OOM command not allowed when used memory > 'maxmemory'.");
  return false;
}

void Dispatcher::RunPrepared(PreparedCommand& c, ClientState* client, resp::Writer* out) {
  if (client->transaction != nullptr) [[unlikely]] {
    RunInTransaction(c, client, out);
    return;
  }
  RunNow(c, client, out);
}

void Dispatcher::RunNow(PreparedCommand& c, ClientState* client, resp::Writer* out) {
  if (c.spec == nullptr) {
    ReplyUnknown(c, out);
    return;
  }
  const CommandSpec& spec = *c.spec;
  const int count = static_cast<int>(c.args.size());
  client->last_command = &spec;
  if (spec.arity > 0 ? count != spec.arity : count < -spec.arity) {
    out->Error(WrongArity(spec));
    return;
  }
  if (!CheckState(c, *client, out)) return;
  const bool was_asking = client->asking;
  out->set_protocol(client->protocol);
  if (spec.server != nullptr) {
    if (!client->exclusive && HoldBack(Replicates(spec), client)) return;
    RunServer(c, client, out);
  } else {
    RunKeyed(c, client, out);
  }
  if (was_asking && !Postponed(*client)) client->asking = false;
}

// Shard channels are routed like keys, and the slot stays locked while their command runs, so that
// nobody is subscribed to what has just moved away. In a transaction that was done by EXEC.
void Dispatcher::RunServer(PreparedCommand& c, ClientState* client, resp::Writer* out) {
  LockSet locks(&engine_->keyspace);
  const bool shard_channel = (c.spec->flags & kCmdPubsub) != 0;  // MIGRATE routes its keys itself
  if (shard_channel && !c.keys.empty() && engine_->router != nullptr && group_ == nullptr &&
      !client->exclusive) {
    if (!LockKeys(c, &locks, out) || !RouteLocked(c, client, &locks, out)) return;
  }
  FeedMonitors(*c.spec, c.args, *client);
  ServerContext ctx{*engine_, *client, server_, thread_, now_, mono_now_, *stats_, group_};
  c.spec->server(ctx, Args(c.args, &c.owned), *out);
  locks.Release();
  if (engine_->waiters.any_left_over() && !client->exclusive && group_ == nullptr) [[unlikely]]
    ServeLeftOver(now_, mono_now_);  // it was about whole databases, for whose keys clients wait
  out->set_protocol(client->protocol);
}

size_t Dispatcher::CountMissing(const PreparedCommand& c, const ClientState& client,
                                LockSet* locks) {
  size_t missing = 0;
  for (const Key& key : c.keys) {
    const SlotDb* db = engine_->keyspace.Db(locks->slot(key.slot), client.db, false);
    const Entry* e = db == nullptr ? nullptr : db->table.Find(key.hash, key.bytes);
    if (e == nullptr || (e->has_expiry() && e->expiry_ms() <= now_.value)) ++missing;
  }
  return missing;
}

// True if the command may run here. The slot's state is read under the same lock as the data.
bool Dispatcher::RouteLocked(const PreparedCommand& c, ClientState* client, LockSet* locks,
                             resp::Writer* out, std::vector<std::string> again) {
  if (engine_->router == nullptr || client->from_master) return true;
  const SlotState state = locks->slot(c.keys[0].slot).state;
  if (state == SlotState::kMine && !fenced_ &&
      !engine_->cluster_down.load(std::memory_order_relaxed)) {
    return !(c.spec->flags & kCmdWrite) || !AwaitTakeover(c, client);
  }
  const bool shard_channel = (c.spec->flags & kCmdPubsub) != 0;
  if (state == SlotState::kMine && !shard_channel && AwaitTakeover(c, client)) return false;
  if (state == SlotState::kHeld && !shard_channel) {
    Hold(c, client, locks, out, std::move(again));
    return false;
  }
  RouteQuery query;
  query.fenced = fenced_ && state != SlotState::kNotMine;
  query.slot = c.keys[0].slot;
  query.state = state;
  query.write = (c.spec->flags & kCmdWrite) != 0;
  query.asking = client->asking || (c.spec->flags & kCmdAsking);
  query.readonly_client = client->readonly;
  query.keys = c.keys.size();
  query.pubsub_shard = shard_channel;
  if (!query.pubsub_shard && (state == SlotState::kMigrating || state == SlotState::kImporting)) {
    query.keys_missing = CountMissing(c, *client, locks);
  }
  return engine_->router->Route(query, out);
}

// False: in a cluster, and the keys are in several slots; the error was written.
bool Dispatcher::LockKeys(const PreparedCommand& c, LockSet* locks, resp::Writer* out) {
  if (c.keys.size() == 1) [[likely]] {
    locks->LockOne(c.keys[0].slot);
    return true;
  }
  std::vector<SlotId> slots;
  for (const Key& key : c.keys) slots.push_back(key.slot);
  if (engine_->cluster.load(std::memory_order_relaxed) &&
      !std::all_of(slots.begin(), slots.end(), [&](SlotId s) { return s == slots[0]; })) {
    out->Error("CROSSSLOT Keys in request don't hash to the same slot");
    return false;
  }
  locks->LockAll(std::move(slots));
  return true;
}

// True: the slot came to this node by a failover that is not complete here: the node is about to be
// a master, or its claim is to be confirmed. The client waits a moment and is looked at again.
bool Dispatcher::AwaitTakeover(const PreparedCommand& c, ClientState* client) {
  const bool replica = engine_->replica.load(std::memory_order_relaxed);
  const bool down = fenced_ || engine_->cluster_down.load(std::memory_order_relaxed);
  if (!replica && !(down && taking_over_)) [[likely]]
    return false;
  if (replica && !(c.spec->flags & kCmdWrite)) return false;
  if (client->connection == nullptr || group_ != nullptr || serving_) return false;
  Postpone(client, mono_now_.value + kTakeoverLookMs);
  return true;
}

void Dispatcher::RunKeyed(PreparedCommand& c, ClientState* client, resp::Writer* out) {
  const CommandSpec& spec = *c.spec;
  LockSet locks(&engine_->keyspace);
  if (!c.keys.empty() && !LockKeys(c, &locks, out)) return;
  if (!c.keys.empty() && !RouteLocked(c, client, &locks, out)) return;
  if (spec.write != nullptr && !client->from_master) {
    if (!CheckWritable(out)) return;
  }
  if (!client->exclusive && HoldBack(Replicates(spec), client)) return;
  if (spec.write != nullptr && !client->from_master && HeldByMove(c, client, &locks)) return;
  if (!serving_) FeedMonitors(spec, c.args, *client);
  RunLocked(c, client, &locks, out);
  if (ready_.empty() || group_ != nullptr) [[likely]]
    return;  // in a transaction: served behind its end
  locks.Release();
  ServeReady();
}

// True: a pause holds the command back, and the client waits for its end. Nothing is held back that
// has no connection (the master's stream, who is served), or is a part of something that runs.
bool Dispatcher::HoldBack(bool writes, ClientState* client) {
  if (engine_->pauses.level() == PauseLevel::kNone) [[likely]]
    return false;
  if (client->connection == nullptr || group_ != nullptr) return false;
  const Pauses::View pause = engine_->pauses.Look(mono_now_);
  if (pause.level == PauseLevel::kNone) return false;
  if (pause.level == PauseLevel::kWrites && !writes) return false;
  Postpone(client, pause.end_ms);
  return true;
}

// What may forbid any write at this moment.
bool Dispatcher::CheckWritable(resp::Writer* out) { return pleiad::CheckWritable(*engine_, out); }

bool CheckWritable(const Engine& engine, resp::Writer* out) {
  if (engine.replica.load(std::memory_order_relaxed) &&
      engine.replica_read_only.load(std::memory_order_relaxed)) {
    out->Error("READONLY You can't write against a read only replica.");
    return false;
  }
  const PersistenceError error = engine.persistence_error.load(std::memory_order_relaxed);
  if (error != PersistenceError::kNone) [[unlikely]] {
    out->Error(PersistenceErrorText(error));
    return false;
  }
  if (engine.min_replicas_missing.load(std::memory_order_relaxed) != 0) {
    out->Error("NOREPLICAS Not enough good replicas to write.");
    return false;
  }
  return true;
}

// Runs the handler. REQUIRES: the slots of all keys are locked, and everything was checked.
void Dispatcher::RunLocked(PreparedCommand& c, ClientState* client, LockSet* locks,
                           resp::Writer* out) {
  const Args args(c.args, &c.owned);
  const bool may_block = MayBlock(*client);
  if (c.spec->read != nullptr) {
    ReadContext ctx(engine_, stats_, locks, client, now_);
    ctx.set_keys(&c.keys);
    ctx.prng_ = &prng_;
    ctx.may_block_ = may_block;
    c.spec->read(ctx, args, *out);
    if (client->tracking) [[unlikely]]
      Remember(c, *client, locks);
    if (ctx.block_.has_value()) Block(c, client, locks, std::move(*ctx.block_));
    return;
  }
  WriteContext ctx(engine_, stats_, locks, client, now_);
  ctx.set_keys(&c.keys);
  ctx.prng_ = &prng_;
  ctx.may_block_ = may_block;
  ctx.group_ = group_;
  Journal::Group own;  // its effects stand together, as those of a transaction do
  const bool grouped = group_ == nullptr && (c.spec->flags & kCmdManyRecords);
  if (grouped) ctx.group_ = &own;
  c.spec->write(ctx, args, *out);
  if (ctx.block_.has_value()) Block(c, client, locks, std::move(*ctx.block_));
  for (WriteContext::ReadyKey& ready : ctx.ready_) [[unlikely]]
    ready_.push_back({ready.db, std::move(ready.key)});
  if (grouped && ctx.propagated_) engine_->journal.AppendGroup(own);
  if (!ctx.changed()) return;
  ThreadStats::Add(&stats_->dirty, ctx.dirty_);
  if (!ctx.propagated_) {
    ctx.group_ = group_;
    ctx.Propagate(c.args);
  }
  client->write_offset = engine_->journal.end();  // in a transaction: set behind its end
}

}  // namespace pleiad
