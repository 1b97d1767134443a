// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/config/load.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace pleiad {
namespace {

constexpr int kIncludeDepthMax = 16;  // deeper is a file that includes itself
constexpr size_t kFilesMax = 10'000;  // and so is a fan of them
constexpr size_t kErrorLineBytesMax = 400;

// Where the line that is being read stands.
struct Place {
  std::string file;  // empty: the command line
  int line = 0;
  int depth = 0;  // 0: the file named on the command line
  std::string text;
};

std::string Printable(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, kErrorLineBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  if (text.size() > kErrorLineBytesMax) out += "...";
  return out;
}

bool IsGlob(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

std::string Folder(std::string_view file) {
  const size_t slash = file.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(file.substr(0, slash + 1));
}

class Loader {
 public:
  explicit Loader(const ConfigEnvironment& env) : env_(env), prng_(env.seed) {
    context_.resolve_dir = &env_.resolve_dir;
    context_.prng = &prng_;
    context_.loading = true;
  }

  Status LoadFile(const std::string& path) {
    Result<std::string> text = env_.read(path);
    if (!text.ok()) {
      return Error{
          fmt::format("Fatal error, can't open config file '{}': {}", path, text.message())};
    }
    return LoadText(path == "-" ? "(standard input)" : path, *text, 0);
  }

  void EndOfFiles() {
    for (ConfigValue& value : values_.values) value.after_files = value.text;
  }

  Status LoadOption(const Words& words) {
    Place place;
    for (const std::string& word : words) {
      if (!place.text.empty()) place.text += ' ';
      place.text += place.text.empty() || word.find_first_of(" \t\"'") == std::string::npos
                        ? word
                        : Quoted(word);
    }
    return Apply(place, words);
  }

  // What can only be judged when all lines are known.
  Status Finish() {
    if (values_.Text("cluster-enabled") == "yes" && !values_.Text("replicaof").empty()) {
      return Error{fmt::format("\n*** FATAL CONFIG FILE ERROR ({}) ***\n{}", env_.product,
                               "replicaof directive not allowed in cluster mode")};
    }
    ConfigValue& dir = values_.values[*FindDirective("dir")];
    if (!dir.assigned && env_.resolve_dir) {
      Result<std::string> here = env_.resolve_dir(dir.text);
      if (!here.ok()) {
        return Error{
            fmt::format("\n*** FATAL CONFIG FILE ERROR ({}) ***\nThe working directory "
                        "can't be used: {}",
                        env_.product, here.message())};
      }
      dir.text = *std::move(here);
    }
    return Status::Ok();
  }

  ConfigValues TakeValues() { return std::move(values_); }

 private:
  Error Fatal(const Place& place, std::string_view reason) const {
    const std::string where = place.file.empty()
                                  ? std::string("Reading the command line")
                                  : fmt::format("Reading the configuration file, at line {} of {}",
                                                place.line, place.file);
    return Error{fmt::format("\n*** FATAL CONFIG FILE ERROR ({}) ***\n{}\n>>> '{}'\n{}",
                             env_.product, where, Printable(place.text), reason)};
  }

  Status LoadText(const std::string& file, std::string_view text, int depth) {
    ++files_;
    Place place{file, 0, depth, {}};
    while (!text.empty()) {
      const size_t end = text.find('\n');
      const std::string_view line = Trim(text.substr(0, end));
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
      ++place.line;
      if (line.empty() || line[0] == '#') continue;
      place.text = line;
      const auto words = SplitArgs(line);
      if (!words) return Fatal(place, "Unbalanced quotes in configuration line");
      if (words->empty()) continue;
      const Status status = Apply(place, *words);
      if (!status.ok()) return status;
    }
    return Status::Ok();
  }

  Status Apply(const Place& place, const Words& words) {
    const std::string name = ToLower(words[0]);
    if (name == "include" && words.size() == 2) return Include(place, words[1]);
    if (const auto index = FindDirective(name)) return SetDirective(place, *index, words);
    return Repeated(place, name, words);
  }

  Status SetDirective(const Place& place, size_t index, const Words& words) {
    const Directive& directive = *AllDirectives()[index];
    std::optional<Words> values(std::in_place, words.begin() + 1, words.end());
    if (!directive.Is(kMultiArg) && values->size() != 1) {
      return Fatal(place, "wrong number of arguments");
    }
    // `save "900 1 300 10"` is as good as `save 900 1 300 10`.
    if (values->size() == 1) values = WordsOfValue(directive, values->front());
    if (!values) return Fatal(place, "Unbalanced quotes in configuration line");
    const Status status = Assign(index, *values, context_, &values_);
    if (!status.ok()) return Fatal(place, status.message());
    if (place.depth > 0) values_.values[index].in_include = true;
    return Status::Ok();
  }

  Status Repeated(const Place& place, const std::string& name, const Words& words) {
    const bool known = (name == "rename-command" && words.size() == 3) ||
                       (name == "user" && words.size() >= 2) ||
                       (name == "loadmodule" && words.size() >= 2);
    const bool of_module = name.find('.') != std::string::npos;
    if (name == "sentinel" && words.size() > 1) {
      return Fatal(place, "sentinel directive while not in sentinel mode");
    }
    if (of_module && words.size() < 2) {
      return Fatal(place, "Module config specified without value");
    }
    if (!known && !of_module) {
      return Fatal(place, "Bad directive or wrong number of arguments");
    }
    RepeatedLine line;
    line.origin = place.file.empty() ? ConfigOrigin::kCommandLine
                  : place.depth > 0  ? ConfigOrigin::kInclude
                                     : ConfigOrigin::kFile;
    line.words = words;
    line.words[0] = name;
    values_.repeated.push_back(std::move(line));
    return Status::Ok();
  }

  Status Include(const Place& place, const std::string& path) {
    if (place.depth >= kIncludeDepthMax) {
      return Fatal(place, fmt::format("include is nested deeper than {} files", kIncludeDepthMax));
    }
    const bool may_be_beside = path.empty() || path[0] != '/';
    const std::string beside = may_be_beside ? Folder(place.file) + path : path;
    if (IsGlob(path)) {
      std::vector<std::string> found;
      if (env_.glob) found = env_.glob(path);
      if (found.empty() && env_.glob && beside != path) found = env_.glob(beside);
      for (const std::string& file : found) {
        const Status status = IncludeFile(place, file, file);
        if (!status.ok()) return status;
      }
      return Status::Ok();
    }
    return IncludeFile(place, path, beside);
  }

  Status IncludeFile(const Place& place, const std::string& path, const std::string& beside) {
    if (files_ >= kFilesMax) return Fatal(place, "too many included files");
    if (path == "-") return Fatal(place, "the standard input can't be included");
    Result<std::string> text = env_.read(path);
    std::string name = path;
    if (!text.ok() && beside != path) {
      Result<std::string> other = env_.read(beside);
      if (other.ok()) {
        text = std::move(other);
        name = beside;
      }
    }
    if (!text.ok()) {
      return Fatal(place, fmt::format("can't open config file '{}': {}", path, text.message()));
    }
    return LoadText(name, *text, place.depth + 1);
  }

  const ConfigEnvironment& env_;
  Prng prng_;
  AssignContext context_;
  ConfigValues values_;
  size_t files_ = 0;
};

bool IsOption(const std::string& arg) { return arg.size() > 2 && arg[0] == '-' && arg[1] == '-'; }

// The words behind each "--name". A value that itself opens with "--" is taken as a value only
// right behind its name
// ("--requirepass --x"), except for --save, which old scripts leave empty.
std::vector<Words> OptionsOf(const std::vector<std::string>& args, size_t first) {
  std::vector<Words> options;
  bool wants_value = false;
  for (size_t i = first; i < args.size(); ++i) {
    if (!IsOption(args[i]) || wants_value) {
      if (options.empty()) options.emplace_back();
      options.back().push_back(args[i]);
      wants_value = false;
      continue;
    }
    // "--port 7000" may also come as one argument.
    auto words = SplitArgs(std::string_view(args[i]).substr(2));
    if (!words || words->empty()) words = Words{args[i].substr(2)};
    wants_value = words->size() == 1;
    options.push_back(*std::move(words));
    const bool bare = i + 1 == args.size() || IsOption(args[i + 1]);
    if (wants_value && bare && EqualsIgnoreCase(options.back()[0], "save")) {
      options.back().emplace_back();
      wants_value = false;
    }
  }
  return options;
}

}  // namespace

Result<LoadedConfig> LoadConfig(const std::vector<std::string>& args,
                                const ConfigEnvironment& env) {
  Loader loader(env);
  LoadedConfig out;
  size_t first = 0;
  if (!args.empty() && !IsOption(args[0])) {
    first = 1;
    if (args[0] != "-") out.file = env.absolute ? env.absolute(args[0]) : args[0];
    const Status status = loader.LoadFile(args[0]);
    if (!status.ok()) return status.error();
  }
  // "redis.conf - --port 1": the standard input after the file.
  if (first == 1 && args.size() > 1 && args[1] == "-" && args[0] != "-") {
    first = 2;
    const Status status = loader.LoadFile("-");
    if (!status.ok()) return status.error();
  }
  loader.EndOfFiles();
  for (const Words& option : OptionsOf(args, first)) {
    const Status status = loader.LoadOption(option);
    if (!status.ok()) return status.error();
  }
  const Status status = loader.Finish();
  if (!status.ok()) return status.error();
  out.values = loader.TakeValues();
  return out;
}

}  // namespace pleiad
