// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the command layer knows of a connection. The socket itself is runtime's. Threads: the
// connection's reactor, or anyone in an exclusive section (CLIENT LIST, CLIENT KILL).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/ids.h"

namespace pleiad {

namespace runtime {
class Connection;
}

struct Transaction;
class ClientWatches;
class Subscriber;
struct Waiter;

struct ClientState {
  enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkip };

  uint64_t id = 0;
  int db = 0;
  int protocol = 2;
  bool authenticated = true;
  bool asking = false;       // ASKING: for the next command alone
  bool readonly = false;     // READONLY: reads of a replica's slots are welcome
  bool from_master = false;  // the replication stream: writes pass, nothing is sent back
  bool exclusive = false;    // whoever runs its commands is in an exclusive section already (the
                             // replication stream)
  bool replica = false;      // became a replica by PSYNC
  bool no_evict = false;
  bool no_touch = false;
  bool monitor = false;  // MONITOR: sees every command
  bool close_after_reply = false;
  bool tracking = false;      // its reads are remembered (CLIENT TRACKING, not with BCAST)
  bool redirectable = false;  // CLIENT CAPA redirect: a replica may send it to its master
  bool subscribed = false;    // to a channel or pattern (Subscriber keeps it true)
  ReplyMode reply_mode = ReplyMode::kOn;
  std::shared_ptr<Transaction> transaction;  // between MULTI and EXEC; else null
  std::shared_ptr<ClientWatches> watches;    // null: never watched anything
  std::shared_ptr<Waiter> waiter;            // not null: its command waits, nothing behind it runs
  std::shared_ptr<Subscriber> subscriber;    // null: never subscribed or tracked
  std::string name;
  std::string lib_name;
  std::string lib_version;
  std::string address;  // "127.0.0.1:51234" or the path of the Unix socket
  std::string local_address;
  MonoMs created;
  MonoMs last_interaction;
  const struct CommandSpec* last_command = nullptr;
  Offset write_offset{0};  // in the journal, behind its last write
  uint64_t total_commands = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  runtime::Connection* connection = nullptr;  // null in tests and for the replication stream
};

}  // namespace pleiad
