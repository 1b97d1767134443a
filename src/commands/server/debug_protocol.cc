// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// DEBUG PROTOCOL: a reply of each type, for tests of clients.
#include "base/text.h"
#include "commands/server/debug_words.h"

namespace pleiad {
namespace {

constexpr std::string_view kNeedsResp3 = "ERR RESP2 is not supported by this command";

void ThreeNumbers(resp::Writer& out) {
  for (int i = 0; i < 3; ++i) out.Integer(i);
}

void Attributed(resp::Writer& out) {
  if (out.protocol() < 3) return out.Error(kNeedsResp3);
  out.Attribute(1);
  out.Bulk("key-popularity");
  out.Array(2);
  out.Bulk("key:123");
  out.Integer(90);
  out.Bulk("Some real reply following the attribute");
}

// The push comes before the reply.
void Pushed(resp::Writer& out) {
  if (out.protocol() < 3) return out.Error(kNeedsResp3);
  out.Push(2);
  out.Bulk("server-cpu-usage");
  out.Integer(42);
  out.Bulk("Some real reply following the push reply");
}

struct Sample {
  std::string_view type;
  void (*write)(resp::Writer& out);
};

constexpr Sample kSamples[] = {
    {"string", [](resp::Writer& out) { out.Bulk("Hello World"); }},
    {"integer", [](resp::Writer& out) { out.Integer(12345); }},
    {"double", [](resp::Writer& out) { out.Double(3.141); }},
    {"bignum", [](resp::Writer& out) { out.BigNumber("1234567999999999999999999999999999999"); }},
    {"null", [](resp::Writer& out) { out.Null(); }},
    {"array",
     [](resp::Writer& out) {
       out.Array(3);
       ThreeNumbers(out);
     }},
    {"set",
     [](resp::Writer& out) {
       out.Set(3);
       ThreeNumbers(out);
     }},
    {"map",
     [](resp::Writer& out) {
       out.Map(3);
       for (int i = 0; i < 3; ++i) {
         out.Integer(i);
         out.Bool(i == 1);
       }
     }},
    {"attrib", Attributed},
    {"push", Pushed},
    {"true", [](resp::Writer& out) { out.Bool(true); }},
    {"false", [](resp::Writer& out) { out.Bool(false); }},
    {"verbatim", [](resp::Writer& out) { out.Verbatim("txt", "This is a verbatim\nstring"); }},
};

}  // namespace

void DebugProtocol(ServerContext&, const Args& args, resp::Writer& out) {
  for (const Sample& sample : kSamples) {
    if (args.Is(2, sample.type)) return sample.write(out);
  }
  out.Error(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

}  // namespace pleiad
