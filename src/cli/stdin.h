// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reading whole files and passwords.
#pragma once

#include <cstdio>
#include <string>

namespace pleiad::cli {

// Everything up to the end of the file, any bytes.
std::string ReadAll(FILE* file);

// Asks on standard error and reads a line from standard input; on a terminal each character is
// echoed as '*'.
std::string ReadPassword(const char* question);

}  // namespace pleiad::cli
