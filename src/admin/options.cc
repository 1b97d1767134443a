// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/options.h"

#include <functional>

#include "base/text.h"

namespace pleiad::admin {
namespace {

constexpr int kReplicasMax = 1000;
constexpr int kNodesMax = 1000;
constexpr int kPipelineMax = 10'000;
constexpr std::string_view kCliPrefix = "--cluster-";

// Options that are a switch.
struct Switch {
  std::string_view name;
  bool Options::* field;
};
constexpr Switch kSwitches[] = {
    {"--yes", &Options::yes},
    {"--slave", &Options::slave},
    {"--replica", &Options::slave},
    {"--replace", &Options::replace},
    {"--copy", &Options::copy},
    {"--dry-run", &Options::dry_run},
    {"--simulate", &Options::simulate},
    {"--classic", &Options::classic},
    {"--use-empty-masters", &Options::use_empty_masters},
    {"--use-empty-primaries", &Options::use_empty_masters},
    {"--search-multiple-owners", &Options::search_multiple_owners},
    {"--fix-with-unreachable-masters", &Options::fix_with_unreachable_masters},
    {"--fix-with-unreachable-primaries", &Options::fix_with_unreachable_masters},
    {"--only-masters", &Options::only_masters},
    {"--only-primaries", &Options::only_masters},
    {"--only-replicas", &Options::only_replicas},
    {"--from-askpass", &Options::from_ask_password},
    {"--json", &Options::json},
};
// Accepted, without a meaning here: redis-trib.rb never gave --auto-weights one, and the other is
// how we move slots anyway.
constexpr std::string_view kIgnored[] = {"--auto-weights", "--use-atomic-slot-migration",
                                         "--verbose", "--no-auth-warning"};

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& words) : words_(words) {}

  Result<Options> Run() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (word.size() < 2 || word[0] != '-' || (TakesAll() && !word.starts_with(kCliPrefix))) {
        Positional(word);
      } else if (const Status status = Option(word); !status.ok()) {
        return status.error();
      }
    }
    return std::move(options_);
  }

 private:
  bool TakesAll() const { return options_.command == "call" && !options_.args.empty(); }

  void Positional(const std::string& word) {
    if (options_.command.empty()) {
      options_.command = word;
    } else {
      options_.args.push_back(word);
    }
  }

  Result<std::string> Value(const std::string& option) {
    if (next_ == words_.size()) return Error{"[ERR] The option " + option + " needs a value."};
    return words_[next_++];
  }

  Status Option(const std::string& word) {
    const std::string name =
        word.starts_with(kCliPrefix) ? "--" + word.substr(kCliPrefix.size()) : word;
    for (const Switch& known : kSwitches) {
      if (name != known.name) continue;
      options_.*known.field = true;
      return Status::Ok();
    }
    for (const std::string_view known : kIgnored) {
      if (name == known) return Status::Ok();
    }
    return OptionWithValue(word, name);
  }

  Status OptionWithValue(const std::string& word, const std::string& name) {
    for (const auto& [known, take] : Takers()) {
      if (name != known) continue;
      const Result<std::string> value = Value(word);
      return value.ok() ? take(*value) : Status(value.error());
    }
    return Error{"[ERR] Unknown option " + word + "."};
  }

  using Taker = std::function<Status(const std::string&)>;
  std::vector<std::pair<std::string_view, Taker>> Takers() {
    Options& o = options_;
    const auto text = [](auto* field) {
      return [field](const std::string& value) {
        *field = value;
        return Status::Ok();
      };
    };
    return {{"-a", text(&o.password)},
            {"--password", text(&o.password)},
            {"--pass", text(&o.password)},
            {"--user", text(&o.user)},
            {"--master-id", text(&o.master_id)},
            {"--primary-id", text(&o.master_id)},
            {"--from", text(&o.from)},
            {"--to", text(&o.to)},
            {"--from-user", text(&o.from_user)},
            {"--from-pass", text(&o.from_password)},
            {"--dir", text(&o.dir)},
            {"--by", [this](const std::string& value) { return By(value); }},
            {"--weight", [this](const std::string& value) { return Weights(value); }},
            {"--threshold", [this](const std::string& value) { return Threshold(value); }},
            {"--slots", Number("--slots", 0, INT64_MAX, &o.slots)},
            {"--replicas", Number("--replicas", 0, kReplicasMax, &o.replicas)},
            {"--timeout", Number("--timeout", 1, INT32_MAX, &o.timeout_ms)},
            {"--pipeline", Number("--pipeline", 1, kPipelineMax, &o.pipeline)},
            {"--nodes", Number("--nodes", 1, kNodesMax, &o.nodes)},
            {"--base-port", Number("--base-port", 1, 55535, &o.base_port)}};
  }

  template <typename Field>
  Taker Number(std::string_view name, int64_t min, int64_t max, Field* field) {
    return [name, min, max, field](const std::string& value) -> Status {
      const std::optional<int64_t> number = ParseInt64(value);
      if (!number || *number < min || *number > max) {
        const std::string range =
            max == INT64_MAX ? std::string()
                             : " from " + std::to_string(min) + " to " + std::to_string(max);
        return Error{"[ERR] " + std::string(name) + " needs a number" + range + "."};
      }
      if constexpr (std::is_same_v<Field, int>) {
        *field = static_cast<int>(*number);
      } else {
        *field = *number;
      }
      return Status::Ok();
    };
  }

  Status By(const std::string& value) {
    if (value != "slots" && value != "keys" && value != "memory" && value != "ops") {
      return Error{"[ERR] --by takes slots, keys, memory or ops."};
    }
    options_.by = value;
    return Status::Ok();
  }

  // One or more: redis-cli takes all words of the form NODE=WEIGHT behind it.
  Status Weights(const std::string& value) {
    options_.weights.push_back(value);
    while (next_ < words_.size() && words_[next_].find('=') != std::string::npos &&
           words_[next_][0] != '-') {
      options_.weights.push_back(words_[next_++]);
    }
    return Status::Ok();
  }

  Status Threshold(const std::string& value) {
    const std::optional<double> percent = ParseDouble(value);
    if (!percent || *percent < 0 || *percent > 100) {
      return Error{"[ERR] --threshold needs a percentage."};
    }
    options_.threshold_percent = *percent;
    return Status::Ok();
  }

  const std::vector<std::string>& words_;
  size_t next_ = 0;
  Options options_;
};

}  // namespace

Result<Options> ParseOptions(const std::vector<std::string>& words) { return Parser(words).Run(); }

}  // namespace pleiad::admin
