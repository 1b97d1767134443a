// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "cli/options.h"

namespace pleiad::cli {

namespace {

constexpr std::string_view kUsage = R"(
Usage: {0} [OPTIONS] [cmd [arg [arg ...]]]

Where to
  -h <hostname>        Server (default: 127.0.0.1)
  -p <port>            Port (default: 6379)
  -s <socket>          Unix socket; overrides hostname and port
  -t <seconds>         Give up connecting after that long (decimals allowed, default: never)
  -u <uri>             redis://[[user:]password@]host[:port][/database]
  -a, --pass <pw>      Password. Safer: the environment variable REDISCLI_AUTH
  --user <name>        ACL user; needs a password
  --askpass            Ask for the password, shown as stars
  --no-auth-warning    Don't warn about a password on the command line
  -n <db>              Database number
  -2, -3               Speak RESP2 or RESP3
  -c                   Cluster mode: follow MOVED and ASK

What to do
  -r <n>               Run the command n times (-1: for ever)
  -i <seconds>         Wait between repeats, --scan calls or --stat lines (decimals allowed)
  -x                   Read the last argument from standard input
  -X <tag>             Read the argument that is spelled <tag> from standard input
  --quoted-input       Arguments are "quoted\x00strings"
  -e                   Exit code 1 when the server answers with an error
  --eval <file>        Run a Lua script: keys , arguments
  --pipe               Send protocol or inline commands from standard input, count the replies
  --pipe-timeout <n>   Give up when no reply came for n s after the end (default: 30, 0: never)
  --scan               List the keys with SCAN
  --pattern <glob>     ... that match
  --type <type>        ... of that type
  --count <n>          ... about n per call
  --stat               Rolling numbers: keys, memory, clients, requests
  --cluster <command>  Cluster administration; --cluster help tells more

How to print
  --raw, --no-raw      Raw bytes, or for people (default: for people on a terminal)
  --csv                One line of comma separated values
  --json               One line of JSON (RESP3 unless -2)
  --quoted-json        JSON in ASCII
  -d <delimiter>       Raw: between the items of a reply (default: \n)
  -D <delimiter>       Raw: between replies (default: \n)
  --show-pushes <yn>   Print RESP3 pushes (default: on a terminal)
  --verbose            Say more
  --help, --version

Without a command the shell starts. Type "help" there.

Examples:
  cat photo.jpg | {0} -x set photo
  {0} -r 100 -i 1 info | grep used_memory_human:
  {0} --scan --pattern 'user:*'
  {0} -c -p 7000 set greeting hello
  {0} --eval script.lua key1 key2 , arg1 arg2
)";

}  // namespace

std::string UsageText(std::string_view program) {
  return fmt::format(fmt::runtime(kUsage), program);
}

}  // namespace pleiad::cli
