// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

namespace pleiad::runtime {

Connection::~Connection() {
  if (large != nullptr) HeapString::Free(large);
  for (auto& [index, value] : large_args) HeapString::Free(value);
  if (fd_ >= 0) ::close(fd_);
}

size_t Connection::MemoryUsage() const {
  return sizeof(*this) + in.capacity() + out.capacity() + (large != nullptr ? large->capacity : 0);
}

void Connection::Kill() {
  state.close_after_reply = true;
  ::shutdown(fd_, SHUT_RDWR);
}

}  // namespace pleiad::runtime
