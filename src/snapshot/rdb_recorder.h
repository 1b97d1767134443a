// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// For tests and fuzz targets: a sink that writes down what it was given.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "snapshot/rdb_value.h"

namespace pleiad {

struct RdbRecorder : RdbSink {
  struct Value {
    std::string bytes;
    int64_t expire = 0;
    int64_t idle_s = -1;
    int freq = -1;
    bool operator==(const Value&) const = default;
  };
  Status OnAux(std::string_view name, std::string_view value) override {
    aux[std::string(name)] = value;
    return Status::Ok();
  }
  Status OnSelectDb(int db) override {
    selected = db;
    return Status::Ok();
  }
  Status OnResize(uint64_t keys_hint, uint64_t expires_hint) override {
    resize[selected] = {keys_hint, expires_hint};
    return Status::Ok();
  }
  Status OnString(const RdbKey& key, std::string_view value) override {
    if (refuse_key && *refuse_key == key.key) return Error{"refused by the test"};
    keys[{key.db, std::string(key.key)}] = {std::string(value), key.expire.value, key.idle_s,
                                            key.freq};
    return Status::Ok();
  }
  Status OnValue(const RdbKey& key, ValueType type, MemoryStore* value) override {
    if (refuse_key && *refuse_key == key.key) return Error{"refused by the test"};
    values[{key.db, std::string(key.key)}] = {type, std::move(*value)};
    expires[{key.db, std::string(key.key)}] = key.expire.value;
    return Status::Ok();
  }
  Status OnFunction(std::string_view source) override {
    if (refuse_functions) return RdbSink::OnFunction(source);
    functions.emplace_back(source);
    return Status::Ok();
  }
  Status OnEnd() override {
    ++ends;
    return Status::Ok();
  }

  std::map<std::pair<int, std::string>, Value> keys;
  std::map<std::pair<int, std::string>, std::pair<ValueType, MemoryStore>> values;
  std::map<std::pair<int, std::string>, int64_t> expires;  // of `values`
  std::map<std::string, std::string> aux;
  std::map<int, std::pair<uint64_t, uint64_t>> resize;
  std::vector<std::string> functions;
  std::optional<std::string> refuse_key;
  bool refuse_functions = false;
  int selected = 0;
  int ends = 0;
};

}  // namespace pleiad
