# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Slots move between nodes with their keys while clients go on: nothing is lost, doubled, wrong, or refused."""
import os
import random
import threading
import time

from cluster import Cluster, expand, own_slots
from harness import Conn, Failure, RespError, key_in, key_slot, limit, pleiad_only, short


def jobs(node):
    return [dict(zip((name.decode() for name in row[::2]), row[1::2])) for row in node.cmd('CLUSTER', 'GETSLOTMIGRATIONS')]


def migrate(t, source, target, *ranges):
    command = ['SLOTSRANGE', *[n for pair in ranges for n in pair], 'NODE', target.my_id()]
    t.equal(source.cmd('CLUSTER', 'MIGRATESLOTS', *command), 'OK')


def await_job(t, node, state=b'success', seconds=20):
    t.await_true(lambda: jobs(node) and jobs(node)[0]['state'] in (b'success', b'failed', b'cancelled'), seconds,
                 'the migration to end: %s' % jobs(node)[:1])
    t.equal(jobs(node)[0]['state'], state, jobs(node)[0]['message'])


def await_moved(t, source, target, *ranges):
    """A machine that is too slow for the handover makes the migration fail and lose nothing: it is ordered again."""
    for _ in range(10):
        t.await_true(lambda: jobs(source)[0]['state'] in (b'success', b'failed', b'cancelled'), 40, 'the migration to end')
        if b'time' not in jobs(source)[0]['message']:
            break
        migrate(t, source, target, *ranges)
    await_job(t, source)


class Checker(threading.Thread):
    """A cluster client that counts up keys of some slots, reads them back and follows MOVED, and nothing else: an
    error of any other kind, a lost or a doubled increment is noted."""

    def __init__(self, cluster, low, high, keys=60, patience=0, wait=False):
        """`wait`: an increment counts when a replica has it, so that a failover loses none."""
        super().__init__(daemon=True)
        self.wait = wait
        self.nodes = {node.port: node for node in cluster.nodes}
        self.start_port = cluster.nodes[0].port
        self.patience = patience
        self.keys = [key_in(low, high, 'chk%d:' % i) for i in range(keys)]
        self.counts, self.unsure = dict.fromkeys(self.keys, 0), dict.fromkeys(self.keys, 0)
        self.where, self.conns, self.problems, self.worst, self.done = {}, {}, [], 0.0, False
        self.operations = 0

    def ask(self, key, *command):
        port = self.where.get(key_slot(key), self.start_port)
        for _ in range(8):
            if port not in self.conns:
                self.conns[port] = Conn(('127.0.0.1', port), 20)
            reply = self.conns[port](*command)
            if not isinstance(reply, RespError):
                return reply
            if not reply.startswith('MOVED '):
                raise ValueError(reply)
            port = int(reply.rsplit(':', 1)[1])
            self.where[key_slot(key)] = port
        raise ValueError('MOVED without end')

    def once(self, key):
        began = time.time()
        value = self.ask(key, 'INCR', key)
        self.worst = max(self.worst, time.time() - began)
        self.operations += 1
        low, high = self.counts[key] + 1, self.counts[key] + 1 + self.unsure[key]
        if not low <= value <= high:
            self.problems.append('%s: %d, not in %d..%d' % (key, value, low, high))
        if self.wait and self.conns[self.where.get(key_slot(key), self.start_port)]('WAIT', 1, 1000) != 1:
            raise OSError('no replica has it')
        self.counts[key], self.unsure[key] = value, 0

    def run(self):
        rng = random.Random(1)
        while not self.done:
            key = rng.choice(self.keys)
            deadline = time.time() + self.patience
            while True:
                try:
                    self.once(key)
                    break
                except (OSError, EOFError, ValueError) as error:
                    if isinstance(error, ValueError) and not self.patience:
                        self.problems.append(str(error))
                        break
                    if not isinstance(error, ValueError):
                        self.unsure[key] += 1
                    for conn in self.conns.values():
                        conn.close()
                    self.conns = {}
                    if self.done or time.time() > deadline:
                        if not self.done:
                            self.problems.append('%s: %r' % (key, error))
                        break
                    self.where.pop(key_slot(key), None)
                    self.start_port = rng.choice(list(self.nodes))

    def finish(self, t):
        self.done = True
        self.join(30)
        t.equal(self.problems, [])


