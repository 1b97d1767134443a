// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Object: a collection too large for packed bytes (a table of members, a tree, a list of nodes). It
// knows nothing of keys or clients. Threads: whoever holds the lock of the slot it lives in.
#pragma once

#include <cstddef>
#include <memory>

namespace pleiad {

class Object {
 public:
  Object() = default;
  virtual ~Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  // Bytes set aside for all of it, allocator rounding included where it is known cheaply. Cost: may
  // be estimated from a sample; never more than O(number of nodes).
  virtual size_t MemoryUsage() const = 0;
  // A deep copy, for COPY. Cost: O(size).
  virtual std::unique_ptr<Object> Clone() const = 0;
};

}  // namespace pleiad
