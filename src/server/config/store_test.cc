// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/config/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "base/text.h"

namespace pleiad {
namespace {

using Pairs = ConfigStore::Pairs;

ConfigEnvironment OneFile(const std::string& text) {
  ConfigEnvironment env;
  env.read = [text](const std::string& path) -> Result<std::string> {
    if (path == "a.conf") return text;
    if (path == "inc.conf") return std::string("timeout 11\nsave 7 7\nrename-command A B\n");
    return Error{"No such file or directory"};
  };
  return env;
}

std::unique_ptr<ConfigStore> Open(const std::string& text, std::vector<std::string> options = {}) {
  options.insert(options.begin(), "a.conf");
  const ConfigEnvironment env = OneFile(text);
  auto loaded = LoadConfig(options, env);
  EXPECT_TRUE(loaded.ok()) << loaded.message();
  return std::make_unique<ConfigStore>(*std::move(loaded), env);
}

std::string SetError(ConfigStore& store, const Pairs& pairs) {
  const Status status = store.Set(pairs, true);
  EXPECT_FALSE(status.ok());
  return status.message();
}

std::string GetOne(const ConfigStore& store, const std::string& name) {
  const Pairs pairs = store.Get({name});
  EXPECT_EQ(pairs.size(), 1u) << name;
  return pairs.empty() ? "" : pairs[0].second;
}

TEST(ConfigGet, PatternsAliasesHiddenAndOrder) {
  const auto store = Open("slave-announce-ip 1.2.3.4\n");
  EXPECT_EQ(store->Get({"*announce-ip"}), (Pairs{{"cluster-announce-ip", ""},
                                                 {"replica-announce-ip", "1.2.3.4"},
                                                 {"slave-announce-ip", "1.2.3.4"}}));
  EXPECT_EQ(store->Get({"hz", "HZ", "h[yz]", "bogus"}), (Pairs{{"hz", "10"}}));
  EXPECT_EQ(store->Get({"HZ"}), (Pairs{{"HZ", "10"}}));
  EXPECT_EQ(store->Get({"watchdog*"}), Pairs{});
  EXPECT_EQ(store->Get({"watchdog-period"}), (Pairs{{"watchdog-period", "0"}}));
  EXPECT_EQ(store->Get({"slaveof"}), (Pairs{{"slaveof", ""}}));
  EXPECT_GT(store->Get({"*"}).size(), 230u);
}

TEST(ConfigSet, OneChangeIsOneVersionOneSnapshotOneCall) {
  const auto store = Open("");
  const auto before = store->settings();
  const uint64_t version = store->version();
  std::vector<std::string> heard;
  store->AddListener([&](const Settings& now, const std::vector<std::string>& names) {
    EXPECT_EQ(now.hz, 50);
    heard = names;
  });
  ASSERT_TRUE(store->Set({{"HZ", "50"}, {"slave-priority", "7"}, {"maxmemory", "1gb"}}, true).ok());
  EXPECT_EQ(heard, (std::vector<std::string>{"hz", "replica-priority", "maxmemory"}));
  EXPECT_EQ(store->version(), version + 1);
  EXPECT_EQ(before->hz, 10);
  EXPECT_EQ(store->settings()->hz, 50);
  EXPECT_EQ(store->settings()->replica_priority, 7);
  EXPECT_EQ(GetOne(*store, "maxmemory"), "1073741824");
}

// Texts recorded from redis-server 7.0.15.
TEST(ConfigSet, Refusals) {
  const auto store = Open("");
  EXPECT_EQ(SetError(*store, {{"bogus", "1"}}),
            "ERR Unknown option or number of arguments for CONFIG SET - 'bogus'");
  EXPECT_EQ(SetError(*store, {{"include", "x"}}),
            "ERR Unknown option or number of arguments for CONFIG SET - 'include'");
  EXPECT_EQ(SetError(*store, {{"maxmemory", "-1"}}),
            "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a "
            "memory value");
  EXPECT_EQ(SetError(*store, {{"daemonize", "yes"}}),
            "ERR CONFIG SET failed (possibly related to argument 'daemonize') - can't set "
            "immutable config");
  EXPECT_EQ(SetError(*store, {{"hz", "10"}, {"hz", "20"}}),
            "ERR CONFIG SET failed (possibly related to argument 'hz') - duplicate parameter");
  EXPECT_EQ(SetError(*store, {{"dbfilename", "x"}}),
            "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set "
            "protected config");
  EXPECT_EQ(SetError(*store, {{"slave-priority", "-1"}}),
            "ERR CONFIG SET failed (possibly related to argument 'slave-priority') - argument must "
            "be between 0 and 2147483647 inclusive");
  EXPECT_EQ(SetError(*store, {{"bind", "\"a"}}),
            "ERR CONFIG SET failed (possibly related to argument 'bind') - Unbalanced quotes in "
            "configuration line");
}

TEST(ConfigSet, AllOrNone) {
  const auto store = Open("");
  const auto everything = store->Get({"*"});
  const uint64_t version = store->version();
  SetError(*store, {{"hz", "20"}, {"bogus", "3"}});
  SetError(*store, {{"hz", "20"}, {"save", "1 1"}, {"timeout", "x"}});
  SetError(*store, {{"timeout", "3"}, {"daemonize", "yes"}});
  EXPECT_EQ(store->Get({"*"}), everything);
  EXPECT_EQ(store->version(), version);
}

TEST(ConfigSet, ProtectedDirectivesOpenWithTheirSwitch) {
  const auto local = Open("enable-protected-configs local\n");
  EXPECT_FALSE(local->Set({{"dbfilename", "x.rdb"}}, false).ok());
  EXPECT_TRUE(local->Set({{"dbfilename", "x.rdb"}}, true).ok());
  EXPECT_EQ(local->settings()->dbfilename, "x.rdb");
  const auto open = Open("enable-protected-configs yes\n");
  EXPECT_TRUE(open->Set({{"dir", "/tmp"}}, false).ok());
}

TEST(ConfigSet, TheOwnerMayRefuse) {
  const auto store = Open("");
  store->SetApplier([](const Settings& before, const Settings& now, const auto& names) {
    EXPECT_EQ(before.port, 6379);
    EXPECT_EQ(names, std::vector<std::string>{"port"});
    std::optional<ConfigStore::Refusal> refusal;
    if (now.port == 1) {
      refusal = {"port", "Unable to listen on this port. Check server logs."};
    }
    return refusal;
  });
  EXPECT_EQ(
      SetError(*store, {{"port", "1"}}),
      "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this "
      "port. Check server logs.");
  EXPECT_EQ(store->settings()->port, 6379);
  EXPECT_TRUE(store->Set({{"port", "2"}}, true).ok());
  EXPECT_EQ(store->settings()->port, 2);
}

TEST(ConfigSet, TheServerMaySetWhatClientsMayNot) {
  const auto store = Open("");
  EXPECT_FALSE(store->Set({{"replicaof", "h 1"}}, true).ok());
  ASSERT_TRUE(store->SetByServer({{"replicaof", "h 1"}}).ok());
  EXPECT_EQ(store->settings()->replicaof_host, "h");
  ASSERT_TRUE(store->SetByServer({{"replicaof", "no one"}}).ok());
  EXPECT_EQ(store->settings()->replicaof_host, "");
}

TEST(ConfigSet, SaveReplacesAndBufferLimitsMerge) {
  const auto store = Open("save 900 1\n");
  ASSERT_TRUE(store->Set({{"save", "60 5 70 6"}}, true).ok());
  EXPECT_EQ(GetOne(*store, "save"), "60 5 70 6");
  ASSERT_TRUE(store->Set({{"save", ""}}, true).ok());
  EXPECT_EQ(GetOne(*store, "save"), "");
  ASSERT_TRUE(store->Set({{"client-output-buffer-limit", "pubsub 1 2 3"}}, true).ok());
  EXPECT_EQ(GetOne(*store, "client-output-buffer-limit"),
            "normal 0 0 0 slave 268435456 67108864 60 pubsub 1 2 3");
}

TEST(ConfigSet, SecretsAreMarked) {
  EXPECT_TRUE(ConfigStore::IsSensitive("REQUIREPASS"));
  EXPECT_TRUE(ConfigStore::IsSensitive("primaryauth"));
  EXPECT_FALSE(ConfigStore::IsSensitive("port"));
  EXPECT_FALSE(ConfigStore::IsSensitive("bogus"));
}

TEST(ConfigStore, ReadersNeverSeeHalfAChange) {
  const auto store = Open("");
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> seen{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop.load()) {
        const auto s = store->settings();
        EXPECT_EQ(s->timeout_seconds,
                  s->tcp_keepalive_seconds == 300 ? 0 : s->tcp_keepalive_seconds);
        seen.fetch_add(1);
      }
    });
  }
  for (int i = 1; i < 200 || seen.load() < 100; ++i) {
    const std::string n = std::to_string(1000 + i);
    ASSERT_TRUE(store->Set({{"timeout", n}, {"tcp-keepalive", n}}, true).ok());
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

// ---- REWRITE

// What a reload of `text` shows, everything.
Pairs Reload(const std::string& text) { return Open(text)->Get({"*"}); }

// Rewrites and checks the two promises: it reloads to the same, and rewriting again changes
// nothing.
std::string Rewritten(const ConfigStore& store, const std::string& old_text) {
  const std::string text = store.Rewrite(old_text);
  EXPECT_EQ(store.Rewrite(text), text);
  EXPECT_EQ(Reload(text), store.Get({"*"})) << text;
  return text;
}

TEST(ConfigRewrite, UnchangedStaysByteByByte) {
  const std::string text =
      "# head\r\nPORT   7000  \r\n\n\tmaxmemory 100m\n#tail\nsave 900 1\nsave 300 10\n"
      "timeout 5\ntimeout 7\nrename-command A B\nuser x on\nlist-max-ziplist-entries 512\n";
  EXPECT_EQ(Rewritten(*Open(text), text), text);
  EXPECT_EQ(Rewritten(*Open(""), ""), "");
}

TEST(ConfigRewrite, ChangesAreMadeInPlaceAndAppended) {
  const std::string text = "# head\nport 7000\n\nmaxmemory 100m # not a comment in this language\n";
  const std::string sane =
      "# head\nport 7000\n\nmaxmemory 100m\n# why\nsave 900 1\nsave 300 10\n"
      "timeout 5\ntimeout 7\nslave-read-only yes\n#end";
  const auto store = Open(sane);
  ASSERT_TRUE(store
                  ->Set({{"maxmemory", "1gb"},
                         {"save", "60 5 70 6"},
                         {"timeout", "9"},
                         {"replica-read-only", "no"},
                         {"requirepass", "a\"b\r\nflushall\r\n"},
                         {"repl-backlog-size", "1500"},
                         {"notify-keyspace-events", "KEA"},
                         {"bind", "127.0.0.1 -::1"},
                         {"maxmemory-clients", "5%"},
                         {"shutdown-on-sigterm", "save now"},
                         {"client-output-buffer-limit", "pubsub 1mb 1500 3"}},
                        true)
                  .ok());
  EXPECT_EQ(Rewritten(*store, sane),
            "# head\nport 7000\n\nmaxmemory 1gb\n# why\nsave 60 5\nsave 70 6\n"
            "timeout 9\nslave-read-only no\n#end\n\n"
            "# Generated by CONFIG REWRITE\n"
            "bind 127.0.0.1 -::1\n"
            "maxmemory-clients 5%\n"
            "repl-backlog-size 1500\n"
            "client-output-buffer-limit normal 0 0 0\n"
            "client-output-buffer-limit replica 256mb 64mb 60\n"
            "client-output-buffer-limit pubsub 1mb 1500 3\n"
            "notify-keyspace-events AKE\n"
            "shutdown-on-sigterm save now\n"
            "requirepass \"a\\\"b\\r\\nflushall\\r\\n\"\n");
  EXPECT_FALSE(LoadConfig({"a.conf"}, OneFile(text)).ok());
}

TEST(ConfigRewrite, BackToTheDefaultIsWrittenWhereALineSaysOtherwise) {
  const std::string text = "hz 50\nsave 1 1\nbind 1.2.3.4\n";
  const auto store = Open(text);
  ASSERT_TRUE(store->Set({{"hz", "10"}, {"save", ""}, {"bind", ""}}, true).ok());
  EXPECT_EQ(Rewritten(*store, text), "hz 10\nsave \"\"\nbind \"\"\n");
}

TEST(ConfigRewrite, TheCommandLineIsWrittenDown) {
  const std::string text = "port 1\nrename-command A B\n";
  const auto store =
      Open(text, {"--port", "7000", "--hz", "20", "--rename-command", "FLUSHALL", ""});
  EXPECT_EQ(Rewritten(*store, text),
            "port 7000\nrename-command A B\n\n# Generated by CONFIG REWRITE\nhz 20\n"
            "rename-command \"FLUSHALL\" \"\"\n");
}

TEST(ConfigRewrite, WhatAnIncludedFileSaysIsOverruledAtTheEnd) {
  const std::string text = "timeout 5\nsave 900 1\ninclude inc.conf\n";
  const auto store = Open(text);
  EXPECT_EQ(store->settings()->timeout_seconds, 11);
  EXPECT_EQ(Rewritten(*store, text), text);
  ASSERT_TRUE(store->Set({{"timeout", "0"}, {"save", "5 5"}}, true).ok());
  const std::string changed = Rewritten(*store, text);
  EXPECT_EQ(changed,
            "include inc.conf\n\n# Generated by CONFIG REWRITE\n"
            "timeout 0\nsave \"\"\nsave 5 5\n");
  // Appended lines of both kinds keep their order when the file is rewritten again.
  ASSERT_TRUE(store->Set({{"requirepass", "p"}, {"hz", "3"}}, true).ok());
  Rewritten(*store, changed);
  // And back to what the included file says: the line at the end must not stay as it is.
  ASSERT_TRUE(store->Set({{"timeout", "11"}}, true).ok());
  Rewritten(*store, changed);
}

TEST(ConfigRewrite, ARangeKeepsItsText) {
  const std::string text = "auto-aof-rewrite-percentage 80-100\n";
  const auto store = Open(text);
  EXPECT_EQ(store->Rewrite(text), text);
  const auto from_line = Open("", {"--auto-aof-rewrite-percentage", "80-100"});
  EXPECT_EQ(from_line->Rewrite(""),
            "# Generated by CONFIG REWRITE\nauto-aof-rewrite-percentage 80-100\n");
  ASSERT_TRUE(store->Set({{"auto-aof-rewrite-percentage", "90"}}, true).ok());
  EXPECT_EQ(Rewritten(*store, text), "auto-aof-rewrite-percentage 90\n");
}

TEST(ConfigRewrite, ARelativeDirStaysAsWritten) {
  ConfigEnvironment env = OneFile("dir data\n");
  env.resolve_dir = [](const std::string& dir) -> Result<std::string> { return "/here/" + dir; };
  auto loaded = LoadConfig({"a.conf"}, env);
  ASSERT_TRUE(loaded.ok());
  const ConfigStore store(*std::move(loaded), env);
  EXPECT_EQ(store.Rewrite("dir data\n"), "dir data\n");
  EXPECT_EQ(store.Rewrite(""), "# Generated by CONFIG REWRITE\ndir \"/here/data\"\n");
}

TEST(ConfigRewrite, UsersOfNowReplaceTheOldLines) {
  const auto store = Open("port 1\nuser a on\n# c\nuser b on\n");
  RewriteExtras extras;
  extras.user_lines = {"user default on nopass ~* +@all", "user c off"};
  EXPECT_EQ(store->Rewrite("port 1\nuser a on\n# c\nuser b on\n", extras),
            "port 1\nuser default on nopass ~* +@all\nuser c off\n# c\n");
  EXPECT_EQ(store->Rewrite("port 1\n", extras),
            "port 1\n\n# Generated by CONFIG REWRITE\nuser default on nopass ~* +@all\n"
            "user c off\n");
}

TEST(ConfigRewrite, TheFileIsReadAndWrittenOrTheReasonIsTold) {
  const auto store = Open("port 1\n");
  ASSERT_TRUE(store->Set({{"port", "2"}}, true).ok());
  std::string written;
  const auto write = [&](const std::string& path, const std::string& text) -> Status {
    written = path + ": " + text;
    return Status::Ok();
  };
  EXPECT_TRUE(store->RewriteFile(write).ok());
  EXPECT_EQ(written, "a.conf: port 2\n");
  const auto refuse = [](const std::string&, const std::string&) -> Status {
    return Error{"Permission denied"};
  };
  EXPECT_EQ(store->RewriteFile(refuse).message(), "Permission denied");
}

TEST(ConfigRewrite, AFileThatChangedUnderUsIsSetRight) {
  const auto store = Open("port 1\n");
  const std::string edited = "port 2\nhz \"20\nbogus line\nhz 99\n";
  EXPECT_EQ(store->Rewrite(edited), "port 1\nhz \"20\nbogus line\nhz 10\n");
}

// Every directive, with a value that is not its default.
TEST(ConfigRewrite, EveryDirectiveSurvivesARewrite) {
  for (const Directive* directive : AllDirectives()) {
    const auto store = Open("");
    for (const char* value : {"no", "yes", "3", "2", "1048577", "1 2 3", "77 5", "a", "1.2.3.4",
                              "::1", "K", "normal 1 2 3", "{title}", "now", "absolute"}) {
      const std::string before = GetOne(*store, std::string(directive->name));
      if (store->SetByServer({{std::string(directive->name), value}}).ok() &&
          GetOne(*store, std::string(directive->name)) != before) {
        break;
      }
    }
    if (directive->type == DirectiveType::kEnum) {
      for (std::string_view choice : Split(directive->choices, ',')) {
        if (Trim(choice) == directive->initial) continue;
        ASSERT_TRUE(
            store->SetByServer({{std::string(directive->name), std::string(Trim(choice))}}).ok());
      }
    }
    if (directive->name == "activedefrag") continue;  // can only be "no"
    EXPECT_NE(GetOne(*store, std::string(directive->name)), directive->initial) << directive->name;
    Rewritten(*store, "");
  }
}

}  // namespace
}  // namespace pleiad
