// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace pleiad {

// `pleiad SUBCOMMAND ...`; under the names redis-server, redis-cli, redis-trib and their like the
// name is the subcommand.
int Main(int argc, char** argv);

// `pleiad server [FILE|-] [--directive value ...]`.
int ServerMain(int argc, char** argv);

}  // namespace pleiad
