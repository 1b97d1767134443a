// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/migrator.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/crc.h"
#include "resp/request_writer.h"
#include "runtime/clock.h"
#include "runtime/key_move.h"
#include "runtime/random.h"
#include "runtime/server.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kMigrateThreadsMax = 4;
// Their numbers among the keyspace's threads; reactors stay below kMaxThreads - 16.
constexpr int kFirstMigrateThread = Keyspace::kMaxThreads - 12;
constexpr size_t kPortionBytes = 1 << 20;  // bounds how long a write to one of its keys waits
constexpr size_t kPortionKeys = 256;
constexpr size_t kSocketsMax = 64;
constexpr int64_t kSocketIdleMs = 10'000;
constexpr auto kPauseLook = std::chrono::milliseconds(10);

constexpr std::string_view kConnectError = "IOERR error or timeout connecting to the client";
constexpr std::string_view kWriteError = "IOERR error or timeout writing to target instance";
constexpr std::string_view kReadError = "IOERR error or timeout reading from target instance";

std::string PeerName(const MigrateJob& job) { return job.host + ":" + std::to_string(job.port); }

void AppendWords(std::string* bytes, std::initializer_list<std::string_view> words) {
  const std::vector<std::string_view> args(words);
  resp::AppendRequest(args, bytes);
}

std::set<uint16_t> SlotsOf(const MigrateJob& job) {
  std::set<uint16_t> slots;
  for (const std::string& key : job.keys) slots.insert(KeySlot(key).value);
  return slots;
}

// One job on a thread of the migrator.
class JobRun {
 public:
  JobRun(Server* server, MigrateSockets* sockets, Dispatcher* dispatcher, int stop_fd, int thread,
         const MigrateJob& job)
      : engine_(&server->engine()),
        sockets_(sockets),
        dispatcher_(dispatcher),
        stop_fd_(stop_fd),
        thread_(thread),
        job_(job) {}

  // The reply without its end of line.
  std::string Run() {
    std::deque<std::string> keys(job_.keys.begin(), job_.keys.end());
    bool any = false;
    while (!keys.empty() && error_.empty()) {
      engine_->keyspace.Enter(thread_);
      {
        KeyMove move(engine_, &engine_->stats[static_cast<size_t>(thread_)], job_.source_db,
                     job_.copy);
        const std::vector<TakenKey> portion = TakePortion(&move, &keys);
        any |= !portion.empty();
        if (!portion.empty()) MovePortion(&move, portion);
      }
      // What waited for these keys runs now that nothing holds them.
      dispatcher_->ServeHeld(job_.source_db, served_, UnixNow(), MonoNow());
      served_.clear();
      engine_->keyspace.Leave(thread_);
    }
    if (socket_ != nullptr) sockets_->Give(job_, std::move(socket_));
    if (!error_.empty()) return "-" + error_;
    return any ? "+OK" : "+NOKEY";
  }

 private:
  std::vector<TakenKey> TakePortion(KeyMove* move, std::deque<std::string>* keys) {
    std::vector<TakenKey> portion;
    size_t bytes = 0;
    while (!keys->empty() && bytes < kPortionBytes && portion.size() < kPortionKeys) {
      const std::string name = std::move(keys->front());
      keys->pop_front();
      TakenKey taken;
      std::string why;
      const KeyMove::Look look = move->Take(name, UnixNow(), &taken, &why);
      if (look == KeyMove::Look::kElsewhere) {
        error_ = why;
        break;
      }
      served_.push_back(name);
      if (look != KeyMove::Look::kTaken) continue;
      bytes += taken.payload.size();
      portion.push_back(std::move(taken));
    }
    return portion;
  }

  // Sends, reads, settles, until every key of the portion is where it belongs or can't be.
  void MovePortion(KeyMove* move, const std::vector<TakenKey>& first) {
    std::vector<const TakenKey*> sent;
    for (const TakenKey& key : first) sent.push_back(&key);
    std::deque<TakenKey> again;
    bool replace = job_.replace;
    while (!sent.empty()) {
      const std::vector<const TakenKey*> arrived = SendKeys(sent, replace);
      sent.clear();
      for (const TakenKey* key : arrived) {
        if (TakenKey changed; SettleKey(move, *key, &changed)) {
          again.push_back(std::move(changed));
          sent.push_back(&again.back());
        }
      }
      replace = true;  // what is there of these is our own older copy
    }
  }

  // True: it has changed and must be sent again.
  bool SettleKey(KeyMove* move, const TakenKey& key, TakenKey* changed) {
    KeyMove::End end = move->Settle(key, UnixNow());
    while (end == KeyMove::End::kPaused && !Stopping()) end = move->Settle(key, UnixNow());
    std::string why;
    switch (end) {
      case KeyMove::End::kMoved:
        return false;
      case KeyMove::End::kChanged:
        if (move->Take(key.name, UnixNow(), changed, &why) == KeyMove::Look::kTaken) return true;
        break;
      case KeyMove::End::kGone:
        break;
      case KeyMove::End::kNotOurs:
      case KeyMove::End::kPaused:
        SetError("TRYAGAIN This node stopped being the key's owner while it was moved");
        return false;
    }
    Forget(key.name);
    return false;
  }

