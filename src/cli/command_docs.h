// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the server says about its commands (COMMAND DOCS), as the shell needs it: names to complete,
// arguments to hint, pages for `help`. Asked of the server, so that the shell knows exactly the
// commands that server has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "resp/reply.h"

namespace pleiad::cli {

struct CommandDoc {
  std::string name;  // "GET", "CONFIG GET"
  std::string summary;
  std::string since;
  std::string group;
  std::vector<std::string>
      params;  // "key", "[NX|XX]", "[EX seconds|PX milliseconds]", "value [value ...]"

  std::string Params() const;  // joined by spaces
};

class CommandDocs {
 public:
  CommandDocs() = default;
  // The reply of COMMAND DOCS in RESP2 or RESP3. What is not understood is left out.
  static CommandDocs FromReply(const resp::Reply& reply);

  bool empty() const { return docs_.empty(); }

  // Words that the last word of `line` may become: names, second words of containers, and topics
  // behind `help`. In lower case when it was begun in lower case. Cost: linear in the number of
  // commands.
  std::vector<std::string> Complete(std::string_view line) const;

  // The arguments that are still to come behind `line`; "" when no command is complete yet.
  std::string Hint(std::string_view line) const;

  // "GET key", for the command `line` begins with; "" for none.
  std::string Usage(std::string_view line) const;

  // Text of `help words...` ("@group", or a command). `colour`: with terminal escapes. Empty line
  // only: nothing known.
  std::string Help(const std::vector<std::string>& words, bool colour) const;

  const std::vector<CommandDoc>& docs() const { return docs_; }

 private:
  const CommandDoc* Find(const std::vector<std::string>& words, size_t* used) const;

  std::vector<CommandDoc> docs_;  // by name
};

}  // namespace pleiad::cli