@short
@limit(90)
@pleiad_only
def test_migrate_slots(t):
    """2000 slots move under a client that writes; their keys are at one node at a time; the replica has them, too."""
    cluster = Cluster(t, 4, replicas=1)
    source, target = cluster.masters
    values = cluster.fill(3000)
    moving = {key: value for key, value in values.items() if key_slot(key) < 2000}
    before = target.cmd('DBSIZE')
    checker = Checker(cluster, 0, 1999)
    checker.start()
    t.await_true(lambda: checker.operations > 200, 10, 'the client to write')
    migrate(t, source, target, (0, 999), (1000, 1999))
    await_job(t, source)
    t.await_true(lambda: checker.operations > 1000, 10, 'the client to write on')
    checker.finish(t)
    t.true(set(range(2000)) <= own_slots(target), 'the slots are the target\'s')
    row = jobs(source)[0]
    t.equal((row['operation'], row['slot_ranges']), (b'EXPORT', b'0-999 1000-1999'))
    t.equal((row['source_node'].decode(), row['target_node'].decode()), (source.my_id(), target.my_id()))
    t.equal(jobs(target)[0]['operation'], b'IMPORT')
    t.equal(row['keys_done'], row['keys_total'])
    t.true(row['keys_total'] >= len(moving) and row['bytes_done'] > 0, row)
    t.true(0 < row['hold_usec'] and 0 < jobs(target)[0]['hold_usec'] < 10**7, row)
    print('clients were held for %.1f ms, %.1f of it for the claim' % (
        row['hold_usec'] / 1000, jobs(target)[0]['hold_usec'] / 1000))
    conn = target.connect()
    for key, value in moving.items():
        t.equal(conn('GET', key), value, key)
    for key in checker.keys:
        t.equal(conn('GET', key), str(checker.counts[key]).encode(), key)
    size = before + len(moving) + len(checker.keys)
    t.equal(target.cmd('DBSIZE'), size)
    t.equal(source.cmd('DBSIZE') + size, len(values) + len(checker.keys))
    for node, keys in ((target, size), (source, len(values) - len(moving) - before)):
        replica = cluster.replicas_of(node)[0]
        t.await_true(lambda: replica.cmd('DBSIZE') == keys, 10, 'the replica to have %d keys' % keys)
    t.equal(source.cmd('GET', next(iter(moving))),
            RespError('MOVED %d %s' % (key_slot(next(iter(moving))), target.name)))


@short
@limit(60)
@pleiad_only
def test_every_type(t):
    """What a value is, and when it or its fields expire, moves with it; so do changes made meanwhile."""
    cluster = Cluster(t, 2)
    source, target = cluster.masters
    tag, conn = '{%s}' % key_in(100), source.connect()
    big = 'x' * 300000
    for command in (['SET', 's', 'v', 'PX', '1000000'], ['SET', 'big', big], ['RPUSH', 'l', *range(500)],
                    ['SADD', 'i', *range(100)], ['SADD', 'set', *['m%d' % i for i in range(500)]],
                    ['ZADD', 'z', '1.5', 'a', '-inf', 'b'], ['HSET', 'h', 'f', '1', 'g', '2'],
                    ['HPEXPIRE', 'h', '1000000', 'FIELDS', '1', 'f'], ['XADD', 'x', '1-1', 'a', 'b'],
                    ['XGROUP', 'CREATE', 'x', 'group', '0'], ['XREADGROUP', 'GROUP', 'group', 'me', 'STREAMS', 'x', '>'],
                    ['PFADD', 'hll', 'a', 'b', 'c'], ['SETBIT', 'bits', '1000', '1']):
        command = [str(word) for word in command]
        at = command.index('x') if command[0] == 'XREADGROUP' else 2 if command[0] == 'XGROUP' else 1
        command[at] = tag + command[at]
        t.true(not isinstance(conn(*command), RespError), command)
    names = [name.decode() for name in conn('CLUSTER', 'GETKEYSINSLOT', key_slot(tag), 100)]
    t.equal(len(names), 10)
    ask = {'set': 'SMEMBERS', 'hash': 'HGETALL'}  # of those, the order in a DUMP is the table's own

    def contents(conn, name):
        words = ask.get(conn('TYPE', name))
        return sorted(conn(words, name)) if words else conn('DUMP', name)
    dumps = {name: contents(conn, name) for name in names}
    migrate(t, source, target, (0, 8000))
    await_job(t, source)
    conn = target.connect()
    for name, dump in dumps.items():
        t.equal(contents(conn, name), dump, name)
    t.true(900000 < conn('PTTL', tag + 's') <= 1000000, 'expiry')
    t.true(900000 < conn('HPTTL', tag + 'h', 'FIELDS', '1', 'f')[0] <= 1000000, 'expiry of a field')
    t.equal(conn('XPENDING', tag + 'x', 'group')[0], 1)
    t.equal(source.cmd('DBSIZE'), 0)


