// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"
#include "commands/generic/encoding_name.h"
#include "commands/server/help.h"

namespace pleiad {
namespace {

// Looks without being an access: OBJECT IDLETIME would always say 0 otherwise. Writes nil if there
// is nothing.
const Entry* Look(ReadContext& ctx, resp::Writer& out) {
  const Entry* e = ctx.Find(ctx.key(), false);
  if (e == nullptr) out.Null();
  return e;
}

// OBJECT ENCODING key, OBJECT REFCOUNT key, OBJECT IDLETIME key, OBJECT FREQ key, OBJECT HELP: how
// a value is kept, and what the eviction policy knows of it. No value is shared, so REFCOUNT is 1.
//
// > SET number 12345
// OK
// > OBJECT ENCODING number
// "int"
// > APPEND number 6
// (integer) 6
// > OBJECT ENCODING number
// "raw"
// > SET text hello
// OK
// > OBJECT ENCODING text
// "embstr"
// > SET text 123456789012345678901234567890123456789012345
// OK
// > OBJECT ENCODING text
// "raw"
// > OBJECT REFCOUNT text
// (integer) 1
// > OBJECT IDLETIME text
// (integer) 0
// > OBJECT FREQ nosuchkey
// (nil)
// > OBJECT FREQ text
// (error) ERR An LFU maxmemory policy is not selected, access frequency not tracked. ...
// > CONFIG SET maxmemory-policy allkeys-lfu
// OK
// > SET text new
// OK
// > OBJECT FREQ text
// (integer) ...
// > OBJECT IDLETIME text
// (error) ERR An LFU maxmemory policy is selected, idle time not tracked. ...
// > OBJECT HELP
//  1) OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
// ...
// > OBJECT SIZE text
// (error) ERR unknown subcommand 'SIZE'. Try OBJECT HELP.
// > OBJECT ENCODING
// (error) ERR wrong number of arguments for 'object|encoding' command
void Object(ServerContext&, const Args& args, resp::Writer& out) {
  WriteUnknownSubcommand(args, out);
}

void ObjectEncoding(ReadContext& ctx, const Args&, resp::Writer& out) {
  const Entry* e = Look(ctx, out);
  if (e != nullptr) out.Bulk(EncodingName(*e));
}

void ObjectRefCount(ReadContext& ctx, const Args&, resp::Writer& out) {
  if (Look(ctx, out) != nullptr) out.Integer(1);
}

void ObjectIdleTime(ReadContext& ctx, const Args&, resp::Writer& out) {
  const Entry* e = Look(ctx, out);
  if (e == nullptr) return;
  if (ctx.lfu_policy()) {
    out.Error(
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
        "switching between "
        "policies at runtime LRU and LFU data will take some time to adjust.");
    return;
  }
  out.Integer(ctx.IdleSeconds(*e));
}

void ObjectFreq(ReadContext& ctx, const Args&, resp::Writer& out) {
  const Entry* e = Look(ctx, out);
  if (e == nullptr) return;
  if (!ctx.lfu_policy()) {
    out.Error(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
        "that when switching "
        "between policies at runtime LRU and LFU data will take some time to adjust.");
    return;
  }
  out.Integer(ctx.LfuCounter(*e));
}

void ObjectHelp(ServerContext&, const Args&, resp::Writer& out) {
  WriteHelp("object",
            {"ENCODING <key>",
             "    Return the kind of internal representation used in order to store the value",
             "    associated with a <key>.", "FREQ <key>",
             "    Return the access frequency index of the <key>. The returned integer is",
             "    proportional to the logarithm of the recent access frequency of the key.",
             "IDLETIME <key>",
             "    Return the idle time of the <key>, that is the approximated number of",
             "    seconds elapsed since the last access to the key.", "REFCOUNT <key>",
             "    Return the number of references of the value associated with the specified",
             "    <key>."},
            out);
}

const CommandRegistration kObject{{.name = "object",
                                   .arity = -2,
                                   .flags = 0,
                                   .group = "generic",
                                   .since = "2.2.3",
                                   .usage = "subcommand",
                                   .summary = "A container for object introspection commands.",
                                   .complexity = "Depends on subcommand.",
                                   .server = Object}};
const CommandRegistration kObjectEncoding{{.name = "object|encoding",
                                           .arity = 3,
                                           .flags = kCmdReadonly,
                                           .keys = {2, 2, 1},
                                           .group = "generic",
                                           .since = "2.2.3",
                                           .usage = "key",
                                           .summary = "Returns the internal encoding of a value.",
                                           .complexity = "O(1)",
                                           .read = ObjectEncoding}};
const CommandRegistration kObjectFreq{
    {.name = "object|freq",
     .arity = 3,
     .flags = kCmdReadonly,
     .keys = {2, 2, 1},
     .group = "generic",
     .since = "4.0.0",
     .usage = "key",
     .summary = "Returns the logarithmic access frequency counter of a value.",
     .complexity = "O(1)",
     .read = ObjectFreq}};
const CommandRegistration kObjectIdleTime{
    {.name = "object|idletime",
     .arity = 3,
     .flags = kCmdReadonly,
     .keys = {2, 2, 1},
     .group = "generic",
     .since = "2.2.3",
     .usage = "key",
     .summary = "Returns the seconds since the last access to a value.",
     .complexity = "O(1)",
     .read = ObjectIdleTime}};
const CommandRegistration kObjectRefCount{{.name = "object|refcount",
                                           .arity = 3,
                                           .flags = kCmdReadonly,
                                           .keys = {2, 2, 1},
                                           .group = "generic",
                                           .since = "2.2.3",
                                           .usage = "key",
                                           .summary = "Returns the reference count of a value.",
                                           .complexity = "O(1)",
                                           .read = ObjectRefCount}};
const CommandRegistration kObjectHelp{
    {.name = "object|help",
     .arity = 2,
     .flags = kCmdLoading | kCmdStale,
     .group = "generic",
     .since = "6.2.0",
     .usage = "",
     .summary = "Returns helpful text about the different subcommands.",
     .complexity = "O(1)",
     .server = ObjectHelp}};

}  // namespace
}  // namespace pleiad
