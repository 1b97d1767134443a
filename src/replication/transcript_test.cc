// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The sessions by text: each file of testdata/ holds inputs (lines that begin with '@' or a word)
// and, indented below each, what the session does. The test plays the inputs again and compares the
// whole text. With PLEIAD_REWRITE=1 in the environment the files are written anew: read the
// difference before you commit it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>

#include "base/text.h"
#include "replication/primary_session.h"
#include "replication/replica_session.h"

namespace pleiad {
namespace {

int64_t Number(std::string_view text) {
  const auto number = ParseInt64(text);
  EXPECT_TRUE(number) << text;
  return number.value_or(0);
}

std::string_view Word(std::string_view* line) {
  const size_t end = line->find(' ');
  const std::string_view word = line->substr(0, end);
  line->remove_prefix(end == std::string_view::npos ? line->size() : end + 1);
  return word;
}

class Player {
 public:
  virtual ~Player() = default;
  // The indented lines that belong under `line`.
  virtual std::string Play(std::string_view line) = 0;
};

class ReplicaPlayer : public Player {
 public:
  std::string Play(std::string_view line) override {
    if (line.starts_with("options ")) {
      Options(line);
      return "";
    }
    const std::string_view at = Word(&line);
    const std::string_view kind = Word(&line);
    ReplicaInput input;
    input.now = MonoMs(Number(at.substr(1)));
    if (!session_) session_ = std::make_unique<ReplicaSession>(options_, input.now);
    if (kind == "disk") on_disk_ = Offset(Number(line));
    input.on_disk = on_disk_;
    std::string bytes;
    using Kind = ReplicaInput::Kind;
    if (kind == "<") {
      bytes = SplitArgs(line).value().at(0);
      input.kind = Kind::kBytes;
      input.bytes = bytes;
    } else {
      input.kind = kind == "tick"             ? Kind::kTick
                   : kind == "disk"           ? Kind::kTick
                   : kind == "connected"      ? Kind::kConnected
                   : kind == "connect-failed" ? Kind::kConnectFailed
                   : kind == "closed"         ? Kind::kClosed
                   : kind == "loaded"         ? Kind::kSnapshotLoaded
                                              : Kind::kSnapshotFailed;
      input.text = line;
    }
    return Show(session_->Step(input));
  }

 private:
  void Options(std::string_view line) {
    Word(&line);
    while (!line.empty()) {
      std::string_view pair = Word(&line);
      const std::string_view name = pair.substr(0, pair.find('='));
      const std::string value(pair.substr(name.size() + 1));
      if (name == "password") options_.password = value;
      if (name == "ip") options_.announced_ip = value;
      if (name == "port") options_.announced_port = static_cast<int>(Number(value));
      if (name == "replid") options_.replid = value;
      if (name == "offset") options_.offset = Offset(Number(value));
      if (name == "timeout") options_.timeout_ms = Number(value);
      if (name == "retry_min") options_.retry_ms_min = Number(value);
      if (name == "retry_max") options_.retry_ms_max = Number(value);
    }
  }

  std::string Show(const ReplicaEffects& effects) {
    using Kind = ReplicaEffect::Kind;
    std::string out;
    for (const ReplicaEffect& effect : effects.list()) {
      out += "    ";
      switch (effect.kind) {
        case Kind::kConnect:
          out += "connect";
          break;
        case Kind::kSend:
          out += "send " + Quoted(effect.bytes);
          break;
        case Kind::kClose:
          out += "close";
          break;
        case Kind::kSnapshotBegin:
          out += fmt::format("snapshot of {} offset {} size {}", effect.text, effect.offset.value,
                             effect.size);
          break;
        case Kind::kSnapshotBytes:
          out += "snapshot bytes " + Quoted(effect.bytes);
          break;
        case Kind::kSnapshotEnd:
          out += "snapshot end";
          break;
        case Kind::kSnapshotAbort:
          out += "snapshot abort";
          break;
        case Kind::kContinue:
          out += fmt::format("continue {} after {}", effect.text, effect.offset.value);
          break;
        case Kind::kOnline:
          out += fmt::format("online, {} at {}", session_->replid(), session_->offset().value);
          break;
        case Kind::kCommand:
          out += fmt::format("command to {}:", effect.offset.value);
          for (const std::string_view arg : effects.args(effect)) out += " " + Quoted(arg);
          break;
        case Kind::kSkipped:
          out += fmt::format("skip to {}: {}", effect.offset.value, Quoted(effect.bytes));
          break;
        case Kind::kLog:
          out += fmt::format("log {}", effect.text);
          break;
      }
      out += "\n";
    }
    return out;
  }

  Offset on_disk_{-1};
  ReplicaSessionOptions options_;
  std::unique_ptr<ReplicaSession> session_;
};

class PrimaryPlayer : public Player {
 public:
  PrimaryPlayer() {
    ids_.replid = std::string(40, 'e');
    New();
  }