@short
@limit(60)
@pleiad_only
def test_refusals(t):
    """What MIGRATESLOTS does not start, in Valkey's words."""
    cluster = Cluster(t, 3, replicas=0)
    source, target = cluster.nodes[:2]
    t.true('loading' in source.cmd('COMMAND', 'INFO', 'CLUSTER|GETSLOTMIGRATIONS')[0][2], 'told while data are loaded')
    ident, command = target.my_id(), ('CLUSTER', 'MIGRATESLOTS')
    for words, error in (
            (('SLOTSRANGE', 0, 1, 'NODE', source.my_id()), 'ERR Target node can not be this node.'),
            (('SLOTSRANGE', 0, 1, 'NODE', 'f' * 40), 'ERR Unknown node name: ' + 'f' * 40),
            (('SLOTSRANGE', 0, 1, 'NODE', 'x'), 'ERR Invalid node name: x'),
            (('SLOTSRANGE', 0, 'NODE', ident), 'ERR Invalid or out of range slot'),
            (('SLOTSRANGE', 5, 4, 'NODE', ident), 'ERR Start slot number 5 is greater than end slot number 4.'),
            (('SLOTSRANGE', 5, 6, 6, 7, 'NODE', ident), 'ERR Slot range 6-7 overlaps with previous range 5-6.'),
            (('SLOTSRANGE', 5000, 6000, 'NODE', ident), 'ERR Requested slots span multiple shards'),
            (('SLOTSRANGE', 6000, 6000, 'NODE', ident), 'ERR Slots are not served by this node.'),
            (('SLOTSRANGE', 'NODE', ident), 'ERR No slot ranges specified'),
            (('SLOTSRANGE', 1, 2, 'NODE', ident, 'SLOTSRANGE', 2, 3, 'NODE', ident),
             'ERR Slot ranges in migrations overlap'),
            (('RANGE', 1, 2, 'NODE', ident), 'ERR syntax error'), (('SLOTSRANGE', 1, 2), 'ERR syntax error')):
        if len(words) >= 2:
            reply = source.cmd(*command, *words)
            if words == ('SLOTSRANGE', 0, 'NODE', ident):
                t.true(isinstance(reply, RespError), reply)
            else:
                t.equal(reply, RespError(error), words)
    t.equal(source.cmd('CLUSTER', 'CANCELSLOTMIGRATIONS'), RespError('ERR No migrations ongoing'))
    t.equal(jobs(source), [])


@short
@limit(60)
@pleiad_only
def test_import_at_the_target(t):
    """CLUSTER MIGRATION, the command of Redis 8.4: the target orders, STATUS tells."""
    cluster = Cluster(t, 2)
    source, target = cluster.masters
    values = cluster.fill(300)
    task = target.cmd('CLUSTER', 'MIGRATION', 'IMPORT', 0, 99, 200, 299)
    t.equal(len(task), 40)

    def status():
        row = target.cmd('CLUSTER', 'MIGRATION', 'STATUS', 'ID', task)[0]
        return dict(zip((name.decode() for name in row[::2]), row[1::2]))
    t.await_true(lambda: status()['state'] in (b'completed', b'failed'), 10, 'the import to end: %s' % status())
    t.equal(status()['state'], b'completed', status())
    t.equal((status()['operation'], status()['slots']), (b'import', b'0-99 200-299'))
    t.true({0, 99, 200, 299} <= own_slots(target) and 100 not in own_slots(target), 'slots')
    for key, value in values.items():
        if key_slot(key) in own_slots(target):
            t.equal(target.cmd('GET', key), value)
    t.error(target.cmd('CLUSTER', 'MIGRATION', 'IMPORT', 0, 99), 'ERR this node is already the owner')
    t.equal(target.cmd('CLUSTER', 'MIGRATION', 'CANCEL', 'ALL'), 0)
    t.error(target.cmd('CLUSTER', 'MIGRATION', 'STATUS'), 'ERR')


def stalled_import(t, source, target):
    """A migration whose target stands still in its midst: the source has snapshot and changes to send."""
    ident = target.my_id()
    target.pause()
    t.equal(source.cmd('CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', 0, 1999, 'NODE', ident), 'OK')
    t.await_true(lambda: jobs(source)[0]['state'] == b'reading-establish-response', 10, 'the source to wait')


@short
@limit(90)
@pleiad_only
def test_rollback(t):
    """FLUSHALL at either side, a cancel, a link that breaks: the source keeps its slots and keys, the target none."""
    cluster = Cluster(t, 2, config='client-output-buffer-limit replica 1gb 1gb 60')
    source, target = cluster.masters
    values = cluster.fill(2000)
    mine = {key for key in values if key_slot(key) in own_slots(source)}
    own = len(values) - len(mine)
    for way in ('cancel', 'lost link', 'flush target', 'flush source'):
        conn = source.connect()
        for i in range(200):
            conn('SET', key_in(0, 1999, 'big%d:' % i), 'x' * 100000)
        stalled_import(t, source, target)
        if way == 'cancel':
            t.equal(source.cmd('CLUSTER', 'CANCELSLOTMIGRATIONS'), 'OK')
        target.resume()
        if way == 'flush source':
            t.equal(source.cmd('FLUSHALL'), 'OK')
        elif way == 'flush target':
            t.equal(target.cmd('FLUSHALL'), 'OK')
            own = 0
        elif way == 'lost link':
            for row in target.cmd('CLIENT', 'LIST').decode().splitlines():
                if 'cmd=cluster|syncslots' in row:
                    target.cmd('CLIENT', 'KILL', 'ID', row.split()[0][3:])
        await_end = lambda: jobs(source)[0]['state'] in (b'success', b'failed', b'cancelled')
        t.await_true(await_end, 20, 'the migration to end (%s)' % way)
        state = jobs(source)[0]['state']
        owner, other = (target, source) if state == b'success' else (source, target)
        t.await_true(lambda: 0 in own_slots(owner) and 0 not in own_slots(other), 10, 'one owner')
        if state == b'success':  # it was quicker than the disturbance
            migrate(t, target, source, (0, 1999))
            await_job(t, target)
        if way == 'flush source':
            mine = set()
        for key in sorted(mine)[:300]:
            t.equal(source.cmd('GET', key), values[key], key)
        t.equal(target.cmd('DBSIZE'), own, way)
        conn('FLUSHALL') if way == 'flush source' else None


