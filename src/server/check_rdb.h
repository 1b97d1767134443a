// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// pleiad check-rdb FILE: reads a dump from end to end as a start would, and says what is in it and
// where it is broken. The lines and the exit codes (0 whole, 1 not) are those that scripts around
// redis-check-rdb know.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pleiad::server {

int CheckRdbMain(int argc, char** argv);

// `bytes` begin with an RDB. True: it is whole, and *used are its bytes. Prints to stdout.
bool CheckRdb(const std::string& path, std::string_view bytes, size_t* used);

}  // namespace pleiad::server
