// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Result<T>: what the environment may refuse (a file, a peer, a line of configuration). The error
// is a sentence for the person who must act; there are no exceptions for control flow.
//
//     Result<int> port = ParsePort(text);
//     if (!port.ok()) return port.error();
//     Use(*port);
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/check.h"

namespace pleiad {

struct Error {
  std::string message;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}              // NOLINT: implicit by design
  Result(Error error) : error_(std::move(error.message)) {}  // NOLINT: implicit by design
  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  // REQUIRES: ok().
  T& operator*() & {
    CHECK_MSG(ok(), error_);
    return *value_;
  }
  const T& operator*() const& {
    CHECK_MSG(ok(), error_);
    return *value_;
  }
  T&& operator*() && {
    CHECK_MSG(ok(), error_);
    return std::move(*value_);
  }
  T* operator->() {
    CHECK_MSG(ok(), error_);
    return &*value_;
  }
  const T* operator->() const {
    CHECK_MSG(ok(), error_);
    return &*value_;
  }
  // REQUIRES: !ok().
  Error error() const {
    CHECK(!ok());
    return Error{error_};
  }
  const std::string& message() const { return error_; }

 private:
  std::optional<T> value_;
  std::string error_;
};

// Result without a value.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error)
      : error_(std::move(error.message)), ok_(false) {}  // NOLINT: implicit by design
  static Status Ok() { return {}; }
  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  Error error() const {
    CHECK(!ok_);
    return Error{error_};
  }
  const std::string& message() const { return error_; }

 private:
  std::string error_;
  bool ok_ = true;
};

}  // namespace pleiad