def passed(t, seconds):
    until = time.time() + seconds
    t.await_true(lambda: time.time() >= until, seconds + 1, 'time to pass')


def owner_of(cluster, slot):
    return next(node for node in cluster.nodes if slot in own_slots(node))


def kill_round(t, cluster, rng, who):
    """One migration back or forth; `who` is killed or stopped for a while at a random moment of it."""
    source = owner_of(cluster, 0)
    mark = 6000 if 3000 in own_slots(source) else 3000  # a slot that stays with the other shard
    target = owner_of(cluster, mark)
    victim = {'source': source, 'target': target}.get(who)
    if victim is None:
        victim = cluster.replicas_of(source if who == 'source replica' else target)[0]
    checker = Checker(cluster, 0, 1999, patience=40, wait=cluster.replicas > 0)
    for key in checker.keys:
        checker.counts[key] = checker.ask(key, 'INCR', key)
    checker.start()
    t.await_true(lambda: checker.operations > 50, 20, 'the client to write')
    migrate(t, source, target, (0, 1999))
    passed(t, rng.random() * rng.choice((0.01, 0.03, 0.1)))  # the random step
    stop = rng.random() < 0.4
    if stop:
        victim.pause()
        passed(t, rng.random() * 3)
        victim.resume()
    else:
        victim.kill()
        victim.start()

    def settled():
        owners = [node for node in cluster.nodes if 0 in own_slots(node)]
        views = {tuple(sorted((row['id'], tuple(row['slots'])) for row in node.nodes())) for node in cluster.nodes}
        busy = any(job['state'] not in (b'success', b'failed', b'cancelled') for n in cluster.nodes for job in jobs(n))
        return len(owners) == 1 and len(views) == 1 and not busy
    t.await_true(settled, 40, 'one owner (%s)' % who)
    cluster.await_ok(30)
    seen = checker.operations
    t.await_true(lambda: checker.operations > seen + 50, 30, 'the client to go on')
    checker.finish(t)
    owner = next(node for node in cluster.nodes if 0 in own_slots(node))
    others = [node for node in cluster.nodes if node is not owner and node.cmd('ROLE')[0] == b'master']
    conn = owner.connect()
    for key in checker.keys:
        value = int(conn('GET', key) or 0)
        t.true(checker.counts[key] <= value <= checker.counts[key] + checker.unsure[key],
               '%s: %d, counted %d' % (key, value, checker.counts[key]))
    for other in others:
        t.await_true(lambda: other.cmd('CLUSTER', 'COUNTKEYSINSLOT', key_slot(checker.keys[0])) == 0, 10,
                     'no key at two nodes')
    if cluster.replicas:
        t.await_true(lambda: cluster.replicas_of(owner) and conn('WAIT', 1, 100) == 1, 20, 'the replica')
        slot = key_slot(checker.keys[0])
        for replica in cluster.replicas_of(owner):
            t.await_true(lambda: replica.cmd('CLUSTER', 'COUNTKEYSINSLOT', slot) == conn('CLUSTER', 'COUNTKEYSINSLOT', slot),
                         20, 'the replica to have the slot')
    return mark in own_slots(owner), stop


def kill_rounds(t, rounds, seed, replicas=0):
    """With appendfsync always a killed node forgets nothing it acknowledged, so the checker may be strict; with replicas
    it is as strict about what a replica confirmed."""
    cluster = Cluster(t, 3 + 3 * replicas, replicas=replicas, config='appendonly yes\nappendfsync always')
    cluster.fill(500)
    conn = cluster.nodes[0].connect()
    for i in range(60):  # so that it takes some 50 ms
        t.equal(conn('SET', key_in(0, 1999, 'bulk%d:' % i), 'x' * 100000), 'OK')
    rng, outcomes = random.Random(seed), []
    whom = ('source', 'target') + ('source replica', 'target replica') * replicas
    for i in range(rounds):
        outcomes.append(kill_round(t, cluster, rng, rng.choice(whom)))
    print('moved %d, stayed %d' % (sum(moved for moved, _ in outcomes), sum(not moved for moved, _ in outcomes)))


@limit(60 + 30 * int(os.environ.get("ROUNDS", 2)))
@pleiad_only
def test_kill(t):
    """Source or target die or stand still at a random moment: one owner, nothing lost or doubled. ROUNDS=N: more."""
    kill_rounds(t, int(os.environ.get('ROUNDS', 2)), int(os.environ.get('SEED', 1)))


@limit(60 + 60 * int(os.environ.get("ROUNDS", 2)))
@pleiad_only
def test_kill_with_replicas(t):
    """The same where both sides have replicas, which die, too, and take over."""
    kill_rounds(t, int(os.environ.get('ROUNDS', 2)), int(os.environ.get('SEED', 1)), replicas=1)


