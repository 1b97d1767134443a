// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// BusLink: one TCP connection of the cluster bus, ours or a peer's: a non-blocking socket, what is
// half read (Framer) and what is not sent yet. Knows nothing of the cluster; the driver tells the
// machine what happens here. Guarded by the driver's lock.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "cluster/node.h"
#include "cluster/wire.h"

namespace pleiad::runtime {

class BusLink {
 public:
  // `fd` becomes the link's. `connecting`: connect() is under way.
  BusLink(cluster::LinkId id, int fd, bool connecting, MonoMs opened, UnixMs created)
      : id_(id), fd_(fd), connecting_(connecting), opened_(opened), created_(created) {}
  ~BusLink();
  BusLink(const BusLink&) = delete;
  BusLink& operator=(const BusLink&) = delete;

  // A socket on its way to ip:port (an address, no name). The error's text is for the log;
  // `refused` is set when the system said at once that nobody listens there.
  static Result<int> Connect(const std::string& ip, uint16_t port, bool* refused);

  enum class Outcome { kOk, kClosed, kRefused };
  // The socket of a connecting link became writable or failed.
  Outcome FinishConnect();

  struct ReadResult {
    Outcome outcome = Outcome::kOk;
    size_t bytes = 0;
    std::string error;  // why a hostile peer was cut off; empty at an ordinary end
  };
  // Reads once. Whole packets are appended, also those before an end or a fault.
  ReadResult Read(std::span<char> buffer, std::vector<cluster::Packet>* packets);

  // Queues, and sends what the socket takes now. False: the connection is broken.
  bool Send(std::string_view bytes);
  bool Flush();

  cluster::LinkId id() const { return id_; }
  int fd() const { return fd_; }
  bool ended() const { return ended_; }  // the other end closed it: FIN or RST
  bool connecting() const { return connecting_; }
  bool spoke() const { return spoke_; }  // a whole packet came
  bool wants_write() const { return connecting_ || sent_ < out_.size(); }
  size_t queued_bytes() const { return out_.size() - sent_; }
  size_t allocated_bytes() const { return out_.capacity(); }
  MonoMs opened() const { return opened_; }
  UnixMs created() const { return created_; }
  bool write_armed = false;  // EPOLLOUT is set: the driver's bookkeeping

 private:
  cluster::LinkId id_;
  int fd_;
  bool connecting_;
  bool spoke_ = false;
  bool ended_ = false;
  MonoMs opened_;
  UnixMs created_;
  cluster::Framer framer_;
  std::string out_;
  size_t sent_ = 0;
};

}  // namespace pleiad::runtime
