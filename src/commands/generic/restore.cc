// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "command/command.h"
#include "snapshot/dump_payload.h"

namespace pleiad {
namespace {

struct RestoreOptions {
  bool replace = false;
  bool absolute = false;
  int64_t idle_s = -1;
  int freq = -1;
};

bool ParseNumberOption(const Args& args, size_t i, RestoreOptions* options, resp::Writer& out) {
  const auto number = IntArg(args, i + 1, out);
  if (!number.has_value()) return false;
  if (args.Is(i, "idletime")) {
    if (*number < 0) {
      out.Error("ERR Invalid IDLETIME value, must be >= 0");
      return false;
    }
    options->idle_s = *number;
    return true;
  }
  if (*number < 0 || *number > 255) {
    out.Error("ERR Invalid FREQ value, must be >= 0 and <= 255");
    return false;
  }
  options->freq = static_cast<int>(*number);
  return true;
}

bool ParseRestoreOptions(const Args& args, RestoreOptions* options, resp::Writer& out) {
  for (size_t i = 4; i < args.size(); ++i) {
    const bool more = i + 1 < args.size();
    if (args.Is(i, "replace")) {
      options->replace = true;
    } else if (args.Is(i, "absttl")) {
      options->absolute = true;
    } else if (more && ((args.Is(i, "idletime") && options->freq < 0) ||
                        (args.Is(i, "freq") && options->idle_s < 0))) {
      if (!ParseNumberOption(args, i, options, out)) return false;
      ++i;
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// Makes an entry of what a payload holds.
class EntryMaker : public RdbSink {
 public:
  explicit EntryMaker(int64_t expiry_ms) : expiry_ms_(expiry_ms) {}
  Status OnAux(std::string_view, std::string_view) override { return Status::Ok(); }
  Status OnSelectDb(int) override { return Status::Ok(); }
  Status OnResize(uint64_t, uint64_t) override { return Status::Ok(); }
  Status OnString(const RdbKey& key, std::string_view value) override {
    entry_ = Entry::CreateString(key.key, value, expiry_ms_);
    return Status::Ok();
  }
  Status OnValue(const RdbKey& key, ValueType type, MemoryStore* value) override {
    entry_ = Entry::CreateValue(key.key, type, value, expiry_ms_);
    return Status::Ok();
  }
  Status OnEnd() override { return Status::Ok(); }
  Entry* entry() const { return entry_; }

 private:
  const int64_t expiry_ms_;
  Entry* entry_ = nullptr;
};

// Only what the policy in force keeps is taken from the options.
uint32_t AccessBits(WriteContext& ctx, const RestoreOptions& options) {
  const uint32_t fresh = FreshAccessBits(ctx.engine(), ctx.now());
  if (ctx.lfu_policy())
    return options.freq < 0 ? fresh : (fresh & ~0xffU) | static_cast<uint32_t>(options.freq);
  if (options.idle_s <= 0) return fresh;
  return (fresh - static_cast<uint32_t>(std::min<int64_t>(options.idle_s, 0x7fffff))) & 0xffffff;
}

// Unix ms or kNoExpiry. `ttl` 0 means none.
int64_t RestoredExpiry(int64_t ttl, bool absolute, UnixMs now) {
  if (ttl == 0) return Entry::kNoExpiry;
  if (absolute) return ttl;
  return ttl > std::numeric_limits<int64_t>::max() - now.value ? std::numeric_limits<int64_t>::max()
                                                               : ttl + now.value;
}

// With the expiry as a moment, so that a replica that is late means the same one.
void PropagateRestore(WriteContext& ctx, const Args& args, const RestoreOptions& options,
                      int64_t expiry_ms) {
  const std::string expiry = std::to_string(expiry_ms == Entry::kNoExpiry ? 0 : expiry_ms);
  const std::string number = std::to_string(options.idle_s >= 0 ? options.idle_s : options.freq);
  std::vector<std::string_view> record = {"RESTORE", args[1], expiry, args[3]};
  if (options.replace) record.emplace_back("REPLACE");
  if (expiry_ms != Entry::kNoExpiry) record.emplace_back("ABSTTL");
  if (options.idle_s >= 0 || options.freq >= 0) {
    record.emplace_back(options.idle_s >= 0 ? "IDLETIME" : "FREQ");
    record.emplace_back(number);
  }
  ctx.Propagate(record);
}

// The moment has passed: nothing is stored, and what was there goes.
void DropExpired(WriteContext& ctx, const Key& key) {
  if (!ctx.Delete(key)) return;
  ctx.Notify(kNotifyGeneric, "del", key);
  ctx.Propagate({"DEL", key.bytes});
}

// RESTORE key ttl-milliseconds payload [REPLACE] [ABSTTL] [IDLETIME seconds | FREQ counter]: the
// value of a DUMP. ttl 0: no expiry. RESTORE-ASKING is RESTORE behind ASKING, which MIGRATE sends.
//
// > RESTORE k 0 "\x00\x05hello\n\x00cr\xdfve4 \n"
// OK
// > GET k
// "hello"
// > TTL k
// (integer) -1
// > RESTORE k 0 "\x00\x05hello\n\x00cr\xdfve4 \n"
// (error) BUSYKEY Target key name already exists.
// > RESTORE k 5000 "\x00\x05hello\n\x00cr\xdfve4 \n" REPLACE IDLETIME 100
// OK
// > PTTL k
// (integer) 5000
// > OBJECT IDLETIME k
// (integer) 100
// > RESTORE k 1 "\x00\x05hello\n\x00cr\xdfve4 \n" REPLACE ABSTTL
// OK
// > EXISTS k
// (integer) 0
// > RESTORE-ASKING k 0 "\x00\x05hello\n\x00cr\xdfve4 \n"
// OK
// > RESTORE a 0 "\x00\x05hellO\n\x00cr\xdfve4 \n"
// (error) ERR DUMP payload version or checksum are wrong
// > RESTORE a 0 short
// (error) ERR DUMP payload version or checksum are wrong
// > RESTORE a -1 x
// (error) ERR Invalid TTL value, must be >= 0
// > RESTORE a x x
// (error) ERR value is not an integer or out of range
// > RESTORE a 0 x IDLETIME -1
// (error) ERR Invalid IDLETIME value, must be >= 0
// > RESTORE a 0 x FREQ 256
// (error) ERR Invalid FREQ value, must be >= 0 and <= 255
// > RESTORE a 0 x IDLETIME 1 FREQ 2
// (error) ERR syntax error
void Restore(WriteContext& ctx, const Args& args, resp::Writer& out) {
  RestoreOptions options;
  if (!ParseRestoreOptions(args, &options, out)) return;
  const Key& key = ctx.key();
  if (ctx.Find(key, false) != nullptr && !options.replace) {
    out.Error("BUSYKEY Target key name already exists.");
    return;
  }
  const auto ttl = IntArg(args, 2, out);
  if (!ttl.has_value()) return;
  if (*ttl < 0) {
    out.Error("ERR Invalid TTL value, must be >= 0");
    return;
  }
  const int64_t expiry_ms = RestoredExpiry(*ttl, options.absolute, ctx.now());
  EntryMaker maker(expiry_ms);
  const Status status = RestoreDump(args[3], {.key = key.bytes}, &maker, ctx.engine().collections,
                                    !ctx.engine().skip_checksum.load(std::memory_order_relaxed));
  if (!status.ok()) {
    out.Error("ERR " + status.message());
    return;
  }
  const bool master = !ctx.engine().replica.load(std::memory_order_relaxed);
  if (expiry_ms != Entry::kNoExpiry && expiry_ms <= ctx.now().value && master &&
      !ctx.client().from_master) {
    Entry::Free(maker.entry());
    DropExpired(ctx, key);
  } else {
    maker.entry()->set_access(AccessBits(ctx, options));
    ctx.Put(key, maker.entry());
    ctx.Notify(kNotifyGeneric, "restore", key);
    PropagateRestore(ctx, args, options, expiry_ms);
  }
  out.Ok();
}

constexpr uint32_t kRestoreFlags = kCmdWrite | kCmdDenyOom | kCmdDangerous;

const CommandRegistration kRestore{
    {.name = "restore",
     .arity = -4,
     .flags = kRestoreFlags,
     .keys = {1, 1, 1},
     .group = "generic",
     .since = "2.6.0",
     .usage = "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
     .summary = "Creates a key from the serialized representation of a value.",
     .complexity = "O(N) where N is the size of the value",
     .write = Restore}};
const CommandRegistration kRestoreAsking{
    {.name = "restore-asking",
     .arity = -4,
     .flags = kRestoreFlags | kCmdAsking,
     .keys = {1, 1, 1},
     .group = "server",
     .since = "3.0.0",
     .usage = "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
     .summary =
         "Creates a key from the serialized representation of a value, in a slot being imported.",
     .complexity = "O(N) where N is the size of the value",
     .write = Restore}};

}  // namespace
}  // namespace pleiad