def granted(t, cluster, source, target):
    """A migration whose target has leave to claim, and can't yet: its replica stands still. Returns that replica. The
    source's replica stands still first, so that there is time to stop the other when the target has let it catch up."""
    ident, (own,), (replica,) = target.my_id(), cluster.replicas_of(source), cluster.replicas_of(target)
    here, there = source.connect(), target.connect()
    for node in source, target:  # a handover waits for the replicas whose first acknowledgement has come
        t.await_true(lambda node=node: 'state=online' in node.info('replication').get('slave0', ''), 10, 'the replica')
    for _ in range(10):
        own.pause()
        t.equal(here('SET', key_in(3000, 5000), 'x'), 'OK')
        t.equal(here('CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', 0, 1999, 'NODE', ident), 'OK')
        ended = (b'failed', b'success')
        t.await_true(lambda: jobs(source)[0]['state'] in (b'failover-paused', *ended), 10, 'the clients to be held')
        replica.pause()
        t.equal(there('SET', key_in(9000, 10000), 'x'), 'OK')
        own.resume()
        t.await_true(lambda: jobs(source)[0]['state'] in (b'failover-granted', *ended), 10, 'the leave to claim')
        if jobs(source)[0]['state'] == b'failover-granted':
            return replica
        replica.resume()  # the machine was too slow for these steps
        t.equal(jobs(source)[0]['state'], b'failed')
    raise Failure('never in time')


@limit(120)
@pleiad_only
def test_outcome_unknown(t):
    """The target dies with the leave to claim: the source holds its clients, and goes on under a greater epoch when no
    claim can come any more. The target's replica, promoted, has none of the imported keys."""
    cluster = Cluster(t, 6, replicas=1, config='cluster-require-full-coverage no\ncluster-node-timeout 4000')
    source, target = cluster.masters[:2]
    values = cluster.fill(1000)
    key = next(key for key in values if key_slot(key) < 2000)
    replica = granted(t, cluster, source, target)
    epoch = max(row['epoch'] for row in source.nodes())
    conn = source.connect(30)
    began = time.time()
    conn.send(b'*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n' % (len(key), key.encode()))
    target.kill()
    t.equal(conn.read(), values[key], 'the command that waited')
    t.true(time.time() - began > 0.5, 'it waited until no claim could come')
    await_job(t, source, b'failed')
    t.true(next(row['epoch'] for row in source.nodes() if 'myself' in row['flags']) > epoch, 'a new epoch')
    t.true(0 in own_slots(source), 'the slots stay')
    replica.resume()
    t.await_true(lambda: 10000 in own_slots(replica), 30, 'the replica to take over')
    wanted = sum(5461 <= key_slot(name) <= 10922 for name in values) + 1
    t.await_true(lambda: replica.cmd('CLUSTER', 'COUNTKEYSINSLOT', key_slot(key)) == 0
                 and replica.cmd('DBSIZE') == wanted, 10, 'the imported keys to go')


@limit(120)
@pleiad_only
def test_late_target(t):
    """The target stands still with the leave to claim, wakes too late, and claims nothing."""
    cluster = Cluster(t, 6, replicas=1, config='cluster-node-timeout 4000')
    source, target = cluster.masters[:2]
    values = cluster.fill(300)
    key = next(key for key in values if key_slot(key) < 2000)
    replica = granted(t, cluster, source, target)
    target.pause()
    replica.resume()
    t.equal(source.connect(30)('GET', key), values[key])
    await_job(t, source, b'failed')
    target.resume()
    cluster.await_ok()
    t.true(0 in own_slots(source), 'the slots stay')
    t.equal(source.cmd('SET', key, 'new'), 'OK')
    t.equal(source.cmd('GET', key), b'new')


@short
@limit(60)
@pleiad_only
def test_time_is_over(t):
    """The source's replica stands still: no leave to claim comes in time. Both sides say that it failed."""
    cluster = Cluster(t, 4, replicas=1)
    source, target = cluster.masters
    replica, = cluster.replicas_of(source)
    t.await_true(lambda: 'state=online' in source.info('replication').get('slave0', ''), 10, 'the replica')
    replica.pause()
    t.equal(source.cmd('SET', key_in(3000, 5000), 'x'), 'OK')
    migrate(t, source, target, (0, 1999))
    await_job(t, source, b'failed')
    replica.resume()
    t.await_true(lambda: jobs(target)[0]['state'] not in (b'failover-requested', b'waiting-for-paused'), 10, 'its end')
    t.equal(jobs(target)[0]['state'], b'failed')
    t.true(0 in own_slots(source), 'the slots stay')


@limit(120)
@pleiad_only
def test_failover_right_after(t):
    """The target dies as soon as it has the slots: its replica has their keys."""
    cluster = Cluster(t, 6, replicas=1)
    source, target = cluster.masters[:2]
    values = cluster.fill(3000)
    replica = cluster.replicas_of(target)[0]
    migrate(t, source, target, (0, 1999))
    await_job(t, source)
    target.kill()
    t.await_true(lambda: {0, 1999, 10000} <= own_slots(replica), 30, 'the replica to take over')
    t.await_true(lambda: replica.cluster_info()['cluster_state'] == 'ok', 20, 'it to serve')
    conn = replica.connect()
    for key, value in values.items():
        if key_slot(key) < 2000:
            t.equal(conn('GET', key), value, key)


