// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/reactor.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "command/waiters.h"
#include "resp/request_writer.h"
#include "runtime/clock.h"
#include "runtime/net.h"
#include "runtime/persistence.h"
#include "runtime/server.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kReadBuffer = 64 * 1024;
constexpr size_t kFlushAbove = 256 * 1024;
constexpr int kEvents = 256;
// Connections are watched edge-triggered: the kernel does not look at a socket again that was read
// empty. Whoever stops before that calls Rearm.
constexpr uint32_t kReadEdge = EPOLLIN | EPOLLRDHUP | EPOLLET;
constexpr uint32_t kHangUp = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
constexpr int64_t kCronMs = 100;
// Before AUTH nobody needs more, and nobody gets our memory.
constexpr resp::RequestLimits kStrangerLimits{16384, 10, 64 * 1024, true};
constexpr size_t kExpireBudget = 2000;     // deletions per reactor and tick: about 1 ms
constexpr size_t kKeepCapacity = 1 << 20;  // shared output memory kept between rounds

// What an epoll event belongs to: a connection, or one of these marks.
void* const kWakeMark = reinterpret_cast<void*>(1);
bool IsListenerMark(const void* p) { return (reinterpret_cast<uintptr_t>(p) & 7) == 2; }
size_t ListenerOf(const void* p) { return reinterpret_cast<uintptr_t>(p) >> 3; }

// A browser that was tricked into talking to us starts with one of these words.
bool IsHttp(std::string_view word) {
  return EqualsIgnoreCase(word, "post") || EqualsIgnoreCase(word, "host:");
}

void Watch(int epoll_fd, int op, int fd, uint32_t events, void* mark) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = mark;
  CHECK(epoll_ctl(epoll_fd, op, fd, &event) == 0);
}

}  // namespace

Reactor::Reactor(Server* server, int index, uint64_t seed)
    : server_(server),
      index_(index),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      dispatcher_(&server->engine(), server, index, seed),
      prng_(seed + 1),
      expire_cursor_(index),
      read_buffer_(kReadBuffer) {
  CHECK(epoll_fd_ >= 0 && wake_fd_ >= 0);
  Watch(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, EPOLLIN, kWakeMark);
  dispatcher_.set_push_sink(this);
  server->engine().pubsub.desk(index).mailbox().set_waker([this] { WakeForMail(); });
  dispatcher_.set_delivery([this](ClientState* client) { return DeliveryTo(client->id); });
  dispatcher_.set_slow_hook(
      [server](const ClientState& client, const Args& args, const CommandCost& cost) {
        server->AddSlow(client, args, cost);
      });
}

Reactor::~Reactor() {
  for (Connection* c : connections_) delete c;
  ::close(epoll_fd_);
  ::close(wake_fd_);
}

void Reactor::AddListener(int fd, bool unix_socket) {
  listeners_.push_back({fd, unix_socket});
  const uintptr_t mark = ((listeners_.size() - 1) << 3) | 2;
  Watch(epoll_fd_, EPOLL_CTL_ADD, fd, EPOLLIN, reinterpret_cast<void*>(mark));
}

void Reactor::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Reactor::Stop() {
  if (!thread_.joinable()) return;
  Post([this] { stopping_ = true; });
  thread_.join();
}

void Reactor::Post(std::function<void()> task) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_fd_, &one, sizeof(one));
}

void Reactor::Adopt(uint64_t id, int fd, std::string address) {
  Post([this, id, fd, address = std::move(address)] { AddConnection(id, fd, address); });
}

void Reactor::RunTasks() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(wake_fd_, &count, sizeof(count));
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task();
}

void Reactor::RefreshSettings() {
  const uint64_t version = server_->config().version();
  if (version == settings_version_) return;
  settings_version_ = version;
  settings_ = server_->settings();
  limits_.bulk_size_max = static_cast<int64_t>(settings_->proto_max_bulk_len);
}

void Reactor::Loop() {
  thread_id_ = std::this_thread::get_id();
  RegisterMemoryThread();
  RefreshSettings();
  next_cron_ = MonoNow();
  std::vector<epoll_event> events(kEvents);
  while (!stopping_.load(std::memory_order_relaxed)) {
    const int n = epoll_wait(epoll_fd_, events.data(), kEvents, static_cast<int>(WaitMs()));
    CHECK(n >= 0 || errno == EINTR);
    Round(events.data(), n);
  }
  UnregisterMemoryThread();
}

