// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/command.h"

namespace pleiad {
namespace {

// A value's memory may be taken over only for the last mention of a key: what an earlier mention
// sets is freed before the journal and the slow log have read the arguments.
HeapString* TakeValue(const Args& args, size_t i) {
  if (!args.Owned(i)) return nullptr;
  for (size_t later = i + 1; later < args.size(); later += 2) {
    if (args[later] == args[i - 1]) return nullptr;
  }
  return args.Take(i);
}

bool CheckPairs(const Args& args, std::string_view name, resp::Writer& out) {
  if (args.size() % 2 == 1) return true;
  out.Error(WrongArity(*CommandTable::Get().Find(name)));
  return false;
}

void SetAll(WriteContext& ctx, const Args& args) {
  for (size_t i = 0; i < ctx.keys().size(); ++i) {
    const size_t value = 2 * i + 2;
    ctx.SetString(ctx.key(i), args[value], Entry::kNoExpiry, false, TakeValue(args, value));
    ctx.Notify(kNotifyString, "set", ctx.key(i));
  }
}

// MSET key value [key value ...]: all at once; of a key mentioned twice the last value stays.
//
// > MSET a 1 b 2 a 3
// OK
// > MGET a b
// 1) "3"
// 2) "2"
// > MSET a 1 b
// (error) ERR wrong number of arguments for 'mset' command
void MSet(WriteContext& ctx, const Args& args, resp::Writer& out) {
  if (!CheckPairs(args, "mset", out)) return;
  SetAll(ctx, args);
  out.Ok();
}

// MSETNX key value [key value ...]: all of them, or none if one of the keys is there.
//
// > MSETNX a 1 b 2
// (integer) 1
// > MSETNX b 3 c 4
// (integer) 0
// > MGET a b c
// 1) "1"
// 2) "2"
// 3) (nil)
// > MSETNX a 1 b
// (error) ERR wrong number of arguments for 'msetnx' command
void MSetNx(WriteContext& ctx, const Args& args, resp::Writer& out) {
  if (!CheckPairs(args, "msetnx", out)) return;
  for (const Key& key : ctx.keys()) {
    if (ctx.Find(key, false) != nullptr) {
      out.Integer(0);
      return;
    }
  }
  SetAll(ctx, args);
  out.Integer(1);
}

const CommandRegistration kMSet{{.name = "mset",
                                 .arity = -3,
                                 .flags = kCmdWrite | kCmdDenyOom,
                                 .keys = {1, -1, 2},
                                 .group = "string",
                                 .since = "1.0.1",
                                 .usage = "key value [key value ...]",
                                 .summary = "Sets the string values of one or more keys at once.",
                                 .complexity = "O(N) where N is the number of keys.",
                                 .write = MSet}};

const CommandRegistration kMSetNx{
    {.name = "msetnx",
     .arity = -3,
     .flags = kCmdWrite | kCmdDenyOom,
     .keys = {1, -1, 2},
     .group = "string",
     .since = "1.0.1",
     .usage = "key value [key value ...]",
     .summary =
         "Sets the string values of one or more keys at once, unless one of the keys exists.",
     .complexity = "O(N) where N is the number of keys.",
     .write = MSetNx}};

}  // namespace
}  // namespace pleiad
