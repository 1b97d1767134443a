// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the admin tool needs from the world, as interfaces: a connection to a node, a place to print
// and to ask, a clock. The real ones are wired in server/trib_main.cc; the tests bring a cluster
// that lives in memory. One thread uses all of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/address.h"
#include "base/ids.h"
#include "base/result.h"
#include "resp/reply.h"

namespace pleiad::admin {

// One open connection to a node.
class NodeClient {
 public:
  virtual ~NodeClient() = default;
  // Sends a command and waits for its reply. An error reply is a Reply; an Error is a broken
  // connection.
  virtual Result<resp::Reply> Call(const std::vector<std::string>& args) = 0;
  // The numeric address behind the connection: CLUSTER MEET takes no host names.
  virtual std::string PeerIp() const = 0;
};

class Connector {
 public:
  virtual ~Connector() = default;
  virtual Result<std::unique_ptr<NodeClient>> Connect(const NodeAddress& address) = 0;
};

class Console {
 public:
  virtual ~Console() = default;
  // Shown at once (dots appear while one waits).
  virtual void Write(std::string_view text) = 0;
  // A line without its end; nullopt at the end of the input.
  virtual std::optional<std::string> ReadLine() = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoMs Now() = 0;
  // Lets `ms` pass between two looks at the nodes.
  virtual void Pause(int64_t ms) = 0;
};

// This machine's files and processes, for `up` and `backup`.
class Host {
 public:
  virtual ~Host() = default;
  // With the folders above it; one that is there already is good.
  virtual Status MakeFolder(const std::string& path) = 0;
  virtual std::string Absolute(const std::string& path) = 0;
  virtual Status WriteFile(const std::string& path, const std::string& text) = 0;
  virtual Result<std::string> ReadFile(const std::string& path) = 0;
  virtual void RemoveFile(const std::string& path) = 0;
  // Where a run keeps what `resume` needs. Empty: nowhere.
  virtual std::string StateFile() = 0;
  // Starts this program as a node that lives on by itself.
  virtual Status StartServer(const std::string& config_path) = 0;
  // Asks a node for a snapshot as a replica would, and keeps it as an RDB file. Returns its size.
  virtual Result<int64_t> FetchSnapshot(const NodeAddress& address, const std::string& user,
                                        const std::string& password, const std::string& path) = 0;
};

class Report;

// Everything a run needs. The pointers are borrowed and must outlive the run.
struct Environment {
  Connector* connector = nullptr;
  Console* console = nullptr;
  Clock* clock = nullptr;
  bool colour = false;                // paint lines with terminal escapes
  std::string default_password;       // REDISCLI_AUTH; empty: none
  Host* host = nullptr;               // null: there is none
  bool terminal = false;              // somebody watches: a progress line may be painted over
  std::function<bool()> interrupted;  // Ctrl-C was pressed: stop where nothing is left open
  std::function<int()> columns;       // how wide the terminal is by now; null: not known
  Report* report = nullptr;           // --json: what was found and done
};

}  // namespace pleiad::admin