void Reactor::Round(const epoll_event* events, int n) {
  mono_now_ = MonoNow();
  now_ = UnixNow();
  RefreshSettings();
  dispatcher_.set_fenced(server_->ClusterViewIsStale(mono_now_));
  dispatcher_.set_taking_over(server_->TakingOver(mono_now_));
  Keyspace& keyspace = server_->engine().keyspace;
  keyspace.Enter(index_);
  bool wake = false;
  for (int i = 0; i < n; ++i) {
    void* mark = events[i].data.ptr;
    if (mark == kWakeMark) {
      wake = true;
    } else if (IsListenerMark(mark)) {
      Accept(listeners_[ListenerOf(mark)]);
    } else {
      auto* c = static_cast<Connection*>(mark);
      if ((events[i].events & EPOLLOUT) && !SendPending(c)) continue;  // closed
      if (events[i].events & (EPOLLIN | kHangUp)) OnReadable(c, (events[i].events & kHangUp) != 0);
    }
  }
  FlushRound();
  if (wake) {
    RunTasks();
    FlushRound();
  }
  if (!deadlines_.empty()) [[unlikely]] {
    ExpireWaits();
    FlushRound();
  }
  if (mono_now_ >= next_cron_) Cron();
  if (server_->engine().pubsub.desk(index_).mailbox().any()) {
    // Replies of clients that waited go before messages about what these replies changed.
    RunTasks();
    FlushRound();
    dispatcher_.DeliverMail(nullptr, nullptr);
  }
  keyspace.Leave(index_);
}

void Reactor::Accept(const Listener& listener) {
  for (int i = 0; i < 1000; ++i) {
    const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE)
        PLOG(kWarning, "Accepting client connection: {}", std::strerror(errno));
      return;
    }
    if (server_->connected_clients.fetch_add(1) >= settings_->maxclients) {
      server_->connected_clients.fetch_sub(1);
      server_->rejected_connections.fetch_add(1);
      static constexpr std::string_view kFull = "-ERR max number of clients reached\r\n";
      [[maybe_unused]] const ssize_t sent = ::send(fd, kFull.data(), kFull.size(), MSG_NOSIGNAL);
      ::close(fd);
      continue;
    }
    server_->total_connections.fetch_add(1);
    std::string address = listener.unix_socket ? settings_->unixsocket + ":0" : PeerAddress(fd);
    if (!listener.unix_socket) TuneClientSocket(fd, settings_->tcp_keepalive_seconds);
    const uint64_t id = server_->NextClientId();  // here, so that ids grow in the order of accepts
    Reactor& target = server_->NextReactor();
    if (&target == this) {
      AddConnection(id, fd, address);
    } else {
      target.Adopt(id, fd, std::move(address));
    }
  }
}

void Reactor::AddConnection(uint64_t id, int fd, const std::string& address) {
  auto* c = new Connection(this, fd);
  c->state.id = id;
  c->state.address = address;
  c->state.local_address = address.find('/') == 0 ? address : LocalAddress(fd);
  c->state.created = mono_now_;
  c->state.last_interaction = mono_now_;
  c->state.authenticated = !server_->engine().require_auth.load(std::memory_order_relaxed);
  c->index_ = connections_.size();
  connections_.push_back(c);
  Watch(epoll_fd_, EPOLL_CTL_ADD, fd, kReadEdge, c);
}

void Reactor::Close(Connection* c, std::string_view why) {
  if (!why.empty())
    PLOG(kVerbose, "Closing client id={} addr={}: {}", c->state.id, c->state.address, why);
  connections_[c->index_] = connections_.back();
  connections_[c->index_]->index_ = c->index_;
  connections_.pop_back();
  if (c->gate.value != 0) std::erase(gated_, c);
  if (c->state.monitor) SetMonitor(c, false);
  std::erase_if(unsent_, [c](const Unsent& unsent) { return unsent.connection == c; });
  if (c->state.waiter) {
    c->state.waiter->state = Waiter::kDone;
    EndWait(c);
  }
  server_->connected_clients.fetch_sub(1);
  delete c;  // closes the socket, which leaves epoll by itself
}