  std::string Play(std::string_view line) override {
    const std::string_view first = Word(&line);
    if (first == "new") {
      New();
    } else if (first == "backlog") {
      backlog_.active = true;
      backlog_.first = Offset(Number(Word(&line)));
      backlog_.length = Number(Word(&line));
    } else if (first == "ids") {
      ids_.replid = Word(&line);
      ids_.replid2 = Word(&line);
      ids_.second_offset = Offset(Number(Word(&line)));
    } else {
      return Input(Number(first.substr(1)), line);
    }
    return "";
  }

 private:
  void New() {
    session_ = std::make_unique<PrimarySession>(PrimarySessionOptions{}, MonoMs(0));
    refusal_.clear();
  }

  std::string Input(int64_t now, std::string_view line) {
    using Kind = PrimaryInput::Kind;
    const std::string_view kind = Word(&line);
    PrimaryInput input;
    input.now = MonoMs(now);
    input.ids = &ids_;
    input.backlog = backlog_;
    input.refusal = refusal_;
    std::vector<std::string_view> args;
    if (kind == "refuse") {
      refusal_ = line;
      return "";
    }
    if (kind == ">") {
      args = Split(line, ' ');
      input.kind = args[0] == "REPLCONF" ? Kind::kReplconf : Kind::kPsync;
      input.args = args;
    } else if (kind == "snapshot-ready") {
      input.kind = Kind::kSnapshotReady;
      input.offset = Offset(Number(Word(&line)));
      input.size = Number(Word(&line));
      input.text = line;
    } else {
      input.kind = kind == "tick"              ? Kind::kTick
                   : kind == "snapshot-sent"   ? Kind::kSnapshotSent
                   : kind == "snapshot-failed" ? Kind::kSnapshotFailed
                   : kind == "progress"        ? Kind::kProgress
                   : kind == "overrun"         ? Kind::kOverrun
                                               : Kind::kClosed;
      input.text = line;
    }
    return Show(session_->Step(input), input.now);
  }

  std::string Show(const std::vector<PrimaryEffect>& effects, MonoMs now) {
    using Kind = PrimaryEffect::Kind;
    std::string out;
    for (const PrimaryEffect& effect : effects) {
      switch (effect.kind) {
        case Kind::kSend:
          out += "    send " + Quoted(effect.text);
          break;
        case Kind::kOrderSnapshot:
          out += fmt::format("    order a snapshot, {}",
                             effect.streamed ? "streamed" : "of known size");
          break;
        case Kind::kSendSnapshot:
          out += "    send the snapshot";
          break;
        case Kind::kGoOnline:
          out += fmt::format("    stream from {}", effect.offset.value);
          break;
        case Kind::kClose:
          out += fmt::format("    close{}: {}", effect.flush ? " after flush" : "", effect.text);
          break;
      }
      out += "\n";
    }
    if (session_->is_replica()) {
      const ReplicaView view = session_->View(now, "127.0.0.1");
      out += fmt::format("    = ip={},port={},state={},offset={},lag={}\n", view.ip, view.port,
                         view.state, view.ack_offset.value, view.lag_s);
      if (session_->disk_offset().value >= 0)
        out += fmt::format("    on disk: {}\n", session_->disk_offset().value);
    }
    return out;
  }

  ReplicationIds ids_;
  BacklogRange backlog_;
  std::string refusal_;
  std::unique_ptr<PrimarySession> session_;
};

class Transcript : public testing::TestWithParam<const char*> {};

TEST_P(Transcript, Plays) {
  const std::string name = GetParam();
  const std::string path =
      std::string(PLEIAD_SOURCE_DIR) + "/src/replication/testdata/" + name + ".txt";
  std::ifstream file(path);
  ASSERT_TRUE(file.good()) << path;
  std::unique_ptr<Player> player;
  if (name.starts_with("replica")) {
    player = std::make_unique<ReplicaPlayer>();
  } else {
    player = std::make_unique<PrimaryPlayer>();
  }
  std::string expected;
  std::string actual;
  std::string line;
  while (std::getline(file, line)) {
    expected += line + "\n";
    if (line.starts_with("    ")) continue;
    actual += line + "\n";
    if (!line.empty() && !line.starts_with('#')) actual += player->Play(line);
  }
  if (std::getenv("PLEIAD_REWRITE") != nullptr) std::ofstream(path) << actual;
  EXPECT_EQ(actual, expected);
}

INSTANTIATE_TEST_SUITE_P(All, Transcript,
                         testing::Values("replica_full_sync", "replica_diskless",
                                         "replica_continue", "replica_trouble", "primary_streamed",
                                         "primary_decisions"));

}  // namespace
}  // namespace pleiad