@short
@limit(60)
@pleiad_only
def test_replica_hears_of_the_claim_first(t):
    """A replica that was away while slots were imported learns of the claim on the bus before its master's stream says
    that they are on their way: they are there, also when it takes over."""
    cluster = Cluster(t, 6, replicas=1, config='cluster-node-timeout 2000')
    source, target = cluster.masters[:2]
    values = {key: value for key, value in cluster.fill(300).items() if key_slot(key) < 2000}
    replica, ident = cluster.replicas_of(target)[0], target.my_id()
    t.await_true(lambda: 'state=online' in target.info('replication').get('slave0', ''), 10, 'the replica')
    t.equal(replica.cmd('CONFIG', 'SET', 'masterauth', 'wrong'), 'OK')
    t.equal(target.cmd('CLIENT', 'KILL', 'TYPE', 'replica'), 1)
    migrate(t, source, target, (0, 1999))
    await_job(t, source)
    t.await_true(lambda: any(row['id'] == ident and 0 in expand(row['slots']) for row in replica.nodes()), 10,
                 'the news of the claim')
    t.equal(replica.info('replication')['master_link_status'], 'down')
    t.equal(replica.cmd('CONFIG', 'SET', 'masterauth', ''), 'OK')
    t.await_true(lambda: replica.info('replication')['master_link_status'] == 'up', 20, 'the stream')
    t.await_true(lambda: replica.cmd('DBSIZE') == target.cmd('DBSIZE'), 10, 'all keys at the replica')
    target.kill()
    t.await_true(lambda: 0 in own_slots(replica) and replica.cluster_info()['cluster_state'] == 'ok', 20, 'the failover')
    served = replica.connect()
    for key, value in values.items():
        t.equal(served('GET', key), value, key)


@short
@limit(60)
@pleiad_only
def test_held_commands(t):
    """What waits while slots change hands: a transaction as a whole, a blocked client, a pipeline in its order."""
    cluster = Cluster(t, 6, replicas=1, config='cluster-node-timeout 4000')
    source, target = cluster.masters[:2]
    tag = '{%s}' % key_in(100)
    blocked, queued, pipeline = source.connect(30), source.connect(30), source.connect(30)
    queued('MULTI')
    t.equal(queued('INCR', tag + 'n'), 'QUEUED')
    blocked.send(b'*3\r\n$5\r\nBLPOP\r\n$%d\r\n%slist\r\n$1\r\n0\r\n' % (len(tag) + 4, tag.encode()))
    replica = granted(t, cluster, source, target)
    queued.send(b'*1\r\n$4\r\nEXEC\r\n')
    one = b'*2\r\n$4\r\nINCR\r\n$%d\r\n%sp\r\n' % (len(tag) + 1, tag.encode())
    pipeline.send(b'PING\r\n' + one + b'PING\r\n' + one)
    t.equal(pipeline.read(), 'PONG')
    replica.resume()
    t.await_true(lambda: jobs(source)[0]['state'] in (b'success', b'failed'), 20, 'the end')
    moved = jobs(source)[0]['state'] == b'success'
    answers = [queued.read(), pipeline.read(), pipeline.read(), pipeline.read()]
    if moved:
        error = RespError('MOVED %d %s' % (key_slot(tag), target.name))
        t.equal(answers, [error, error, 'PONG', error])
        t.equal(blocked.read(), error)
        t.equal(queued('INCR', tag + 'n'), error, 'the transaction is over')
    else:
        t.equal(answers, [[1], 1, 'PONG', 2])
        t.equal(source.cmd('RPUSH', tag + 'list', 'x'), 1)
        t.equal(blocked.read(), [(tag + 'list').encode(), b'x'])


@short
@limit(60)
@pleiad_only
def test_client_pause(t):
    """A migration waits with its handover until CLIENT PAUSE is over, and is not broken off."""
    cluster = Cluster(t, 4, replicas=1)
    source, target = cluster.masters
    cluster.fill(500)
    t.equal(source.cmd('CLIENT', 'PAUSE', 60000, 'WRITE'), 'OK')
    migrate(t, source, target, (0, 1999))
    t.await_true(lambda: jobs(source)[0]['state'] == b'replicating', 10, 'the changes to follow')
    passed(t, 0.3)
    t.equal(jobs(source)[0]['state'], b'replicating')
    t.equal(source.cmd('CLIENT', 'UNPAUSE'), 'OK')
    await_job(t, source)
    t.true({0, 1999} <= own_slots(target), 'slots')


class Mirror:
    """Commands go to a key of a slot that moves, and to its twin in one that stays: the twin is what it must be."""

    def __init__(self, t, conn, tag, twin):
        self.t, self.conn, self.tag, self.twin, self.count = t, conn, tag, twin, 0

    def __call__(self, name, *args, keys=1):
        """The first `keys` arguments are keys. False: the slot has gone."""
        reply = self.conn(name, *[self.tag + a if i < keys else a for i, a in enumerate(args)])
        if isinstance(reply, RespError) and reply.startswith('MOVED '):
            return False
        same = self.conn(name, *[self.twin + a if i < keys else a for i, a in enumerate(args)])
        self.t.equal(reply, same, (name, args[:4]))
        self.count += 1
        return True

    def group(self, name, *args):
        """XGROUP CREATE and its like, whose key is the second argument."""
        for tag in self.tag, self.twin:
            self.t.true(not isinstance(self.conn('XGROUP', name, tag + args[0], *args[1:]), RespError), args)


