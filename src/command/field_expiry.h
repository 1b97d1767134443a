// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Fields of hashes whose time is over. A read hides them, on a master as on a replica; what deletes
// them is the sweep of a master, or a command that is about to write such a field. Either way they
// are in the journal as HDEL before anything that presumes they are gone.
#pragma once

#include <cstddef>

#include "command/context.h"
#include "data/hash.h"

namespace pleiad {

// The sweep's part: removes up to `limit` of them from the hash under `key`, and the key if nothing
// is left. Returns how many went.
size_t RemoveExpiredFields(WriteContext& ctx, const Key& key, size_t limit);

// The moment for HashView: what the master sent is applied to fields as they stand.
inline int64_t FieldNow(const ReadContext& ctx) {
  return ctx.client().from_master ? HashView::kHideNothing : ctx.now().value;
}

}  // namespace pleiad
