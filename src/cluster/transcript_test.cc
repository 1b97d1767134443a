// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Transcripts: testdata/*.txt are scripts for a World with what it answered. Each block is a line
// of command, a line of four dashes, the output and an empty line. PLEIAD_REWRITE=1 writes the
// outputs anew; read the diff before keeping it.
//
//   nodes N [timeout=MS] [seed=N]        a new world of N fresh nodes a, b, c...
//   cluster [replicas=N]                 meet, assign slots, replicate; says how long it took to be
//   ok NODE meet|forget|replicate NODE      CLUSTER subcommands; also addslots, delslots
//   FIRST-LAST..., flushslots,
//                                        setslot SLOT migrating|importing|node NODE, setslot SLOT
//                                        stable, set-config-epoch N, bumpepoch, saveconfig, reset
//                                        [hard], failover [force|takeover]
//   keys NODE SLOT N                     what its key space holds in that slot
//   NODE promise EPOCH, NODE outbid EPOCH, NODE claim SOURCE EPOCH MS RANGE: a slot migration's; it
//                                        must claim within MS. Who promises holds its clients
//   write NODE BYTES                     its replication stream grows
//   kill|start|pause|resume NODE         kill -9, start from nodes.conf, SIGSTOP, SIGCONT
//   cut NODE NODE, cut NODE all, heal    the network; cut all NODE: it hears nobody
//   run MS, quiet MS                     run prints the log, quiet drops it
//   lease NODE                           for how long it may serve by the grants it holds
//   until ok|taken NODE|leads NODE LIMIT how long until all are ok, NODE owns nothing, NODE owns
//   slots; or serves|fenced NODE by its lease
//   set NODE NAME VALUE                  configuration show [NODE] every node of itself, or
//   NODE's table
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "cluster/testing/world.h"

namespace pleiad::cluster::testing {
namespace {

using Tokens = std::vector<std::string>;

std::string Flags(uint16_t flags) {
  std::string text = (flags & kFlagMaster) != 0    ? "master"
                     : (flags & kFlagReplica) != 0 ? "replica"
                                                   : "unknown";
  if ((flags & kFlagPfail) != 0) text += ",fail?";
  if ((flags & kFlagFail) != 0) text += ",fail";
  if ((flags & kFlagHandshake) != 0) text += ",handshake";
  if ((flags & kFlagNoAddr) != 0) text += ",noaddr";
  if ((flags & kFlagNoFailover) != 0) text += ",nofailover";
  return text;
}

std::string Slots(const SlotSet& slots) {
  std::string text;
  slots.ForEachRange([&](SlotId first, SlotId last) {
    text += fmt::format(" {}", first.value);
    if (last != first) text += fmt::format("-{}", last.value);
  });
  return text;
}

class Script {
 public:
  std::string Do(const std::string& line) {
    const auto words = SplitArgs(line);
    if (!words || words->empty()) return "?\n";
    const Tokens& w = *words;
    if (w[0] == "nodes") return Nodes(w);
    if (!world_) return "no nodes yet\n";
    std::string out;
    if (w[0].size() == 1) {
      const AdminReply reply = Admin(w);
      out = world_->Readable(reply.text) + "\n";
    } else {
      out = Command(w);
    }
    for (const std::string& fault : world_->faults) out += "FAULT " + fault + "\n";
    faulty_ = faulty_ || !world_->faults.empty();
    world_->faults.clear();
    return out;
  }
  bool faulty() const { return faulty_; }

 private:
  static int Index(const std::string& word) { return word.at(0) - 'a'; }
  static int64_t Number(const std::string& word) { return ParseInt64(word).value_or(-1); }
  static std::string Option(const Tokens& w, const std::string& name,
                            const std::string& otherwise) {
    for (const std::string& word : w) {
      if (word.rfind(name + "=", 0) == 0) return word.substr(name.size() + 1);
    }
    return otherwise;
  }
  std::string Id(const std::string& word) {
    return word.size() == 1 && Index(word) < world_->count()
               ? world_->state(Index(word)).myself()->id.str()
               : word;
  }

  std::string Nodes(const Tokens& w) {
    world_ = std::make_unique<World>(static_cast<int>(Number(w[1])),
                                     Number(Option(w, "timeout", "2000")),
                                     static_cast<uint64_t>(Number(Option(w, "seed", "1"))));
    world_->TakeLog();
    return "";
  }

