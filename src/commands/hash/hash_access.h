// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Hashes for command handlers: to read, and to change with all that field expiry asks for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command/field_expiry.h"
#include "command/value_cell.h"
#include "data/hash.h"

namespace pleiad {

// The hash under a key, without the fields whose time is over; an empty one if there is none.
// nullopt: WRONGTYPE was written.
std::optional<HashView> ReadHash(ReadContext& ctx, resp::Writer& out);

// The hash under the command's key, to change. A field whose time is over is not there for a
// client; but a replica still has it, so a command whose effect depends on that removes it first
// (DropIfOver). Put does not depend on it: it overwrites value and expiry.
class HashEdit {
 public:
  explicit HashEdit(WriteContext* ctx)
      : ctx_(*ctx),
        cell_(ctx, ctx->key(), ValueType::kHash),
        hash_(&cell_, ctx->engine().collections) {}

  // False: the key holds another type; WRONGTYPE was written.
  bool Open(resp::Writer& out) { return cell_.Open(out); }
  bool exists() const { return cell_.exists(); }
  void Expect(size_t fields) { hash_.Expect(fields); }

  // As the client sees it. A view of the store.
  std::optional<FieldElement> Find(std::string_view field) const;
  void DropIfOver(std::string_view field);
  // True if the field was not there for the client.
  bool Put(std::string_view field, std::string_view value,
           int64_t expiry_ms = FieldElement::kNoExpiry);
  // Puts args[2], args[3], args[4], ...; how many fields were not there. What is new is put
  // together first: the key is made once.
  int64_t PutPairs(const Args& args);
  // True if the field was there for the client; one that is over goes, too.
  bool Remove(std::string_view field);
  // REQUIRES: the field is there for the client.
  void SetExpiry(std::string_view field, int64_t expiry_ms);

  // After a change: counts it, sends the event, and deletes the key if no field is left.
  void Finish(std::string_view event);
  // The journal gets the command as typed, even if fields were dropped before.
  void PropagateTyped(const Args& args) {
    if (dropped_) ctx_.Propagate(args.all());
  }
  // The journal gets `head` with the fields behind it.
  void PropagateFields(std::vector<std::string_view> head,
                       const std::vector<std::string_view>& fields);

 private:
  WriteContext& ctx_;
  ValueCell cell_;
  Hash hash_;
  bool dropped_ = false;
};

// "FIELDS numfields field [field ...]" (or fields with values), the last arguments of a command.
struct FieldArguments {
  size_t word = 0;   // number of the argument FIELDS
  size_t first = 0;  // of the first field
  size_t count = 0;  // of fields

  // Looks for FIELDS from argument `from` on; `pairs`: each field has a value behind it. False: the
  // error was written.
  bool Parse(const Args& args, size_t from, bool pairs, resp::Writer& out);
  // The same where FIELDS must be argument number `at`.
  bool ParseAt(const Args& args, size_t at, resp::Writer& out);
};

}  // namespace pleiad
