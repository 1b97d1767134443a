// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reactor, continued: messages for its subscribed clients. The mailbox is emptied at the end of
// each round, and behind each command of a client that may have published to itself. A message is
// put behind everything its client has been answered so far: replies that still lie in the round's
// shared buffer are sent first.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/reactor.h"
#include "runtime/server.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kPushFlushAbove = 256 * 1024;

}  // namespace

// Called by whoever left a letter. What this thread leaves for itself is found at the end of its
// round.
void Reactor::WakeForMail() {
  if (thread_id_.load(std::memory_order_relaxed) == std::this_thread::get_id()) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_fd_, &one, sizeof(one));
}

void Reactor::BeginPushes() {
  std::vector<Unsent> mine;
  for (const Unsent& u : std::exchange(unsent_, {})) {
    if (u.connection == running_) {
      mine.push_back(u);
      continue;
    }
    Send(u.connection, out_.view().substr(u.begin, u.size));
    Settle(u.connection);
  }
  unsent_ = std::move(mine);
}

void Reactor::Push(ClientState* client, std::string_view bytes) {
  Connection* const c = client->connection;
  if (c->closing || c->takeover_) return;
  if (!c->pushed) pushed_.push_back(c);
  c->pushed = true;
  c->out.Append(bytes);
  c->state.bytes_out += bytes.size();
  ThreadStats::Add(&server_->engine().stats[static_cast<size_t>(index_)].bytes_out, bytes.size());
  if (c->out.size() < kPushFlushAbove || c->want_write || Gated(c)) return;
  // Nothing may be closed here: the lists of subscribers are being walked.
  const ssize_t n = ::send(c->fd_, c->out.data(), c->out.size(), MSG_NOSIGNAL);
  if (n > 0) c->out.Consume(static_cast<size_t>(n));
  UpdateInterest(c);
  if (c->out.size() < kPushFlushAbove || !OverOutputLimit(c)) return;
  c->closing = true;
  c->out.Release();
}

void Reactor::EndPushes() {
  for (Connection* c : std::exchange(pushed_, {})) {
    c->pushed = false;
    if (c->closing && c->out.empty()) {
      Close(c, "output buffer over its limit");
      continue;
    }
    // A socket that is full already says when it takes more.
    if (!c->want_write && !SendPending(c)) continue;
    if (OverOutputLimit(c)) Close(c, "output buffer over its limit");
  }
}

}  // namespace pleiad::runtime
