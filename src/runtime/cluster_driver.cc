// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Set-up and the thread: sockets in, events to the machine. What the machine wants done:
// cluster_driver_effects.cc.
#include "runtime/cluster_driver.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/log.h"
#include "base/prng.h"
#include "cluster/nodes_conf.h"
#include "fmt/format.h"
#include "runtime/clock.h"
#include "runtime/net.h"
#include "runtime/random.h"

namespace pleiad::runtime {

using cluster::Event;
using cluster::kInboundLink;
using cluster::LinkId;

namespace {

constexpr int64_t kClusterTickMs = 100;
constexpr int64_t kHurriedMs = 2;  // between looks at the offset while writes wait for a failover
constexpr int64_t kReapMs = 1000;
constexpr int64_t kResumeMsMax = 2000;  // links are made anew and pings answered within that
constexpr int64_t kStrangerMinMs = 1000;
constexpr size_t kBusReadBytes = 65536;
constexpr int kAcceptsPerRound = 64;
constexpr int kEventsPerRound = 128;

// What an epoll event is about: a link's number, or one of these.
constexpr uint64_t kListenerBit = uint64_t{1} << 62;
constexpr uint64_t kWake = uint64_t{1} << 61;

// "127.0.0.1:7000" and "[::1]:7000" without the port.
std::string WithoutPort(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return address;
  if (address[0] == '[') return address.substr(1, colon - 2);
  return address.substr(0, colon);
}

NodeId RandomId(Prng* prng) { return *NodeId::Parse(prng->Hex(40)); }

}  // namespace

ClusterDriver::ClusterDriver(ClusterDriverOptions options, ClusterCallbacks callbacks)
    : options_(std::move(options)), callbacks_(std::move(callbacks)), read_buffer_(kBusReadBytes) {}

ClusterDriver::~ClusterDriver() { Stop(); }

Status ClusterDriver::Start() {
  const std::lock_guard<std::mutex> lock(mutex_);
  CHECK(machine_ == nullptr);
  if (options_.bus_port <= 0 || options_.bus_port > 65535) {
    return Error{
        fmt::format("Cluster bus port number {} is not between 1 and 65535: it is the port plus "
                    "10000 unless cluster-port names another. Choose a lower port.",
                    options_.bus_port)};
  }
  options_.config.cport = static_cast<uint16_t>(options_.bus_port);
  Status status = OpenNodesFile();
  if (status.ok()) status = OpenListeners();
  if (status.ok()) status = OpenEpoll();
  if (status.ok()) {
    Obey(machine_->Start(MonoNow(), UnixNow()));
    if (unsaved_) status = Error{"Cannot save the cluster configuration: " + save_error_};
  }
  if (!status.ok()) {
    CloseAll();
    return status;
  }
  last_seen_ = MonoNow();
  last_round_.store(last_seen_.value, std::memory_order_release);
  thread_ = std::thread([this] { Loop(); });
  return Status::Ok();
}

Status ClusterDriver::OpenNodesFile() {
  Result<std::unique_ptr<NodesFile>> file = NodesFile::Open(options_.nodes_file);
  if (!file.ok()) return file.error();
  nodes_file_ = *std::move(file);
  const Result<std::string> text = nodes_file_->Read();
  if (!text.ok()) return text.error();
  const uint64_t seed = SystemSeed();
  std::unique_ptr<cluster::ClusterState> state;
  if (text->empty()) {
    Prng names(SystemSeed());
    const NodeId id = RandomId(&names);
    state = std::make_unique<cluster::ClusterState>(id, RandomId(&names));
    state->now = MonoNow();
    state->wall = UnixNow();
    if (::access(options_.nodes_file.c_str(), F_OK) == 0) {
      PLOG(kWarning,
           "{} is empty: this node starts with a new name and knows nobody. If it had a "
           "cluster, stop it and restore the file.",
           options_.nodes_file);
    }
    PLOG(kNotice, "No cluster configuration found, I'm {}", id.view());
  } else {
    Result<std::unique_ptr<cluster::ClusterState>> loaded =
        cluster::LoadNodesConf(*text, MonoNow(), UnixNow());
    if (!loaded.ok()) {
      return Error{fmt::format("Unrecoverable error: corrupted cluster config file {}: {}",
                               options_.nodes_file, loaded.message())};
    }
    state = *std::move(loaded);
    PLOG(kNotice, "Node configuration loaded, I'm {}", state->myself()->id.view());
  }
  machine_ = std::make_unique<cluster::Machine>(options_.config, seed, std::move(state));
  return Status::Ok();
}

Status ClusterDriver::OpenListeners() {
  std::vector<std::string> addresses = options_.bind;
  if (addresses.empty()) addresses = {"*", "-::*"};
  for (const std::string& address : addresses) {
    const Result<int> fd = ListenTcp(address, options_.config.cport, options_.backlog);
    if (fd.ok()) {
      listeners_.push_back(*fd);
    } else if (!address.starts_with('-')) {
      return Error{"Cluster bus: " + fd.message()};
    }
  }
  if (listeners_.empty()) {
    return Error{
        fmt::format("Cluster bus: no address could be bound on port {}", options_.config.cport)};
  }
  return Status::Ok();
}

Status ClusterDriver::OpenEpoll() {
  epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
  wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_fd_ < 0 || wake_fd_ < 0) {
    return Error{fmt::format("Cluster bus: epoll: {}", std::strerror(errno))};
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWake;
  CHECK(::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) == 0);
  listening_paused_ = true;
  PauseListening(false);
  return Status::Ok();
}