  std::string Command(const Tokens& w) {
    const std::string& what = w[0];
    if (what == "cluster") return Cluster(w);
    if (what == "run") return world_->Run(Number(w[1])), world_->TakeLog();
    if (what == "quiet") return world_->Run(Number(w[1])), world_->TakeLog(), "";
    if (what == "show") return w.size() == 1 ? ShowAll() : ShowTable(Index(w[1]));
    if (what == "kill") return world_->Kill(Index(w[1])), "";
    if (what == "start") return world_->Start(Index(w[1])), "";
    if (what == "pause") return world_->Pause(Index(w[1])), "";
    if (what == "resume") return world_->Resume(Index(w[1])), "";
    if (what == "heal") return world_->Heal(), "";
    if (what == "write") return world_->Write(Index(w[1]), Number(w[2])), "";
    if (what == "until") return Until(w);
    if (what == "lease") return Lease(Index(w[1]));
    if (what == "set") return Set(w);
    if (what == "cut" && w[1] == "all") {
      for (int i = 0; i < world_->count(); ++i) {
        if (i != Index(w[2])) world_->Cut(i, Index(w[2]), false);
      }
      return "";
    }
    if (what == "cut") {
      for (int i = 0; i < world_->count(); ++i) {
        if (i != Index(w[1]) && (w[2] == "all" || i == Index(w[2]))) world_->Cut(Index(w[1]), i);
      }
      return "";
    }
    if (what == "keys") {
      world_->node(Index(w[1])).keys[static_cast<int>(Number(w[2]))] =
          static_cast<uint64_t>(Number(w[3]));
      return "";
    }
    return "unknown command\n";
  }

  std::string Lease(int i) {
    const ClusterState& state = world_->state(i);
    const int64_t left = state.serve_until - MonoMs(world_->now());
    return fmt::format(
        "{}{}{}{}\n", left > 0 ? fmt::format("serves for {} ms", left) : "does not serve",
        state.contested ? ", contested" : "",
        state.claim_heard || left <= 0 ? "" : ", not heard by enough",
        state.promised.value == 0 ? "" : fmt::format(", promised {}", state.promised.value));
  }

  std::string Set(const Tokens& w) {
    ClusterConfig config = world_->node(Index(w[1])).config;
    if (w[2] == "full-coverage") config.require_full_coverage = w[3] == "yes";
    if (w[2] == "no-failover") config.replica_no_failover = w[3] == "yes";
    if (w[2] == "migration") config.allow_replica_migration = w[3] == "yes";
    if (w[2] == "fast") config.fast_failover = w[3] == "yes";
    if (w[2] == "zone") config.availability_zone = w[3];
    if (w[2] == "hostname") config.announce_hostname = w[3];
    world_->Configure(Index(w[1]), config);
    return "";
  }

  std::string Until(const Tokens& w) {
    std::function<bool()> done;
    const int node = w[1] == "ok" ? -1 : Index(w[2]);
    if (w[1] == "ok") done = [this] { return world_->AllOk(); };
    if (w[1] == "taken") done = [this, node] { return Owned(node) == 0; };
    if (w[1] == "serves") done = [this, node] { return Owned(node) > 0 && Serves(node); };
    if (w[1] == "fenced") done = [this, node] { return !Serves(node); };
    if (w[1] == "leads") done = [this, node] { return Owned(node) > 0; };
    const int64_t took = world_->RunUntil(done, Number(w.back()));
    world_->TakeLog();
    return took < 0 ? "not reached\n" : fmt::format("{} ms\n", took);
  }
  bool Serves(int node) { return MonoMs(world_->now()) < world_->state(node).serve_until; }
  int Owned(int node) { return world_->state(node).myself()->slot_count; }

