// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/check_rdb.h"

#include <fmt/core.h>

#include <cstdio>

#include "base/text.h"
#include "base/version.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "snapshot/rdb_reader.h"

namespace pleiad::server {
namespace {

constexpr size_t kCheckPieceBytes = 1 << 20;

// Counts, and prints the facts as they come.
class CheckSink : public RdbSink {
 public:
  explicit CheckSink(UnixMs now) : now_(now) {}
  void set_reader(const RdbReader* reader) { reader_ = reader; }

  Status OnAux(std::string_view name, std::string_view value) override {
    Print(fmt::format("AUX FIELD {} = '{}'", name, value));
    return Status::Ok();
  }
  Status OnSelectDb(int db) override {
    Print(fmt::format("Selecting DB ID {}", db));
    return Status::Ok();
  }
  Status OnResize(uint64_t, uint64_t) override { return Status::Ok(); }
  Status OnString(const RdbKey& key, std::string_view) override { return Count(key); }
  Status OnValue(const RdbKey& key, ValueType, MemoryStore*) override { return Count(key); }
  Status OnFunction(std::string_view) override {
    ++functions_;
    return Status::Ok();
  }
  Status OnEnd() override { return Status::Ok(); }

  void Print(std::string_view what) const {
    fmt::print("[offset {}] {}\n", reader_->bytes_read(), what);
  }
  void PrintCounts() const {
    fmt::print("[info] {} keys read\n[info] {} expires\n[info] {} already expired\n", keys_,
               expires_, expired_);
    if (functions_ != 0) fmt::print("[info] {} function libraries\n", functions_);
  }

 private:
  Status Count(const RdbKey& key) {
    ++keys_;
    if (key.expire.value != 0) ++expires_;
    if (key.expire.value != 0 && key.expire <= now_) ++expired_;
    return Status::Ok();
  }

  const UnixMs now_;
  const RdbReader* reader_ = nullptr;
  uint64_t keys_ = 0;
  uint64_t expires_ = 0;
  uint64_t expired_ = 0;
  uint64_t functions_ = 0;
};

void PrintFailure(const CheckSink& sink, const RdbReader& reader, const std::string& why) {
  fmt::print("--- RDB ERROR DETECTED ---\n");
  sink.Print(why);
  const RdbReader::Place place = reader.place();
  fmt::print("[additional info] While doing: {}\n", place.doing);
  if (!place.key.empty()) fmt::print("[additional info] Reading key {}\n", Quoted(place.key));
  if (place.doing == "read-key" || place.doing == "read-object-value")
    fmt::print("[additional info] Reading type {} ({})\n", place.type,
               rdb::TypeName(static_cast<uint8_t>(place.type), false));
  sink.PrintCounts();
}

}  // namespace

bool CheckRdb(const std::string& path, std::string_view bytes, size_t* used) {
  fmt::print("[offset 0] Checking RDB file {}\n", path);
  CheckSink sink(runtime::UnixNow());
  RdbReader reader(&sink);
  sink.set_reader(&reader);
  *used = 0;
  while (!reader.done()) {
    const std::string_view piece = bytes.substr(*used, kCheckPieceBytes);
    if (piece.empty()) {
      PrintFailure(sink, reader, "Unexpected EOF reading RDB file: " + reader.TruncatedMessage());
      return false;
    }
    const Result<size_t> fed = reader.Feed(piece);
    if (!fed.ok()) {
      const bool sum = reader.place().doing == "check-sum";
      PrintFailure(sink, reader, (sum ? "RDB CRC error: " : "") + fed.message());
      return false;
    }
    *used += *fed;
  }
  if (reader.version() >= rdb::kVersionWithChecksum) {
    const std::string_view sum = bytes.substr(*used - rdb::kTrailerBytes, rdb::kTrailerBytes);
    const bool off = sum.find_first_not_of('\0') == std::string_view::npos;
    sink.Print(off ? "RDB file was saved with checksum disabled: no check performed"
                   : "Checksum OK");
  }
  sink.Print("\\o/ RDB looks OK! \\o/");
  sink.PrintCounts();
  return true;
}

int CheckRdbMain(int argc, char** argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  if (word == "-v" || word == "--version") {
    fmt::print("pleiad check-rdb {}\n", kPleiadVersion);
    return 0;
  }
  if (argc != 2) {
    fmt::print(stderr, "Usage: {} <rdb-file-name>\n", argv[0]);
    return 1;
  }
  runtime::MappedFile file;
  const Status opened = file.Open(word);
  if (!opened.ok()) {
    fmt::print(stderr, "{}\n", opened.message());
    return 1;
  }
  size_t used = 0;
  if (!CheckRdb(word, file.bytes(), &used)) return 1;
  if (used == file.bytes().size()) return 0;
  fmt::print("--- RDB ERROR DETECTED ---\n[offset {}] There are {} bytes behind the end\n", used,
             file.bytes().size() - used);
  return 1;
}

}  // namespace pleiad::server
