// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// pleiad check-aof [--fix | --truncate-to-timestamp SECONDS] FILE|MANIFEST: is an append only file
// whole, every part of it if it is a multi-part one? --fix cuts a torn end off the last file, after
// asking; --truncate-to-timestamp goes back to a moment, by the annotations of
// `aof-timestamp-enabled`. Lines and exit codes (0: whole, or made so) are those that scripts
// around redis-check-aof know. It does not run the commands: only a start shows that.
#pragma once

namespace pleiad::server {

int CheckAofMain(int argc, char** argv);

}  // namespace pleiad::server