void ClusterDriver::Stop() {
  // Closed links look like a dead process, and a dead process serves nothing.
  serve_until_.store(0, std::memory_order_release);
  if (thread_.joinable()) {
    stopping_.store(true);
    const uint64_t one = 1;
    CHECK(::write(wake_fd_, &one, sizeof one) == sizeof one || errno == EAGAIN);
    thread_.join();
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (nodes_file_ != nullptr && (unsaved_ || save_soon_)) {
    Save(cluster::WriteNodesConf(machine_->state()));
  }
  CloseAll();
}

void ClusterDriver::CloseAll() {
  links_.clear();
  inbound_links_ = 0;
  for (const int fd : listeners_) ::close(fd);
  listeners_.clear();
  // wake_fd_ stays open until here, and Post looks at it under its own lock.
  const std::lock_guard<std::mutex> lock(inbox_mutex_);
  if (epoll_fd_ >= 0) ::close(epoll_fd_);
  if (wake_fd_ >= 0) ::close(wake_fd_);
  epoll_fd_ = wake_fd_ = -1;
  machine_ = nullptr;
  nodes_file_ = nullptr;
}

std::shared_ptr<const cluster::ClusterView> ClusterDriver::View() const {
  const std::lock_guard<std::mutex> lock(view_mutex_);
  return view_;
}

bool ClusterDriver::AwaitView(const std::function<bool(const cluster::ClusterView&)>& done,
                              int64_t timeout_ms) {
  std::unique_lock<std::mutex> lock(view_mutex_);
  return view_published_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                                  [&] { return view_ != nullptr && done(*view_); });
}

void ClusterDriver::Post(Event event) {
  const std::lock_guard<std::mutex> lock(inbox_mutex_);
  if (wake_fd_ < 0) return;
  Put(std::move(event));
}

bool ClusterDriver::PostAndAwait(Event event, int64_t timeout_ms) {
  std::unique_lock<std::mutex> lock(inbox_mutex_);
  if (wake_fd_ < 0) return false;
  Put(std::move(event));
  const uint64_t number = posted_;
  return inbox_done_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                              [&] { return obeyed_ >= number; });
}

// REQUIRES: inbox_mutex_, and wake_fd_ is open.
void ClusterDriver::Put(Event event) {
  inbox_.push_back(std::move(event));
  ++posted_;
  if (inbox_.size() > 1) return;  // the thread is on its way
  const uint64_t one = 1;
  CHECK(::write(wake_fd_, &one, sizeof one) == sizeof one || errno == EAGAIN);
}

cluster::AdminReply ClusterDriver::Execute(cluster::AdminCommand command, uint64_t keys_total,
                                           uint64_t keys_in_slot) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (machine_ == nullptr) return {0, "ERR the cluster bus is not running", true};
  const uint64_t number = next_request_++;
  replies_.clear();
  Feed(cluster::AdminRequest{number, std::move(command), keys_total, keys_in_slot});
  for (cluster::AdminReply& reply : replies_) {
    if (reply.request == number) return std::move(reply);
  }
  CHECK_MSG(false, "the machine answers each request in its own step");
  return {};
}

