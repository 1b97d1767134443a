// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ListCourse: a list that goes from head to tail to another node, some elements at a time, while
// clients change it. The receiver has its first `sent` elements; `length` is what the sender's list
// had before the record in question.
//
//     head |----- sent, at the receiver -----|----- their turn will come -----| tail
//
// What happens in the left part is a record for the receiver, what happens in the right part is
// not. What crosses the border, or can't be placed, makes the receiver's part useless: it begins
// anew. The sender compares `length` with the list whenever it takes a piece.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pleiad::migration {

struct ListCourse {
  enum class Verdict { kSend, kSkip, kAnew };

  int64_t sent = 0;
  int64_t length = 0;

  // `record`: a command about this list alone that changed it, its name in upper case. kSend:
  // *words is what the receiver must do. REQUIRES: sent > 0.
  Verdict Apply(std::string_view name, std::span<const std::string_view> record,
                std::vector<std::string>* words);

 private:
  Verdict DropHead(int64_t count, std::string_view key, std::vector<std::string>* words);
  Verdict DropTail(int64_t count);
  Verdict Set(std::span<const std::string_view> record, std::vector<std::string>* words);
  Verdict Trim(std::span<const std::string_view> record, std::vector<std::string>* words);
};

}  // namespace pleiad::migration
