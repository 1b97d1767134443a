// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What a command is. One command (or a family of close variants) is one file under commands/:
// descriptor, handler, and a transcript in the comment above, which is run as a test
// (commands/transcripts_test) and printed into docs/commands.md:
//
//     // GETDEL key: the value, and the key is gone.
//     //
//     // > SET k v
//     // OK
//     // > GETDEL k
//     // "v"
//     // > GET k
//     // (nil)
//     void GetDel(WriteContext& ctx, const Args& args, resp::Writer& out) { ... }
//     const CommandRegistration kGetDel{{
//         .name = "getdel", .arity = 2, .flags = kCmdWrite | kCmdFast, .keys = {1, 1, 1},
//         .group = "string", .since = "6.2.0", .usage = "key", .summary = "...", .write = GetDel}};
//
// Lines behind "> " are commands; the lines below are the reply as redis-cli prints it on a
// terminal. "..." stands for any text within a line, and as the last line of a reply for any one or
// more lines. An empty comment line ends a reply. Every block of consecutive comment lines that
// contains "> " lines is one transcript on an empty server.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "command/context.h"

namespace pleiad {

enum CommandFlag : uint32_t {
  kCmdWrite = 1 << 0,
  kCmdReadonly = 1 << 1,
  kCmdDenyOom = 1 << 2,  // refused when over maxmemory
  kCmdAdmin = 1 << 3,
  kCmdNoAuth = 1 << 4,   // allowed before AUTH
  kCmdLoading = 1 << 5,  // allowed while loading
  kCmdStale = 1 << 6,    // allowed on a replica without link
  kCmdFast = 1 << 7,
  kCmdNoScript = 1 << 8,
  kCmdPubsub = 1 << 9,
  kCmdBlocking = 1 << 10,
  kCmdNoMulti = 1 << 11,
  kCmdMovableKeys = 1 << 12,
  kCmdNoAsync = 1 << 13,
  kCmdAllowBusy = 1 << 14,
  kCmdSkipSlowlog = 1 << 15,
  kCmdSkipMonitor = 1 << 16,
  kCmdDangerous = 1 << 17,  // ACL category only
  kCmdAsking = 1 << 18,     // implies ASKING (RESTORE-ASKING)
  // May read keys it does not name (ReadContext::LockAlso): where it is part of something that must
  // keep its locks (a transaction), the whole runs in an exclusive section.
  kCmdOtherSlots = 1 << 19,
  // Its replies are pushes (SUBSCRIBE): CLIENT REPLY does not silence them, and RESP2 clients that
  // are subscribed may use it.
  kCmdPushReply = 1 << 20,
  // May have several effects in the journal: they are one group there.
  kCmdManyRecords = 1 << 21,
};

// Positions of keys: first, last (negative: from the end), step. {0,0,0}: no keys.
struct KeyPositions {
  int first = 0;
  int last = 0;
  int step = 0;
};

using ReadHandler = void (*)(ReadContext& ctx, const Args& args, resp::Writer& out);
using WriteHandler = void (*)(WriteContext& ctx, const Args& args, resp::Writer& out);
using ServerHandler = void (*)(ServerContext& ctx, const Args& args, resp::Writer& out);
// Appends the positions of the keys in `args`. False: syntax error, the handler will report it
// (called without keys).
using GetKeys = bool (*)(const Args& args, std::vector<size_t>* positions);

struct CommandSpec {
  std::string_view name;  // lower case; "config|get" for a subcommand
  int arity = 0;  // arguments with the name; negative: at least. Of a subcommand: with both words
  uint32_t flags = 0;
  KeyPositions keys;
  std::string_view group;  // string generic server connection cluster ...
  std::string_view since;
  std::string_view usage;  // "key value [NX | XX] [GET]": the hint of shells
  std::string_view summary;
  std::string_view complexity;
  ReadHandler read =
      nullptr;  // exactly one of the three (a container command has `server` and subcommands)
  WriteHandler write = nullptr;
  ServerHandler server = nullptr;
  GetKeys get_keys = nullptr;  // instead of `keys` where positions depend on the arguments
  int index = 0;               // set by the registry
};

// Registers at start of the process. The registry checks for duplicates.
struct CommandRegistration {
  explicit CommandRegistration(CommandSpec spec);
};

class CommandTable {
 public:
  // The commands compiled in, sorted by name. Made at first use; then constant.
  static const CommandTable& Get();

  // Looks a name up, any case. Null if unknown. Containers: `Subcommand` finds "config|get".
  const CommandSpec* Find(std::string_view name) const;
  const CommandSpec* Subcommand(const CommandSpec& container, std::string_view word) const;
  bool HasSubcommands(const CommandSpec& spec) const;
  const std::vector<CommandSpec>& all() const { return specs_; }

 private:
  CommandTable();
  std::vector<CommandSpec> specs_;
  std::vector<uint16_t>
      buckets_;  // open addressing by a hash of the lower-case name; 0 = empty, else index + 1
  std::vector<bool> containers_;
  size_t mask_ = 0;
};

// "ERR wrong number of arguments for 'get' command"
std::string WrongArity(const CommandSpec& spec);
// The standard answers.
inline constexpr std::string_view kSyntaxError = "ERR syntax error";
inline constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kNotInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kNotFloat = "ERR value is not a valid float";
inline constexpr std::string_view kNoSuchKey = "ERR no such key";
// Why writes are refused when what should keep them does not work.
std::string_view PersistenceErrorText(PersistenceError error);
inline constexpr std::string_view kIndexOutOfRange = "ERR index out of range";

// An integer argument; writes the error (default: kNotInteger) and returns nullopt if it is none.
std::optional<int64_t> IntArg(const Args& args, size_t i, resp::Writer& out,
                              std::string_view error = kNotInteger);
// True if `e` is null or holds that type; else the reply is WRONGTYPE.
bool CheckType(const Entry* e, ValueType type, resp::Writer& out);
inline bool CheckString(const Entry* e, resp::Writer& out) {
  return CheckType(e, ValueType::kString, out);
}

}  // namespace pleiad
