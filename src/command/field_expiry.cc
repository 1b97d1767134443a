// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "command/field_expiry.h"

#include <algorithm>
#include <string>
#include <vector>

#include "command/value_cell.h"
#include "data/hash.h"

namespace pleiad {
namespace {

constexpr size_t kFieldsARecord = 1024;

}  // namespace

size_t RemoveExpiredFields(WriteContext& ctx, const Key& key, size_t limit) {
  resp::OutBuffer unsaid;
  resp::Writer out(&unsaid);
  ValueCell cell(&ctx, key, ValueType::kHash);
  if (!cell.Open(out) || !cell.exists()) return 0;
  Hash hash(&cell, ctx.engine().collections);
  const std::vector<std::string> fields = hash.RemoveExpired(ctx.now().value, limit);
  if (fields.empty()) return 0;
  for (size_t first = 0; first < fields.size(); first += kFieldsARecord) {
    std::vector<std::string_view> record = {"HDEL", key.bytes};
    const size_t last = std::min(first + kFieldsARecord, fields.size());
    for (size_t i = first; i < last; ++i) record.emplace_back(fields[i]);
    ctx.Propagate(record);
  }
  cell.Changed();
  ctx.Notify(kNotifyHash, "hexpired", key);
  cell.DeleteIf(hash.size() == 0);
  return fields.size();
}

}  // namespace pleiad
