// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// For tests of clients: a server on loopback that answers commands by a table.
//
//     ScriptedServer server;
//     server.Start({{"GET k", "$1\r\nv\r\n"}});
//     ... connect to 127.0.0.1, server.port() ...
//     EXPECT_THAT(server.Seen(), ElementsAre("GET k"));
//
// It hangs up on a command that is not in the table, and serves connections one after the other on
// a thread of its own; the destructor waits until the last client is gone.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pleiad::runtime {

class ScriptedServer {
 public:
  // Listens on a free port from here on; connections wait for Start().
  ScriptedServer();
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  // From a command (its words joined by single spaces) to the bytes of the answer.
  void Start(std::map<std::string, std::string> answers);

  std::string port() const { return std::to_string(port_); }
  // The commands of all connections so far.
  std::vector<std::string> Seen();

 private:
  void Serve(int fd);

  int listener_;
  int port_;
  std::map<std::string, std::string> answers_;
  std::mutex mutex_;
  std::vector<std::string> seen_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace pleiad::runtime
