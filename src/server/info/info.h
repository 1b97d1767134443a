// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// INFO: what a node says of itself, in the field names and the order that clients, exporters and
// monitors read from redis-server 7. A field is here if its value is measured, or true by
// construction (what we don't have is 0 or off).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "command/context.h"

namespace pleiad {

// The text of the sections that `words` ask for, any case; none: "default". "default", "all" and
// "everything" are sets of sections; unknown words ask for nothing. Each section is "# Title", its
// "name:value" lines, ended by \r\n, and an empty line between sections. Takes an exclusive section
// for figures of clients (about a microsecond per connection) and the lock of each slot once for
// the keyspace (about 300 us). REQUIRES: ctx.server.
std::string InfoText(ServerContext& ctx, std::span<const std::string_view> words);

}  // namespace pleiad