void Reactor::HandOver(Connection* c) {
  CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, c->fd_, nullptr) == 0);
  const int fd = std::exchange(c->fd_, -1);
  const auto takeover = std::move(c->takeover_);
  std::string unparsed(c->in.view());
  connections_[c->index_] = connections_.back();
  connections_[c->index_]->index_ = c->index_;
  connections_.pop_back();
  if (c->state.monitor) SetMonitor(c, false);
  server_->connected_clients.fetch_sub(1);
  delete c;
  takeover(fd, std::move(unparsed));
}

void Reactor::UpdateInterest(Connection* c) {
  const bool want = !c->out.empty();
  if (want == c->want_write) return;
  c->want_write = want;
  Rearm(c);
}

// The kernel looks at the socket anew, and reports what is there even if it did before.
void Reactor::Rearm(Connection* c) {
  Watch(epoll_fd_, EPOLL_CTL_MOD, c->fd_, kReadEdge | (c->want_write ? EPOLLOUT : 0U), c);
}

// Reads the rest of a large argument into its own memory. False: the connection is gone or nothing
// more is here.
bool Reactor::ReadLarge(Connection* c) {
  HeapString* s = c->large;
  char crlf[2];
  const bool body = s->size < s->capacity;
  char* to = body ? s->data() + s->size : crlf;
  const size_t room = body ? s->capacity - s->size : static_cast<size_t>(c->large_tail);
  const ssize_t n = ::recv(c->fd_, to, room, 0);
  if (n <= 0) {
    if (n < 0 && errno == EINTR) {
      Rearm(c);
    } else if (n == 0 || errno != EAGAIN) {
      Close(c, "closed while sending a large argument");
    }
    return false;
  }
  c->state.last_interaction = mono_now_;
  c->state.bytes_in += static_cast<uint64_t>(n);
  ThreadStats::Add(&server_->engine().stats[static_cast<size_t>(index_)].bytes_in,
                   static_cast<uint64_t>(n));
  if (body) {
    s->size += static_cast<uint64_t>(n);
    return true;
  }
  c->large_tail -= static_cast<int>(n);
  if (c->large_tail > 0) return true;
  c->large_args.emplace_back(c->parser.args_so_far(), s);
  c->parser.FinishLarge(s->view());
  c->large = nullptr;
  return true;
}

void Reactor::OnReadable(Connection* c, bool hang_up) {
  if (c->state.waiter) [[unlikely]] {
    ReadWhileWaiting(c, hang_up);
    return;
  }
  const bool was_large = c->large != nullptr;
  while (c->large != nullptr) {
    if (!ReadLarge(c)) return;
  }
  if (was_large) {
    // The large argument may have been the last thing of its command: parse what is there before
    // reading on.
    resp::OutBuffer head;
    head.Swap(c->in);
    Rearm(c);
    Process(c, head.view());
    return;
  }
  char* to = read_buffer_.data();
  size_t room = read_buffer_.size();
  const bool partial = !c->in.empty();
  if (partial) {
    to = c->in.Reserve(std::max<size_t>(16 * 1024, std::min<size_t>(c->in.size(), 1 << 20)));
    room = c->in.capacity() - c->in.size();
  }
  const ssize_t n = ::recv(c->fd_, to, room, 0);
  if (n <= 0) {
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0 && errno == EINTR) return Rearm(c);
    Close(c, n == 0 ? "" : std::strerror(errno));
    return;
  }
  // A short read emptied the socket, unless the end of the stream is behind it.
  if (static_cast<size_t>(n) == room || hang_up) [[unlikely]]
    Rearm(c);
  c->state.last_interaction = mono_now_;
  c->state.bytes_in += static_cast<uint64_t>(n);
  ThreadStats& stats = server_->engine().stats[static_cast<size_t>(index_)];
  ThreadStats::Add(&stats.bytes_in, static_cast<uint64_t>(n));
  ThreadStats::Add(&stats.reads_processed, 1);
  if (!partial) {
    Process(c, {to, static_cast<size_t>(n)});
    return;
  }
  c->in.Commit(static_cast<size_t>(n));
  if (c->in.size() > settings_->client_query_buffer_limit) {
    Close(c, "query buffer over its limit");
    return;
  }
  resp::OutBuffer held;
  held.Swap(c->in);
  Process(c, held.view());
}

