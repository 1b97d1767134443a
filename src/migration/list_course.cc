// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "migration/list_course.h"

#include <algorithm>

#include "base/text.h"

namespace pleiad::migration {
namespace {

int64_t CountOf(std::span<const std::string_view> record) {
  return record.size() == 2 ? 1 : ParseInt64(record[2]).value_or(-1);
}

}  // namespace

ListCourse::Verdict ListCourse::Apply(std::string_view name,
                                      std::span<const std::string_view> record,
                                      std::vector<std::string>* words) {
  const auto pushed = static_cast<int64_t>(record.size()) - 2;
  if (name == "LPUSH" || name == "LPUSHX") {
    sent += pushed;
    length += pushed;
    words->assign(record.begin(), record.end());
    return Verdict::kSend;
  }
  if (name == "RPUSH" || name == "RPUSHX") {
    length += pushed;
    return Verdict::kSkip;
  }
  if (name == "LPOP") return DropHead(CountOf(record), record[1], words);
  if (name == "RPOP") return DropTail(CountOf(record));
  if (name == "LSET" && record.size() == 4) return Set(record, words);
  if (name == "LTRIM" && record.size() == 4) return Trim(record, words);
  return Verdict::kAnew;
}

ListCourse::Verdict ListCourse::DropHead(int64_t count, std::string_view key,
                                         std::vector<std::string>* words) {
  if (count < 0) return Verdict::kAnew;
  count = std::min(count, length);
  if (count >= sent) return Verdict::kAnew;
  sent -= count;
  length -= count;
  *words = {"LPOP", std::string(key), std::to_string(count)};
  return Verdict::kSend;
}

ListCourse::Verdict ListCourse::DropTail(int64_t count) {
  if (count < 0) return Verdict::kAnew;
  count = std::min(count, length);
  if (length - count < sent) return Verdict::kAnew;
  length -= count;
  return Verdict::kSkip;
}

ListCourse::Verdict ListCourse::Set(std::span<const std::string_view> record,
                                    std::vector<std::string>* words) {
  const auto index = ParseInt64(record[2]);
  if (!index) return Verdict::kAnew;
  const int64_t at = *index < 0 ? *index + length : *index;
  if (at < 0 || at >= length) return Verdict::kAnew;
  if (at >= sent) return Verdict::kSkip;
  *words = {"LSET", std::string(record[1]), std::to_string(at), std::string(record[3])};
  return Verdict::kSend;
}

// As ListRange::Of cuts it: what goes at the tail, and what goes at the head.
ListCourse::Verdict ListCourse::Trim(std::span<const std::string_view> record,
                                     std::vector<std::string>* words) {
  const auto from = ParseInt64(record[2]);
  const auto to = ParseInt64(record[3]);
  if (!from || !to) return Verdict::kAnew;
  const int64_t first = std::max<int64_t>(0, *from < 0 ? *from + length : *from);
  const int64_t last = std::min(length - 1, *to < 0 ? *to + length : *to);
  if (first > last) return Verdict::kAnew;
  const Verdict tail = DropTail(length - 1 - last);
  if (tail == Verdict::kAnew || first == 0) return tail;
  return DropHead(first, record[1], words);
}

}  // namespace pleiad::migration