  // As an admin tool does it: slots and epochs first, then MEET, then REPLICATE once everyone knows
  // everyone.
  std::string Cluster(const Tokens& w) {
    const int replicas = static_cast<int>(Number(Option(w, "replicas", "0")));
    const int masters = world_->count() / (1 + replicas);
    const int64_t start = world_->now();
    for (int i = 0; i < world_->count(); ++i) {
      world_->Admin(i, AdminSetConfigEpoch{i + 1});
      if (i >= masters) continue;
      const auto first = static_cast<uint16_t>(kSlotCount * i / masters);
      const auto last = static_cast<uint16_t>(kSlotCount * (i + 1) / masters - 1);
      world_->Admin(i, AdminAddSlots{{{SlotId(first), SlotId(last)}}});
    }
    for (int i = 1; i < world_->count(); ++i) {
      world_->Admin(0, AdminMeet{"127.0.0.1", 7000 + i, 17000 + i});
    }
    const int64_t joined = world_->RunUntil([this] { return AllKnowAll(); }, 10000);
    for (int i = masters; i < world_->count(); ++i) {
      world_->Admin(i, AdminReplicate{world_->state(i % masters).myself()->id.str()});
    }
    const auto settled = [this] { return world_->AllOk() && AllAgree(); };
    const int64_t ok = world_->RunUntil(settled, 10000);
    world_->TakeLog();
    if (joined < 0 || ok < 0) return "not reached\n";
    return fmt::format("joined after {} ms, ok after {} ms\n", joined, world_->now() - start);
  }
  bool AllKnowAll() {
    for (int i = 0; i < world_->count(); ++i) {
      for (int j = 0; j < world_->count(); ++j) {
        const Node* node = world_->state(i).Find(world_->state(j).myself()->id);
        if (node == nullptr || (i != j && (!node->link_up || node->InHandshake()))) return false;
      }
    }
    return true;
  }
  bool AllAgree() {
    for (int i = 1; i < world_->count(); ++i) {
      if (Table(i) != Table(0)) return false;
    }
    return true;
  }
  // Who is whose master and has which slots, in the eyes of i.
  std::string Table(int i) {
    std::string out;
    for (const auto& [id, node] : world_->state(i).nodes()) {
      out += id.str() + (node->master != nullptr ? node->master->id.str() : "-") +
             Slots(node->slots) + "\n";
    }
    return out;
  }

  std::string ShowAll() {
    std::string out;
    for (int i = 0; i < world_->count(); ++i) {
      if (!world_->node(i).up) {
        out += fmt::format("{}: down\n", world_->node(i).name);
        continue;
      }
      const ClusterState& s = world_->state(i);
      const Node* me = s.myself();
      out += fmt::format("{}: {} {} epoch={} config={} vote={} knows={}", world_->node(i).name,
                         s.ok ? "ok" : "fail", Flags(me->flags), s.current_epoch.value,
                         s.ConfigEpochOf(me).value, s.last_vote_epoch.value, s.size());
      if (me->master != nullptr) out += " of " + world_->NameOf(me->master->id);
      out += me->slot_count > 0 ? " slots" + Slots(me->slots) : "";
      for (int n = 0; n < kSlotCount && s.HasOpenSlots(); ++n) {
        const SlotId slot(static_cast<uint16_t>(n));
        if (const Node* to = s.MigratingTo(slot)) {
          out += fmt::format(" [{}->-{}]", n, world_->NameOf(to->id));
        }
        if (const Node* from = s.ImportingFrom(slot)) {
          out += fmt::format(" [{}-<-{}]", n, world_->NameOf(from->id));
        }
      }
      out += "\n";
    }
    return out;
  }

  std::string ShowTable(int i) {
    std::string out;
    for (const auto& [id, node] : world_->state(i).nodes()) {
      out +=
          fmt::format("{} {}{} config={} {}", world_->NameOf(id), node->IsMyself() ? "myself," : "",
                      Flags(node->flags), world_->state(i).ConfigEpochOf(node.get()).value,
                      node->IsMyself() || node->link_up ? "connected" : "disconnected");
      if (node->master != nullptr) out += " of " + world_->NameOf(node->master->id);
      if (!node->hostname.empty()) out += " " + node->hostname;
      if (!node->availability_zone.empty()) out += " in " + node->availability_zone;
      out += node->slot_count > 0 ? " slots" + Slots(node->slots) : "";
      out += "\n";
    }
    return out;
  }

