// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/files.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace pleiad::runtime {
namespace {

Error LastError() { return Error{std::strerror(errno)}; }

}  // namespace

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

Result<std::string> ReadFile(const std::string& path) {
  const int fd = path == "-" ? dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return LastError();
  std::string text;
  char buffer[16384];
  ssize_t n = 0;
  while ((n = ::read(fd, buffer, sizeof(buffer))) > 0) text.append(buffer, static_cast<size_t>(n));
  const Error error = LastError();
  ::close(fd);
  if (n < 0) return error;
  return text;
}

Status WriteFileAtomically(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".tmp-" + std::to_string(getpid());
  struct stat old{};
  const mode_t mode = ::stat(path.c_str(), &old) == 0 ? (old.st_mode & 0777) : 0644;
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return LastError();
  const bool written = WriteAll(fd, text) && ::fsync(fd) == 0;
  const Error error = LastError();
  ::close(fd);
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const Error why = written ? LastError() : error;
    ::unlink(temporary.c_str());
    return why;
  }
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int dir = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) return LastError();
  const bool synced = ::fsync(dir) == 0;
  const Error why = LastError();
  ::close(dir);
  return synced ? Status::Ok() : Status(why);
}

std::string AbsolutePath(const std::string& path) {
  if (!path.empty() && path[0] == '/') return path;
  char here[PATH_MAX];
  if (::getcwd(here, sizeof(here)) == nullptr) return path;
  return std::string(here) + "/" + path;
}

std::vector<std::string> GlobFiles(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> out;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    out.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  return out;
}

Result<std::string> ResolveFolder(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return LastError();
  if (!S_ISDIR(info.st_mode)) return Error{std::strerror(ENOTDIR)};
  if (::access(path.c_str(), W_OK | X_OK) != 0) return LastError();
  char absolute[PATH_MAX];
  if (::realpath(path.c_str(), absolute) == nullptr) return LastError();
  return std::string(absolute);
}

}  // namespace pleiad::runtime
