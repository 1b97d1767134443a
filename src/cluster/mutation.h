// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Mutation: one rule of this folder, broken on purpose. The simulator runs the machine with one of
// them at a time and must notice; that is how its checks are checked. Production has none: the set
// is empty, and asking it is a test of one bit on paths that are rare.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pleiad::cluster {

enum class Mutation : uint8_t {
  kVoteUnsaved,          // the vote is sent without being saved
  kVoteTwice,            // lastVoteEpoch is not looked at
  kVoteForLiving,        // the candidate's master need not be FAIL
  kVotesOfReplicas,      // replicas answer requests for votes too
  kCountVoteTwice,       // each vote counts as two
  kMinorityWins,         // one vote less is enough
  kElectionUnsaved,      // the epoch of an election is not saved before votes are asked for
  kElectionEpochKept,    // currentEpoch is not raised for an election
  kWinUnsaved,           // the claim of the winner is not saved
  kWinEpochKept,         // the winner claims under an old epoch
  kRebindAny,            // a claim under any config epoch takes a slot
  kFailAlone,            // PFAIL is FAIL, whoever else says so
  kFailNeverCleared,     // FAIL stays after the node answers again
  kEpochNotAdopted,      // currentEpoch of others is not taken over
  kStaleDataStands,      // a replica that never heard of its master since it started stands
  kManualNoWait,         // a manual failover does not wait for the master's last offset
  kManualNoPause,        // the master goes on writing during a manual failover
  kLeaseIgnored,         // a master serves without a lease
  kLeaseDatedAtReceipt,  // a grant counts from when it came, not from when it was asked for
  kLeaseNeverContested,  // the winner of an election serves at once
  // Noticed by the lease's own weather (sim/lease_weather.h):
  kLeaseCountsItself,   // a contested master counts itself among those that must grant
  kLeaseNotBefore,      // a contested master counts a grant at once, whatever its not_before says
  kLeaseOldGrants,      // grants asked for before the present claim count for it
  kLeaseBootForgotten,  // a voter that was started again assumes that it had granted nobody
  kLeaseStaleGranted,   // a claim that the voter knows to be overtaken is granted
  kLeaseNumbersRepeat,  // a request's number may be that of one of an earlier life
  // Noticed by the weather of migrations (sim/migration_weather.h):
  kLeaseOfBefore,       // slots gained with a claim are served by grants from before it
  kOutbidUnasked,       // the source goes on without asking whether the slots were claimed
  kPromiseForgotten,    // a restart of the source forgets that it allowed a claim
  kPromiseAndFailover,  // it stops for a manual failover while a claim is allowed
  kWordForEver,         // the target relies on the source's word for longer than that holds
};
inline constexpr int kMutationCount = 31;
// From here on it takes the lease's weather, and that of migrations.
inline constexpr int kFirstLeaseMutation = 20;
inline constexpr int kFirstMigrationMutation = 26;

inline constexpr std::array<std::string_view, kMutationCount> kMutationNames = {
    "vote-unsaved",
    "vote-twice",
    "vote-for-living",
    "votes-of-replicas",
    "count-vote-twice",
    "minority-wins",
    "election-unsaved",
    "election-epoch-kept",
    "win-unsaved",
    "win-epoch-kept",
    "rebind-any",
    "fail-alone",
    "fail-never-cleared",
    "epoch-not-adopted",
    "stale-data-stands",
    "manual-no-wait",
    "manual-no-pause",
    "lease-ignored",
    "lease-dated-at-receipt",
    "lease-never-contested",
    "lease-counts-itself",
    "lease-not-before",
    "lease-old-grants",
    "lease-boot-forgotten",
    "lease-stale-granted",
    "lease-numbers-repeat",
    "lease-of-before",
    "outbid-unasked",
    "promise-forgotten",
    "promise-and-failover",
    "word-for-ever"};

struct Mutations {
  uint64_t bits = 0;
  bool Has(Mutation m) const { return ((bits >> static_cast<unsigned>(m)) & 1U) != 0; }
  void Add(Mutation m) { bits |= uint64_t{1} << static_cast<unsigned>(m); }
};

}  // namespace pleiad::cluster
