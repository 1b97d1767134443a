// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/redact.h"

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"

namespace pleiad {
namespace {

std::string Show(std::string_view line) {
  const auto words = SplitArgs(line).value();
  const std::vector<std::string_view> args(words.begin(), words.end());
  std::string shown;
  for (const std::string_view arg : Redacted(args)) shown += std::string(arg) + " ";
  return shown;
}

TEST(Redacted, PasswordsAndWhoseTheyAre) {
  EXPECT_EQ(Show("SET auth secret"), "SET auth secret ");
  EXPECT_EQ(Show("auth secret"), "auth (redacted) ");
  EXPECT_EQ(Show("AUTH me secret"), "AUTH (redacted) (redacted) ");
  EXPECT_EQ(Show("HELLO 3 AUTH me secret SETNAME x"),
            "HELLO 3 AUTH (redacted) (redacted) SETNAME x ");
  EXPECT_EQ(Show("HELLO 3 AUTH me"), "HELLO 3 AUTH (redacted) ");
  EXPECT_EQ(Show("MIGRATE h 1 k 0 9 AUTH secret"), "MIGRATE h 1 k 0 9 AUTH (redacted) ");
  EXPECT_EQ(Show("MIGRATE h 1 k 0 9 AUTH2 me secret COPY"),
            "MIGRATE h 1 k 0 9 AUTH2 (redacted) (redacted) COPY ");
}

}  // namespace
}  // namespace pleiad
