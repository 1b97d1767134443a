// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The replica's session against recorded masters and against hostile ones; the texts of INFO and
// ROLE.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "base/prng.h"
#include "base/text.h"
#include "replication/replica_session.h"
#include "replication/replication_state.h"
#include "replication/snapshot_payload.h"

namespace pleiad {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kId = "0123456789012345678901234567890123456789";

std::string ReadFile(const std::string& name) {
  std::ifstream file(std::string(PLEIAD_SOURCE_DIR) + "/tests/golden/replication/" + name,
                     std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  std::ostringstream all;
  all << file.rdbuf();
  return all.str();
}

// What a session did, as a driver would have done it.
struct Driver {
  explicit Driver(ReplicaSessionOptions options) : session(std::move(options), MonoMs(0)) {
    Step({.kind = ReplicaInput::Kind::kTick, .now = MonoMs(0)});
    Step({.kind = ReplicaInput::Kind::kConnected, .now = MonoMs(0)});
  }
  void Step(const ReplicaInput& input) {
    const ReplicaEffects& effects = session.Step(input);
    bool ended = false;
    for (const ReplicaEffect& effect : effects.list()) {
      using Kind = ReplicaEffect::Kind;
      if (effect.kind == Kind::kSend) sent += effect.bytes;
      if (effect.kind == Kind::kSnapshotBytes) snapshot += effect.bytes;
      if (effect.kind == Kind::kSnapshotEnd) ended = true;
      if (effect.kind == Kind::kCommand || effect.kind == Kind::kSkipped) raw += effect.bytes;
      if (effect.kind == Kind::kClose) closed = effect.text;
      if (effect.kind == Kind::kCommand) {
        std::string text;
        for (const std::string_view arg : effects.args(effect))
          text += (text.empty() ? "" : " ") + std::string(arg);
        commands.push_back(text);
        offsets.push_back(effect.offset.value);
      }
    }
    if (ended) Step({.kind = ReplicaInput::Kind::kSnapshotLoaded, .now = input.now});
  }
  void Feed(std::string_view bytes, size_t piece = 1 << 20) {
    for (size_t at = 0; at < bytes.size(); at += piece) {
      const std::string part(bytes.substr(at, piece));
      Step({.kind = ReplicaInput::Kind::kBytes, .now = MonoMs(0), .bytes = part});
    }
  }
  ReplicaSession session;
  std::string sent;
  std::string snapshot;
  std::string raw;
  std::string closed;
  std::vector<std::string> commands;
  std::vector<int64_t> offsets;
};

struct Dialogue {
  std::string from_master;
  std::string handshake;  // what the replica says until PSYNC
  std::string stream;     // the last thing the master said
};

Dialogue Recorded(const std::string& name) {
  Dialogue dialogue;
  std::istringstream lines(ReadFile(name));
  std::string line;
  while (std::getline(lines, line)) {
    const std::string bytes = SplitArgs(line.substr(2)).value().at(0);
    if (line[0] == '<') {
      dialogue.from_master += bytes;
      dialogue.stream = bytes;
    } else if (bytes.find("ACK") == std::string::npos) {
      dialogue.handshake += bytes;
    }
  }
  return dialogue;
}

// The recorded replica lacks a capability that ours tells.
std::string WithSetslot(std::string handshake) {
  const std::string theirs =
      "*5\r\n$8\r\nREPLCONF\r\n$4\r\ncapa\r\n$3\r\neof\r\n$4\r\ncapa\r\n$6\r\npsync2\r\n";
  const size_t at = handshake.find(theirs);
  EXPECT_NE(at, std::string::npos);
  handshake.insert(at + theirs.size(), "$4\r\ncapa\r\n$7\r\nsetslot\r\n");
  handshake[at + 1] = '7';
  return handshake;
}

class RecordedMaster : public testing::TestWithParam<const char*> {};

TEST_P(RecordedMaster, IsFollowedInPiecesOfAnySize) {
  const Dialogue dialogue = Recorded(GetParam());
  for (const size_t piece : {size_t{1}, size_t{3}, size_t{50}, size_t{1 << 20}}) {
    Driver driver({.announced_port = 7777, .announced_ip = "127.0.0.9", .password = "pw"});
    driver.Feed(dialogue.from_master, piece);
    EXPECT_TRUE(driver.session.online());
    EXPECT_EQ(driver.closed, "");
    EXPECT_EQ(driver.raw, dialogue.stream);
    // The offset that the master itself reported at the end, and the ACKs: after the snapshot, and
    // to GETACK (which says what was applied before it).
    EXPECT_EQ(driver.session.offset().value, 567);
    EXPECT_EQ(driver.sent, WithSetslot(dialogue.handshake) +
                               "*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$1\r\n0\r\n" +
                               "*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$3\r\n530\r\n");
    EXPECT_TRUE(driver.snapshot.starts_with("REDIS0010"));
    EXPECT_EQ(static_cast<unsigned char>(driver.snapshot[driver.snapshot.size() - 9]), 0xff);
    const std::vector<std::string> expected = {
        "SELECT 2", "SET d 4", "SELECT 0", "SET big " + std::string(300, 'x'), "MULTI",
        "INCR a",   "DEL b",   "EXEC",     "SET t v PXAT 4102444800000"};
    EXPECT_EQ(driver.commands, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(All, RecordedMaster, testing::Values("disk.txt", "diskless.txt"));

std::string UntilOnline() {
  return "+PONG\r\n+OK\r\n+OK\r\n+FULLRESYNC " + std::string(kId) + " 1000\r\n$1\r\nx";
}

TEST(ReplicaSession, GarbageInTheStreamEndsTheHistory) {
  for (const std::string& bad :
       {std::string("*3\r\n+SET\r\n"), std::string("*-5x\r\n"), std::string("*1\r\n$-1\r\n"),
        std::string("*1\r\n$99999999999999\r\n"), std::string("*9999999999\r\n"),
        std::string("\"unbalanced\r\n"), std::string(100000, 'a')}) {
    Driver driver({});
    driver.Feed(UntilOnline() + "*1\r\n$4\r\nPING\r\n");
    ASSERT_TRUE(driver.session.online());
    driver.Feed(bad, 1000);
    EXPECT_EQ(driver.session.state(), ReplicaSession::State::kWaitRetry) << bad.substr(0, 20);
    EXPECT_THAT(driver.closed, HasSubstr("stream is broken"));
    EXPECT_EQ(driver.session.replid(), "");
  }
}

TEST(ReplicaSession, EndlessLinesAreRefused) {
  Driver driver({});
  driver.Feed(std::string(100000, '+'), 1000);
  EXPECT_THAT(driver.closed, HasSubstr("too long"));
  EXPECT_EQ(driver.session.state(), ReplicaSession::State::kWaitRetry);
}

TEST(ReplicaSession, LargeValuesInSmallPieces) {
  const std::string value(3 << 20, 'v');
  const std::string command =
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
  Driver driver({});
  driver.Feed(UntilOnline());
  driver.Feed(command + command, 16 * 1024);
  ASSERT_EQ(driver.commands.size(), 2U);
  EXPECT_EQ(driver.commands[1], "SET k " + value);
  EXPECT_EQ(driver.offsets[1], 1000 + 2 * static_cast<int64_t>(command.size()));
}

TEST(ReplicaSession, RandomBytesNeverCrash) {
  Prng prng(5);
  const std::string good = Recorded("diskless.txt").from_master;
  for (int round = 0; round < 500; ++round) {
    std::string bytes = good;
    for (int i = 0; i < 4; ++i) bytes[prng.Below(bytes.size())] = static_cast<char>(prng.Next());
    Driver driver({.password = "pw"});
    driver.Feed(bytes, 1 + prng.Below(200));
    EXPECT_GE(driver.session.offset().value, 0);
  }
}

TEST(SnapshotPayload, FindsTheMarkWhereverItIsCut) {
  const std::string mark = "aaaaaaaaaaaaaaaaaaaabaaaaaaaaaaaaaaaaaaa";  // overlaps itself
  const std::string body = "REDIS" + std::string(39, 'a') + "baaaaaaaaaaaa" + std::string(25, 'a');
  const std::string wire = body + mark + "rest";
  const size_t end = wire.find(mark);
  for (size_t piece = 1; piece <= wire.size(); ++piece) {
    SnapshotPayload payload;
    ASSERT_TRUE(payload.Begin("$EOF:" + mark).ok());
    std::string got;
    std::string left;
    for (size_t at = 0; at < wire.size(); at += piece) {
      std::string_view part = std::string_view(wire).substr(at, piece);
      got += payload.Take(&part);
      left += part;
    }
    EXPECT_TRUE(payload.done());
    EXPECT_EQ(got, wire.substr(0, end));
    EXPECT_EQ(left, wire.substr(end + mark.size()));
  }
}

TEST(SnapshotPayload, Heads) {
  SnapshotPayload payload;
  for (const char* bad : {"", "10", "$", "$-1", "$x", "$EOF:short", "$EOF:", "+OK", "$1.5"}) {
    EXPECT_FALSE(payload.Begin(bad).ok()) << bad;
  }
  EXPECT_TRUE(payload.Begin("$0").ok());
  EXPECT_TRUE(payload.done());
}

// The values of a recorded INFO, put into a view, must print as that INFO again.
ReplicationView ViewOf(const std::string& info) {
  std::map<std::string, std::string> fields;
  std::istringstream lines(info);
  std::string line;
  while (std::getline(lines, line)) {
    if (line.ends_with('\r')) line.pop_back();
    const size_t colon = line.find(':');
    if (colon != std::string::npos) fields[line.substr(0, colon)] = line.substr(colon + 1);
  }
  const auto number = [&](const char* name) { return ParseInt64(fields[name]).value_or(-99); };
  ReplicationView view;
  view.ids.replid = fields["master_replid"];
  view.offset = Offset(number("master_repl_offset"));
  view.backlog = {true, number("repl_backlog_size"),
                  Offset(number("repl_backlog_first_byte_offset")), number("repl_backlog_histlen")};
  if (fields["role"] == "slave") {
    MasterLinkView link;
    link.host = fields["master_host"];
    link.port = static_cast<int>(number("master_port"));
    link.up = fields["master_link_status"] == "up";
    link.role_state = link.up ? "connected" : "connect";
    link.last_io_s = number("master_last_io_seconds_ago");
    link.read_offset = Offset(number("slave_read_repl_offset"));
    link.offset = Offset(number("slave_repl_offset"));
    if (!link.up) link.down_since_s = number("master_link_down_since_seconds");
    view.master = link;
  }
  if (fields.contains("slave0")) {
    const int64_t lag =
        ParseInt64(fields["slave0"].substr(fields["slave0"].rfind('=') + 1)).value_or(-99);
    view.replicas.push_back({"127.0.0.9", 7777, "online", Offset(567), lag, true});
  }
  return view;
}

TEST(ReplicationState, InfoIsThatOfTheReferenceServer) {
  for (const char* name :
       {"disk-info.txt", "diskless-info.txt", "replica-up-info.txt", "replica-down-info.txt"}) {
    std::string expected;
    std::istringstream lines(ReadFile(name));
    std::string line;
    while (std::getline(lines, line)) {
      if (!line.empty() && line[0] != '#') expected += line + "\r\n";
    }
    EXPECT_EQ(FormatReplicationInfo(ViewOf(expected)), expected) << name;
  }
}

TEST(ReplicationState, InfoOfASyncUnderWay) {
  ReplicationView view;
  view.ids.replid = kId;
  view.good_replicas = 0;
  view.master = MasterLinkView{.host = "h",
                               .port = 1,
                               .sync_in_progress = true,
                               .sync_total_bytes = 400,
                               .sync_read_bytes = 100,
                               .sync_last_io_s = 2,
                               .down_since_s = 7};
  const std::string info = FormatReplicationInfo(view);
  EXPECT_THAT(info, HasSubstr("master_sync_in_progress:1\r\n"));
  EXPECT_THAT(
      info,
      HasSubstr(
          "slave_repl_offset:1\r\nmaster_sync_total_bytes:400\r\nmaster_sync_read_bytes:100\r\n"
          "master_sync_left_bytes:300\r\nmaster_sync_perc:25.00\r\n"
          "master_sync_last_io_seconds_ago:2\r\nmaster_link_down_since_seconds:7\r\n"));
  EXPECT_THAT(info,
              HasSubstr("connected_slaves:0\r\nmin_slaves_good_slaves:0\r\nmaster_failover_state"));
  EXPECT_THAT(info, HasSubstr("second_repl_offset:-1\r\nrepl_backlog_active:0\r\n"));
}

TEST(ReplicationState, Role) {
  ReplicationView view;
  view.offset = Offset(567);
  view.replicas = {{"10.0.0.1", 7001, "send_bulk", Offset(0), 0, false},
                   {"127.0.0.9", 7777, "online", Offset(567), 0, true}};
  resp::Reply master = FormatRole(view);
  ASSERT_EQ(master.items.size(), 3U);
  EXPECT_EQ(master.items[0].text, "master");
  EXPECT_EQ(master.items[1].integer, 567);
  ASSERT_EQ(master.items[2].items.size(), 1U);
  EXPECT_EQ(master.items[2].items[0].items[0].text, "127.0.0.9");
  EXPECT_EQ(master.items[2].items[0].items[1].text, "7777");
  EXPECT_EQ(master.items[2].items[0].items[2].text, "567");
  view.master = MasterLinkView{
      .host = "h", .port = 7000, .up = true, .role_state = "connected", .offset = Offset(50)};
  resp::Reply replica = FormatRole(view);
  ASSERT_EQ(replica.items.size(), 5U);
  EXPECT_EQ(replica.items[0].text, "slave");
  EXPECT_EQ(replica.items[2].integer, 7000);
  EXPECT_EQ(replica.items[3].text, "connected");
  EXPECT_EQ(replica.items[4].integer, 50);
  view.master->up = false;
  EXPECT_EQ(FormatRole(view).items[4].integer, -1);
}

TEST(ReplicationState, IdsThroughFailovers) {
  ReplicationIds ids;
  ids.replid = std::string(40, 'a');
  ids.OnPromoted(std::string(40, 'b'), Offset(100));
  EXPECT_EQ(ids.replid, std::string(40, 'b'));
  EXPECT_EQ(ids.replid2, std::string(40, 'a'));
  EXPECT_EQ(ids.second_offset, Offset(101));
  ids.OnContinue(std::string(40, 'b'), Offset(150));
  EXPECT_EQ(ids.second_offset, Offset(101));
  ids.OnContinue(std::string(40, 'c'), Offset(150));
  EXPECT_EQ(ids.replid2, std::string(40, 'b'));
  EXPECT_EQ(ids.second_offset, Offset(151));
  ids.OnFullSync(std::string(40, 'd'));
  EXPECT_EQ(ids.replid2, std::string(40, '0'));
  EXPECT_EQ(ids.second_offset, Offset(-1));
}

}  // namespace
}  // namespace pleiad
