// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Transcripts: the examples in the comments of a command's file, read and run. What they look like:
// command/command.h.
//
//     for (const Transcript& t : ParseTranscripts(source)) {
//       Engine engine(16, 1);
//       Dispatcher dispatcher(&engine, nullptr, 0, 1);
//       std::string diff = RunTranscript(t, &engine, &dispatcher);   // "" if every reply is as
//       written
//     }
//
// Threads: one. Nothing is read or written but the engine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command/dispatch.h"
#include "resp/reply.h"

namespace pleiad {

struct TranscriptStep {
  int line = 0;                    // of the "> " line, from 1
  std::string command;             // without the "> "
  std::vector<std::string> reply;  // lines as in the comment
};

// A block of comment lines with at least one "> " line.
struct Transcript {
  std::vector<TranscriptStep> steps;
};

// All transcripts of a source file, in order. A reply ends at the next "> " line or at an empty
// comment line.
std::vector<Transcript> ParseTranscripts(std::string_view source);

// A reply as redis-cli prints it on a terminal, each line with its line feed. `raw`: bulk strings
// go out as they are, as redis-cli does for INFO, CLUSTER NODES and the like.
std::string FormatReply(const resp::Reply& reply, bool raw = false);

// True if `text` is `expected`, where "..." within a line stands for any text.
bool TranscriptLineMatches(std::string_view expected, std::string_view text);
// The same for a whole reply: "..." as the last line stands for one or more lines.
bool TranscriptReplyMatches(const std::vector<std::string>& expected,
                            const std::vector<std::string>& lines);

// Runs the steps as one client in database 0 with clocks that stand still. Returns the steps whose
// replies differ, with
// "-" before lines that were expected and "+" before lines that came; empty if there are none.
// REQUIRES: the calling thread is not inside the keyspace.
std::string RunTranscript(const Transcript& transcript, Engine* engine, Dispatcher* dispatcher);

}  // namespace pleiad
