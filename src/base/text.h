// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Small text helpers shared by everyone: strict number parsing, glob patterns, case folding,
// argument splitting.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pleiad {

// The whole text as a decimal int64 in canonical form: no spaces, no '+', no leading zeros ("0"
// alone is fine), no overflow. That is what makes a value an integer for INCR and for OBJECT
// ENCODING.
std::optional<int64_t> ParseInt64(std::string_view text);
std::optional<uint64_t> ParseUint64(std::string_view text);

// A finite or infinite (not NaN) number as the field parses doubles: the whole text, no leading
// space.
std::optional<double> ParseDouble(std::string_view text);
std::optional<long double> ParseLongDouble(std::string_view text);

// "100", "1k" (1000), "1kb" (1024), m, mb, g, gb, b; case-insensitive. nullopt on anything else,
// sign or overflow.
std::optional<uint64_t> ParseMemory(std::string_view text);

std::string ToLower(std::string_view text);
std::string ToUpper(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

// Redis' glob: * ? [abc] [a-z] [^a] and \ to quote. Time is O(pattern x text), never exponential.
bool GlobMatch(std::string_view pattern, std::string_view text, bool ignore_case = false);

// Splits a line of redis.conf, of an inline command or of the shell: words parted by white space,
// "quoted \n \xff" or 'single quoted'. nullopt on unbalanced quotes or a closing quote that is
// followed by anything but white space.
std::optional<std::vector<std::string>> SplitArgs(std::string_view line);

// The text in double quotes with \n \r \t \a \b \\ \" and \xHH for what can't be printed.
std::string Quoted(std::string_view text);

std::vector<std::string_view> Split(std::string_view text, char separator);
std::string_view Trim(std::string_view text);

}  // namespace pleiad