void ClusterDriver::Read(const std::function<void(const cluster::ClusterState&)>& f) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (machine_ != nullptr) f(machine_->state());
}

bool ClusterDriver::MayActOnClaim() const {
  bool may = true;
  Read([&may](const cluster::ClusterState& state) {
    may = state.claim_heard || state.serve_until.value == 0;
  });
  return may;
}

std::vector<cluster::LinkEntry> ClusterDriver::Links() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (machine_ == nullptr) return {};
  return cluster::LinkEntries(machine_->state(), [this](LinkId id) {
    const auto it = links_.find(id.value);
    if (it == links_.end()) return cluster::LinkSocket{};
    const BusLink& link = *it->second;
    return cluster::LinkSocket{link.created(), true, link.wants_write(), link.allocated_bytes(),
                               link.queued_bytes()};
  });
}

void ClusterDriver::Loop() {
  pthread_setname_np(pthread_self(), "cluster");
  epoll_event events[kEventsPerRound];
  MonoMs next_tick = MonoNow() + kClusterTickMs;
  bool hurried = false;  // clients wait for a replica to reach the master's last offset
  while (!stopping_.load()) {
    const int64_t wait =
        std::clamp<int64_t>(next_tick - MonoNow(), 0, hurried ? kHurriedMs : kClusterTickMs);
    const int n = ::epoll_wait(epoll_fd_, events, kEventsPerRound, static_cast<int>(wait));
    const std::lock_guard<std::mutex> lock(mutex_);
    DrainInbox();
    for (int i = 0; i < n; ++i) OnEvent(events[i]);
    hurried = machine_->state().manual_failover.end.value != 0;
    if (hurried && callbacks_.progress) Feed(callbacks_.progress());
    const MonoMs now = MonoNow();
    if (now >= next_tick) {
      Tick(now);
      next_tick = next_tick + kClusterTickMs;
      if (now >= next_tick) next_tick = now + kClusterTickMs;  // we were stopped: no burst of ticks
    }
    NoteRound(MonoNow());
  }
}

// After a long stop this round knows no more than the last one before it: others may have taken our
// slots over, and their packets wait unread or come with the links that are made anew. Until there
// was time for that, the view stays as old as it is, whichever thread woke first. Where every voter
// grants leases, ours has run out meanwhile, and that is enough.
void ClusterDriver::NoteRound(MonoMs now) {
  const int64_t stale_ms = StaleViewMs(options_.config.node_timeout_ms);
  const bool lease_tells = cluster::LeaseIsFull(machine_->state());
  // From the last round of any kind: the published one stands still until then, and measured from
  // it each round would put the end off again.
  if (!lease_tells && now - last_seen_ > stale_ms) {
    resume_at_ = now + std::min(stale_ms, kResumeMsMax);
  }
  last_seen_ = now;
  if (now >= resume_at_) last_round_.store(now.value, std::memory_order_release);
}

void ClusterDriver::OnEvent(const epoll_event& event) {
  const uint64_t what = event.data.u64;
  if (what == kWake) {
    uint64_t count = 0;
    CHECK(::read(wake_fd_, &count, sizeof count) == sizeof count || errno == EAGAIN);
    DrainInbox();
  } else if ((what & kInboundLink) == 0 && (what & kListenerBit) != 0) {
    Accept(static_cast<int>(what & ~kListenerBit));
  } else {
    OnLinkEvent(LinkId(what), event.events);
  }
}

void ClusterDriver::DrainInbox() {
  std::vector<Event> events;
  {
    const std::lock_guard<std::mutex> lock(inbox_mutex_);
    events.swap(inbox_);
  }
  if (events.empty()) return;
  for (Event& event : events) Feed(std::move(event));
  replies_.clear();
  const std::lock_guard<std::mutex> lock(inbox_mutex_);
  obeyed_ += events.size();
  inbox_done_.notify_all();
}

void ClusterDriver::Tick(MonoMs now) {
  if (listening_paused_) PauseListening(false);
  if (callbacks_.progress) Feed(callbacks_.progress());
  Feed(cluster::Tick{});
  RetrySave(now);
  if (now - last_reap_ >= kReapMs) {
    last_reap_ = now;
    ReapStrangers(now);
  }
}

