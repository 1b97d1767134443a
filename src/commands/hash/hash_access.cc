// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/hash/hash_access.h"

namespace pleiad {
namespace {

constexpr std::string_view kFieldCountError =
    "ERR numfields should be greater than 0 and match the provided number of fields";

}  // namespace

std::optional<HashView> ReadHash(ReadContext& ctx, resp::Writer& out) {
  const Entry* e = ctx.Find(ctx.key());
  if (!CheckType(e, ValueType::kHash, out)) return std::nullopt;
  return HashView(e == nullptr ? ValueView() : e->value(), FieldNow(ctx));
}

std::optional<FieldElement> HashEdit::Find(std::string_view field) const {
  return HashView(cell_.view(), FieldNow(ctx_)).Find(field);
}

void HashEdit::DropIfOver(std::string_view field) {
  const HashView all = hash_.view();
  if (!all.with_expiry() || ctx_.client().from_master) return;
  const auto e = all.Find(field);
  if (!e.has_value() || e->expiry_ms == FieldElement::kNoExpiry ||
      e->expiry_ms > ctx_.now().value) {
    return;
  }
  hash_.Remove(field);
  dropped_ = true;
  cell_.Changed();
  ctx_.Propagate({"HDEL", ctx_.key().bytes, field});
  ctx_.Notify(kNotifyHash, "hexpired", ctx_.key());
  cell_.DeleteIf(hash_.size() == 0);
}

bool HashEdit::Put(std::string_view field, std::string_view value, int64_t expiry_ms) {
  const bool hidden = hash_.view().with_expiry() && !Find(field).has_value();
  const bool fresh = hash_.Put(field, value, expiry_ms);
  if (expiry_ms != FieldElement::kNoExpiry) ctx_.FieldExpires(ctx_.key(), expiry_ms);
  return fresh || hidden;
}

int64_t HashEdit::PutPairs(const Args& args) {
  int64_t added = 0;
  if (!cell_.exists() && args.size() > 4) {
    MemoryStore fresh;
    Hash hash(&fresh, ctx_.engine().collections);
    hash.Expect((args.size() - 2) / 2);
    for (size_t i = 2; i < args.size(); i += 2) added += hash.Put(args[i], args[i + 1]) ? 1 : 0;
    cell_.Create(&fresh);
    return added;
  }
  Expect((args.size() - 2) / 2);
  for (size_t i = 2; i < args.size(); i += 2) added += Put(args[i], args[i + 1]) ? 1 : 0;
  return added;
}

bool HashEdit::Remove(std::string_view field) {
  const bool hidden = hash_.view().with_expiry() && !Find(field).has_value();
  return hash_.Remove(field) && !hidden;
}

void HashEdit::SetExpiry(std::string_view field, int64_t expiry_ms) {
  hash_.SetExpiry(field, expiry_ms);
  if (expiry_ms != FieldElement::kNoExpiry) ctx_.FieldExpires(ctx_.key(), expiry_ms);
}

void HashEdit::Finish(std::string_view event) {
  cell_.Changed();
  ctx_.Notify(kNotifyHash, event, ctx_.key());
  cell_.DeleteIf(cell_.exists() && hash_.size() == 0);
}

void HashEdit::PropagateFields(std::vector<std::string_view> head,
                               const std::vector<std::string_view>& fields) {
  head.insert(head.end(), fields.begin(), fields.end());
  ctx_.Propagate(head);
}

bool FieldArguments::Parse(const Args& args, size_t from, bool pairs, resp::Writer& out) {
  word = from;
  while (word < args.size() && !args.Is(word, "fields")) ++word;
  if (word + 1 >= args.size()) {
    out.Error(kFieldCountError);
    return false;
  }
  const auto number = IntArg(args, word + 1, out);
  if (!number.has_value()) return false;
  first = word + 2;
  const size_t left = args.size() - first;
  count = pairs ? left / 2 : left;
  if (*number <= 0 || static_cast<uint64_t>(*number) != count || (pairs && left % 2 != 0)) {
    out.Error(kFieldCountError);
    return false;
  }
  return true;
}

bool FieldArguments::ParseAt(const Args& args, size_t at, resp::Writer& out) {
  if (!args.Is(at, "fields")) {
    out.Error("ERR Mandatory argument FIELDS is missing or not at the right position");
    return false;
  }
  return Parse(args, at, false, out);
}

}  // namespace pleiad
