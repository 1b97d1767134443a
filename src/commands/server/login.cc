// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "commands/server/login.h"

#include <algorithm>

#include "runtime/server.h"

namespace pleiad {
namespace {

bool SameSecret(std::string_view given, std::string_view secret) {
  // Walks the secret, however the texts differ, so that the time tells nothing of where they do.
  unsigned difference = given.size() == secret.size() ? 0U : 1U;
  for (size_t i = 0; i < secret.size(); ++i) {
    const auto other = static_cast<unsigned char>(given.empty() ? 0 : given[i % given.size()]);
    difference |= static_cast<unsigned>(static_cast<unsigned char>(secret[i]) ^ other);
  }
  return difference == 0;
}

}  // namespace

bool LogIn(ServerContext& ctx, std::string_view user, std::string_view password,
           resp::Writer& out) {
  const auto settings = ctx.server->settings();
  const std::string& secret = settings->requirepass;
  if (user == kDefaultUser && (secret.empty() || SameSecret(password, secret))) {
    ctx.client.authenticated = true;
    return true;
  }
  out.Error("WRONGPASS invalid username-password pair or user is disabled.");
  return false;
}

bool IsLocal(const ClientState& client) {
  const std::string& address = client.address;
  return address.starts_with("127.") || address.starts_with("::1:") ||
         address.starts_with("[::1]:") || address.starts_with("/");
}

bool IsPlainWord(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

bool CheckClientName(std::string_view name, resp::Writer& out) {
  if (IsPlainWord(name)) return true;
  out.Error("ERR Client names cannot contain spaces, newlines or special characters.");
  return false;
}

}  // namespace pleiad