  // Waits a moment outside the keyspace.
  bool Stopping() {
    engine_->keyspace.Leave(thread_);
    std::this_thread::sleep_for(kPauseLook);
    engine_->keyspace.Enter(thread_);
    uint64_t value = 0;
    return ::read(stop_fd_, &value, sizeof(value)) > 0;
  }

  // The key was deleted here while its copy was under way.
  void Forget(const std::string& name) {
    std::string bytes;
    if (asking()) AppendWords(&bytes, {"ASKING"});
    AppendWords(&bytes, {"DEL", name});
    engine_->keyspace.Leave(thread_);
    const bool ok = socket_ != nullptr && socket_->connection->SendBytes(bytes).ok() &&
                    (!asking() || socket_->connection->ReadReply().ok()) &&
                    socket_->connection->ReadReply().ok();
    engine_->keyspace.Enter(thread_);
    if (!ok) Drop(kReadError);
  }

  bool asking() const { return engine_->cluster.load(std::memory_order_relaxed); }

  // The keys that the target has now. Outside the keyspace while it waits.
  std::vector<const TakenKey*> SendKeys(const std::vector<const TakenKey*>& keys, bool replace) {
    engine_->keyspace.Leave(thread_);
    std::vector<const TakenKey*> arrived;
    const bool reused = Connect();
    // A socket that was kept may have died meanwhile: then once more with a new one.
    if (socket_ != nullptr && !Exchange(keys, replace, &arrived) && reused && arrived.empty() &&
        !timed_out_) {
      error_.clear();
      Connect();
      if (socket_ != nullptr) Exchange(keys, replace, &arrived);
    }
    engine_->keyspace.Enter(thread_);
    return arrived;
  }

  // True: it is one that was used before.
  bool Connect() {
    if (socket_ != nullptr) return false;
    socket_ = sockets_->Take(job_);
    if (socket_ != nullptr) {
      socket_->connection->set_io_timeout_ms(static_cast<int>(job_.timeout_ms));
      return true;
    }
    ConnectOptions options;
    options.host = job_.host;
    options.port = job_.port;
    options.connect_timeout_ms = static_cast<int>(job_.timeout_ms);
    options.io_timeout_ms = options.connect_timeout_ms;
    options.interrupt_fd = stop_fd_;
    Result<std::unique_ptr<ClientConnection>> made = ClientConnection::Connect(options);
    if (!made.ok()) {
      SetError(kConnectError);
      return false;
    }
    socket_ = std::make_unique<MigrateSockets::Socket>();
    socket_->connection = *std::move(made);
    return false;
  }

  // False: the connection is of no use any more; it is dropped, and error_ says why.
  bool Exchange(const std::vector<const TakenKey*>& keys, bool replace,
                std::vector<const TakenKey*>* arrived) {
    if (!LogIn() || !Select()) return false;
    std::string bytes;
    for (const TakenKey* key : keys) AppendRestore(*key, replace, &bytes);
    if (const Status sent = socket_->connection->SendBytes(bytes); !sent.ok())
      return Broken(sent.message(), kWriteError);
    for (const TakenKey* key : keys) {
      const Result<resp::Reply> reply = socket_->connection->ReadReply();
      if (!reply.ok()) return Broken(reply.message(), kReadError);
      if (reply->is_error()) {
        SetError("ERR Target instance replied with error: " + reply->text);
      } else {
        arrived->push_back(key);
      }
    }
    return true;
  }

  // Once a socket, and answered before the first key leaves: a key must not land in another
  // database.
  bool LogIn() {
    if (!job_.password.has_value() || socket_->password.has_value()) return true;
    std::vector<std::string> args = {"AUTH"};
    if (!job_.user.empty()) args.push_back(job_.user);
    args.push_back(*job_.password);
    if (!Greet(args)) return false;
    socket_->user = job_.user;
    socket_->password = job_.password;
    return true;
  }

  bool Select() {
    if (socket_->database == job_.target_db) return true;
    if (!Greet({"SELECT", job_.target_db})) return false;
    socket_->database = job_.target_db;
    return true;
  }

  bool Greet(const std::vector<std::string>& args) {
    const Result<resp::Reply> reply = socket_->connection->Call(args);
    if (!reply.ok()) return Broken(reply.message(), kReadError);
    if (!reply->is_error()) return true;
    timed_out_ = true;  // a second try would hear the same
    Drop("ERR Target instance replied with error: " + reply->text);
    return false;
  }

