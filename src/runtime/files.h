// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Whole small files: configuration, pid files. Errors are the system's reason.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pleiad::runtime {

// "-" is the standard input.
Result<std::string> ReadFile(const std::string& path);
// All of it, over short writes and signals; false with errno set if the system refuses.
bool WriteAll(int fd, std::string_view text);
// Writes a temporary file beside it, fsyncs, renames over `path`, fsyncs the folder: the old or the
// new file survives.
Status WriteFileAtomically(const std::string& path, const std::string& text);
// The path from the root on; for what must be found again after a change of the working directory.
std::string AbsolutePath(const std::string& path);
std::vector<std::string> GlobFiles(const std::string& pattern);
// The absolute path of an existing folder that may be written to.
Result<std::string> ResolveFolder(const std::string& path);

}  // namespace pleiad::runtime
