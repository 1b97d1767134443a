// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "base/text.h"
#include "server/config/settings.h"

namespace pleiad {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

// An environment of files in a map.
ConfigEnvironment Files(std::map<std::string, std::string> files) {
  ConfigEnvironment env;
  env.read = [files](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return Error{"No such file or directory"};
    return found->second;
  };
  env.glob = [files](const std::string& pattern) {
    std::vector<std::string> out;
    for (const auto& [path, text] : files) {
      if (GlobMatch(pattern, path)) out.push_back(path);
    }
    return out;
  };
  return env;
}

std::shared_ptr<const Settings> Load(const std::vector<std::string>& args, ConfigEnvironment env) {
  const auto loaded = LoadConfig(args, env);
  EXPECT_TRUE(loaded.ok()) << loaded.message();
  return loaded.ok() ? BuildSettings(loaded->values) : nullptr;
}

std::shared_ptr<const Settings> LoadText(const std::string& text) {
  return Load({"a.conf"}, Files({{"a.conf", text}}));
}

std::string LoadError(const std::vector<std::string>& args, ConfigEnvironment env) {
  const auto loaded = LoadConfig(args, env);
  EXPECT_FALSE(loaded.ok());
  return loaded.message();
}

std::string TextError(const std::string& text) {
  return LoadError({"a.conf"}, Files({{"a.conf", text}}));
}

TEST(Load, NothingGivesTheDefaults) {
  const auto settings = Load({}, ConfigEnvironment());
  ASSERT_NE(settings, nullptr);
  EXPECT_EQ(settings->port, 6379);
  EXPECT_EQ(settings->dir, ".");
}

TEST(Load, TheLanguage) {
  const auto s = LoadText(
      "# comment\r\n\r\n"
      "\t PORT 7000 \r\n"
      "requirepass \"a\\\"b\\n\\x41\"\n"
      "masterauth 'it\\'s # no comment'\n"
      "MAXMEMORY 1gB\n"
      "timeout 5\ntimeout 6\n"
      "logfile \"\"\n"
      "save 900 1\nsave 300 10 60 10000\n"
      "client-output-buffer-limit normal 1kb 2 3\n"
      "client-output-buffer-limit slave 1mb 0 0 pubsub 7 8 9\n"
      "bind 127.0.0.1 -::1\n"
      "rename-command FLUSHALL \"\"\nrename-command CONFIG other\n"
      "user alice on >p ~* +@all\n"
      "loadmodule /x.so a b\n"
      "threads 3\n"
      "unixsocketperm 755");
  ASSERT_NE(s, nullptr);
  EXPECT_EQ(s->port, 7000);
  EXPECT_EQ(s->requirepass, "a\"b\nA");
  EXPECT_EQ(s->masterauth, "it's # no comment");
  EXPECT_EQ(s->maxmemory, 1u << 30);
  EXPECT_EQ(s->timeout_seconds, 6);
  ASSERT_EQ(s->save.size(), 3u);
  EXPECT_EQ(s->save[0].seconds, 900);
  EXPECT_EQ(s->save[2].changes, 10000);
  EXPECT_EQ(s->output_buffer_limit[0].hard_bytes, 1024u);
  EXPECT_EQ(s->output_buffer_limit[1].hard_bytes, 1u << 20);
  EXPECT_EQ(s->output_buffer_limit[2].soft_seconds, 9);
  EXPECT_EQ(s->bind, (std::vector<std::string>{"127.0.0.1", "-::1"}));
  ASSERT_EQ(s->rename_commands.size(), 2u);
  EXPECT_EQ(s->rename_commands[0].first, "FLUSHALL");
  EXPECT_EQ(s->rename_commands[0].second, "");
  EXPECT_EQ(s->users, (std::vector<Words>{{"alice", "on", ">p", "~*", "+@all"}}));
  EXPECT_EQ(s->load_modules, (std::vector<Words>{{"/x.so", "a", "b"}}));
  EXPECT_EQ(s->threads, 3);
  EXPECT_EQ(s->unixsocketperm, 0755);
}

TEST(Load, SaveEmptyForgetsAndLaterLinesAdd) {
  EXPECT_TRUE(LoadText("save \"\"\n")->save.empty());
  EXPECT_TRUE(LoadText("save 1 1\nsave \"\"\n")->save.empty());
  EXPECT_EQ(LoadText("save \"\"\nsave 5 6\n")->save.size(), 1u);
  EXPECT_EQ(LoadText("save \"900 1 300 10\"\n")->save.size(), 2u);
}

TEST(Load, CommandLine) {
  const auto env = Files({{"a.conf", "port 1\ntimeout 9\nsave 900 1\n"}, {"-", "port 2\n"}});
  EXPECT_EQ(Load({"a.conf", "--port", "7000"}, env)->port, 7000);
  EXPECT_EQ(Load({"--port", "7000", "--timeout", "3"}, env)->timeout_seconds, 3);
  EXPECT_EQ(Load({"--port 7001", "--timeout", "3"}, env)->port, 7001);
  EXPECT_EQ(Load({"--PORT", "7000"}, env)->port, 7000);
  EXPECT_EQ(Load({"-"}, env)->port, 2);
  EXPECT_EQ(Load({"-", "--timeout", "4"}, env)->timeout_seconds, 4);
  EXPECT_EQ(Load({"a.conf", "-"}, env)->port, 2);
  EXPECT_EQ(Load({"--bind", "127.0.0.1", "-::1", "--port", "5"}, env)->bind.size(), 2u);
  EXPECT_EQ(Load({"a.conf", "--save", "60", "5"}, env)->save.size(), 2u);
  EXPECT_TRUE(Load({"a.conf", "--save", ""}, env)->save.empty());
  EXPECT_TRUE(Load({"--save", "--port", "5"}, env)->save.empty());
  EXPECT_TRUE(Load({"--save"}, env)->save.empty());
  EXPECT_EQ(Load({"--requirepass", "--secret"}, env)->requirepass, "--secret");
  EXPECT_EQ(Load({"--requirepass", "two words"}, env)->requirepass, "two words");
  EXPECT_EQ(Load({"--include", "a.conf"}, env)->timeout_seconds, 9);
}

TEST(Load, TheFileIsKnownByItsAbsolutePath) {
  auto env = Files({{"a.conf", ""}, {"-", ""}});
  env.absolute = [](const std::string& path) { return "/here/" + path; };
  EXPECT_EQ(LoadConfig({"a.conf"}, env)->file, "/here/a.conf");
  EXPECT_EQ(LoadConfig({"-"}, env)->file, "");
  EXPECT_EQ(LoadConfig({"--port", "1"}, env)->file, "");
}

TEST(Load, IncludeIsReadInPlaceAndTheLastLineWins) {
  const auto env = Files({{"conf/a.conf", "port 1\ninclude b.conf\ntimeout 5\n"},
                          {"conf/b.conf", "port 2\ntimeout 3\ninclude /etc/c.conf\n"},
                          {"/etc/c.conf", "hz 20\n"}});
  const auto s = Load({"conf/a.conf"}, env);
  ASSERT_NE(s, nullptr);
  EXPECT_EQ(s->port, 2);
  EXPECT_EQ(s->timeout_seconds, 5);
  EXPECT_EQ(s->hz, 20);
}

TEST(Load, IncludePattern) {
  const auto env = Files({{"a.conf", "include d/*.conf\ninclude none/*.conf\n"},
                          {"d/1.conf", "port 1\ntimeout 7\n"},
                          {"d/2.conf", "port 2\n"}});
  const auto s = Load({"a.conf"}, env);
  ASSERT_NE(s, nullptr);
  EXPECT_EQ(s->port, 2);
  EXPECT_EQ(s->timeout_seconds, 7);
}

TEST(Load, ErrorsNameFileLineTextAndReason) {
  EXPECT_EQ(TextError("port 1\n\nbogus yes\n"),
            "\n*** FATAL CONFIG FILE ERROR (Pleiad) ***\n"
            "Reading the configuration file, at line 3 of a.conf\n"
            ">>> 'bogus yes'\n"
            "Bad directive or wrong number of arguments");
  EXPECT_EQ(LoadError({"a.conf"}, Files({{"a.conf", "# x\ninclude b\n"}, {"b", "\nport x\n"}})),
            "\n*** FATAL CONFIG FILE ERROR (Pleiad) ***\n"
            "Reading the configuration file, at line 2 of b\n"
            ">>> 'port x'\n"
            "argument couldn't be parsed into an integer");
  EXPECT_EQ(LoadError({"a.conf", "--port", "abc"}, Files({{"a.conf", ""}})),
            "\n*** FATAL CONFIG FILE ERROR (Pleiad) ***\n"
            "Reading the command line\n"
            ">>> 'port abc'\n"
            "argument couldn't be parsed into an integer");
}

TEST(Load, ErrorReasons) {
  EXPECT_THAT(TextError("port\n"), EndsWith("\nwrong number of arguments"));
  EXPECT_THAT(TextError("port 1 2\n"), EndsWith("\nwrong number of arguments"));
  EXPECT_THAT(TextError("save 1\n"), EndsWith("\nInvalid save parameters"));
  EXPECT_THAT(TextError("requirepass \"abc\n"),
              EndsWith("\nUnbalanced quotes in configuration line"));
  EXPECT_THAT(TextError("include\n"), HasSubstr("Bad directive or wrong number of arguments"));
  EXPECT_THAT(TextError("loadmodule\n"), HasSubstr("Bad directive or wrong number of arguments"));
  EXPECT_THAT(TextError("rename-command a\n"),
              HasSubstr("Bad directive or wrong number of arguments"));
  EXPECT_THAT(TextError("sentinel monitor x\n"),
              HasSubstr("sentinel directive while not in sentinel mode"));
  EXPECT_THAT(TextError("cluster-enabled yes\nreplicaof 1.2.3.4 5\n"),
              HasSubstr("replicaof directive not allowed in cluster mode"));
  EXPECT_THAT(TextError("include nosuch.conf\n"),
              HasSubstr("at line 1 of a.conf\n>>> 'include nosuch.conf'\ncan't open config file "
                        "'nosuch.conf': No such file or directory"));
  EXPECT_THAT(TextError("include a.conf\n"), HasSubstr("nested deeper than 16"));
  EXPECT_THAT(LoadError({"none.conf"}, Files({})),
              HasSubstr("can't open config file 'none.conf': No such file or directory"));
  EXPECT_THAT(LoadError({"a.conf", "foo"}, Files({{"a.conf", ""}})),
              HasSubstr("Bad directive or wrong number of arguments"));
  EXPECT_THAT(TextError(std::string("bo\x01gus ") + std::string(100'000, 'x')),
              testing::AllOf(HasSubstr("bo\\x01gus"), HasSubstr("...'")));
}

TEST(Load, AFanOfIncludesEnds) {
  // Each level names the next ten times: 10^16 files if nobody counts.
  std::map<std::string, std::string> files;
  for (int level = 0; level < 17; ++level) {
    std::string text;
    for (int i = 0; i < 10; ++i) text += "include f" + std::to_string(level + 1) + "\n";
    files["f" + std::to_string(level)] = text;
  }
  files["f16"] = "";
  EXPECT_THAT(LoadError({"f0"}, Files(files)), HasSubstr("too many included files"));
}

TEST(Load, DirIsResolvedAndCheckedAtItsLine) {
  auto env = Files({{"a.conf", "port 1\ndir data\n"}, {"b.conf", "dir /nosuch\n"}, {"c.conf", ""}});
  env.resolve_dir = [](const std::string& dir) -> Result<std::string> {
    if (dir == "/nosuch") return Error{"No such file or directory"};
    return dir == "." ? "/here" : "/here/" + dir;
  };
  EXPECT_EQ(Load({"a.conf"}, env)->dir, "/here/data");
  EXPECT_EQ(Load({"c.conf"}, env)->dir, "/here");
  EXPECT_THAT(LoadError({"b.conf"}, env),
              HasSubstr("at line 1 of b.conf\n>>> 'dir /nosuch'\nNo such file or directory"));
}

std::string ReadSeed(const std::string& name) {
  const std::string path = std::string(PLEIAD_SOURCE_DIR) + "/tests/golden/seed/" + name;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  EXPECT_NE(file, nullptr) << path;
  std::string text;
  char buffer[4096];
  size_t n = 0;
  while (file != nullptr && (n = std::fread(buffer, 1, sizeof buffer, file)) > 0) {
    text.append(buffer, n);
  }
  if (file != nullptr) std::fclose(file);
  return text;
}

TEST(Load, TheSeedsTwoFilesLoadUnchanged) {
  auto env = Files({{"/opt/redis/conf/redis-6379.conf", ReadSeed("redis-6379.conf")},
                    {"/opt/redis/redis-common.conf", ReadSeed("redis-common.conf")}});
  env.seed = 42;
  const auto s = Load({"/opt/redis/conf/redis-6379.conf"}, env);
  ASSERT_NE(s, nullptr);
  EXPECT_EQ(s->port, 6379);
  EXPECT_EQ(s->maxmemory, 100'000'000u);
  EXPECT_EQ(s->maxmemory_policy, MaxmemoryPolicy::kAllkeysLru);
  EXPECT_EQ(s->appendfilename, "appendonly-6379.aof");
  EXPECT_EQ(s->dbfilename, "dump-6379.rdb");
  EXPECT_EQ(s->cluster_config_file, "nodes-6379.conf");
  EXPECT_GE(s->auto_aof_rewrite_percentage, 80);
  EXPECT_LE(s->auto_aof_rewrite_percentage, 100);
  EXPECT_EQ(s->dir, "/opt/redis/data");
  EXPECT_TRUE(s->cluster_enabled);
  EXPECT_TRUE(s->appendonly);
  EXPECT_TRUE(s->repl_disable_tcp_nodelay);
  EXPECT_EQ(s->cluster_node_timeout_ms, 15000);
  EXPECT_EQ(s->tcp_keepalive_seconds, 0);
  EXPECT_EQ(s->keyspace_events, 0u);
  EXPECT_EQ(s->output_buffer_limit[1].soft_bytes, 64u << 20);
  EXPECT_EQ(s->save.size(), 3u);

  // Nodes with different seeds do not draw the same percentage for long.
  std::map<int, int> drawn;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    env.seed = seed;
    ++drawn[Load({"/opt/redis/conf/redis-6379.conf"}, env)->auto_aof_rewrite_percentage];
  }
  EXPECT_GT(drawn.size(), 10u);
}

}  // namespace
}  // namespace pleiad