def contents(conn, key):
    kind = conn('TYPE', key)
    ttl = conn('PTTL', key) > 0
    if kind == 'stream':
        info = conn('XINFO', 'STREAM', key)
        facts = {name: value for name, value in zip(info[::2], info[1::2])
                 if name in (b'length', b'last-generated-id', b'entries-added', b'max-deleted-entry-id', b'groups')}
        groups = [conn('XPENDING', key, group[1], '-', '+', 5000) for group in conn('XINFO', 'GROUPS', key)]
        pending = [[row[:2] + row[3:] for row in group] for group in groups]  # without the time since
        return kind, ttl, conn('XRANGE', key, '-', '+'), facts, pending, conn('XINFO', 'GROUPS', key)
    ask = {'list': ('LRANGE', key, 0, -1), 'set': ('SMEMBERS', key), 'zset': ('ZRANGE', key, 0, -1, 'WITHSCORES'),
           'hash': ('HGETALL', key), 'string': ('GET', key), 'none': ('EXISTS', key)}[kind]
    value = conn(*ask)
    if kind == 'hash':
        value = sorted(zip(value[::2], value[1::2]))
    return kind, ttl, sorted(value) if kind == 'set' else value


PAD = '.' * 700


def fill_large(mirror, size, rng):
    for start in range(0, size, 500):
        some = range(start, start + 500)
        mirror('RPUSH', 'l', *['e%d' % i + PAD for i in some])
        mirror('SADD', 's', *['m%d' % i + PAD for i in some])
        mirror('ZADD', 'z', *[w for i in some for w in (rng.randrange(1000), 'm%d' % i + PAD)])
        mirror('HSET', 'h', *[w for i in some for w in ('f%d' % i, 'v' + PAD)])
        for i in some:
            mirror('XADD', 'x', '%d-1' % (i + 1), 'f', PAD)
    mirror('HPEXPIREAT', 'h', 4000000000000, 'FIELDS', 2, 'f7', 'f9')
    mirror('PEXPIRE', 'z', 1000000)
    mirror('SADD', 's2', 'a')
    mirror('RPUSH', 'l2', 'a')
    mirror.group('CREATE', 'x', 'g', '0')
    for tag in mirror.tag, mirror.twin:
        mirror.conn('XREADGROUP', 'GROUP', 'g', 'me', 'COUNT', 50, 'STREAMS', tag + 'x', '>')


