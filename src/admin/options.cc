// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "admin/options.h"

#include "base/text.h"

namespace pleiad::admin {
namespace {

constexpr int kReplicasMax = 1000;

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& words) : words_(words) {}

  Result<Options> Run() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (word.size() < 2 || word[0] != '-' || TakesAll()) {
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
    constexpr std::string_view kCliPrefix = "--cluster-";
    const std::string name =
        word.starts_with(kCliPrefix) ? "--" + word.substr(kCliPrefix.size()) : word;
    if (name == "--yes") {
      options_.yes = true;
      return Status::Ok();
    }
    if (name == "--slave" || name == "--replica") {
      options_.slave = true;
      return Status::Ok();
    }
    return OptionWithValue(word, name);
  }

  Status OptionWithValue(const std::string& word, const std::string& name) {
    const bool password = name == "-a" || name == "--password" || name == "--pass";
    if (!password && name != "--user" && name != "--master-id" && name != "--replicas") {
      return Error{"[ERR] Unknown option " + word + "."};
    }
    Result<std::string> value = Value(word);
    if (!value.ok()) return value.error();
    if (name == "--replicas") return Replicas(*value);
    if (password) {
      options_.password = *value;
    } else if (name == "--user") {
      options_.user = *value;
    } else {
      options_.master_id = *value;
    }
    return Status::Ok();
  }

  Status Replicas(const std::string& value) {
    const std::optional<int64_t> count = ParseInt64(value);
    if (!count || *count < 0 || *count > kReplicasMax) {
      return Error{"[ERR] --replicas needs a number from 0 to " + std::to_string(kReplicasMax) +
                   "."};
    }
    options_.replicas = static_cast<int>(*count);
    return Status::Ok();
  }

  const std::vector<std::string>& words_;
  size_t next_ = 0;
  Options options_;
};

}  // namespace

Result<Options> ParseOptions(const std::vector<std::string>& words) { return Parser(words).Run(); }

}  // namespace pleiad::admin
