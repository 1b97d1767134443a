// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/nodes_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fmt/core.h"
#include "runtime/clock.h"
#include "runtime/files.h"

namespace pleiad::runtime {

namespace {

// REQUIRES: errno still tells why.
Error FileError(std::string_view what, const std::string& path) {
  return Error{fmt::format("{} {}: {}", what, path, std::strerror(errno))};
}

int OpenRetry(const std::string& path, int flags) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

std::string Directory(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status SyncDirectory(const std::string& path) {
  const std::string directory = Directory(path);
  const int fd = OpenRetry(directory, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return FileError("can't open directory", directory);
  Status status;
  // Some file systems have no fsync for directories: EINVAL says so, and then there is nothing to
  // wait for.
  if (::fsync(fd) != 0 && errno != EINVAL) status = FileError("can't fsync directory", directory);
  ::close(fd);
  return status;
}

}  // namespace

Result<std::unique_ptr<NodesFile>> NodesFile::Open(std::string path) {
  const std::string lock = path + ".lock";
  const int fd = OpenRetry(lock, O_RDWR | O_CREAT);
  if (fd < 0) return FileError("can't open the lock file of the cluster configuration,", lock);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const bool taken = errno == EWOULDBLOCK;
    const Error error =
        taken
            ? Error{fmt::format("the cluster configuration file {} is already used by a different "
                                "cluster node. Please make sure that different nodes use different "
                                "cluster configuration files.",
                                path)}
            : FileError("can't lock", lock);
    ::close(fd);
    return error;
  }
  return std::unique_ptr<NodesFile>(new NodesFile(std::move(path), fd));
}

NodesFile::~NodesFile() { ::close(lock_fd_); }

Result<std::string> NodesFile::Read() const {
  const int fd = OpenRetry(path_, O_RDONLY);
  if (fd < 0 && errno == ENOENT) return std::string();
  if (fd < 0) return FileError("can't open", path_);
  std::string text;
  char chunk[65536];
  for (;;) {
    const ssize_t n = ::read(fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) break;
    if (n < 0 || text.size() > kBytesMax) {
      const Error error = n < 0
                              ? FileError("can't read", path_)
                              : Error{fmt::format("{} is larger than {} bytes", path_, kBytesMax)};
      ::close(fd);
      return error;
    }
    text.append(chunk, static_cast<size_t>(n));
  }
  ::close(fd);
  return text;
}

Status NodesFile::Save(std::string_view content) {
  const std::string temporary = fmt::format("{}.tmp-{}-{}", path_, ::getpid(), UnixNow().value);
  const int fd = OpenRetry(temporary, O_WRONLY | O_CREAT | O_TRUNC);
  if (fd < 0) return FileError("can't open", temporary);
  Status status;
  if (!WriteAll(fd, content)) {
    status = FileError("can't write", temporary);
  } else if (::fsync(fd) != 0) {
    status = FileError("can't fsync", temporary);
  }
  ::close(fd);
  if (status.ok() && ::rename(temporary.c_str(), path_.c_str()) != 0) {
    status = FileError("can't rename to the cluster configuration file", temporary);
  }
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return SyncDirectory(path_);
}

}  // namespace pleiad::runtime
