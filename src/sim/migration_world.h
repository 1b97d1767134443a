// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The world of migration_weather.h: its nodes are cluster machines, the sessions of a migration,
// and a model of what runtime/{export,import}_link do around them. For the two files that make it
// up.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "migration/export_session.h"
#include "migration/import_session.h"
#include "sim/migration_weather.h"
#include "sim/small_world.h"

namespace pleiad::sim {

using migration::ExportEffect;
using migration::ExportInput;
using migration::ExportSession;
using migration::ImportEffect;
using migration::ImportInput;
using migration::ImportSession;

inline constexpr Us kPull = 20 * kMs;
inline constexpr Us kMigrationPoll = 10 * kMs;
inline constexpr Us kMigrationWrite = 7 * kMs;
inline constexpr int kSlotReplicas = 2;
inline constexpr Us kOnline = 2 * kSecond;

struct MigrationSky {
  SmallWeather world;
  int masters = 3;
  Us length = 0;
  int cut = 0;
  int pause = 0;
  int boot = 0;
  int manual = 0;
  int plot = 0;

  static MigrationSky Draw(const MigrationOptions& options) {
    Prng prng(options.seed ^ 0x519a7e);
    const auto pick = [&prng](std::initializer_list<int64_t> list) {
      return *(list.begin() + static_cast<std::ptrdiff_t>(prng.Below(list.size())));
    };
    MigrationSky s;
    s.masters = static_cast<int>(pick({3, 3, 4, 5}));
    const int64_t timeout = pick({500, 1000});
    const Us nt = timeout * kMs;
    s.world.node_timeout_ms = timeout;
    s.world.manual_timeout_ms = pick({timeout / 4, timeout, 5000});
    s.world.slow_percent = static_cast<uint64_t>(pick({0, 15, 40}));
    s.world.slow_max = nt * pick({5, 60, 150}) / 100;
    s.world.disk_mean = nt * pick({0, 1, 10}) / 100;
    s.world.drift_ppm = pick({0, 30'000});
    s.world.mutations = options.mutations;
    s.world.strike_every = nt * pick({30, 80, 200}) / 100;
    s.length = nt * 15;
    s.cut = static_cast<int>(pick({0, 2, 4}));
    s.pause = static_cast<int>(pick({0, 2, 4}));
    s.boot = static_cast<int>(pick({0, 2, 4}));
    s.manual = static_cast<int>(pick({0, 0, 1}));
    s.plot = static_cast<int>(pick({0, 1, 1}));
    if (s.plot > 0) s.world.strike_every *= 3;  // it needs some quiet
    return s;
  }
};

// Values of the slot. `hidden`: imported, and not ours yet. The version is what replicas confirm.
struct Keys {
  std::vector<uint64_t> visible;
  std::vector<uint64_t> hidden;
  uint64_t version = 0;
};

struct Exporter {
  std::unique_ptr<ExportSession> session;
  int target = -1;
  uint64_t link = 0;
  bool tap = false;
  size_t tapped = 0;
  int64_t sent = 0;
  bool draining = false;
  uint64_t drained_at = 0;
  bool promise_due = false;
};

struct Importer {
  std::unique_ptr<ImportSession> session;
  int source = -1;
  uint64_t link = 0;
  int64_t applied = 0;
  bool waits = false;
  uint64_t settle_at = 0;
};

// One direction of a connection: it keeps its order.
struct Pipe {
  Us busy = 0;
  std::deque<std::function<void()>> waiting;
};

class MigrationWorld : public SmallWorld {
 public:
  MigrationWorld(const MigrationOptions& options, const MigrationSky& sky, MigrationReport* report)
      : SmallWorld(options.seed, sky.world, sky.masters + kSlotReplicas, {SlotId(0)}),
        options_(options),
        sky_(sky),
        report_(report),
        sides_(static_cast<size_t>(count())) {}
  void Run();

 protected:
  void Strike() override;
  void Look(Peer& p) override;
  void OnBorn(Peer& p) override;
  void OnDied(Peer& p) override;
  void OnStep(Peer& p, const cluster::Effects& effects, bool was_replica) override;
  void OnObeyed(Peer& p, const cluster::Effects& effects) override;

 private:
  struct Side {
    Keys keys;
    Exporter out;
    Importer in;
    bool held = false;
    bool settling = false;  // held until the claim is confirmed
    int master = -1;        // from whom it pulled in this life
    int follows = -1;       // by its table, when it last was a replica
    Us pulled = -kOnline;
    uint64_t pulled_version = 0;
    uint64_t claim_request = 0;
    bool unheard = false;  // held until enough have heard of the greater claim
    Epoch outbid{0};       // asked for until it is granted
    Us outbid_at = 0;
    uint64_t outbid_request = 0;
    uint64_t promise_request = 0;
  };
  Side& side(int i) { return sides_[static_cast<size_t>(i)]; }
  bool Broken(MigrationFault fault) const { return options_.fault == fault; }
  bool Takes(int i) { return Accepts(peer(i), 0) && !side(i).held; }
  int IndexOf(const NodeId& id);
  int Master(int i);     // whom it follows; -1: it is a master
  int OwnerSeen(int i);  // of the slot, in its table
  void Fail(std::string text);
  void Adopt(int i);  // what is ours is visible
  uint64_t Ask(int i, cluster::AdminCommand command);

  void Pull();
  void Poll();
  void Write();
  void Begin();
  bool ReplicasHave(int i, uint64_t version);
  void Post(int from, int to, uint64_t link, std::function<void()> f);
  void Deliver(int from, int to, uint64_t link, uint64_t life, Us since);
  void ToTarget(int i, const std::string& text, std::vector<uint64_t> records);
  void OnTarget(int t, int s, uint64_t link, const std::string& text,
                const std::vector<uint64_t>& records);
  void StepOut(int i, ExportInput::Kind kind, std::string text = {});
  void Obey(int i, const ExportEffect& effect);
  void StepIn(int i, ImportInput::Kind kind, std::string text = {}, Epoch epoch = {});
  void Obey(int i, const ImportEffect& effect);
  void Pump(int i);
  void PollOut(int i);
  void PollIn(int i);
  std::string WhyBrokenIn(int i);
  void Release(int i, Epoch outbid);
  void Count(const std::string& what, int victim);
  void Plot(int s, int t);
  void Rest();

  const MigrationOptions options_;
  const MigrationSky sky_;
  MigrationReport* report_;
  std::vector<Side> sides_;
  struct Acked {
    int node;
    Us at;
    bool excused = false;
  };
  std::unordered_map<uint64_t, Acked> acked_;
  int authority_ = 0;
  uint64_t next_value_ = 1;
  uint64_t next_link_ = 1;
  uint64_t next_request_ = 1;
  bool resting_ = false;
  std::map<std::pair<int, uint64_t>, Pipe> pipes_;  // by node and link
};

}  // namespace pleiad::sim
