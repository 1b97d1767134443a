// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "migration/list_course.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "base/prng.h"
#include "base/text.h"

namespace pleiad::migration {
namespace {

using Verdict = ListCourse::Verdict;

struct CourseRow {
  std::string record;
  Verdict verdict;
  std::string words;  // what the receiver does
  int64_t sent;
  int64_t length;
};

// Ten of thirty elements were sent.
TEST(ListCourse, Table) {
  const CourseRow rows[] = {
      {"LPUSH k a b", Verdict::kSend, "LPUSH k a b", 12, 32},
      {"LPUSHX k a", Verdict::kSend, "LPUSHX k a", 11, 31},
      {"RPUSH k a b c", Verdict::kSkip, "", 10, 33},
      {"RPUSHX k a", Verdict::kSkip, "", 10, 31},
      {"LPOP k", Verdict::kSend, "LPOP k 1", 9, 29},
      {"LPOP k 9", Verdict::kSend, "LPOP k 9", 1, 21},
      {"LPOP k 10", Verdict::kAnew, "", 10, 30},
      {"RPOP k", Verdict::kSkip, "", 10, 29},
      {"RPOP k 20", Verdict::kSkip, "", 10, 10},
      {"RPOP k 21", Verdict::kAnew, "", 10, 30},
      {"LSET k 9 x", Verdict::kSend, "LSET k 9 x", 10, 30},
      {"LSET k -21 x", Verdict::kSend, "LSET k 9 x", 10, 30},
      {"LSET k 10 x", Verdict::kSkip, "", 10, 30},
      {"LSET k -1 x", Verdict::kSkip, "", 10, 30},
      {"LTRIM k 0 19", Verdict::kSkip, "", 10, 20},
      {"LTRIM k 0 8", Verdict::kAnew, "", 10, 30},
      {"LTRIM k 2 -1", Verdict::kSend, "LPOP k 2", 8, 28},
      {"LTRIM k 2 -6", Verdict::kSend, "LPOP k 2", 8, 23},
      {"LTRIM k 10 -1", Verdict::kAnew, "", 10, 30},
      {"LTRIM k 20 10", Verdict::kAnew, "", 10, 30},
      {"LINSERT k BEFORE a b", Verdict::kAnew, "", 10, 30},
      {"LREM k 0 a", Verdict::kAnew, "", 10, 30},
  };
  for (const CourseRow& row : rows) {
    ListCourse course{.sent = 10, .length = 30};
    const std::vector<std::string_view> record = Split(row.record, ' ');
    std::vector<std::string> words;
    EXPECT_EQ(course.Apply(record[0], record, &words), row.verdict) << row.record;
    if (row.verdict != Verdict::kAnew) {
      EXPECT_EQ(fmt::format("{}", fmt::join(words, " ")), row.words) << row.record;
      EXPECT_EQ(course.sent, row.sent) << row.record;
      EXPECT_EQ(course.length, row.length) << row.record;
    }
  }
}

// Plain lists at both sides: the receiver always has the first `sent` elements.
class TwoLists {
 public:
  static void Do(const std::vector<std::string>& r, std::deque<std::string>* list) {
    const auto number = [&](size_t i) { return *ParseInt64(r[i]); };
    const auto size = static_cast<int64_t>(list->size());
    if (r[0] == "LPUSH") {
      for (size_t i = 2; i < r.size(); ++i) list->push_front(r[i]);
    } else if (r[0] == "RPUSH") {
      for (size_t i = 2; i < r.size(); ++i) list->push_back(r[i]);
    } else if (r[0] == "LPOP") {
      for (int64_t i = number(2); i > 0 && !list->empty(); --i) list->pop_front();
    } else if (r[0] == "RPOP") {
      for (int64_t i = number(2); i > 0 && !list->empty(); --i) list->pop_back();
    } else if (r[0] == "LSET") {
      (*list)[static_cast<size_t>(number(2) < 0 ? number(2) + size : number(2))] = r[3];
    } else {
      const int64_t first = std::max<int64_t>(0, number(2));
      const int64_t last = std::min(size - 1, number(3) < 0 ? number(3) + size : number(3));
      list->erase(list->begin() + last + 1, list->end());
      list->erase(list->begin(), list->begin() + first);
    }
  }
};

std::vector<std::string> RandomRecord(Prng* prng, int64_t length, int n) {
  const std::string value = "v" + std::to_string(n);
  const auto some = [&](uint64_t most) { return std::to_string(1 + prng->Below(most)); };
  switch (prng->Below(6)) {
    case 0:
      return {"LPUSH", "k", value, value + "+"};
    case 1:
      return {"RPUSH", "k", value};
    case 2:
      return {"LPOP", "k", some(4)};
    case 3:
      return {"RPOP", "k", some(4)};
    case 4: {
      const auto at = static_cast<int64_t>(prng->Below(static_cast<uint64_t>(length)));
      return {"LSET", "k", std::to_string(prng->Below(2) == 0 ? at : at - length), value};
    }
    default:
      return {"LTRIM", "k", std::to_string(prng->Below(2)),
              std::to_string(-1 - int(prng->Below(3)))};
  }
}

TEST(ListCourse, AgainstPlainLists) {
  Prng prng(7);
  int finished = 0;
  for (int round = 0; round < 500; ++round) {
    std::deque<std::string> here;
    for (int i = 0; i < 100; ++i) here.push_back(std::to_string(i));
    std::deque<std::string> there;
    ListCourse course{.sent = 0, .length = 100};
    for (int n = 0; course.sent < course.length && course.length > 8; ++n) {
      for (uint64_t i = prng.Below(12); i-- > 0 && course.sent < course.length;) {
        there.push_back(here[static_cast<size_t>(course.sent++)]);
      }
      if (course.sent == 0) continue;
      const std::vector<std::string> record = RandomRecord(&prng, course.length, n);
      const std::vector<std::string_view> views(record.begin(), record.end());
      std::vector<std::string> words;
      const Verdict verdict = course.Apply(record[0], views, &words);
      TwoLists::Do(record, &here);
      if (verdict == Verdict::kAnew) {
        there.clear();
        course = {.sent = 0, .length = static_cast<int64_t>(here.size())};
        continue;
      }
      if (verdict == Verdict::kSend) TwoLists::Do(words, &there);
      ASSERT_EQ(course.length, static_cast<int64_t>(here.size()));
      ASSERT_EQ(course.sent, static_cast<int64_t>(there.size()));
      ASSERT_TRUE(std::equal(there.begin(), there.end(), here.begin()));
    }
    finished += there == here ? 1 : 0;
  }
  EXPECT_GT(finished, 100);
}

}  // namespace
}  // namespace pleiad::migration
