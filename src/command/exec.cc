// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Dispatcher, continued: MULTI ... EXEC.
//
// Two ways to be alone. A transaction whose commands all name their keys takes the locks of those
// slots (and of the watched keys'), so that transactions on different slots run side by side. One
// that holds a command about the whole server or keyspace (FLUSHALL, KEYS, CONFIG) runs in an
// exclusive section. Either way everything is checked before the first command runs, and nobody
// sees a part of it.
#include <algorithm>
#include <string>

#include "base/text.h"
#include "command/dispatch.h"

namespace pleiad {
namespace {

constexpr std::string_view kExecAbort =
    "EXECABORT Transaction discarded because of previous errors.";

// Acts on the transaction instead of becoming a part of it.
bool ActsOnTransaction(std::string_view name) {
  return name == "exec" || name == "discard" || name == "multi" || name == "watch" ||
         name == "quit" || name == "reset";
}

// Server commands that touch no key: they need no exclusive section.
bool TouchesNoKey(const CommandSpec& spec) {
  return (spec.flags & kCmdPubsub) || spec.name == "ping" || spec.name == "echo" ||
         spec.name == "select" || spec.name == "time";
}

// `reason`: the error reply that a single command would have got.
void AbortExec(std::string_view reason, resp::Writer* out) {
  const std::string_view text = reason.substr(1, reason.find('\r') - 1);
  out->Error("EXECABORT Transaction discarded because of: " + std::string(text));
}

void EndTransaction(ClientState* client) {
  client->transaction.reset();
  if (client->watches) client->watches->Clear();
}

uint64_t QueuedBytes(std::span<const std::string_view> args) {
  uint64_t bytes = sizeof(QueuedCommand);
  for (const std::string_view arg : args) bytes += arg.size() + sizeof(std::string);
  return bytes;
}

// What a pause of writes holds back.
bool Writes(const Transaction& transaction) {
  return std::any_of(transaction.commands.begin(), transaction.commands.end(), [](const auto& c) {
    return (c.spec->flags & kCmdWrite) != 0 || c.spec->name == "pfcount" ||
           c.spec->name == "publish" || c.spec->name == "spublish";
  });
}

}  // namespace

void Dispatcher::RunInTransaction(PreparedCommand& c, ClientState* client, resp::Writer* out) {
  if (!MayQueue(c, client, out)) {
    if (!Postponed(*client)) client->transaction->failed = true;
    return;
  }
  const bool writes = c.spec->name == "exec"
                          ? !client->transaction->failed && Writes(*client->transaction)
                          : Writes({.commands = {{c.spec, {}}}});
  if (HoldBack(writes, client)) return;
  if (c.spec->name == "exec") {
    client->last_command = c.spec;
    const CommandSpec& spec = *c.spec;
    Exec(client, out);
    if (client->waiter == nullptr) FeedMonitors(spec, c.args, *client);
  } else if (c.spec->name == "watch") {
    out->Error("ERR WATCH inside MULTI is not allowed");
  } else if (ActsOnTransaction(c.spec->name)) {
    RunNow(c, client, out);
  } else if ((client->transaction->bytes += QueuedBytes(c.args)) >
                 engine_->query_bytes_max.load(std::memory_order_relaxed) &&
             !client->from_master) {
    // As if its requests had not been read yet: beyond client-query-buffer-limit it is hung up on.
    client->transaction->failed = true;
    client->close_after_reply = true;
  } else {
    // It counts when it runs, not now as well.
    ThreadStats::Add(&command_stats_[static_cast<size_t>(c.spec->index)].calls, ~0ULL);
    client->transaction->commands.push_back(
        {c.spec, std::vector<std::string>(c.args.begin(), c.args.end())});
    out->Simple("QUEUED");
  }
}

// The checks that need no more than the command itself; what holds at EXEC is checked again there.
bool Dispatcher::MayQueue(const PreparedCommand& c, ClientState* client, resp::Writer* out) {
  if (c.spec == nullptr) {
    ReplyUnknown(c, out);
    return false;
  }
  const CommandSpec& spec = *c.spec;
  const int count = static_cast<int>(c.args.size());
  if (spec.arity > 0 ? count != spec.arity : count < -spec.arity) {
    out->Error(WrongArity(spec));
    return false;
  }
  if (count > 1 && CommandTable::Get().HasSubcommands(spec)) {
    constexpr size_t kShown = 128;
    out->Error("ERR unknown subcommand '" + std::string(c.args[1].substr(0, kShown)) + "'. Try " +
               ToUpper(spec.name) + " HELP.");
    return false;
  }
  if (ActsOnTransaction(spec.name)) return true;
  if (!CheckState(c, *client, out)) return false;
  if (spec.flags & kCmdNoMulti) {
    out->Error("ERR Command not allowed inside a transaction");
    return false;
  }
  if (client->from_master) return true;
  if (spec.write != nullptr && !CheckWritable(out)) return false;
  if (c.keys.empty() || engine_->router == nullptr) return true;
  const auto other = std::find_if(c.keys.begin(), c.keys.end(),
                                  [&](const Key& key) { return key.slot != c.keys[0].slot; });
  if (other != c.keys.end()) {
    out->Error("CROSSSLOT Keys in request don't hash to the same slot");
    return false;
  }
  LockSet locks(&engine_->keyspace);
  locks.LockOne(c.keys[0].slot);
  if (locks.slot(c.keys[0].slot).state == SlotState::kHeld) return true;  // EXEC waits for it
  return RouteLocked(c, client, &locks, out);
}

void Dispatcher::Exec(ClientState* client, resp::Writer* out) {
  const std::shared_ptr<Transaction> transaction = std::move(client->transaction);
  client->transaction.reset();
  if (transaction->failed) {
    EndTransaction(client);
    out->Error(kExecAbort);
    return;
  }
  std::vector<PreparedCommand> commands(transaction->commands.size());
  std::vector<SlotId> slots;
  bool alone = false;
  const CommandSpec* grows = nullptr;
  for (size_t i = 0; i < commands.size(); ++i) {
    const QueuedCommand& queued = transaction->commands[i];
    commands[i].args.assign(queued.args.begin(), queued.args.end());
    Lookup(&commands[i]);
    for (const Key& key : commands[i].keys) slots.push_back(key.slot);
    alone |= queued.spec->server != nullptr && !TouchesNoKey(*queued.spec);
    if (queued.spec->flags & kCmdDenyOom) grows = queued.spec;
  }
  if (grows != nullptr && !CheckExecMemory(*grows, client, out)) return;
  if (client->watches) {
    for (const auto& watch : client->watches->all()) slots.push_back(watch->slot);
  }
  Journal::Group group;
  if (alone && !client->exclusive) {
    engine_->keyspace.Leave(thread_);
    engine_->keyspace.EnterExclusive();
    client->exclusive = true;
    LockSet none(&engine_->keyspace);
    if (CheckExec(commands, client, &none, out)) {
      group_ = &group;
      RunQueued(commands, client, nullptr, out);
      group_ = nullptr;
      engine_->journal.AppendGroup(group);
    }
    client->exclusive = false;
    if (!group.empty()) client->write_offset = engine_->journal.end();
    engine_->keyspace.LeaveExclusive();
    engine_->keyspace.Enter(thread_);
  } else {
    LockSet locks(&engine_->keyspace);
    locks.LockAll(std::move(slots));
    if (CheckExec(commands, client, &locks, out)) {
      group_ = &group;
      RunQueued(commands, client, &locks, out);
      group_ = nullptr;
      engine_->journal.AppendGroup(group);
      if (!group.empty()) client->write_offset = engine_->journal.end();
    }
  }
  if (client->waiter != nullptr) {  // held back: EXEC comes again, as a whole
    client->transaction = transaction;
    return;
  }
  EndTransaction(client);
  ServeReady();
  if (engine_->waiters.any_left_over()) ServeLeftOver(now_, mono_now_);
}

// Room for all of it is made before any lock is taken, because eviction takes slot locks itself;
// under the locks nobody asks again.
bool Dispatcher::CheckExecMemory(const CommandSpec& grows, ClientState* client, resp::Writer* out) {
  resp::OutBuffer reason;
  resp::Writer why(&reason, client->protocol);
  if (CheckMemory(grows, *client, &why)) return true;
  AbortExec(reason.view(), out);
  EndTransaction(client);
  return false;
}

// Whether all of it may run, now that nothing can change any more. False: the reply was written.
bool Dispatcher::CheckExec(std::vector<PreparedCommand>& commands, ClientState* client,
                           LockSet* locks, resp::Writer* out) {
  if (client->from_master) return true;
  const Key* first = nullptr;
  resp::OutBuffer reason;
  resp::Writer why(&reason, client->protocol);
  bool writes = false;
  for (PreparedCommand& c : commands) {
    writes |= c.spec->write != nullptr;
    if (c.keys.empty()) continue;
    if (first == nullptr) first = &c.keys[0];
    if (engine_->cluster.load(std::memory_order_relaxed) &&
        !std::all_of(c.keys.begin(), c.keys.end(),
                     [&](const Key& key) { return key.slot == first->slot; })) {
      out->Error("CROSSSLOT Keys in request don't hash to the same slot");
      return false;
    }
    if (!RouteLocked(c, client, locks, out, {"EXEC"})) return false;
  }
  if (writes && !CheckWritable(&why)) {
    AbortExec(reason.view(), out);
    return false;
  }
  if (HoldBack(writes, client)) return false;  // it came on the way into the exclusive section
  if (WatchBroken(*client, locks)) {
    out->NullArray();
    return false;
  }
  return true;
}

// A watched key changed, or its time came to an end meanwhile without anyone noticing.
bool Dispatcher::WatchBroken(const ClientState& client, LockSet* locks) {
  if (!client.watches) return false;
  for (const auto& watch : client.watches->all()) {
    if (watch->dirty.load(std::memory_order_relaxed)) return true;
    if (!watch->existed) continue;
    const Key key = engine_->keyspace.MakeKey(watch->key);
    const SlotDb* db = engine_->keyspace.Db(locks->slot(key.slot), watch->db, false);
    const Entry* e = db == nullptr ? nullptr : db->table.Find(key.hash, key.bytes);
    if (e == nullptr || (e->has_expiry() && e->expiry_ms() <= now_.value)) return true;
  }
  return false;
}

// `locks` null: in an exclusive section, where each command takes its own.
void Dispatcher::RunQueued(std::vector<PreparedCommand>& commands, ClientState* client,
                           LockSet* locks, resp::Writer* out) {
  out->Array(commands.size());
  for (PreparedCommand& c : commands) {
    const size_t before = out->buffer().size();
    if (locks == nullptr || c.spec->server != nullptr) {
      RunNow(c, client, out);
    } else {
      FeedMonitors(*c.spec, c.args, *client);
      RunLocked(c, client, locks, out);
    }
    ThreadStats::Add(&command_stats_[static_cast<size_t>(c.spec->index)].calls, 1);
    if (out->buffer().size() > before && out->buffer().data()[before] == '-')
      CountError(c.spec, out->buffer().view().substr(before));
  }
}

}  // namespace pleiad
