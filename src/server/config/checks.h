// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Checks and parsers of single directives; the tables point to them. The texts are those operators
// know.
#pragma once

#include "server/config/directive.h"

namespace pleiad::config_checks {

// Strings: empty when fine, else the reason.
std::string DbFileName(std::string_view value);
std::string AofFileName(std::string_view value);
std::string AofDirName(std::string_view value);
std::string ClusterConfigFile(std::string_view value);
std::string HostName(std::string_view value);
std::string NodeName(std::string_view value);
std::string Ipv4(std::string_view value);
std::string Ipv6(std::string_view value);
std::string ProcTitle(std::string_view value);
std::string HashSeed(std::string_view value);
std::string ThreadCount(std::string_view value);     // "auto" or 1..1024
std::string NoActiveDefrag(std::string_view value);  // "yes" needs an allocator we don't have

// Specials: words and the text before -> canonical text.
Result<std::string> Bind(const Words& words, std::string_view current);
Result<std::string> Save(const Words& words, std::string_view current);
Result<std::string> OutputBufferLimits(const Words& words, std::string_view current);
Result<std::string> OomScoreAdjValues(const Words& words, std::string_view current);
Result<std::string> KeyspaceEvents(const Words& words, std::string_view current);
Result<std::string> ReplicaOf(const Words& words, std::string_view current);
Result<std::string> Percentiles(const Words& words, std::string_view current);
Result<std::string> Hz(const Words& words, std::string_view current);

}  // namespace pleiad::config_checks
