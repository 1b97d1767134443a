// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_reader.h"

#include <fmt/format.h>

#include <limits>

#include "base/check.h"
#include "base/crc.h"
#include "base/text.h"

namespace pleiad {
namespace {

// A key in a message: readable, and not a screenful.
std::string Shown(std::string_view key) {
  constexpr size_t kShownMax = 64;
  if (key.size() <= kShownMax) return Quoted(key);
  return Quoted(key.substr(0, kShownMax)) + fmt::format("... ({} bytes)", key.size());
}

}  // namespace

RdbReader::RdbReader(RdbSink* sink, const Options& options)
    : sink_(sink), options_(options), tokenizer_(options.string_bytes_max) {}

RdbReader::~RdbReader() = default;

Result<size_t> RdbReader::Feed(std::string_view piece) {
  CHECK(state_ != State::kEnd && state_ != State::kFailed);
  std::string_view rest = piece;
  // All bytes before the trailer are summed, in one go for each piece.
  bool summing = options_.check_checksum && state_ != State::kChecksum;
  while (state_ != State::kEnd) {
    if (summing && state_ == State::kChecksum) {
      crc_ = Crc64(crc_, piece.substr(0, piece.size() - rest.size()));
      summing = false;
    }
    const size_t before = rest.size();
    failed_in_ = state_;
    RdbToken token;
    Result<bool> ready = tokenizer_.Read(WantOf(state_), &rest, &token);
    bytes_read_ += before - rest.size();
    Status status;
    if (!ready.ok()) {
      status = ready.error();
    } else if (*ready) {
      status = OnToken(token);
    } else {
      if (summing) crc_ = Crc64(crc_, piece);
      return piece.size();
    }
    if (!status.ok()) {
      const Error located = Located(status.message());
      state_ = State::kFailed;
      return located;
    }
  }
  return piece.size() - rest.size();
}

RdbWant RdbReader::WantOf(State state) const {
  switch (state) {
    case State::kHeader:
      return RdbWant::kHeader;
    case State::kOpcode:
    case State::kFreq:
      return RdbWant::kByte;
    case State::kAuxName:
    case State::kAuxValue:
    case State::kFunction:
    case State::kKey:
      return RdbWant::kString;
    case State::kSelectDb:
    case State::kResizeKeys:
    case State::kResizeExpires:
    case State::kSlotNumber:
    case State::kSlotKeys:
    case State::kSlotExpires:
    case State::kIdle:
      return RdbWant::kLength;
    case State::kExpireSeconds:
      return RdbWant::kU32;
    case State::kExpireMs:
    case State::kChecksum:
      return RdbWant::kU64;
    case State::kValue:
      return value_want_;
    case State::kEnd:
    case State::kFailed:
      break;
  }
  CHECK_MSG(false, "nothing is wanted after the end");
  return RdbWant::kDone;
}

Status RdbReader::OnToken(const RdbToken& token) {
  switch (state_) {
    case State::kHeader:
      return OnHeader(token.text);
    case State::kOpcode:
      return OnOpcode(static_cast<uint8_t>(token.number));
    case State::kKey:
      return OnKey(token.text);
    case State::kValue:
      return OnValueToken(token);
    case State::kChecksum:
      return OnChecksum(token.number);
    default:
      return OnFact(token);
  }
}

Status RdbReader::OnHeader(std::string_view header) {
  const bool redis = header.starts_with(rdb::kRedisMagic);
  valkey_ = header.starts_with(rdb::kValkeyMagic);
  if (!redis && !valkey_) return Error{"this is not an RDB file: it begins with " + Quoted(header)};
  const std::string_view digits =
      header.substr(redis ? rdb::kRedisMagic.size() : rdb::kValkeyMagic.size());
  int version = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9')
      return Error{"the format version " + Quoted(digits) + " is not a number"};
    version = version * 10 + (c - '0');
  }
  const int min = redis ? rdb::kRedisVersionMin : rdb::kValkeyVersionMin;
  const int max = redis ? rdb::kRedisVersionMax : rdb::kValkeyVersionMax;
  if (version < min || version > max) {
    return Error{
        fmt::format("can't handle RDB format version {} (known: {} to {})", version, min, max)};
  }
  version_ = version;
  state_ = State::kOpcode;
  return Status::Ok();
}

Status RdbReader::OnOpcode(uint8_t opcode) {
  switch (opcode) {
    case rdb::kOpAux:
      state_ = State::kAuxName;
      return Status::Ok();
    case rdb::kOpSelectDb:
      state_ = State::kSelectDb;
      return Status::Ok();
    case rdb::kOpResizeDb:
      state_ = State::kResizeKeys;
      return Status::Ok();
    case rdb::kOpSlotInfo:
      state_ = State::kSlotNumber;
      return Status::Ok();
    case rdb::kOpFunction2:
      state_ = State::kFunction;
      return Status::Ok();
    case rdb::kOpExpireMs:
      state_ = State::kExpireMs;
      return Status::Ok();
    case rdb::kOpExpireSeconds:
      state_ = State::kExpireSeconds;
      return Status::Ok();
    case rdb::kOpIdle:
      state_ = State::kIdle;
      return Status::Ok();
    case rdb::kOpFreq:
      state_ = State::kFreq;
      return Status::Ok();
    case rdb::kOpEof:
      if (version_ < rdb::kVersionWithChecksum) return Finish();
      state_ = State::kChecksum;
      return Status::Ok();
    case rdb::kOpFunctionPreGa:
      return Error{
          "it holds a function library of a Redis 7.0 release candidate, which can't be loaded"};
    case rdb::kOpModuleAux:
      return Error{"it holds data of a module, which can't be loaded"};
    case rdb::kOpSlotImport:
      return Error{"it holds the state of a slot import, which can't be loaded"};
    default:
      return OnType(opcode);
  }
}

