// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/snapshot_fetch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "replication/snapshot_payload.h"
#include "runtime/files.h"

namespace pleiad::runtime {
namespace {

constexpr size_t kFetchBytes = 64 * 1024;
constexpr int kFetchSilenceMs = 60'000;  // servers send a newline now and then while they prepare

class SnapshotFetch {
 public:
  SnapshotFetch(ClientConnection& connection, int file) : connection_(connection), file_(file) {}

  Result<int64_t> Run() {
    if (const Status s = connection_.SendBytes("PSYNC ? -1\r\n"); !s.ok()) return s.error();
    const Result<std::string> answer = Line();
    if (!answer.ok()) return answer.error();
    if (!answer->starts_with("+FULLRESYNC")) return Error{answer->substr(0, 200)};
    const Result<std::string> head = Line();
    if (!head.ok()) return head.error();
    if (const Status s = payload_.Begin(*head); !s.ok()) return s.error();
    int64_t size = 0;
    for (;;) {
      std::string_view in(buffer_);
      while (!in.empty() && !payload_.done()) {
        const std::string_view bytes = payload_.Take(&in);
        if (!WriteAll(file_, bytes)) return Error{std::strerror(errno)};
        size += static_cast<int64_t>(bytes.size());
      }
      buffer_.clear();
      if (payload_.done()) return size;
      if (const Status s = More(); !s.ok()) return s.error();
    }
  }

 private:
  Status More() {
    pollfd wait{connection_.fd(), POLLIN, 0};
    if (poll(&wait, 1, kFetchSilenceMs) == 0)
      return Error{std::string(ClientConnection::kTimedOut)};
    char bytes[kFetchBytes];
    const ssize_t got = recv(connection_.fd(), bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Status::Ok();
    if (got <= 0) return Error{std::string(ClientConnection::kClosed)};
    buffer_.append(bytes, static_cast<size_t>(got));
    return Status::Ok();
  }

  // The next line that is not empty, without its end.
  Result<std::string> Line() {
    for (;;) {
      const size_t end = buffer_.find('\n');
      if (end == std::string::npos) {
        if (const Status s = More(); !s.ok()) return s.error();
        continue;
      }
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (!line.empty()) return line;
    }
  }

  ClientConnection& connection_;
  const int file_;
  SnapshotPayload payload_;
  std::string buffer_;  // received, not used yet
};

}  // namespace

Result<int64_t> FetchSnapshot(const ConnectOptions& options, const std::string& user,
                              const std::string& password, const std::string& path) {
  const Result<std::unique_ptr<ClientConnection>> connection = ClientConnection::Connect(options);
  if (!connection.ok()) return connection.error();
  if (!password.empty()) {
    if (const Status s = (*connection)->Authenticate(user, password); !s.ok()) return s.error();
  }
  const std::string temporary = path + ".part";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return Error{temporary + ": " + std::strerror(errno)};
  Result<int64_t> size = SnapshotFetch(**connection, file).Run();
  const bool synced = ::fsync(file) == 0;
  ::close(file);
  if (size.ok() && (!synced || ::rename(temporary.c_str(), path.c_str()) != 0))
    size = Error{path + ": " + std::strerror(errno)};
  if (!size.ok()) ::unlink(temporary.c_str());
  return size;
}

}  // namespace pleiad::runtime
