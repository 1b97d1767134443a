// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/stream/stream_read.h"

#include <fmt/core.h>

namespace pleiad {
namespace {

bool ParseStreamReadNumber(const Args& args, size_t i, StreamReadRequest* request,
                           resp::Writer& out) {
  if (args.Is(i, "count")) {
    const auto count = StreamCountArg(args, i + 1, out);
    if (count.has_value()) request->count = *count;
    return count.has_value();
  }
  if (args.Is(i, "claim")) {
    const auto idle =
        IntArg(args, i + 1, out, "ERR min-idle-time is not an integer or out of range");
    if (!idle.has_value()) return false;
    if (*idle < 0) {
      out.Error("ERR min-idle-time must be a positive integer");
      return false;
    }
    request->claim_idle_ms = *idle;
    return true;
  }
  const auto block = IntArg(args, i + 1, out, "ERR timeout is not an integer or out of range");
  if (!block.has_value()) return false;
  if (*block < 0) {
    out.Error("ERR timeout is negative");
    return false;
  }
  request->block_ms = *block;
  return true;
}

void WriteOnlyGroups(std::string_view option, resp::Writer& out) {
  out.Error(fmt::format(
      "ERR The {} option is only supported by XREADGROUP. You called XREAD instead.", option));
}

// The list behind STREAMS.
bool ParseStreamReadList(const Args& args, size_t i, bool with_group, StreamReadRequest* request,
                         resp::Writer& out) {
  request->streams_at = i;
  request->streams = (args.size() - i) / 2;
  if ((args.size() - i) % 2 == 0) return true;
  const char symbol = with_group ? '>' : '$';
  out.Error(
      fmt::format("ERR Unbalanced '{}' list of streams: for each stream key an ID or '{}' must be "
                  "specified.",
                  with_group ? "xreadgroup" : "xread", symbol));
  return false;
}

}  // namespace

bool ParseStreamRead(const Args& args, bool with_group, StreamReadRequest* request,
                     resp::Writer& out) {
  bool group_given = false;
  for (size_t i = 1; i < args.size() && request->streams_at == 0; ++i) {
    const size_t more = args.size() - 1 - i;
    if (more != 0 &&
        (args.Is(i, "count") || args.Is(i, "block") || (with_group && args.Is(i, "claim")))) {
      if (!ParseStreamReadNumber(args, i, request, out)) return false;
      ++i;
    } else if (more != 0 && args.Is(i, "streams")) {
      if (!ParseStreamReadList(args, i + 1, with_group, request, out)) return false;
    } else if (more >= 2 && args.Is(i, "group")) {
      if (!with_group) {
        WriteOnlyGroups("GROUP", out);
        return false;
      }
      request->group = args[i + 1];
      request->consumer = args[i + 2];
      group_given = true;
      i += 2;
    } else if (args.Is(i, "noack")) {
      if (!with_group) {
        WriteOnlyGroups("NOACK", out);
        return false;
      }
      request->no_ack = true;
    } else {
      out.Error(kSyntaxError);
      return false;
    }
  }
  if (request->streams_at == 0) {
    out.Error(kSyntaxError);
    return false;
  }
  if (with_group && !group_given) {
    out.Error("ERR Missing GROUP option for XREADGROUP");
    return false;
  }
  return true;
}

bool StreamReadKeys(const Args& args, std::vector<size_t>* positions) {
  for (size_t i = 1; i < args.size(); ++i) {
    if (args.Is(i, "count") || args.Is(i, "block") || args.Is(i, "claim")) {
      ++i;
    } else if (args.Is(i, "group")) {
      i += 2;
    } else if (args.Is(i, "streams")) {
      const size_t streams = (args.size() - i - 1) / 2;
      if (streams == 0 || (args.size() - i - 1) % 2 != 0) return false;
      for (size_t k = 1; k <= streams; ++k) positions->push_back(i + k);
      return true;
    } else if (!args.Is(i, "noack")) {
      return false;
    }
  }
  return false;
}

}  // namespace pleiad
