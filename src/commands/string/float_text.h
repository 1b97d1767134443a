// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Floating point sums as INCRBYFLOAT and HINCRBYFLOAT print them.
#pragma once

#include <string>

namespace pleiad {

// Without an exponent, at most 17 digits behind the point, no zeros at the end.
std::string FormatForPeople(long double value);

}  // namespace pleiad