// Starts to read an argument in place: what has arrived of it is copied, the rest will be received
// behind it.
void Reactor::BeginLarge(Connection* c, std::string_view* data, size_t consumed) {
  HeapString* s = HeapString::Create(c->parser.large_size());
  const std::string_view arrived = data->substr(consumed, s->capacity);
  std::memcpy(s->data(), arrived.data(), arrived.size());
  s->size = arrived.size();
  c->large = s;
  // The parser asks only when size + 2 has not arrived: at most one byte of the CRLF is here.
  c->large_tail = 2 - static_cast<int>(data->size() - consumed - arrived.size());
  KeepUnparsed(c, data->substr(0, consumed));
  *data = {};
}

void Reactor::KeepUnparsed(Connection* c, std::string_view data) {
  if (!data.empty()) c->in.Append(data);
}

// Takes the next command off `data` into the batch. Sets *stop when nothing more can be parsed now.
// False: protocol error.
bool Reactor::ParseOne(Connection* c, std::string_view* data, size_t* batched, bool* stop) {
  using Result = resp::RequestParser::Result;
  size_t consumed = 0;
  const bool stranger =
      !c->state.authenticated && server_->engine().require_auth.load(std::memory_order_relaxed);
  const Result result = c->parser.Next(*data, stranger ? kStrangerLimits : limits_, &consumed);
  switch (result) {
    case Result::kNeedMore:
      *stop = true;
      return true;
    case Result::kLargeBulk:
      RunBatch(c, *batched);
      *batched = 0;
      if (PutOff(c, stop)) return true;
      BeginLarge(c, data, consumed);
      *stop = true;
      return true;
    case Result::kError:
      RunBatch(c, *batched);
      *batched = 0;
      if (PutOff(c, stop)) return true;
      resp::Writer(c->out.empty() ? &out_ : &c->out).Error(c->parser.error());
      c->state.close_after_reply = true;
      *stop = true;
      return false;
    case Result::kCommand:
      break;
  }
  data->remove_prefix(consumed);
  if (c->parser.args().empty()) return true;
  if (IsHttp(c->parser.args()[0])) {
    RunBatch(c, *batched);
    *batched = 0;
    PLOG(kWarning, "Possible SECURITY ATTACK detected: {} sends HTTP. Connection aborted.",
         c->state.address);
    c->state.close_after_reply = true;
    *stop = true;
    return false;
  }
  PreparedCommand& command = dispatcher_.at((*batched)++);
  command.args.swap(c->parser.args());
  command.owned.clear();
  if (!c->large_args.empty()) {
    command.owned.assign(command.args.size(), nullptr);
    for (auto& [index, value] : c->large_args) command.owned[index] = value;
    c->large_args.clear();
  }
  if (*batched == Dispatcher::kBatch || c->parser.last_was_inline() || !command.owned.empty()) {
    RunBatch(c, *batched);
    *batched = 0;
  }
  return true;
}

void Reactor::RunBatch(Connection* c, size_t n) {
  if (n == 0) return;
  resp::OutBuffer* out = c->out.empty() ? &out_ : &c->out;
  const ThreadStats& stats = server_->engine().stats[static_cast<size_t>(index_)];
  const uint64_t dirty = stats.dirty.load(std::memory_order_relaxed);
  running_ = c;
  const size_t ran = dispatcher_.Run(n, &c->state, out, now_, mono_now_);
  running_ = nullptr;
  c->wrote = c->wrote || stats.dirty.load(std::memory_order_relaxed) != dirty;
  if (c->state.waiter) [[unlikely]]
    BeginWait(c, ran, n);
  if (stats.dirty.load(std::memory_order_relaxed) != dirty && server_->persistence().gating())
      [[unlikely]] {
    // What this batch wrote lies before the end of the journal; so may others' records, which are
    // synced together with it.
    if (c->gate.value == 0) gated_.push_back(c);
    c->gate = server_->engine().journal.end();
  }
  for (size_t i = 0; i < n; ++i) {
    for (HeapString* value : dispatcher_.at(i).owned) {
      if (value != nullptr) HeapString::Free(value);
    }
    dispatcher_.at(i).owned.clear();
  }
  if (out_.size() - out_begin_ > kFlushAbove) Flush(c);
}

