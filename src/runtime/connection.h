// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Connection: one client's socket with what is half read and half written. Lives on one reactor;
// others look at it in exclusive sections only. An idle connection holds no buffers: reads land in
// the reactor's shared buffer, and replies are built in the reactor's shared buffer; only what
// could not be parsed or sent yet is kept here.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "command/client_state.h"
#include "resp/request_parser.h"
#include "resp/writer.h"
#include "slot/entry.h"

namespace pleiad::runtime {

class Reactor;

class Connection {
 public:
  Connection(Reactor* reactor, int fd) : reactor_(reactor), fd_(fd) { state.connection = this; }
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }
  Reactor* reactor() const { return reactor_; }
  size_t input_size() const { return in.size(); }
  size_t output_size() const { return out.size(); }
  // Bytes this client costs.
  size_t MemoryUsage() const;

  // Makes the peer see the end; the connection's reactor notices and frees it. Any thread, in an
  // exclusive section.
  void Kill();

  // The connection leaves its reactor after this batch (PSYNC): the function gets the socket and
  // the bytes read but not parsed.
  using Takeover = std::function<void(int fd, std::string unparsed)>;
  void LeaveReactor(Takeover takeover) { takeover_ = std::move(takeover); }

  ClientState state;

 private:
  friend class Reactor;
  Reactor* reactor_;
  int fd_;
  size_t index_ = 0;  // in the reactor's list
  resp::RequestParser parser;
  resp::OutBuffer in;   // bytes of an unfinished command
  resp::OutBuffer out;  // replies that the socket did not take
  HeapString* large =
      nullptr;  // argument being read in place: size is what has arrived, capacity what is due
  int large_tail = 0;  // of its CRLF, bytes still to come
  std::vector<std::pair<size_t, HeapString*>>
      large_args;  // finished ones of the unfinished command
  bool want_write = false;
  bool pushed = false;   // got messages in this round that were not tried to send yet
  Offset gate{0};        // replies wait until the journal is on disk up to here; 0: they don't
  bool wrote = false;    // a batch of this round changed keys
  bool closing = false;  // close when `out` is sent
  MonoMs soft_limit_since{0};  // output over the soft limit since
  Takeover takeover_;
};

}  // namespace pleiad::runtime
