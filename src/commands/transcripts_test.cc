// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Runs the transcript in the comment of every command, each on an empty server, and compares the
// files with the registry.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "command/transcript.h"
#include "runtime/server.h"
#include "server/config/load.h"

namespace pleiad {
namespace {

namespace fs = std::filesystem;

ConfigEnvironment NoFiles() {
  ConfigEnvironment env;
  env.read = [](const std::string&) -> Result<std::string> {
    return Error{"No such file or directory"};
  };
  return env;
}

// What a transcript runs on: a node that has not opened its sockets, not in cluster mode, and the
// client of RunTranscript, which has no connection.
struct World {
  World() {
    dispatcher.set_slow_hook(
        [this](const ClientState& client, const Args& args, const CommandCost& cost) {
          server.AddSlow(client, args, cost);
        });
  }
  runtime::Server server{std::make_unique<ConfigStore>(
      *LoadConfig({"--threads", "1", "--enable-debug-command", "yes"}, NoFiles()), NoFiles())};
  Dispatcher dispatcher{&server.engine(), &server, 0, 1};
};

struct SourceFile {
  fs::path path;  // below src/commands
  std::string text;
  std::vector<std::string> commands;  // the names it registers
};

// What stands behind each `.name = "`.
std::vector<std::string> RegisteredNames(std::string_view text) {
  constexpr std::string_view kMark = ".name = \"";
  std::vector<std::string> names;
  for (size_t at = text.find(kMark); at != std::string_view::npos; at = text.find(kMark, at)) {
    at += kMark.size();
    names.emplace_back(text.substr(at, text.find('"', at) - at));
  }
  return names;
}

std::vector<SourceFile> CommandFiles() {
  const fs::path root = fs::path(PLEIAD_SOURCE_DIR) / "src" / "commands";
  std::vector<SourceFile> files;
  for (const auto& item : fs::recursive_directory_iterator(root)) {
    const fs::path& path = item.path();
    if (path.extension() != ".cc" || path.stem().string().ends_with("_test")) continue;
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    files.push_back({fs::relative(path, root), text.str(), RegisteredNames(text.str())});
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

TEST(TranscriptsTest, EveryReplyIsAsWritten) {
  size_t steps = 0;
  for (const SourceFile& file : CommandFiles()) {
    for (const Transcript& transcript : ParseTranscripts(file.text)) {
      World world;
      steps += transcript.steps.size();
      const std::string diff = RunTranscript(transcript, &world.server.engine(), &world.dispatcher);
      EXPECT_TRUE(diff.empty()) << "src/commands/" << file.path.string() << ":\n" << diff;
    }
  }
  RecordProperty("steps", static_cast<int>(steps));
  EXPECT_GT(steps, 0U);
}

TEST(TranscriptsTest, EveryCommandFileHasOne) {
  for (const SourceFile& file : CommandFiles()) {
    if (file.commands.empty()) continue;
    EXPECT_FALSE(ParseTranscripts(file.text).empty())
        << "src/commands/" << file.path.string() << " has no transcript";
  }
}

TEST(TranscriptsTest, RegistryAndFilesAgree) {
  std::map<std::string, fs::path> where;
  for (const SourceFile& file : CommandFiles()) {
    for (const std::string& name : file.commands) {
      EXPECT_TRUE(where.emplace(name, file.path).second) << name << " is in two files";
      EXPECT_NE(CommandTable::Get().Find(name), nullptr)
          << name << " of " << file.path << " is not registered";
    }
  }
  for (const CommandSpec& spec : CommandTable::Get().all()) {
    EXPECT_TRUE(where.contains(std::string(spec.name)))
        << spec.name << ": no file under src/commands has .name = \"" << spec.name << "\"";
  }
}

TEST(TranscriptsTest, EveryDescriptorIsFilledIn) {
  for (const CommandSpec& spec : CommandTable::Get().all()) {
    EXPECT_NE(spec.arity, 0) << spec.name;
    EXPECT_FALSE(spec.group.empty()) << spec.name;
    EXPECT_FALSE(spec.since.empty()) << spec.name;
    EXPECT_TRUE(spec.summary.ends_with('.')) << spec.name << ": the summary is a sentence";
    EXPECT_FALSE(spec.complexity.empty()) << spec.name;
    EXPECT_EQ(spec.read != nullptr && (spec.flags & kCmdWrite), false) << spec.name;
    EXPECT_EQ(spec.read != nullptr, (spec.flags & kCmdReadonly) != 0 && spec.server == nullptr)
        << spec.name;
  }
}

// A transcript that lies is found out.
TEST(TranscriptsTest, AWrongReplyShowsAsADiff) {
  World world;
  const auto transcripts = ParseTranscripts("// > SET k v\n// OK\n// > GET k\n// \"w\"\n");
  ASSERT_EQ(transcripts.size(), 1U);
  EXPECT_EQ(RunTranscript(transcripts[0], &world.server.engine(), &world.dispatcher),
            "3: > GET k\n- \"w\"\n+ \"v\"\n");
}

}  // namespace
}  // namespace pleiad
