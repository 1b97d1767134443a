// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Directives: TLS.
#include "server/config/checks.h"

namespace pleiad {
namespace {

constexpr Directive kTls[] = {
    IntRow("tls-port", 0, 65535, "0"),
    BoolRow("tls-cluster", "no"),
    BoolRow("tls-replication", "no"),
    EnumRow("tls-auth-clients", "no, yes, optional", "yes"),
    EnumRow("tls-auth-clients-user", "CN, off", "off"),
    StringRow("tls-cert-file", ""),
    StringRow("tls-key-file", ""),
    StringRow("tls-key-file-pass", "", kSensitive),
    StringRow("tls-client-cert-file", ""),
    StringRow("tls-client-key-file", ""),
    StringRow("tls-client-key-file-pass", "", kSensitive),
    StringRow("tls-dh-params-file", ""),
    StringRow("tls-ca-cert-file", ""),
    StringRow("tls-ca-cert-dir", ""),
    StringRow("tls-protocols", ""),
    StringRow("tls-ciphers", ""),
    StringRow("tls-ciphersuites", ""),
    BoolRow("tls-prefer-server-ciphers", "no"),
    BoolRow("tls-session-caching", "yes"),
    IntRow("tls-session-cache-size", 0, kIntMax, "20480"),
    IntRow("tls-session-cache-timeout", 0, kIntMax, "300"),
    IntRow("tls-auto-reload-interval", 0, kIntMax, "0"),
};

}  // namespace

std::span<const Directive> TlsDirectives() { return kTls; }

}  // namespace pleiad
