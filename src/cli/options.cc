// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>

#include "base/text.h"

namespace pleiad::cli {

namespace {

Status Invalid(std::string_view value, std::string_view wanted) {
  return Error{fmt::format("Invalid value '{}': expected {}", value, wanted)};
}

Status SetInt(const std::string& value, int64_t low, int64_t high, std::string_view wanted,
              int* out) {
  const std::optional<int64_t> number = ParseInt64(value);
  if (!number || *number < low || *number > high) return Invalid(value, wanted);
  *out = static_cast<int>(*number);
  return Status::Ok();
}

Status SetSeconds(const std::string& value, double* out) {
  const std::optional<double> seconds = ParseDouble(value);
  if (!seconds || *seconds < 0 || *seconds > 1e6) return Invalid(value, "seconds");
  *out = *seconds;
  return Status::Ok();
}

Status SetPassword(Options* o, const std::string& value) {
  o->password = value;
  o->password_was_visible = true;
  return Status::Ok();
}

Status SetRepeat(Options* o, const std::string& value) {
  const std::optional<int64_t> number = ParseInt64(value);
  if (!number || *number < -1) return Invalid(value, "a number of times, or -1 for ever");
  o->repeat = *number;
  return Status::Ok();
}

Status SetTimeout(Options* o, const std::string& value) {
  double seconds = 0;
  const Status status = SetSeconds(value, &seconds);
  if (status.ok())
    o->connect_timeout_ms = static_cast<int>(std::min(seconds * 1000, double{INT_MAX}));
  return status;
}

Status SetCount(Options* o, const std::string& value) {
  const std::optional<int64_t> number = ParseInt64(value);
  if (!number || *number < 1) return Invalid(value, "a positive number");
  o->scan_count = *number;
  return Status::Ok();
}

Status SetShowPushes(Options* o, const std::string& value) {
  const char first = value.empty() ? '\0' : value[0];
  if (first != 'y' && first != 'Y' && first != 'n' && first != 'N')
    return Invalid(value, "yes or no");
  o->show_pushes = first == 'y' || first == 'Y';
  return Status::Ok();
}

struct Flag {
  std::string_view name;
  void (*apply)(Options*);
};

constexpr Flag kFlags[] = {
    {"-c", [](Options* o) { o->follow_redirects = true; }},
    {"-e", [](Options* o) { o->fail_on_error_reply = true; }},
    {"-x", [](Options* o) { o->stdin_is_last_arg = true; }},
    {"-2", [](Options* o) { o->resp = 2; }},
    {"-3", [](Options* o) { o->resp = 3; }},
    {"--raw", [](Options* o) { o->output = OutputMode::kRaw; }},
    {"--no-raw", [](Options* o) { o->output = OutputMode::kTty; }},
    {"--csv", [](Options* o) { o->output = OutputMode::kCsv; }},
    {"--json", [](Options* o) { o->output = OutputMode::kJson; }},
    {"--quoted-json", [](Options* o) { o->output = OutputMode::kQuotedJson; }},
    {"--quoted-input", [](Options* o) { o->quoted_input = true; }},
    {"--askpass", [](Options* o) { o->askpass = true; }},
    {"--verbose", [](Options* o) { o->verbose = true; }},
    {"--no-auth-warning", [](Options* o) { o->auth_warning = false; }},
    {"--pipe", [](Options* o) { o->mode = Mode::kPipe; }},
    {"--scan", [](Options* o) { o->mode = Mode::kScan; }},
    {"--stat", [](Options* o) { o->mode = Mode::kStat; }},
    {"--help", [](Options* o) { o->mode = Mode::kHelp; }},
    {"--version", [](Options* o) { o->mode = Mode::kVersion; }},
    {"-v", [](Options* o) { o->mode = Mode::kVersion; }},
};

struct Setting {
  std::string_view name;
  Status (*apply)(Options*, const std::string&);
};

Status Keep(std::string* out, const std::string& value) {
  *out = value;
  return Status::Ok();
}

Status Keep(std::optional<std::string>* out, const std::string& value) {
  *out = value;
  return Status::Ok();
}

constexpr Setting kSettings[] = {
    {"-h", [](Options* o, const std::string& v) { return Keep(&o->host, v); }},
    {"-p",
     [](Options* o, const std::string& v) { return SetInt(v, 0, 65535, "a port", &o->port); }},
    {"-s", [](Options* o, const std::string& v) { return Keep(&o->unix_path, v); }},
    {"-a", SetPassword},
    {"--pass", SetPassword},
    {"--user", [](Options* o, const std::string& v) { return Keep(&o->user, v); }},
    {"-u", [](Options* o, const std::string& v) { return ApplyUri(v, o); }},
    {"-n",
     [](Options* o, const std::string& v) { return SetInt(v, 0, INT_MAX, "a database", &o->db); }},
    {"-r", SetRepeat},
    {"-i", [](Options* o, const std::string& v) { return SetSeconds(v, &o->interval_s); }},
    {"-t", SetTimeout},
    {"-d", [](Options* o, const std::string& v) { return Keep(&o->bulk_delimiter, v); }},
    {"-D", [](Options* o, const std::string& v) { return Keep(&o->reply_delimiter, v); }},
    {"-X", [](Options* o, const std::string& v) { return Keep(&o->stdin_tag, v); }},
    {"--show-pushes", SetShowPushes},
    {"--pipe-timeout",
     [](Options* o, const std::string& v) {
       return SetInt(v, 0, INT_MAX / 1000, "seconds", &o->pipe_timeout_s);
     }},
    {"--pattern", [](Options* o, const std::string& v) { return Keep(&o->scan_pattern, v); }},
    {"--type", [](Options* o, const std::string& v) { return Keep(&o->scan_type, v); }},
    {"--count", SetCount},
    {"--eval",
     [](Options* o, const std::string& v) {
       o->mode = Mode::kEval;
       return Keep(&o->eval_file, v);
     }},
};

// Everything behind --cluster belongs to the admin tool, which knows its own options; the
// credentials that stood in front of it are handed over, and our own wording flags are taken out.
void TakeClusterWords(const std::vector<std::string>& words, size_t at, Options* options) {
  options->mode = Mode::kCluster;
  const bool is_call = at < words.size() && words[at] == "call";
  bool has_password = false;
  std::vector<std::string> rest;
  for (; at < words.size(); ++at) {
    if (!is_call && (words[at] == "--no-auth-warning" || words[at] == "--verbose")) {
      if (words[at] == "--no-auth-warning") options->auth_warning = false;
      continue;
    }
    if (words[at] == "-a" || words[at] == "--pass") has_password = true;
    rest.push_back(words[at]);
  }
  if (has_password) options->password_was_visible = true;
  if (options->password && !has_password) options->cluster_words = {"-a", *options->password};
  if (!options->user.empty()) {
    options->cluster_words.push_back("--user");
    options->cluster_words.push_back(options->user);
  }
  options->cluster_words.insert(options->cluster_words.end(), rest.begin(), rest.end());
}

const Flag* FindFlag(std::string_view word) {
  for (const Flag& flag : kFlags) {
    if (flag.name == word) return &flag;
  }
  return nullptr;
}

const Setting* FindSetting(std::string_view word) {
  for (const Setting& setting : kSettings) {
    if (setting.name == word) return &setting;
  }
  return nullptr;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

// "host", "host:port", "[::1]:port", any part may be missing.
Status ApplyUriHost(std::string_view text, Options* options) {
  size_t colon = text.rfind(':');
  if (!text.empty() && text[0] == '[') {
    const size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return Error{"Incorrect URI format"};
    options->host = std::string(text.substr(1, bracket - 1));
    colon = text.find(':', bracket);
  } else if (!text.substr(0, colon).empty()) {
    options->host = std::string(text.substr(0, colon));
  }
  if (colon == std::string_view::npos) return Status::Ok();
  return SetInt(std::string(text.substr(colon + 1)), 0, 65535, "a port", &options->port);
}

}  // namespace

Status ApplyUri(std::string_view uri, Options* options) {
  const size_t scheme_end = uri.find("://");
  const std::string scheme =
      ToLower(uri.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end));
  if (scheme == "rediss" || scheme == "valkeys") {
    return Error{scheme + ":// needs TLS, which this build does not have"};
  }
  if (scheme != "redis" && scheme != "valkey") return Error{"Invalid URI scheme"};
  std::string_view rest = uri.substr(scheme_end + 3);
  std::string_view path;
  if (const size_t slash = rest.find('/'); slash != std::string_view::npos) {
    path = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
  }
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view userinfo = rest.substr(0, at);
    rest = rest.substr(at + 1);
    const size_t colon = userinfo.find(':');
    const bool has_user = colon != std::string_view::npos;
    const auto user = PercentDecoded(has_user ? userinfo.substr(0, colon) : std::string_view());
    const auto password = PercentDecoded(has_user ? userinfo.substr(colon + 1) : userinfo);
    if (!user || !password) return Error{"Incorrect URI format"};
    options->user = *user;
    options->password = *password;
    options->password_was_visible = true;
  }
  const Status host = ApplyUriHost(rest, options);
  if (!host.ok()) return host;
  if (path.empty()) return Status::Ok();
  return SetInt(std::string(path), 0, INT_MAX, "a database", &options->db);
}

Result<Options> ParseOptions(const std::vector<std::string>& words, const char* env_auth) {
  Options options;
  if (env_auth != nullptr && *env_auth != '\0') options.password = env_auth;
  size_t at = 0;
  for (; at < words.size(); ++at) {
    const std::string& word = words[at];
    const bool is_last = at + 1 == words.size();
    if (word == "--cluster") {
      TakeClusterWords(words, at + 1, &options);
      return options;
    }
    if (word == "-h" && is_last) {
      options.mode = Mode::kHelp;
    } else if (const Flag* flag = FindFlag(word)) {
      flag->apply(&options);
    } else if (const Setting* setting = FindSetting(word); setting != nullptr && !is_last) {
      const Status applied = setting->apply(&options, words[++at]);
      if (!applied.ok()) return applied.error();
    } else if (!word.empty() && word[0] == '-') {
      return Error{fmt::format("Unrecognized option or bad number of args for: '{}'", word)};
    } else {
      break;
    }
  }
  options.command.assign(words.begin() + static_cast<ptrdiff_t>(at), words.end());
  if (options.mode == Mode::kInteractive && !options.command.empty()) options.mode = Mode::kCommand;
  return options;
}

}  // namespace pleiad::cli