  AdminReply Admin(const Tokens& w) {
    const int i = Index(w[0]);
    const std::string& what = w.at(1);
    const std::string arg = w.size() > 2 ? w[2] : "";
    if (what == "meet") {
      return world_->Admin(i, AdminMeet{"127.0.0.1", 7000 + Index(arg), 17000 + Index(arg)});
    }
    if (what == "forget") return world_->Admin(i, AdminForget{Id(arg)});
    if (what == "replicate") {
      return world_->Admin(i, AdminReplicate{Id(arg), arg == "no"});
    }
    if (what == "handover") return world_->Admin(i, AdminFailover{AdminFailover::Mode::kHandOver});
    if (what == "addslots") return world_->Admin(i, AdminAddSlots{Ranges(w)});
    if (what == "delslots") return world_->Admin(i, AdminDelSlots{Ranges(w)});
    if (what == "flushslots") return world_->Admin(i, AdminFlushSlots{});
    if (what == "set-config-epoch") return world_->Admin(i, AdminSetConfigEpoch{Number(arg)});
    if (what == "bumpepoch") return world_->Admin(i, AdminBumpEpoch{});
    if (what == "saveconfig") return world_->Admin(i, AdminSaveConfig{});
    if (what == "reset") return world_->Admin(i, AdminReset{arg == "hard"});
    if (what == "failover") {
      return world_->Admin(i, AdminFailover{arg == "force"      ? AdminFailover::Mode::kForce
                                            : arg == "takeover" ? AdminFailover::Mode::kTakeover
                                                                : AdminFailover::Mode::kDefault});
    }
    if (what == "promise") {
      world_->node(i).holds = arg != "0";
      return world_->Admin(i, AdminPromiseSlots{Epoch(static_cast<uint64_t>(Number(arg)))});
    }
    if (what == "outbid")
      return world_->Admin(i, AdminOutbid{Epoch(static_cast<uint64_t>(Number(arg)))});
    if (what == "claim") {
      AdminClaimSlots claim;
      claim.source = *NodeId::Parse(Id(arg));
      claim.epoch = Epoch(static_cast<uint64_t>(Number(w.at(3))));
      claim.deadline = MonoMs(world_->now() + Number(w.at(4)));
      claim.ranges = Ranges({w.begin() + 3, w.end()});
      return world_->Admin(i, std::move(claim));
    }
    if (what != "setslot") return {0, "unknown command", true};
    AdminSetSlot command;
    command.slot = SlotId(static_cast<uint16_t>(Number(arg)));
    command.action = w[3] == "migrating"   ? AdminSetSlot::Action::kMigrating
                     : w[3] == "importing" ? AdminSetSlot::Action::kImporting
                     : w[3] == "node"      ? AdminSetSlot::Action::kNode
                                           : AdminSetSlot::Action::kStable;
    if (w.size() > 4) command.node = Id(w[4]);
    return world_->Admin(i, command, command.slot.value);
  }
  static std::vector<SlotRange> Ranges(const Tokens& w) {
    std::vector<SlotRange> ranges;
    for (size_t k = 2; k < w.size(); ++k) {
      const auto ends = Split(w[k], '-');
      const auto first = static_cast<uint16_t>(Number(std::string(ends.front())));
      const auto last = static_cast<uint16_t>(Number(std::string(ends.back())));
      ranges.push_back({SlotId(first), SlotId(last)});
    }
    return ranges;
  }

  std::unique_ptr<World> world_;
  bool faulty_ = false;
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class Transcript : public ::testing::TestWithParam<const char*> {};

TEST_P(Transcript, IsWhatHappens) {
  const std::string path =
      std::string(PLEIAD_SOURCE_DIR) + "/src/cluster/testdata/" + GetParam() + ".txt";
  const std::string expected = ReadFile(path);
  ASSERT_FALSE(expected.empty()) << path;
  Script script;
  std::string actual;
  bool in_output = false;
  for (const std::string_view line : Split(expected, '\n')) {
    if (line.empty()) in_output = false;
    if (in_output || line == "----") continue;
    if (line.empty() || line[0] == '#') {
      const bool doubled =
          line.empty() && actual.size() > 1 && actual.substr(actual.size() - 2) == "\n\n";
      if (!doubled) actual += std::string(line) + "\n";
      continue;
    }
    actual += std::string(line) + "\n----\n" + script.Do(std::string(line)) + "\n";
    in_output = true;
  }
  while (actual.size() > 1 && actual.substr(actual.size() - 2) == "\n\n") actual.pop_back();
  EXPECT_FALSE(script.faulty()) << "a safety rule was broken; see FAULT in the output";
  if (std::getenv("PLEIAD_REWRITE") != nullptr) {
    std::ofstream(path) << actual;
  } else {
    EXPECT_EQ(actual, expected) << "PLEIAD_REWRITE=1 writes the new output into " << path;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Transcript,
                         ::testing::Values("meet", "create", "failover", "return", "collision",
                                           "deaf", "stale_claim", "setslot", "forget", "replicate",
                                           "reshard", "minority", "manual_failover", "reset",
                                           "lease", "gone", "handover", "migration"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace pleiad::cluster::testing
