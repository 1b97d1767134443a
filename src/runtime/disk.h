// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// OutFile: a file that is written from front to back, where every error must be known: the AOF's
// increments and snapshot files. Beside it the few folder operations that durability needs. Errors
// are sentences with the path and the system's reason. Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pleiad::runtime {

class OutFile {
 public:
  OutFile() = default;
  ~OutFile() { Close(); }
  OutFile(const OutFile&) = delete;
  OutFile& operator=(const OutFile&) = delete;

  // Opens for appending, made if it is not there. size() is what it holds.
  Status OpenAppend(const std::string& path);
  // Makes it anew, empty.
  Status Create(const std::string& path);
  // Writes all of it or nothing: after an error the file is cut back to what it was. If even that
  // fails, the next Append tries it again first.
  Status Append(std::string_view bytes);
  // The bytes are on the disk after it. After an error nobody knows which are: the file must be
  // given up (a second fsync would lie).
  Status Sync();
  void Close();

  bool open() const { return fd_ >= 0; }
  int64_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  Error Failed(std::string_view what) const;

  std::string path_;
  int fd_ = -1;
  int64_t size_ = 0;
  bool torn_ = false;  // bytes of a failed Append may stand behind size_
};

Status MakeFolder(const std::string& path);
// Renames within one folder, and makes the new name durable.
Status RenameDurably(const std::string& from, const std::string& to);
Status SyncFolder(const std::string& path);
bool FileExists(const std::string& path);
// -1 if there is none.
int64_t FileSize(const std::string& path);
void RemoveFile(const std::string& path);
Status TruncateFile(const std::string& path, int64_t size);

// A whole file as memory, read only. Empty files are empty views.
class MappedFile {
 public:
  MappedFile() = default;
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  Status Open(const std::string& path);
  std::string_view bytes() const { return {data_, size_}; }

 private:
  const char* data_ = "";
  size_t size_ = 0;
};

}  // namespace pleiad::runtime