void Reactor::Process(Connection* c, std::string_view data) {
  out_begin_ = out_.size();
  size_t batched = 0;
  bool stop = false;
  while (!stop && !c->state.close_after_reply && !c->takeover_ && !c->state.waiter) {
    if (data.empty() && c->parser.idle()) break;
    if (!ParseOne(c, &data, &batched, &stop)) data = {};
  }
  if (!c->state.close_after_reply && !c->state.waiter) RunBatch(c, batched);
  KeepUnparsed(c, data);
  if (c->state.close_after_reply) c->closing = true;
  if (c->closing || c->takeover_ || !c->out.empty()) {
    Flush(c);
    Settle(c);
  } else if (out_.size() > out_begin_) {
    unsent_.push_back({c, out_begin_, out_.size() - out_begin_});
  }
}

// The replies of a round are sent together at its end: the first wakes the peer's thread, and the
// others find it awake, which saves a wake-up each (measured: see docs/decisions).
void Reactor::FlushRound() {
  const std::vector<Unsent> unsent = std::exchange(unsent_, {});
  for (const Unsent& u : unsent) {
    Send(u.connection, out_.view().substr(u.begin, u.size));
    Settle(u.connection);
  }
  out_.clear();
  if (out_.capacity() > kKeepCapacity) out_.Release();
}

// Sends what the running batch wrote.
void Reactor::Flush(Connection* c) {
  if (out_.size() == out_begin_) return;
  Send(c, out_.view().substr(out_begin_));
  out_.Truncate(out_begin_);
}

// What the socket does not take is kept with the connection.
void Reactor::Send(Connection* c, std::string_view bytes) {
  // This process was stopped since the round began, and others may serve our slots by now: what was
  // written meanwhile is not acknowledged. Its client will see a broken connection.
  if (std::exchange(c->wrote, false) && !dispatcher_.fenced() &&
      server_->ClusterViewIsStale(MonoNow())) [[unlikely]] {
    c->closing = true;
    c->state.close_after_reply = true;
    return;
  }
  ssize_t n = 0;
  if (c->out.empty() && !Gated(c)) n = ::send(c->fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN && errno != EINTR) {
    c->closing = true;
    c->state.close_after_reply = true;
    return;
  }
  const auto sent = static_cast<size_t>(std::max<ssize_t>(n, 0));
  c->state.bytes_out += bytes.size();
  ThreadStats& stats = server_->engine().stats[static_cast<size_t>(index_)];
  ThreadStats::Add(&stats.bytes_out, bytes.size());
  ThreadStats::Add(&stats.writes_processed, 1);
  if (sent < bytes.size()) c->out.Append(bytes.substr(sent));
}

// appendfsync always: no reply leaves before what it acknowledges is on disk.
bool Reactor::Gated(Connection* c) {
  if (c->gate.value == 0) [[likely]]
    return false;
  const Persistence& persistence = server_->persistence();
  if (persistence.gating() && persistence.synced() < c->gate) return true;
  c->gate = Offset(0);
  std::erase(gated_, c);
  return false;
}

void Reactor::ReleaseGated() {
  const std::vector<Connection*> waiting(gated_);
  for (Connection* c : waiting) {
    if (Gated(c)) continue;
    if (!c->out.empty()) {
      SendPending(c);
    } else {
      Settle(c);
    }
  }
}

// After a batch: the connection goes on, leaves, or is closed. It may be gone afterwards.
void Reactor::Settle(Connection* c) {
  if (Gated(c)) {
    if (OverOutputLimit(c)) Close(c, "output buffer over its limit");
  } else if (c->takeover_ && c->out.empty()) {
    HandOver(c);
  } else if ((c->closing && c->out.empty()) || OverOutputLimit(c)) {
    Close(c, c->closing ? "" : "output buffer over its limit");
  } else {
    UpdateInterest(c);
  }
}

