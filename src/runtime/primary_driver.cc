// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/primary_driver.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/clock.h"
#include "runtime/replica_link.h"

namespace pleiad::runtime {
namespace {

// Each costs a walk of the keyspace and holds old images; the keyspace itself allows 16 at once.
constexpr int kSyncsMax = 4;
// Their numbers among the keyspace's threads: reactors stay below kMaxThreads - 16, the link to a
// master has the last.
constexpr int kFirstSyncThread = Keyspace::kMaxThreads - 8;

}  // namespace

PrimaryDriver::PrimaryDriver(Engine* engine, PrimaryHooks hooks)
    : engine_(engine), hooks_(std::move(hooks)) {
  engine_->journal.AddWaker(this, [this] { WakeAll(); });
}

PrimaryDriver::~PrimaryDriver() {
  Close();
  engine_->journal.RemoveWaker(this);
}

PrimarySessionOptions PrimaryDriver::SessionOptions() const {
  const auto settings = hooks_.settings();
  return {.timeout_ms = int64_t{settings->repl_timeout_seconds} * 1000,
          .ping_period_ms = int64_t{settings->repl_ping_replica_period_seconds} * 1000};
}

std::string PrimaryDriver::Replconf(uint64_t client_id, std::span<const std::string_view> args,
                                    MonoMs now) {
  const PrimarySessionOptions options = SessionOptions();
  const std::lock_guard<std::mutex> lock(mutex_);
  Greeting& greeting = greetings_[client_id];
  if (!greeting.session) greeting.session = std::make_unique<PrimarySession>(options, now);
  greeting.at = now;
  std::string reply;
  for (const PrimaryEffect& effect :
       greeting.session->Step({.kind = PrimaryInput::Kind::kReplconf, .now = now, .args = args})) {
    if (effect.kind == PrimaryEffect::Kind::kSend) reply += effect.text;
  }
  return reply;
}

std::unique_ptr<PrimarySession> PrimaryDriver::TakeGreeting(uint64_t client_id) {
  const auto found = greetings_.find(client_id);
  if (found == greetings_.end()) return nullptr;
  std::unique_ptr<PrimarySession> session = std::move(found->second.session);
  greetings_.erase(found);
  return session;
}

void PrimaryDriver::Adopt(int fd, uint64_t client_id, std::string address,
                          std::vector<std::string> args, std::string unparsed) {
  const PrimarySessionOptions options = SessionOptions();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!open_) {
    static constexpr std::string_view kRefused =
        "-NOMASTERLINK Can't SYNC while not connected with my master\r\n";
    [[maybe_unused]] const ssize_t n = ::send(fd, kRefused.data(), kRefused.size(), MSG_NOSIGNAL);
    ::close(fd);
    return;
  }
  std::unique_ptr<PrimarySession> session = TakeGreeting(client_id);
  if (!session) session = std::make_unique<PrimarySession>(options, MonoNow());
  auto link = std::make_unique<ReplicaLink>(this, fd, std::move(address), std::move(args),
                                            std::move(unparsed), std::move(session));
  {
    const std::lock_guard<std::mutex> wake_lock(wake_mutex_);
    wake_fds_.push_back(link->wake_fd());
  }
  link->Start();
  links_.push_back(std::move(link));
}

void PrimaryDriver::Close() {
  std::vector<std::unique_ptr<ReplicaLink>> links;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = false;
    links.swap(links_);
  }
  {
    const std::lock_guard<std::mutex> lock(wake_mutex_);
    wake_fds_.clear();
  }
  for (const auto& link : links) link->RequestStop();
  links.clear();  // waits for the threads
}

void PrimaryDriver::Open() {
  const std::lock_guard<std::mutex> lock(mutex_);
  open_ = true;
}

void PrimaryDriver::WakeAll() {
  const std::lock_guard<std::mutex> lock(wake_mutex_);
  const uint64_t one = 1;
  for (const int fd : wake_fds_) {
    [[maybe_unused]] const ssize_t n = ::write(fd, &one, sizeof(one));
  }
}

int PrimaryDriver::BeginSync() {
  for (int place = 0; place < kSyncsMax; ++place) {
    const uint32_t bit = 1U << place;
    if ((syncs_.fetch_or(bit) & bit) == 0) return kFirstSyncThread + place;
  }
  return -1;
}

void PrimaryDriver::EndSync(int thread) { syncs_.fetch_and(~(1U << (thread - kFirstSyncThread))); }

std::vector<ReplicaView> PrimaryDriver::Views(MonoMs now) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<ReplicaView> views;
  for (const auto& link : links_) {
    if (link->is_replica()) views.push_back(link->View(now));
  }
  return views;
}

int PrimaryDriver::CountAcked(Offset offset) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int>(std::count_if(links_.begin(), links_.end(), [&](const auto& link) {
    return link->online() && link->ack_offset() >= offset;
  }));
}

int PrimaryDriver::CountBehind(Offset offset) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int>(std::count_if(links_.begin(), links_.end(), [&](const auto& link) {
    return link->online() && link->ack_offset() < offset;
  }));
}

int PrimaryDriver::CountOnDisk(Offset offset) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int>(std::count_if(links_.begin(), links_.end(), [&](const auto& link) {
    return link->online() && link->disk_offset() >= offset;
  }));
}

int PrimaryDriver::CountGood(MonoMs now, int64_t lag_s) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int>(std::count_if(links_.begin(), links_.end(), [&](const auto& link) {
    return link->online() && now - link->ack_at() <= lag_s * 1000 + 999;
  }));
}

size_t PrimaryDriver::EndLinks(std::string_view address) {
  const std::lock_guard<std::mutex> lock(mutex_);
  size_t ended = 0;
  for (const auto& link : links_) {
    if (link->done() || (!address.empty() && address != link->address())) continue;
    link->RequestStop();
    ++ended;
  }
  return ended;
}

bool PrimaryDriver::any() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return !links_.empty();
}

void PrimaryDriver::Cron(MonoMs now) {
  const int64_t timeout_ms = SessionOptions().timeout_ms;
  std::vector<std::unique_ptr<ReplicaLink>> ended;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto it = links_.begin(); it != links_.end();) {
    if ((*it)->done()) {
      const std::lock_guard<std::mutex> wake_lock(wake_mutex_);
      std::erase(wake_fds_, (*it)->wake_fd());
      ended.push_back(std::move(*it));
      it = links_.erase(it);
    } else {
      ++it;
    }
  }
  std::erase_if(greetings_, [&](const auto& entry) { return now - entry.second.at > timeout_ms; });
}

}  // namespace pleiad::runtime
