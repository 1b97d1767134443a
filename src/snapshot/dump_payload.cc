// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/dump_payload.h"

#include <fmt/format.h>

#include "base/crc.h"
#include "snapshot/rdb_encode.h"

namespace pleiad {
namespace {

constexpr size_t kVersionBytes = 2;
constexpr size_t kFooterBytes = kVersionBytes + rdb::kTrailerBytes;

uint64_t FooterNumber(std::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = bytes.size(); i-- > 0;)
    number = (number << 8) | static_cast<unsigned char>(bytes[i]);
  return number;
}

Status BadFormat() { return Error{std::string(kDumpFormatError)}; }

void AppendFooter(std::string* out) {
  out->push_back(static_cast<char>(rdb::kVersionWritten & 0xff));
  out->push_back(static_cast<char>(rdb::kVersionWritten >> 8));
  AppendRdbLittleEndian64(out, Crc64(0, *out));
}

// What stands before the footer, which must be right.
Status CheckFooter(std::string_view payload, bool check_sum, int* version, std::string_view* rest) {
  const Status wrong_sum = Error{std::string(kDumpChecksumError)};
  if (payload.size() < kFooterBytes) return wrong_sum;
  const std::string_view summed = payload.substr(0, payload.size() - rdb::kTrailerBytes);
  const uint64_t sum = FooterNumber(payload.substr(summed.size()));
  *version = static_cast<int>(FooterNumber(summed.substr(summed.size() - kVersionBytes)));
  if (!rdb::ReadableVersion(*version)) return wrong_sum;
  if (check_sum && sum != Crc64(0, summed)) return wrong_sum;
  *rest = summed.substr(0, summed.size() - kVersionBytes);
  return Status::Ok();
}

}  // namespace

std::string DumpString(std::string_view value, const RdbEncodeOptions& options) {
  std::string out;
  out.reserve(value.size() + 24);
  out.push_back(static_cast<char>(rdb::kTypeString));
  AppendRdbString(&out, value, options);
  AppendFooter(&out);
  return out;
}

std::string DumpEntry(const Entry& entry, const RdbEncodeOptions& options) {
  std::string out;
  out.push_back(static_cast<char>(RdbTypeOf(entry)));
  AppendRdbValue(&out, entry, options);
  AppendFooter(&out);
  return out;
}

std::string DumpFunctions(std::span<const std::string_view> sources) {
  std::string out;
  for (const std::string_view source : sources) {
    out.push_back(static_cast<char>(rdb::kOpFunction2));
    AppendRdbString(&out, source, {});
  }
  AppendFooter(&out);
  return out;
}

Result<std::vector<std::string>> RestoreFunctions(std::string_view payload) {
  int version = 0;
  std::string_view rest;
  const Status whole = CheckFooter(payload, /*check_sum=*/true, &version, &rest);
  if (!whole.ok()) return Error{whole.message()};
  std::vector<std::string> sources;
  RdbTokenizer tokenizer;
  while (!rest.empty()) {
    const bool function = static_cast<uint8_t>(rest.front()) == rdb::kOpFunction2;
    rest.remove_prefix(1);
    RdbToken token;
    if (!function) return Error{"given type is not a function"};
    const Result<bool> ready = tokenizer.Read(RdbWant::kString, &rest, &token);
    if (!ready.ok() || !*ready) return Error{std::string(kDumpFormatError)};
    sources.emplace_back(token.text);
  }
  return sources;
}

Status RestoreDump(std::string_view payload, const RdbKey& key, RdbSink* sink,
                   const CollectionSettings& settings, bool check_sum) {
  int version = 0;
  std::string_view rest;
  const Status whole = CheckFooter(payload, check_sum, &version, &rest);
  if (!whole.ok()) return whole;
  if (rest.empty()) return BadFormat();
  const auto type = static_cast<uint8_t>(rest.front());
  rest.remove_prefix(1);
  const bool valkey = version >= rdb::kValkeyVersionMin;
  const std::unique_ptr<RdbValueDecoder> decoder = MakeRdbValueDecoder(type, valkey, &settings);
  if (!decoder) {
    return Error{fmt::format("{}: it holds {}, which this version cannot load yet",
                             kDumpFormatError, rdb::TypeName(type, valkey))};
  }
  RdbTokenizer tokenizer;
  RdbWant want = decoder->Start();
  while (want != RdbWant::kDone) {
    RdbToken token;
    if (want == RdbWant::kPacked) want = RdbWant::kString;  // a damaged block is a bad payload
    Result<bool> ready = tokenizer.Read(want, &rest, &token);
    if (!ready.ok() || !*ready) return BadFormat();
    Result<RdbWant> next = decoder->OnToken(token);
    if (!next.ok()) return BadFormat();
    want = *next;
  }
  if (!rest.empty()) return BadFormat();
  return decoder->Deliver(key, sink);
}

}  // namespace pleiad