def change_large(mirror, rng, size, n):
    """One random command. False: the slot has gone."""
    i, new = rng.randrange(size), 'n%d' % n
    member = 'm%d' % i + PAD
    commands = [
        ('LPUSH', 'l', new), ('RPUSH', 'l', new, new + '+'), ('LPOP', 'l'), ('RPOP', 'l', 2), ('LSET', 'l', i // 2, new),
        ('LSET', 'l', -1 - i // 2, new), ('LTRIM', 'l', 1, -2), ('SADD', 's', new), ('SREM', 's', member),
        ('ZADD', 'z', i, new), ('ZADD', 'z', 'XX', 'GT', i, member), ('ZINCRBY', 'z', 5, member), ('ZREM', 'z', member),
        ('HSET', 'h', 'f%d' % i, new), ('HDEL', 'h', 'f%d' % i), ('HINCRBY', 'h', 'n%d' % (i % 50), 3),
        ('HPEXPIREAT', 'h', 4000000000000, 'FIELDS', 1, 'f%d' % i), ('XADD', 'x', '%d-1' % (size + n + 1), 'f', new),
        ('XDEL', 'x', '%d-1' % (size // 2 + i // 2)), ('PEXPIREAT', 'h', 4000000000000), ('INCR', 'small')]
    rare = [('SMOVE', 's', 's2', member, 2), ('LMOVE', 'l', 'l2', 'LEFT', 'RIGHT', 2), ('RPOPLPUSH', 'l', 'l2', 2),
            ('SUNIONSTORE', 's3', 's2', 's', 3), ('COPY', 'z', 'z2', 'REPLACE', 2), ('RENAME', 'l2', 'l3', 2),
            ('XACK', 'x', 'g', '%d-1' % (1 + i % 50)), ('XTRIM', 'x', 'MAXLEN', size - n)]
    last = [('RENAME', 's', 's4', 2), ('DEL', 'h'), ('LREM', 'l', 1, new), ('ZPOPMAX', 'z'), ('ZPOPMIN', 'z', 2),
            ('RENAME', 'z', 'l', 2), ('SET', 'x', 'v'), ('LINSERT', 'l', 'BEFORE', new, 'y')]
    chosen = rng.choice(commands if rng.random() < 0.9 else rare if rng.random() < 0.8 or n < 400 else last)
    if isinstance(chosen[-1], int) and chosen[0] in ('SMOVE', 'LMOVE', 'RPOPLPUSH', 'SUNIONSTORE', 'COPY', 'RENAME'):
        missing = chosen[0] == 'RENAME' and not mirror.conn('EXISTS', mirror.twin + chosen[1])
        return missing or mirror(*chosen[:-1], keys=chosen[-1])
    return mirror(*chosen)


@short
@limit(120)
@pleiad_only
def test_large_keys(t):
    """Lists, sets, sorted sets, streams and hashes are sent in pieces while clients change, move, copy and delete
    them; the migration goes on, and what arrives is what they are at the end. ROUNDS=N: with other seeds."""
    size = 5000
    for seed in range(int(os.environ.get('SEED', 1)), int(os.environ.get('SEED', 1)) + int(os.environ.get('ROUNDS', 1))):
        cluster = Cluster(t, 2, config='cluster-node-timeout 15000')
        source, target = cluster.masters
        rng = random.Random(seed)
        mirror = Mirror(t, source.connect(30), '{%s}' % key_in(100), '{%s}' % key_in(5000))
        fill_large(mirror, size, rng)
        filled = mirror.count
        migrate(t, source, target, (0, 500))
        t.await_true(lambda: jobs(source)[0]['bytes_done'] or jobs(source)[0]['state'] == b'success', 20, 'the beginning')
        try:
            for n in range(100000):
                if n % 100 == 0 and n < 1000:  # it takes longer than it would
                    (target.resume if n // 100 % 2 else target.pause)()
                if not change_large(mirror, rng, size, n) or n % 500 == 499 and jobs(source)[0]['state'] == b'failed':
                    break
        finally:
            target.resume()
        await_moved(t, source, target, (0, 500))
        t.true(mirror.count > filled, 'it was changed meanwhile')
        there, here = target.connect(30), source.connect(30)
        names = {name.decode().replace(mirror.tag, '') for name in there('CLUSTER', 'GETKEYSINSLOT', key_slot(mirror.tag), 100)}
        twins = {name.decode().replace(mirror.twin, '') for name in here('CLUSTER', 'GETKEYSINSLOT', key_slot(mirror.twin), 100)}
        t.equal(names, twins)
        for name in sorted(names):
            t.true(contents(there, mirror.tag + name) == contents(here, mirror.twin + name), 'seed %d: %s' % (seed, name))
        print('seed %d: %d changes meanwhile, keys %s' % (seed, mirror.count - filled, ' '.join(sorted(names))))
        for node in cluster.nodes:
            node.kill()


@short
@limit(60)
@pleiad_only
def test_big_hash(t):
    """A hash of many fields is sent in pieces while clients change it; what arrives is what it is at the end."""
    cluster = Cluster(t, 2)
    source, target = cluster.masters
    key, conn, rng = key_in(100), source.connect(), random.Random(3)
    model = {}
    for start in range(0, 20000, 500):
        fields = {b'f%d' % i: b'v%d' % i + b'.' * 200 for i in range(start, start + 500)}
        conn('HSET', key, *[word for pair in fields.items() for word in pair])
        model.update(fields)
    conn('PEXPIRE', key, 1000000)
    migrate(t, source, target, (0, 500))
    while True:  # changes until the slot has gone
        field = b'f%d' % rng.randrange(22000)
        way = rng.randrange(3)
        if way == 0:
            reply, model_after = conn('HDEL', key, field), None
        elif way == 1:
            reply, model_after = conn('HSET', key, field, b'new'), b'new'
        else:
            reply, model_after = conn('HINCRBY', key, b'n' + field, 5), b'%d' % (int(model.get(b'n' + field, 0)) + 5)
            field = b'n' + field
        if isinstance(reply, RespError):
            t.true(reply.startswith('MOVED '), reply)
            break
        if model_after is None:
            model.pop(field, None)
        else:
            model[field] = model_after
    await_job(t, source)
    conn = target.connect()
    reply = conn('HGETALL', key)
    t.true(dict(zip(reply[::2], reply[1::2])) == model, 'the hash at the target')
    t.true(900000 < conn('PTTL', key) <= 1000000, 'expiry')
    for command in ('DEL', key), ('RENAME', key, '{%s}x' % key), ('COPY', key, '{%s}y' % key):
        conn = target.connect()
        migrate(t, target, source, (0, 500))
        conn(*command)  # in the midst of it, or before or after: all of it or nothing
        await_job(t, target)
        owner = source if jobs(target)[0]['state'] == b'success' else target
        names = {name.decode() for name in owner.cmd('CLUSTER', 'GETKEYSINSLOT', 100, 10)}
        for name in names:
            t.equal(owner.cmd('HLEN', name), len(model), (command, name))
        if owner is source:
            migrate(t, source, target, (0, 500))
            await_job(t, source)
        conn = target.connect()
        if command[0] == 'RENAME':
            t.equal(conn('RENAME', '{%s}x' % key, key), 'OK')
        if command[0] == 'DEL':
            fields = list(model.items())
            for i in range(0, len(fields), 500):
                conn('HSET', key, *[word for pair in fields[i:i + 500] for word in pair])