// The socket takes bytes again. False: the connection was closed.
bool Reactor::SendPending(Connection* c) {
  if (Gated(c)) return true;
  const ssize_t n = ::send(c->fd_, c->out.data(), c->out.size(), MSG_NOSIGNAL);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) {
      UpdateInterest(c);
      return true;
    }
    Close(c, std::strerror(errno));
    return false;
  }
  c->state.last_interaction = mono_now_;
  c->out.Consume(static_cast<size_t>(n));
  if (!c->out.empty()) {
    UpdateInterest(c);
    return true;
  }
  c->out.Release();
  if (c->takeover_) {
    HandOver(c);
    return false;
  }
  if (c->closing) {
    Close(c, "");
    return false;
  }
  UpdateInterest(c);
  return true;
}

// ---- clients that wait

// Until the next thing that is due.
int64_t Reactor::WaitMs() const {
  int64_t due = next_cron_.value;
  if (!deadlines_.empty()) due = std::min(due, deadlines_.begin()->first);
  return std::max<int64_t>(0, due - MonoNow().value);
}

// A command before the one at hand waits: this one is parsed again when that is over.
bool Reactor::PutOff(Connection* c, bool* stop) {
  if (!c->state.waiter) return false;
  c->parser.Reset();
  *stop = true;
  return true;
}

// What was parsed behind the command that waits goes back to the unparsed bytes.
void Reactor::BeginWait(Connection* c, size_t ran, size_t batched) {
  waiting_.emplace(c->state.id, c);
  c->parser.Reset();  // it may be in the midst of the command behind: that is parsed again
  const int64_t deadline = c->state.waiter->deadline_ms;
  if (deadline != 0) deadlines_.emplace(deadline, c->state.id);
  if (c->state.waiter->kind != Waiter::Kind::kKeys) server_->engine().waiters.Add(c->state.waiter);
  if (Postponed(c->state)) paused_.push_back(c->state.id);
  std::string rest;
  for (size_t i = ran; i < batched; ++i) resp::AppendRequest(dispatcher_.at(i).args, &rest);
  KeepUnparsed(c, rest);
}

void Reactor::EndWait(Connection* c) {
  server_->engine().waiters.Remove(c->state.waiter);
  deadlines_.erase({c->state.waiter->deadline_ms, c->state.id});
  waiting_.erase(c->state.id);
  c->state.waiter.reset();
}

// Its requests are kept for later; what matters is whether it is still there.
void Reactor::ReadWhileWaiting(Connection* c, bool hang_up) {
  constexpr size_t kRoom = 16 * 1024;
  char* const to = c->in.Reserve(kRoom);
  const ssize_t n = ::recv(c->fd_, to, kRoom, 0);
  if (n <= 0) {
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0 && errno == EINTR) return Rearm(c);
    Close(c, "");
    return;
  }
  if (static_cast<size_t>(n) == kRoom || hang_up) Rearm(c);
  c->in.Commit(static_cast<size_t>(n));
  c->state.bytes_in += static_cast<uint64_t>(n);
  if (c->in.size() > settings_->client_query_buffer_limit) Close(c, "query buffer over its limit");
}

std::function<void(std::string)> Reactor::DeliveryTo(uint64_t client_id) {
  return [this, client_id](std::string reply) {
    Post([this, client_id, reply = std::move(reply)] { Resume(client_id, reply); });
  };
}

// What it sent is looked at again; it may be held back again.
void Reactor::ResumeHeldBack(Connection* c) {
  EndWait(c);
  c->state.last_interaction = mono_now_;
  resp::OutBuffer held;
  held.Swap(c->in);
  Process(c, held.view());
}

void Reactor::ResumePaused() {
  dispatcher_.ServeLeftOver(now_, mono_now_);
  const std::vector<uint64_t> paused = std::exchange(paused_, {});
  for (const uint64_t id : paused) {
    const auto found = waiting_.find(id);
    if (found != waiting_.end() && Postponed(found->second->state)) ResumeHeldBack(found->second);
  }
}

void Reactor::Resume(uint64_t client_id, std::string_view reply) {
  const auto found = waiting_.find(client_id);
  if (found == waiting_.end()) return;
  Connection* const c = found->second;
  const std::shared_ptr<Waiter> waiter = c->state.waiter;
  EndWait(c);
  c->state.last_interaction = mono_now_;
  if (reply.empty()) {
    std::string again;
    resp::AppendRequest(waiter->args, &again);
    again += c->in.view();
    c->in.Release();
    Process(c, again);
    return;
  }
  c->state.write_offset = server_->engine().journal.end();
  if (server_->persistence().gating()) {
    if (c->gate.value == 0) gated_.push_back(c);
    c->gate = server_->engine().journal.end();
  }
  out_begin_ = out_.size();
  (c->out.empty() ? &out_ : &c->out)->Append(reply);
  if (c->state.reply_mode == ClientState::ReplyMode::kOff) out_.Truncate(out_begin_);
  Flush(c);
  if (!c->in.empty() && !c->closing) {
    resp::OutBuffer held;
    held.Swap(c->in);
    Process(c, held.view());  // ends with Settle, or is settled with the round
  } else {
    Settle(c);
  }
}