  void AppendRestore(const TakenKey& key, bool replace, std::string* bytes) const {
    int64_t ttl_ms = 0;
    if (key.expiry_ms != Entry::kNoExpiry)
      ttl_ms = std::max<int64_t>(1, key.expiry_ms - UnixNow().value);
    const std::string ttl = std::to_string(ttl_ms);
    std::vector<std::string_view> args = {asking() ? "RESTORE-ASKING" : "RESTORE", key.name, ttl,
                                          key.payload};
    if (replace) args.emplace_back("REPLACE");
    resp::AppendRequest(args, bytes);
  }

  bool Broken(std::string_view why, std::string_view error) {
    timed_out_ = why == ClientConnection::kTimedOut;
    Drop(error);
    return false;
  }

  void Drop(std::string_view error) {
    socket_.reset();
    SetError(error);
  }

  void SetError(std::string_view error) {
    if (error_.empty()) error_ = error;
  }

  Engine* const engine_;
  MigrateSockets* const sockets_;
  Dispatcher* const dispatcher_;
  const int stop_fd_;
  const int thread_;
  const MigrateJob& job_;
  std::unique_ptr<MigrateSockets::Socket> socket_;
  std::vector<std::string> served_;  // keys whose waiters have to be looked after
  std::string error_;                // the first
  bool timed_out_ = false;           // or refused: not to be tried again
};

}  // namespace

std::unique_ptr<MigrateSockets::Socket> MigrateSockets::Take(const MigrateJob& job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string peer = PeerName(job);
  for (auto it = idle_.begin(); it != idle_.end();) {
    Socket& socket = *it->socket;
    const bool suits = it->peer == peer && socket.password == job.password &&
                       (!job.password.has_value() || socket.user == job.user);
    if (!suits) {
      ++it;
      continue;
    }
    std::unique_ptr<Socket> taken = std::move(it->socket);
    it = idle_.erase(it);
    const Result<std::optional<resp::Reply>> poll = taken->connection->PollReply();
    if (poll.ok() && !poll->has_value()) return taken;  // alive, and nothing left over
  }
  return nullptr;
}

void MigrateSockets::Give(const MigrateJob& job, std::unique_ptr<Socket> socket) {
  const std::lock_guard<std::mutex> lock(mutex_);
  socket->used = MonoNow();
  idle_.push_back({PeerName(job), std::move(socket)});
  if (idle_.size() > kSocketsMax) idle_.pop_front();
}

void MigrateSockets::Prune() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const MonoMs now = MonoNow();
  while (!idle_.empty() && now - idle_.front().socket->used > kSocketIdleMs) idle_.pop_front();
}

void MigrateSockets::Clear() {
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.clear();
}

Migrator::Migrator(Server* server)
    : server_(server), stop_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC | EFD_SEMAPHORE)) {
  CHECK(stop_fd_ >= 0);
}

Migrator::~Migrator() {
  Stop();
  ::close(stop_fd_);
}

void Migrator::Submit(MigrateJob job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopping_) return;
  jobs_.push_back(std::move(job));
  if (idle_threads_ < jobs_.size() && threads_.size() < kMigrateThreadsMax) {
    const int number = static_cast<int>(threads_.size());
    threads_.emplace_back([this, number] { Work(number); });
  }
  changed_.notify_all();
}

void Migrator::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    jobs_.clear();
  }
  const uint64_t many = 1'000'000;  // each look at it takes one
  [[maybe_unused]] const ssize_t n = ::write(stop_fd_, &many, sizeof(many));
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  sockets_.Clear();
}

// The first job whose slots nobody is busy with; they are then. Null: the end.
std::optional<MigrateJob> Migrator::Next() {
  std::unique_lock<std::mutex> lock(mutex_);
  ++idle_threads_;
  for (;;) {
    if (stopping_) return std::nullopt;
    const auto free = std::find_if(jobs_.begin(), jobs_.end(), [this](const MigrateJob& job) {
      const std::set<uint16_t> slots = SlotsOf(job);
      return std::none_of(slots.begin(), slots.end(),
                          [this](uint16_t slot) { return busy_slots_.contains(slot); });
    });
    if (free != jobs_.end()) {
      MigrateJob job = std::move(*free);
      jobs_.erase(free);
      busy_slots_.merge(SlotsOf(job));
      --idle_threads_;
      return job;
    }
    changed_.wait_for(lock, std::chrono::milliseconds(kSocketIdleMs));
    sockets_.Prune();
  }
}

void Migrator::Work(int number) {
  const int thread = kFirstMigrateThread + number;
  Dispatcher dispatcher(&server_->engine(), server_, thread, SystemSeed());
  while (const std::optional<MigrateJob> job = Next()) {
    const std::string reply = JobRun(server_, &sockets_, &dispatcher, stop_fd_, thread, *job).Run();
    job->deliver(reply + "\r\n");
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const uint16_t slot : SlotsOf(*job)) busy_slots_.erase(slot);
    changed_.notify_all();
  }
}

}  // namespace pleiad::runtime
