// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "replication/snapshot_payload.h"

#include <algorithm>

#include "base/text.h"

namespace pleiad {

Status SnapshotPayload::Begin(std::string_view head) {
  constexpr std::string_view kMarkHead = "$EOF:";
  *this = SnapshotPayload();
  if (head.starts_with(kMarkHead) && head.size() == kMarkHead.size() + kMarkSize) {
    mark_ = head.substr(kMarkHead.size());
    return Status::Ok();
  }
  if (!head.starts_with('$')) return Error{"a snapshot was expected, got " + Quoted(head)};
  const auto length = ParseInt64(head.substr(1));
  if (!length || *length < 0)
    return Error{"the snapshot's length is not a number: " + Quoted(head)};
  size_ = left_ = *length;
  done_ = left_ == 0;
  return Status::Ok();
}

std::string_view SnapshotPayload::Take(std::string_view* in) {
  if (done_) return {};
  if (mark_.empty()) {
    const auto take =
        static_cast<size_t>(std::min<uint64_t>(static_cast<uint64_t>(left_), in->size()));
    const std::string_view part = in->substr(0, take);
    in->remove_prefix(take);
    left_ -= static_cast<int64_t>(take);
    done_ = left_ == 0;
    return part;
  }
  window_ = held_;
  window_ += *in;
  const std::string_view window = window_;
  const size_t at = window.find(mark_);
  if (at != std::string_view::npos) {
    done_ = true;
    in->remove_prefix(at + kMarkSize -
                      held_.size());  // held_ is shorter than the mark: it ends within *in
    return window.substr(0, at);
  }
  in->remove_prefix(in->size());
  const size_t keep = std::min(window.size(), kMarkSize - 1);
  held_ = window.substr(window.size() - keep);
  return window.substr(0, window.size() - keep);
}

}  // namespace pleiad
