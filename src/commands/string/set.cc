// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "base/text.h"
#include "command/command.h"
#include "commands/string/expiry_option.h"

namespace pleiad {
namespace {

struct SetOptions {
  ExpiryOption expiry;
  bool nx = false;
  bool xx = false;
  bool get = false;
};

// Reads the options behind SET key value. False: the error has been written.
bool ParseSetOptions(WriteContext& ctx, const Args& args, SetOptions* o, resp::Writer& out) {
  for (size_t i = 3; i < args.size(); ++i) {
    if (args.Is(i, "nx") && !o->xx) {
      o->nx = true;
    } else if (args.Is(i, "xx") && !o->nx) {
      o->xx = true;
    } else if (args.Is(i, "get")) {
      o->get = true;
    } else if (!ParseExpiryOption(args, &i, ExpiryWords::kSet, &o->expiry)) {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return o->expiry.Resolve(ctx.now(), "set", out);
}

// SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]
//
// In the journal: SET key value [PXAT ms | KEEPTTL], so that a replica that applies it later
// expires at the same moment.
//
// > SET k v
// OK
// > SET k w NX
// (nil)
// > SET k w XX GET
// "v"
// > SET k x EX 100
// OK
// > TTL k
// (integer) 100
// > SET k y KEEPTTL
// OK
// > TTL k
// (integer) 100
// > SET k z
// OK
// > TTL k
// (integer) -1
// > SET k v EX 0
// (error) ERR invalid expire time in 'set' command
// > SET k v EX 1 PX 1
// (error) ERR syntax error
// > SET k v NX XX
// (error) ERR syntax error
// > SET fresh v NX GET
// (nil)
// > GET fresh
// "v"
void Set(WriteContext& ctx, const Args& args, resp::Writer& out) {
  const Key& key = ctx.key();
  if (args.size() == 3) [[likely]] {
    ctx.SetString(key, args[2], Entry::kNoExpiry, false, args.Take(2));
    ctx.Notify(kNotifyString, "set", key);
    out.Ok();
    return;
  }
  SetOptions o;
  if (!ParseSetOptions(ctx, args, &o, out)) return;
  const Entry* old = nullptr;
  if (o.nx || o.xx || o.get) old = ctx.Find(key, o.get);
  if (o.get) {
    if (!CheckString(old, out)) return;
    if (old == nullptr) {
      out.Null();
    } else {
      out.Bulk(old->str());
    }
  }
  if ((o.nx && old != nullptr) || (o.xx && old == nullptr)) {
    if (!o.get) out.Null();
    return;
  }
  const bool keep = o.expiry.kind == ExpiryOption::Kind::kKeep;
  HeapString* owned = args.Take(2);
  ctx.SetString(key, args[2], o.expiry.at_ms, keep, owned);
  ctx.Notify(kNotifyString, "set", key);
  if (o.expiry.at_ms != Entry::kNoExpiry) {
    ctx.Notify(kNotifyGeneric, "expire", key);
    ctx.Propagate({"SET", key.bytes, args[2], "PXAT", std::to_string(o.expiry.at_ms)});
  } else if (keep) {
    ctx.Propagate({"SET", key.bytes, args[2], "KEEPTTL"});
  } else {
    ctx.Propagate({"SET", key.bytes, args[2]});
  }
  if (!o.get) out.Ok();
}

const CommandRegistration kSet{
    {.name = "set",
     .arity = -3,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, 1, 1},
     .group = "string",
     .since = "1.0.0",
     .usage =
         "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT "
         "unix-time-milliseconds | KEEPTTL]",
     .summary = "Sets the string value of a key, ignoring its type. The key is created if it "
                "doesn't exist.",
     .complexity = "O(1)",
     .write = Set}};

}  // namespace
}  // namespace pleiad
