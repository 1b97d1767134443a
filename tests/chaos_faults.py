# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""What is done to a cluster. A fault is a method of Faults; it ends when the cluster is whole again. Those marked
unclean may cost acknowledged writes of the victim's slots, since replication is asynchronous: what the client was told
within their time is not held against the server (but with durable writes it is)."""
import random

from chaos_world import NODE_TIMEOUT
from cluster import own_slots


def unclean(function):
    function.unclean = True
    return function


class Faults:
    ALL = ('kill_master', 'stop_master_short', 'isolate_master', 'manual_failover', 'migrate_slots', 'stop_master_long',
           'cut_replication', 'kill_replica', 'deaf_master', 'terminate_master', 'mute_master')

    def __init__(self, world, probers, seed, say):
        self.world, self.rng, self.say, self.t = world, random.Random(seed), say, world.t
        self.probers = {prober.node: prober for prober in probers}
        self.windows, self.stops = [], []  # (fault, begin, end, slots, unclean), seconds until a cut-off master stopped
        self.timeout = NODE_TIMEOUT * world.t.slow

    def run(self, name):
        function = getattr(self, name)
        victim = self.rng.choice(self.world.masters_now())
        slots, begin = own_slots(victim), self.world.now()
        self.say('%7.2f s  %s of %s' % (begin, name.replace('_', ' '), victim.name))
        function(victim)
        self.world.await_ok(60)
        self.windows.append((name, begin, self.world.now(), slots, getattr(function, 'unclean', False)))

    def wait(self, seconds):
        until = self.world.now() + seconds
        self.t.await_true(lambda: self.world.now() >= until, seconds + 5, 'the span of a fault')

    def others(self, node):
        return [other for other in self.world.nodes if other is not node]

    def await_successor(self, victim, slots):
        def taken():
            return any(node is not victim and slots <= own_slots(node) for node in self.world.alive())
        self.t.await_true(taken, 30, 'somebody to take over from ' + victim.name)

    @unclean
    def kill_master(self, victim):
        slots, replica = own_slots(victim), self.world.replica_of(victim)
        victim.kill()
        if replica is not None:
            self.await_successor(victim, slots)
        victim.start()

    @unclean
    def terminate_master(self, victim):
        victim.stop()
        victim.start()

    def kill_replica(self, victim):
        replica = self.world.replica_of(victim)
        if replica is not None:
            replica.kill()
            replica.start()

    def stop_master_short(self, victim):
        victim.pause()
        try:
            self.wait(0.5 * self.timeout)
        finally:
            victim.resume()

    @unclean
    def stop_master_long(self, victim):
        alive = self.others(victim)
        slots = own_slots(victim)
        victim.pause()
        try:
            self.t.await_true(lambda: any(slots <= own_slots(node) for node in alive), 30, 'a failover')
        finally:
            victim.resume()

    def _cut(self, pairs, victim, slots):
        """Until somebody else has the slots; notes how long the victim went on."""
        begin = self.world.now()
        self.world.network.cut(pairs)
        try:
            alive = self.others(victim)
            self.t.await_true(lambda: any(slots <= own_slots(node) for node in alive), 30, 'a failover')
            self.stops.append(max(0.0, self.probers[victim].last_accepted() - begin))
        finally:
            self.world.network.cut(())

    @unclean
    def isolate_master(self, victim):
        pairs = [pair for other in self.others(victim) for pair in ((victim, other), (other, victim))]
        self._cut(pairs, victim, own_slots(victim))

    @unclean
    def deaf_master(self, victim):
        self._cut([(other, victim) for other in self.others(victim)], victim, own_slots(victim))

    @unclean
    def mute_master(self, victim):
        self._cut([(victim, other) for other in self.others(victim)], victim, own_slots(victim))

    def cut_replication(self, victim):
        replica = self.world.replica_of(victim)
        if replica is not None:
            self.world.network.cut([(victim, replica), (replica, victim)])
            self.wait(2 * self.timeout)
            self.world.network.cut(())

    def manual_failover(self, victim):
        replica = self.world.replica_of(victim)
        if replica is None or replica.cmd('CLUSTER', 'FAILOVER') != 'OK':
            return
        gives_up = self.world.now() + 6 * self.t.slow  # it is tried for five seconds
        self.t.await_true(lambda: replica.cmd('ROLE')[0] == b'master' or self.world.now() > gives_up, 10, 'a failover')

    def migrate_slots(self, victim):
        target = self.rng.choice([node for node in self.world.masters_now() if node is not victim])
        low = self.rng.choice(sorted(own_slots(victim)))
        slots = sorted(slot for slot in own_slots(victim) if low <= slot < low + 200)
        ranges = [word for slot in slots for word in (slot, slot)]
        if victim.cmd('CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', *ranges, 'NODE', target.ident) != 'OK':
            return

        def ended():
            rows = victim.cmd('CLUSTER', 'GETSLOTMIGRATIONS')
            return all(dict(zip(row[::2], row[1::2]))[b'state'] in (b'success', b'failed', b'cancelled') for row in rows)
        self.t.await_true(ended, 30, 'the migration to end')
