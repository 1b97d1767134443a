// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A hostile master: any bytes, in any pieces. The session's own CHECKs are the oracle, and that the
// pieces make no difference to what was handed over.
#include <cstdint>

#include "base/check.h"
#include "replication/replica_session.h"

namespace {

struct Seen {
  std::string snapshot;
  std::string raw;
  bool failed = false;
};

void Step(pleiad::ReplicaSession* session, const pleiad::ReplicaInput& input, Seen* seen) {
  using Kind = pleiad::ReplicaEffect::Kind;
  bool ended = false;
  for (const pleiad::ReplicaEffect& effect : session->Step(input).list()) {
    if (effect.kind == Kind::kSnapshotBytes) seen->snapshot += effect.bytes;
    if (effect.kind == Kind::kCommand || effect.kind == Kind::kSkipped) seen->raw += effect.bytes;
    if (effect.kind == Kind::kSnapshotEnd) ended = true;
    if (effect.kind == Kind::kClose) seen->failed = true;
  }
  if (ended)
    Step(session, {.kind = pleiad::ReplicaInput::Kind::kSnapshotLoaded, .now = pleiad::MonoMs(0)},
         seen);
}

Seen Run(std::string_view bytes, size_t piece) {
  using Kind = pleiad::ReplicaInput::Kind;
  Seen seen;
  pleiad::ReplicaSession session({.bulk_bytes_max = 1 << 20}, pleiad::MonoMs(0));
  Step(&session, {.kind = Kind::kTick, .now = pleiad::MonoMs(0)}, &seen);
  Step(&session, {.kind = Kind::kConnected, .now = pleiad::MonoMs(0)}, &seen);
  for (size_t at = 0; at < bytes.size() && !seen.failed; at += piece) {
    const std::string part(bytes.substr(at, piece));
    Step(&session, {.kind = Kind::kBytes, .now = pleiad::MonoMs(0), .bytes = part}, &seen);
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  // Half of the inputs begin behind the greeting, where the interesting part is.
  if (data[0] >= 128) {
    bytes.insert(
        0, "+PONG\r\n+OK\r\n+OK\r\n+FULLRESYNC 0123456789012345678901234567890123456789 1\r\n");
  }
  const Seen whole = Run(bytes, bytes.size() + 1);
  const Seen parts = Run(bytes, 1 + data[0] % 64);
  CHECK(whole.failed || parts.failed || (whole.raw == parts.raw));
  return 0;
}