// The key is read even when the type is unknown: the message names it.
Status RdbReader::OnType(uint8_t type) {
  type_ = type;
  if (!decoders_[type]) decoders_[type] = MakeRdbValueDecoder(type, valkey_, options_.collections);
  decoder_ = decoders_[type].get();
  state_ = State::kKey;
  return Status::Ok();
}

// Single facts: each is one token (or two) and leads back to the next opcode.
Status RdbReader::OnFact(const RdbToken& token) {
  const State was = state_;
  state_ = State::kOpcode;
  switch (was) {
    case State::kAuxName:
      aux_name_ = token.text;
      state_ = State::kAuxValue;
      return Status::Ok();
    case State::kAuxValue:
      return sink_->OnAux(aux_name_, token.text);
    case State::kFunction:
      return sink_->OnFunction(token.text);
    case State::kSelectDb:
      if (token.number > static_cast<uint64_t>(std::numeric_limits<int>::max())) {
        return Error{fmt::format("database number {} is out of range", token.number)};
      }
      key_.db = static_cast<int>(token.number);
      return sink_->OnSelectDb(key_.db);
    case State::kResizeKeys:
      resize_keys_ = token.number;
      state_ = State::kResizeExpires;
      return Status::Ok();
    case State::kResizeExpires:
      return sink_->OnResize(resize_keys_, token.number);
    case State::kSlotNumber:
      state_ = State::kSlotKeys;
      return Status::Ok();
    case State::kSlotKeys:
      state_ = State::kSlotExpires;
      return Status::Ok();
    case State::kSlotExpires:
      return Status::Ok();
    case State::kExpireMs:
      key_.expire = UnixMs(static_cast<int64_t>(token.number));
      return Status::Ok();
    case State::kExpireSeconds:
      key_.expire = UnixMs(static_cast<int64_t>(static_cast<int32_t>(token.number)) * 1000);
      return Status::Ok();
    case State::kIdle:
      key_.idle_s = static_cast<int64_t>(token.number & std::numeric_limits<int64_t>::max());
      return Status::Ok();
    case State::kFreq:
      key_.freq = static_cast<int>(token.number);
      return Status::Ok();
    default:
      CHECK_MSG(false, "not a fact");
      return Status::Ok();
  }
}

Status RdbReader::OnKey(std::string_view key) {
  key_bytes_ = key;
  if (decoder_ == nullptr) {
    const std::string_view name = rdb::TypeName(type_, valkey_);
    return Error{fmt::format("key {} holds {} (type {}), which this version cannot load yet",
                             Shown(key), name, type_)};
  }
  value_want_ = decoder_->Start();
  CHECK(value_want_ != RdbWant::kDone);
  state_ = State::kValue;
  return Status::Ok();
}

Status RdbReader::OnValueToken(const RdbToken& token) {
  Result<RdbWant> next = decoder_->OnToken(token);
  if (!next.ok()) return next.error();
  value_want_ = *next;
  if (value_want_ != RdbWant::kDone) return Status::Ok();
  key_.key = key_bytes_;
  Status status = decoder_->Deliver(key_, sink_);
  if (!status.ok()) return status;
  ++keys_read_;
  const int db = key_.db;
  key_ = RdbKey();  // expiry and access facts belonged to this key alone
  key_.db = db;
  state_ = State::kOpcode;
  return Status::Ok();
}

Status RdbReader::OnChecksum(uint64_t sum) {
  if (options_.check_checksum && sum != 0 && sum != crc_) {
    return Error{
        fmt::format("wrong checksum: {:016x} is written, {:016x} was computed", sum, crc_)};
  }
  return Finish();
}

Status RdbReader::Finish() {
  Status status = sink_->OnEnd();
  if (status.ok()) state_ = State::kEnd;
  return status;
}

RdbReader::Place RdbReader::place() const {
  const State state = state_ == State::kFailed ? failed_in_ : state_;
  switch (state) {
    case State::kHeader:
      return {"start", "", 0};
    case State::kOpcode:
      return {"read-type", "", type_};
    case State::kAuxName:
    case State::kAuxValue:
      return {"read-aux", "", type_};
    case State::kFunction:
      return {"read-function", "", type_};
    case State::kExpireMs:
    case State::kExpireSeconds:
      return {"read-expire", "", type_};
    case State::kKey:
      return {"read-key", "", type_};
    case State::kValue:
      return {"read-object-value", key_bytes_, type_};
    case State::kChecksum:
    case State::kEnd:
      return {"check-sum", "", type_};
    default:
      return {"read-len", "", type_};
  }
}

std::string RdbReader::TruncatedMessage() const {
  if (state_ == State::kValue) {
    return fmt::format("the data ends in the middle of key {}, after {} bytes", Shown(key_bytes_),
                       bytes_read_);
  }
  return fmt::format("the data ends too early, after {} bytes and {} keys", bytes_read_,
                     keys_read_);
}

Error RdbReader::Located(const std::string& message) const {
  if (state_ == State::kValue) {
    return Error{fmt::format("key {}: {} (near byte {})", Shown(key_bytes_), message, bytes_read_)};
  }
  return Error{fmt::format("{} (near byte {})", message, bytes_read_)};
}

}  // namespace pleiad
