// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// NodesFile: nodes.conf on disk. Owned by one process: a lock is held on `<path>.lock` for the
// object's life. The lock is on a file of its own because each save replaces nodes.conf itself, and
// a lock on the replaced inode protects nothing. The lock file stays behind; it is empty.
//
// Saving is atomic and durable: a new file is written, fsynced and renamed over the old one, then
// the directory is fsynced. At every moment the path holds a whole file, the old or the new one.
// Thread: one at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pleiad::runtime {

class NodesFile {
 public:
  static constexpr size_t kBytesMax = 256U << 20;

  // Takes the lock. The error tells whether another process has it.
  static Result<std::unique_ptr<NodesFile>> Open(std::string path);
  ~NodesFile();
  NodesFile(const NodesFile&) = delete;
  NodesFile& operator=(const NodesFile&) = delete;

  // Its content; empty if there is no such file.
  Result<std::string> Read() const;
  // Cost: two fsyncs, milliseconds on most disks.
  Status Save(std::string_view content);

  const std::string& path() const { return path_; }

 private:
  NodesFile(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}
  std::string path_;
  int lock_fd_;
};

}  // namespace pleiad::runtime
