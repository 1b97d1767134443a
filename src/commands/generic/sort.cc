// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <utility>

#include "commands/generic/sort_run.h"
#include "data/list.h"

namespace pleiad {
namespace {

// The key, and the last STORE's.
bool SortKeys(const Args& args, std::vector<size_t>* positions) {
  positions->push_back(1);
  size_t store = 0;
  for (size_t i = 2; i < args.size(); ++i) {
    if (args.Is(i, "limit")) {
      i += 2;
    } else if (args.Is(i, "by") || args.Is(i, "get")) {
      ++i;
    } else if (args.Is(i, "store") && i + 1 < args.size()) {
      store = ++i;
    }
  }
  if (store != 0) positions->push_back(store);
  return true;
}

void WriteSorted(SortRun* run, resp::Writer& out) {
  out.Array(run->size());
  run->ForEach([&](std::optional<std::string_view> text) {
    if (text.has_value()) {
      out.Bulk(*text);
    } else {
      out.Null();
    }
  });
}

void StoreSorted(WriteContext& ctx, SortRun* run, const Key& to, resp::Writer& out) {
  const size_t size = run->size();
  if (size != 0) {
    MemoryStore store;
    List list(&store, ctx.engine().collections);
    run->ForEach([&](std::optional<std::string_view> text) {
      list.Push(ListEnd::kTail, text.value_or(std::string_view()));
    });
    ctx.PutValue(to, ValueType::kList, &store);
    ctx.Notify(kNotifyList, "sortstore", to);
  } else if (ctx.Delete(to)) {
    ctx.Notify(kNotifyGeneric, "del", to);
  }
  out.Integer(static_cast<int64_t>(size));
}

// SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA] [STORE
// destination]: the elements of a list, a set or a sorted set in order, by themselves or by what
// lies under the keys of BY, in which an element stands for '*'; a key may be followed by
// "->field" of a hash. BY with a constant keeps the order. GET gives what lies under other keys
// instead of the element, "#" the element itself.
//
// > RPUSH l 10 9 1.5 -2
// (integer) 4
// > SORT l
// 1) "-2"
// 2) "1.5"
// 3) "9"
// 4) "10"
// > SORT l DESC LIMIT 1 2
// 1) "9"
// 2) "1.5"
// > SORT l ALPHA ASC
// 1) "-2"
// 2) "1.5"
// 3) "10"
// 4) "9"
// > SORT l BY nosort DESC LIMIT 0 2
// 1) "-2"
// 2) "1.5"
// > MSET w_10 1 w_9 3 w_1.5 2 v_10 ten v_9 nine
// OK
// > SORT l BY w_* GET # GET v_*
// 1) "-2"
// 2) (nil)
// 3) "10"
// 4) "ten"
// 5) "1.5"
// 6) (nil)
// 7) "9"
// 8) "nine"
// > HSET h_10 a 5
// (integer) 1
// > SORT l BY h_*->a LIMIT 3 1 GET h_*->a
// 1) "5"
// > SORT l BY w_* STORE d
// (integer) 4
// > LRANGE d 0 -1
// 1) "-2"
// 2) "10"
// 3) "1.5"
// 4) "9"
// > SORT nosuchkey STORE d
// (integer) 0
// > EXISTS d
// (integer) 0
// > SADD s b c a
// (integer) 3
// > SORT s
// (error) ERR One or more scores can't be converted into double
// > SORT s ALPHA DESC
// 1) "c"
// 2) "b"
// 3) "a"
// > ZADD z 1 y 2 x
// (integer) 2
// > SORT z BY nosort
// 1) "y"
// 2) "x"
// > SORT z ALPHA LIMIT 0 1
// 1) "x"
// > SORT l LIMIT a b
// (error) ERR value is not an integer or out of range
// > SORT l UP
// (error) ERR syntax error
// > SORT w_10
// (error) WRONGTYPE Operation against a key holding the wrong kind of value
void Sort(WriteContext& ctx, const Args& args, resp::Writer& out) {
  SortRequest request;
  if (!request.Parse(ctx, args, false, out)) return;
  const bool store = request.store.has_value();
  SortRun run(&ctx, std::move(request));
  if (!run.Run(out)) return;
  if (store) {
    StoreSorted(ctx, &run, ctx.key(1), out);
  } else {
    WriteSorted(&run, out);
  }
}

// SORT_RO: SORT without STORE, which a replica may be asked for, too.
//
// > RPUSH l 3 1 2
// (integer) 3
// > SORT_RO l LIMIT 0 2
// 1) "1"
// 2) "2"
// > SORT_RO l STORE d
// (error) ERR syntax error
void SortRo(ReadContext& ctx, const Args& args, resp::Writer& out) {
  SortRequest request;
  if (!request.Parse(ctx, args, true, out)) return;
  SortRun run(&ctx, std::move(request));
  if (run.Run(out)) WriteSorted(&run, out);
}

constexpr std::string_view kSortCost =
    "O(N+M*log(M)) where N is the number of elements to sort, and M the number of returned "
    "elements. When the elements are not sorted, complexity is O(N).";

const CommandRegistration kSort{
    {.name = "sort",
     .arity = -2,
     .flags = kCmdWrite | kCmdDenyOom | kCmdMovableKeys | kCmdOtherSlots | kCmdDangerous,
     .keys = {1, 1, 1},
     .group = "generic",
     .since = "1.0.0",
     .usage = "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] "
              "[ALPHA] [STORE destination]",
     .summary = "Sorts the elements in a list, a set, or a sorted set, optionally storing the "
                "result.",
     .complexity = kSortCost,
     .write = Sort,
     .get_keys = SortKeys}};
const CommandRegistration kSortRo{
    {.name = "sort_ro",
     .arity = -2,
     .flags = kCmdReadonly | kCmdMovableKeys | kCmdOtherSlots | kCmdDangerous,
     .keys = {1, 1, 1},
     .group = "generic",
     .since = "7.0.0",
     .usage = "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] "
              "[ALPHA]",
     .summary = "Returns the sorted elements of a list, a set, or a sorted set.",
     .complexity = kSortCost,
     .read = SortRo}};

}  // namespace
}  // namespace pleiad