bool Reactor::Unblock(Connection* c, std::string_view reply) {
  const std::shared_ptr<Waiter> waiter = c->state.waiter;
  if (!waiter || waiter->held || waiter->rerun || Postponed(c->state) || !waiter->Finish())
    return false;
  std::string text(reply);
  if (text.empty() && waiter->at_deadline) {
    text = waiter->at_deadline();
  } else if (text.empty()) {
    resp::OutBuffer buffer;
    resp::Writer out(&buffer, c->state.protocol);
    waiter->null_array ? out.NullArray() : out.Null();
    text = buffer.view();
  }
  waiter->deliver(std::move(text));
  return true;
}

void Reactor::ExpireWaits() {
  while (!deadlines_.empty() && deadlines_.begin()->first <= mono_now_.value) {
    const uint64_t id = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    Connection* const c = waiting_.at(id);
    if (Postponed(c->state)) {
      ResumePaused();  // all of them: the order is theirs
      continue;
    }
    if (Unblock(c, {})) continue;
    // It is being served this moment: it gets its reply, or another look.
    if (c->state.waiter->state != Waiter::kDone) deadlines_.emplace(mono_now_.value + 1, id);
  }
}

bool Reactor::OverOutputLimit(Connection* c) {
  const size_t size = c->out.size();
  if (size == 0) {
    c->soft_limit_since = MonoMs(0);
    return false;
  }
  const ClientClass kind = c->state.subscribed ? ClientClass::kPubsub : ClientClass::kNormal;
  const OutputBufferLimit& limit = settings_->output_buffer_limit[static_cast<size_t>(kind)];
  bool over = limit.hard_bytes != 0 && size > limit.hard_bytes;
  if (limit.soft_bytes != 0 && size > limit.soft_bytes) {
    if (c->soft_limit_since.value == 0) c->soft_limit_since = mono_now_;
    over |= mono_now_ - c->soft_limit_since >= limit.soft_seconds * 1000;
  } else {
    c->soft_limit_since = MonoMs(0);
  }
  if (over) server_->output_limit_disconnections.fetch_add(1);
  return over;
}

void Reactor::CloseIdle() {
  std::vector<Connection*> idle;
  for (Connection* c : connections_) {
    const bool timed_out =
        settings_->timeout_seconds > 0 && !c->state.replica && !c->state.waiter &&
        !c->state.subscribed &&
        mono_now_ - c->state.last_interaction >= settings_->timeout_seconds * 1000LL;
    if (timed_out || OverOutputLimit(c)) idle.push_back(c);
  }
  for (Connection* c : idle) Close(c, "idle or over its output limit");
}

void Reactor::Cron() {
  next_cron_ = mono_now_ + kCronMs;
  Engine& engine = server_->engine();
  if (engine.pause_cron.load(std::memory_order_relaxed)) return;
  ThreadStats* stats = &engine.stats[static_cast<size_t>(index_)];
  engine.pauses.At(mono_now_);  // ends what is over by time
  if (engine.active_expire.load(std::memory_order_relaxed) && engine.deletes_expired()) {
    const auto stride = static_cast<int>(server_->reactors().size());
    const size_t deleted =
        ExpireSweep(&engine, stats, now_, index_, stride, &expire_cursor_, kExpireBudget);
    if (deleted >= kExpireBudget)
      next_cron_ = mono_now_ + 4;  // more is due: a quarter of the thread's time
  }
  if (engine.waiters.any_left_over()) dispatcher_.ServeLeftOver(now_, mono_now_);
  if (++cron_count_ % 10 == 0) CloseIdle();
  if (index_ == 0) server_->Cron(mono_now_);
}

}  // namespace pleiad::runtime
