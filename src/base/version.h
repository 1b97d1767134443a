// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace pleiad {

inline constexpr char kPleiadVersion[] = "0.1.0";
// What we tell clients that decide by it: the Redis whose behaviour and commands we offer.
inline constexpr char kRedisVersion[] = "7.2.4";

}  // namespace pleiad
