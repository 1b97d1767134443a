// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/disk.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pleiad::runtime {
namespace {

Error DiskError(std::string_view what, const std::string& path) {
  return Error{fmt::format("{} {}: {}", what, path, std::strerror(errno))};
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Error OutFile::Failed(std::string_view what) const { return DiskError(what, path_); }

Status OutFile::OpenAppend(const std::string& path) {
  Close();
  path_ = path;
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) return Failed("can't open");
  const off_t end = ::lseek(fd_, 0, SEEK_END);
  if (end < 0) return Failed("can't seek in");
  size_ = end;
  torn_ = false;
  return Status::Ok();
}

Status OutFile::Create(const std::string& path) {
  Close();
  path_ = path;
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) return Failed("can't create");
  size_ = 0;
  torn_ = false;
  return Status::Ok();
}

Status OutFile::Append(std::string_view bytes) {
  if (torn_) {
    if (::ftruncate(fd_, size_) != 0 || ::lseek(fd_, size_, SEEK_SET) < 0)
      return Failed("can't cut off a half written record in");
    torn_ = false;
  }
  const auto before = static_cast<int64_t>(bytes.size());
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const Error why = Failed("can't write to");
      torn_ = ::ftruncate(fd_, size_) != 0 || ::lseek(fd_, size_, SEEK_SET) < 0;
      return why;
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  size_ += before;
  return Status::Ok();
}

Status OutFile::Sync() {
  while (::fdatasync(fd_) != 0) {
    if (errno != EINTR) return Failed("can't fsync");
  }
  return Status::Ok();
}

void OutFile::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Status MakeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return SyncFolder(FolderOf(path));
  struct stat info{};
  if (errno == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
    return Status::Ok();
  return DiskError("can't make the folder", path);
}

Status SyncFolder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return DiskError("can't open the folder", path);
  // Some file systems have no fsync for folders and say EINVAL: there is nothing to wait for.
  const bool synced = ::fsync(fd) == 0 || errno == EINVAL;
  const Error why = DiskError("can't fsync the folder", path);
  ::close(fd);
  return synced ? Status::Ok() : Status(why);
}

Status RenameDurably(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return Error{fmt::format("can't rename {} to {}: {}", from, to, std::strerror(errno))};
  return SyncFolder(FolderOf(to));
}

bool FileExists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

int64_t FileSize(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? info.st_size : -1;
}

void RemoveFile(const std::string& path) { ::unlink(path.c_str()); }

Status TruncateFile(const std::string& path, int64_t size) {
  if (::truncate(path.c_str(), size) != 0) return DiskError("can't truncate", path);
  return Status::Ok();
}

MappedFile::~MappedFile() {
  if (size_ != 0) ::munmap(const_cast<char*>(data_), size_);
}

Status MappedFile::Open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return DiskError("can't open", path);
  struct stat info{};
  Status status;
  if (::fstat(fd, &info) != 0) {
    status = DiskError("can't stat", path);
  } else if (info.st_size != 0) {
    void* const p =
        ::mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) {
      status = DiskError("can't map", path);
    } else {
      data_ = static_cast<const char*>(p);
      size_ = static_cast<size_t>(info.st_size);
      ::madvise(p, size_, MADV_SEQUENTIAL);
    }
  }
  ::close(fd);
  return status;
}

}  // namespace pleiad::runtime