// Without descriptors a level-triggered listener would spin: it rests until the next tick.
void ClusterDriver::PauseListening(bool pause) {
  if (pause == listening_paused_) return;
  listening_paused_ = pause;
  for (const int fd : listeners_) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kListenerBit | static_cast<uint64_t>(fd);
    CHECK(::epoll_ctl(epoll_fd_, pause ? EPOLL_CTL_DEL : EPOLL_CTL_ADD, fd, &event) == 0);
  }
}

void ClusterDriver::Accept(int listener) {
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        PLOG(kWarning, "Error accepting cluster node: {}", std::strerror(errno));
        PauseListening(true);
      }
      return;
    }
    if (inbound_links_ >= options_.inbound_links_max) {
      ::close(fd);
      continue;
    }
    TuneClientSocket(fd, static_cast<int>(std::clamp<int64_t>(
                             options_.config.node_timeout_ms / 1000 * 2, 1, 3600)));
    const LinkId id(kInboundLink | next_inbound_++);
    links_[id.value] = std::make_unique<BusLink>(id, fd, false, MonoNow(), UnixNow());
    ++inbound_links_;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = id.value;
    CHECK(::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0);
    Feed(cluster::InboundOpened{id, WithoutPort(PeerAddress(fd)), WithoutPort(LocalAddress(fd))});
  }
}

void ClusterDriver::OnLinkEvent(LinkId id, uint32_t events) {
  BusLink* link = FindLink(id);
  if (link == nullptr) return;  // closed earlier in this round
  if (link->connecting()) {
    const BusLink::Outcome outcome = link->FinishConnect();
    if (outcome != BusLink::Outcome::kOk) {
      DropLink(id, outcome == BusLink::Outcome::kRefused);
      return;
    }
    ArmWrite(link);
    Feed(cluster::LinkUp{id});
    return;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) ReadLink(id);
  link = FindLink(id);
  if (link == nullptr || (events & EPOLLOUT) == 0) return;
  if (link->Flush()) {
    ArmWrite(link);
  } else {
    DropLink(id, false);
  }
}

void ClusterDriver::ReadLink(LinkId id) {
  std::vector<cluster::Packet> packets;
  BusLink* link = FindLink(id);
  const BusLink::ReadResult result = link->Read(read_buffer_, &packets);
  if (!result.error.empty()) NoteHostile(*link, result.error);
  for (cluster::Packet& packet : packets) {
    Feed(cluster::PacketReceived{id, std::move(packet)});
    if (FindLink(id) == nullptr) return;  // the machine hung up
  }
  if (packets.empty() && result.bytes > 0) Feed(cluster::BytesReceived{id});
  if (result.outcome != BusLink::Outcome::kOk) DropLink(id, false);
}

// At most one line a second: whoever sends rubbish may not fill the disk.
void ClusterDriver::NoteHostile(const BusLink& link, const std::string& why) {
  const MonoMs now = MonoNow();
  if (now - last_hostile_log_ < 1000) return;
  last_hostile_log_ = now;
  PLOG(kNotice, "Closing the bus link with {}: {}", PeerAddress(link.fd()), why);
}

void ClusterDriver::DropLink(LinkId id, bool refused) {
  const BusLink* link = FindLink(id);
  if (link == nullptr) return;
  const bool ended = link->ended();
  EraseLink(id);
  Feed(cluster::LinkDown{id, refused, ended});
}

void ClusterDriver::EraseLink(LinkId id) {
  if (links_.erase(id.value) == 1 && cluster::IsInbound(id)) --inbound_links_;
}

// Who connects and never says a whole packet is no node.
void ClusterDriver::ReapStrangers(MonoMs now) {
  const int64_t patience = std::max(options_.config.node_timeout_ms, kStrangerMinMs);
  std::vector<LinkId> gone;
  for (const auto& [number, link] : links_) {
    if (cluster::IsInbound(link->id()) && !link->spoke() && now - link->opened() > patience) {
      gone.push_back(link->id());
    }
  }
  for (const LinkId id : gone) DropLink(id, false);
}

BusLink* ClusterDriver::FindLink(LinkId id) {
  const auto it = links_.find(id.value);
  return it == links_.end() ? nullptr : it->second.get();
}

}  // namespace pleiad::runtime
