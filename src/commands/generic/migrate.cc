// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "command/command.h"
#include "command/dispatch.h"
#include "command/waiters.h"
#include "runtime/connection.h"
#include "runtime/migrator.h"
#include "runtime/reactor.h"
#include "runtime/server.h"

namespace pleiad {
namespace {

constexpr int64_t kMigrateTimeoutMs = 1000;
constexpr int64_t kMigrateTimeoutMsMax = 0x7fffffff;

// The words behind the timeout. False: the error is written.
bool ParseMigrateOptions(const Args& args, runtime::MigrateJob* job, resp::Writer& out) {
  job->keys = {std::string(args[3])};
  for (size_t i = 6; i < args.size(); ++i) {
    const size_t more = args.size() - i - 1;
    if (args.Is(i, "copy")) {
      job->copy = true;
    } else if (args.Is(i, "replace")) {
      job->replace = true;
    } else if (args.Is(i, "auth") && more >= 1) {
      job->password = args[++i];
    } else if (args.Is(i, "auth2") && more >= 2) {
      job->user = args[i + 1];
      job->password = args[i + 2];
      i += 2;
    } else if (args.Is(i, "keys")) {
      if (!args[3].empty()) {
        out.Error(
            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
        return false;
      }
      job->keys.clear();
      for (size_t k = i + 1; k < args.size(); ++k) job->keys.emplace_back(args[k]);
      break;
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// Before anything is looked at: may this node give keys away at all?
bool MayMigrate(ServerContext& ctx, const runtime::MigrateJob& job, resp::Writer& out) {
  if (ctx.engine.cluster.load(std::memory_order_relaxed)) {
    const SlotId slot = KeySlot(job.keys[0]);
    if (!std::all_of(job.keys.begin(), job.keys.end(),
                     [slot](const std::string& key) { return KeySlot(key) == slot; })) {
      out.Error("CROSSSLOT Keys in request don't hash to the same slot");
      return false;
    }
    if (ctx.server->ClusterViewIsStale(ctx.mono_now)) {
      out.Error("CLUSTERDOWN The cluster is down");
      return false;
    }
    // A replica has no slots: its keys are elsewhere, which the look at them says.
    if (ctx.engine.replica.load(std::memory_order_relaxed)) return true;
  }
  return CheckWritable(ctx.engine, &out);
}

// The client waits for its reply; nothing but that ends it.
std::function<void(std::string)> WaitForReply(ClientState& client) {
  auto waiter = std::make_shared<Waiter>();
  waiter->state = Waiter::kServing;
  client.waiter = waiter;
  runtime::Reactor* const reactor = client.connection->reactor();
  return [reactor, id = client.id](std::string reply) {
    reactor->Post([reactor, id, reply = std::move(reply)] { reactor->Resume(id, reply); });
  };
}

// MIGRATE host port key|"" database timeout [COPY] [REPLACE] [AUTH password | AUTH2 user password]
// [KEYS key [key ...]]: moves keys to another server. The reply is OK, NOKEY if none of the keys is
// here, or an error. Only this client waits for the other server; writes to a key that is under way
// wait, too, until it is known where it is.
//
// > MIGRATE 127.0.0.1 7001 k 0 x
// (error) ERR value is not an integer or out of range
// > MIGRATE 127.0.0.1 7001 k 0 1000 KEYS a b
// (error) ERR When using MIGRATE KEYS option, the key argument must be set to the empty string
// > MIGRATE 127.0.0.1 7001 k 0 1000 SOMEHOW
// (error) ERR syntax error
// > COMMAND GETKEYS MIGRATE 127.0.0.1 7001 "" 0 1000 COPY KEYS a b
// 1) "a"
// 2) "b"
void Migrate(ServerContext& ctx, const Args& args, resp::Writer& out) {
  runtime::MigrateJob job;
  if (!ParseMigrateOptions(args, &job, out)) return;
  const auto timeout_ms = IntArg(args, 5, out);
  if (!timeout_ms.has_value() || !IntArg(args, 4, out).has_value()) return;
  job.timeout_ms =
      *timeout_ms <= 0 ? kMigrateTimeoutMs : std::min(*timeout_ms, kMigrateTimeoutMsMax);
  job.host = args[1];
  job.port = static_cast<int>(std::clamp<int64_t>(ParseInt64(args[2]).value_or(0), 0, 65535));
  job.source_db = ctx.client.db;
  job.target_db = args[4];
  if (job.keys.empty()) {
    out.Error(kSyntaxError);
    return;
  }
  if (!MayMigrate(ctx, job, out)) return;
  if (ctx.client.connection == nullptr) {
    out.Error("ERR MIGRATE needs a connection to wait on");
    return;
  }
  job.deliver = WaitForReply(ctx.client);
  ctx.server->migrator().Submit(std::move(job));
}

bool MigrateKeys(const Args& args, std::vector<size_t>* positions) {
  for (size_t i = 6; args[3].empty() && i < args.size(); ++i) {
    if (args.Is(i, "auth")) i += 1;
    if (args.Is(i, "auth2")) i += 2;
    if (i >= args.size() || !args.Is(i, "keys")) continue;
    for (size_t k = i + 1; k < args.size(); ++k) positions->push_back(k);
    return true;
  }
  positions->push_back(3);
  return true;
}

const CommandRegistration kMigrate{
    {.name = "migrate",
     .arity = -6,
     .flags = kCmdWrite | kCmdMovableKeys | kCmdDangerous | kCmdNoMulti,
     .keys = {3, 3, 1},
     .group = "generic",
     .since = "2.6.0",
     .usage = "host port <key | \"\"> destination-db timeout [COPY] [REPLACE] [AUTH password | "
              "AUTH2 username password] [KEYS key [key ...]]",
     .summary = "Atomically transfers a key from one instance to another.",
     .complexity = "This command actually executes a DUMP+DEL in the source instance, and a "
                   "RESTORE in the target instance. See the pages of these commands for time "
                   "complexity. Also an O(N) data transfer between the two instances is performed.",
     .server = Migrate,
     .get_keys = MigrateKeys}};

}  // namespace
}  // namespace pleiad
