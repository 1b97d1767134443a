# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""A cluster's life under load: reshard, rebalance, fix, add and remove nodes, by dialogue, by options, and by Debian's
redis-cli. Clients count all the while, and afterwards every counter is what it was counted to."""
import json
import os
import random
import signal
import subprocess
import threading
import time

from cluster import Cluster, own_slots
from harness import HOST, REDIS_CLI, REDIS_SERVER, SLOTS, Conn, RespError, key_in, key_slot, limit, pleiad_only, short


# A node that gets no time for two seconds on a crowded machine is not what these tests are about.
PATIENT = 'cluster-node-timeout 8000'


class Load:
    """Threads that INCR keys all over the cluster, following MOVED and ASK, and remember what they counted.

    After a broken connection it is not known whether the command was run; such a key is allowed to be one off.
    """

    def __init__(self, cluster, threads=2, keys=2000):
        self.cluster, self.stop = cluster, threading.Event()
        self.keys = ['load:%d' % i for i in range(keys)]
        self.counted = [{} for _ in range(threads)]
        self.unsure, self.errors, self.asked = set(), [], 0
        self.seeds = [node.address for node in cluster.masters]
        self.threads = [threading.Thread(target=self._run, args=(i,)) for i in range(threads)]
        for thread in self.threads:
            thread.start()

    def _run(self, number):
        conns, owners, turn = {}, {}, number * 17
        try:
            while not self.stop.is_set():
                turn += 1
                key = self.keys[turn % len(self.keys)]
                self._count(conns, owners, key, self.counted[number])
        except Exception as error:  # noqa: BLE001 a thread's failure must be seen
            self.errors.append(repr(error))

    def _count(self, conns, owners, key, mine):
        slot = key_slot(key)
        address, ask, said = owners.get(slot, self.seeds[0]), False, []
        for attempt in range(2000):
            said.append((round(time.time() % 1000, 3), address[1]))
            try:
                conn = conns.get(address) or conns.setdefault(address, Conn(address))
                if ask:
                    conn('ASKING')
                reply = conn('INCR', key)
            except (OSError, EOFError) as error:
                said.append(repr(error))
                conns.pop(address, None)
                self.unsure.add(key)
                address, ask = self.seeds[attempt % len(self.seeds)], False
                continue
            if not isinstance(reply, RespError):
                mine[key] = mine.get(key, 0) + 1
                return
            if reply.startswith('TRYAGAIN') or reply.startswith('CLUSTERDOWN'):
                self.stop.wait(0.01)
                continue
            said.append(str(reply))
            kind, _, where = reply.split(' ', 2)
            if kind not in ('MOVED', 'ASK'):
                raise AssertionError(reply)
            host, port = where.rsplit(':', 1)
            address, ask = (host, int(port)), kind == 'ASK'
            self.asked += ask
            if kind == 'MOVED':
                owners[slot] = address
        raise AssertionError('no answer for %s: %s' % (key, (said[:4] + said[-8:])))

    def check(self, t):
        """Stops and compares: nothing lost, nothing twice, and each key in one place."""
        t.await_true(lambda: self.errors or sum(sum(mine.values()) for mine in self.counted) > 1000, 30, 'load')
        self.stop.set()
        for thread in self.threads:
            thread.join()
        t.equal(self.errors, [])
        wanted = {key: sum(mine.get(key, 0) for mine in self.counted) for key in self.keys}
        places, lost = {}, []
        for node in self.cluster.alive():
            if node.cmd('ROLE')[0] != b'master':
                continue
            conn = node.connect()
            for key in conn('KEYS', 'load:*'):
                key = key.decode()
                places.setdefault(key, []).append((node.name, conn('GET', key)))
        for key, count in wanted.items():
            found = places.get(key, [])
            if len(found) != (1 if count else 0):
                lost.append((key, count, found))
            elif count and int(found[0][1]) not in (count, count + (key in self.unsure)):
                lost.append((key, count, found))
        t.equal(lost, [])
        return sum(wanted.values())


def _ok(t, *args, stdin=None):
    status, out, err = t.tool('trib', *args, stdin=stdin, timeout=60, env={'PLEIAD_TRIB_STATE': t.path('trib-state')})
    t.equal(status, 0, out[-3000:] + err)
    return out


def _add_master(t, cluster, binary=None):
    node = t.server(cluster=True, binary=binary or t.binary, config=PATIENT)
    _ok(t, 'add-node', node.name, cluster.nodes[0].name)
    cluster.nodes.append(node)
    cluster.await_ok()
    return node


def _slots(node):
    return len(own_slots(node))


@pleiad_only
@limit(150)
def test_seed_part_4(t):
    """The seed's operations in its order, by dialogue, under load: create, check, add a master and give it 500 slots,
    add a replica to it, reshard between old nodes, remove the replica, empty the master and remove it."""
    cluster = Cluster(t, 6, replicas=1, create='trib', config=PATIENT)
    load = Load(cluster)
    first, second = cluster.nodes[0], cluster.nodes[1]
    t.contains(_ok(t, 'check', '1', first.name), '[OK] All 16384 slots covered.')

    added = _add_master(t, cluster)
    out = _ok(t, 'reshard', added.name, stdin='500\n%s\nall\nyes\n' % added.my_id())
    for line in ('How many slots do you want to move (from 1 to 16384)? What is the receiving node ID? ',
                 'Please enter all the source node IDs.\n', 'Source node #1:\nReady to move 500 slots.\n',
                 'Do you want to proceed with the proposed reshard plan (yes/no)? Moving slot '):
        t.contains(out, line)
    t.true(498 <= _slots(added) <= 500, 'it has %d slots' % _slots(added))
    cluster.await_ok()

    replica = t.server(cluster=True, config=PATIENT)
    _ok(t, 'add-node', replica.name, first.name)
    cluster.nodes.append(replica)
    cluster.await_known(8)
    t.equal(replica.cmd('CLUSTER', 'REPLICATE', added.my_id()), 'OK')
    cluster.await_ok()
    t.equal(cluster.replicas_of(added), [replica])

    before = _slots(second)
    _ok(t, 'reshard', first.name, stdin='300\n%s\n%s\ndone\nyes\n' % (second.my_id(), first.my_id()))
    t.equal(_slots(second), before + 300)
    cluster.await_ok()

    _ok(t, 'del-node', first.name, replica.my_id())
    t.await_true(lambda: replica.process.poll() is not None, 10, 'the replica to end')
    replica.killed = True
    count = _slots(added)
    _ok(t, 'reshard', first.name, stdin='%d\n%s\n%s\ndone\nyes\n' % (count, first.my_id(), added.my_id()))
    t.equal(_slots(added), 0)
    _ok(t, 'del-node', first.name, added.my_id())
    t.await_true(lambda: added.process.poll() is not None, 10, 'the master to end')
    added.killed = True
    cluster.await_ok()
    t.contains(_ok(t, 'check', first.name), '[OK] All 16384 slots covered.')
    print('%d counts, %d answers were ASK' % (load.check(t), load.asked))


@limit(150)
def test_redis_cli_drives(t):
    """Debian's redis-cli --cluster reshard, rebalance and fix on our nodes under load."""
    cluster = Cluster(t, 3, config=PATIENT)
    load = Load(cluster)
    names = cluster.names

    def cli(*args):
        status, out, err = t.run(REDIS_CLI, '--cluster', *args, timeout=60)
        t.equal(status, 0, out[-3000:] + err)
        return out
    # Its dialogue reads pieces of a fixed size, so answers can't be piped in: options.
    cli('reshard', names[0], '--cluster-from', cluster.nodes[0].my_id(), '--cluster-to', cluster.nodes[2].my_id(),
        '--cluster-slots', 60, '--cluster-yes')
    t.equal([_slots(node) for node in cluster.nodes], [5401, 5462, 5521])
    cli('reshard', names[0], '--cluster-from', cluster.nodes[1].my_id(), '--cluster-to', cluster.nodes[0].my_id(),
        '--cluster-slots', 40, '--cluster-yes', '--cluster-pipeline', 3)
    cluster.await_ok()
    cli('rebalance', names[0], '--cluster-threshold', 1)
    t.true(all(5461 <= _slots(node) <= 5462 for node in cluster.nodes), 'it is even')
    key = key_in(10)
    source, target = cluster.nodes[0], cluster.nodes[1]
    target.cmd('CLUSTER', 'SETSLOT', key_slot(key), 'IMPORTING', source.my_id())
    source.cmd('CLUSTER', 'SETSLOT', key_slot(key), 'MIGRATING', target.my_id())
    cli('fix', names[0])
    cluster.await_ok()
    t.true(key_slot(key) in own_slots(target), 'the move was finished')
    load.check(t)


@limit(150)
def test_mixed_reshard(t):
    """`trib reshard` and `rebalance` in a cluster of Pleiad and redis-server, in both directions, under load."""
    cluster = Cluster(t, 3, binaries=[t.binary, REDIS_SERVER, t.binary], config=PATIENT)
    load = Load(cluster)
    ids = [node.my_id() for node in cluster.nodes]
    names = cluster.names
    _ok(t, 'reshard', '--from', ids[0], '--to', ids[1], '--slots', 80, '--yes', names[0])
    _ok(t, 'reshard', '--from', ids[1], '--to', ids[2], '--slots', 80, '--yes', '--pipeline', 3, names[1])
    t.equal([_slots(node) for node in cluster.nodes], [5381, 5462, 5541])
    cluster.await_ok()
    _ok(t, 'rebalance', '--threshold', 1, names[2])
    t.true(all(5461 <= _slots(node) <= 5462 for node in cluster.nodes), 'it is even')
    cluster.await_ok()
    load.check(t)


@pleiad_only
@limit(150)
def test_interrupted(t):
    """The tool is killed again and again in the midst of a slot, under load; fix closes what it left; nothing is lost.
    Ctrl-C leaves nothing open."""
    cluster = Cluster(t, 3, config=PATIENT)
    state = {'PLEIAD_TRIB_STATE': t.path('trib-state')}
    tag = key_in(0, prefix='many')
    conn = cluster.nodes[0].connect()
    many = 3000
    for i in range(many):
        conn('SET', '{%s}%d' % (tag, i), i)
    load = Load(cluster)
    opened = 0
    for turn in range(4):
        source, target = cluster.nodes[turn % 2], cluster.nodes[1 - turn % 2]
        words = ['trib', 'reshard', '--from', source.my_id(), '--to', target.my_id(), '--slots', '30', '--yes', '--classic',
                 '--pipeline', '1', cluster.names[0]]
        tool = subprocess.Popen([t.binary] + words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                env=dict(os.environ, **state))
        t.await_true(lambda: target.cmd('CLUSTER', 'COUNTKEYSINSLOT', 0) > 100, 30, 'keys of slot 0 to move')
        tool.send_signal(signal.SIGINT if turn == 3 else signal.SIGKILL)
        tool.wait(60)
        is_open = sum('[0-' in str(row['slots']) for node in cluster.nodes for row in node.nodes())
        opened += is_open
        if turn == 3:
            t.equal(is_open, 0, 'Ctrl-C leaves nothing open')
        _ok(t, 'fix', cluster.names[0])
        cluster.await_ok()
        t.equal([node.cmd('CLUSTER', 'COUNTKEYSINSLOT', 0) for node in (source, target)], [0, many], 'the move was finished')
    t.true(opened > 0, 'no kill left a slot open')
    load.check(t)
    print('%d open ends were closed' % opened)


@pleiad_only
@limit(120 + 30 * int(os.environ.get('ROUNDS', 4)))
def test_tool_dies(t):
    """Reshard, rebalance and drain, slots as a whole and key by key, are killed or stopped by Ctrl-C at random moments
    under load; resume (or fix) ends it: one owner, nothing open, no key lost or doubled. ROUNDS=N: more."""
    cluster = Cluster(t, 3, config=PATIENT)
    state = t.path('trib-state')
    env = dict(os.environ, PLEIAD_TRIB_STATE=state)
    rng, load, killed = random.Random(int(os.environ.get('SEED', 1))), Load(cluster, threads=1), 0
    for turn in range(int(os.environ.get('ROUNDS', 4))):
        entry, leaving = cluster.names[0], None
        what = rng.choice(('reshard', 'reshard', 'rebalance', 'drain'))
        if what == 'reshard':
            source, target = rng.sample(cluster.nodes, 2)
            words = ['--from', source.my_id(), '--to', target.my_id(), '--slots', str(rng.choice((50, 400))), '--yes', entry]
        elif what == 'rebalance':
            words = ['--threshold', '0', entry]
            for node in cluster.nodes:
                words += ['--weight', '%s=%d' % (node.my_id(), rng.randint(1, 3))]
        else:
            leaving = _add_master(t, cluster)
            _ok(t, 'reshard', '--from', 'all', '--to', leaving.my_id(), '--slots', '500', '--yes', entry)
            cluster.await_ok()
            words = ['--yes', leaving.name]
        if rng.random() < 0.5:
            words.append('--classic')
        tool = subprocess.Popen([t.binary, 'trib', what] + words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                stdin=subprocess.DEVNULL, env=env)
        until = time.time() + 0.03 + rng.random() * rng.choice((0.05, 0.3, 1))  # the random moment
        t.await_true(lambda: time.time() >= until or tool.poll() is not None, 5, 'time to pass')
        killed += tool.poll() is None
        tool.send_signal(rng.choice((signal.SIGKILL, signal.SIGINT)))
        tool.wait(60)
        if leaving is None or leaving.process.poll() is None:
            _ok(t, rng.choice(('resume', 'resume', 'fix')), entry)
        if os.path.exists(state):
            os.remove(state)
        if leaving is not None:
            if leaving.process.poll() is None and any(leaving.my_id() in str(row['id']) for row in cluster.nodes[0].nodes()):
                t.await_true(lambda: t.tool('trib', 'check', entry)[0] == 0, 20, 'all to be well')
                _ok(t, 'drain', '--yes', leaving.name)
            t.await_true(lambda: leaving.process.poll() is not None, 20, 'the drained node to end')
            leaving.killed = True
            if leaving in cluster.nodes:
                cluster.nodes.remove(leaving)
            if leaving in cluster.masters:
                cluster.masters.remove(leaving)
        cluster.await_ok()
        t.await_true(lambda: t.tool('trib', 'check', entry)[0] == 0, 20, 'all to be well (%s)' % what)
    load.check(t)
    print('%d of %d runs were killed in their midst' % (killed, turn + 1))


@pleiad_only
@limit(150)
def test_fix(t):
    """Slots that are open at one side, at both with keys on both, and that nobody owns, with and without keys."""
    cluster = Cluster(t, 3, config=PATIENT)
    nodes = cluster.nodes
    ids = [node.my_id() for node in nodes]
    values = cluster.fill(300)
    nodes[0].cmd('CLUSTER', 'SETSLOT', 1, 'MIGRATING', ids[1])
    nodes[1].cmd('CLUSTER', 'SETSLOT', 2, 'IMPORTING', ids[0])
    tag = key_in(3)
    for i in range(20):
        values['{%s}%d' % (tag, i)] = b'v%d' % i
        nodes[0].cmd('SET', '{%s}%d' % (tag, i), 'v%d' % i)
    nodes[2].cmd('CLUSTER', 'SETSLOT', 3, 'IMPORTING', ids[0])
    nodes[0].cmd('CLUSTER', 'SETSLOT', 3, 'MIGRATING', ids[2])
    some = nodes[0].cmd('CLUSTER', 'GETKEYSINSLOT', 3, 7)
    t.equal(nodes[0].cmd('MIGRATE', *nodes[2].address, '', 0, 5000, 'KEYS', *some), 'OK')
    nodes[0].cmd('CLUSTER', 'SETSLOT', 3, 'STABLE')  # the source forgot: keys are stranded at the target
    status, out, _ = t.tool('trib', 'check', nodes[0].name)
    t.equal(status, 1)
    t.contains(out, 'The following slots are open: 1,2,3')
    _ok(t, 'fix', '--dry-run', nodes[0].name)
    t.equal(t.tool('trib', 'check', nodes[0].name)[0], 1, 'a dry run changes nothing')
    _ok(t, 'fix', nodes[0].name)
    cluster.await_ok()
    for key, value in values.items():
        t.equal(cluster.owner(key).cmd('GET', key), value, key)
    for node in nodes:
        node.cmd('CLUSTER', 'DELSLOTS', 4)
    t.await_true(lambda: nodes[0].cluster_info()['cluster_slots_assigned'] == str(SLOTS - 1), 10, 'a hole')
    _ok(t, 'fix', '--yes', nodes[0].name)
    cluster.await_ok()


@pleiad_only
@limit(150)
def test_drain(t):
    """A node is emptied and removed in one step under load; the rest ends up even."""
    cluster = Cluster(t, 3, config=PATIENT)
    load = Load(cluster)
    leaving = _add_master(t, cluster)
    _ok(t, 'reshard', '--from', 'all', '--to', leaving.my_id(), '--slots', 90, '--yes', cluster.names[0])
    out = _ok(t, 'drain', leaving.name, '--yes')
    t.contains(out, '>>> Draining %s: 89 slots to 3 masters' % leaving.name)
    t.await_true(lambda: leaving.process.poll() is not None, 10, 'the node to end')
    leaving.killed = True
    cluster.await_ok()
    t.true(all(5461 <= _slots(node) <= 5462 for node in cluster.nodes[:3]), 'the rest is even')
    load.check(t)


@pleiad_only
@limit(100)
def test_rebalance(t):
    """Weights, empty masters, and by keys: the node with the crowded slots gives some away."""
    cluster = Cluster(t, 3, config=PATIENT)
    names = cluster.names
    t.contains(_ok(t, 'rebalance', names[0]), '*** No rebalancing needed!')
    first = cluster.nodes[0].connect()
    for slot in range(40):
        tag = key_in(slot, prefix='crowd')
        for i in range(25):
            first('SET', '{%s}%d' % (tag, i), 'v')
    out = _ok(t, 'rebalance', '--by', 'keys', '--dry-run', names[0])
    t.contains(out, 'Moving 13 slots from %s' % names[0])
    _ok(t, 'rebalance', '--by', 'memory', '--threshold', '20', names[0])
    cluster.await_ok()
    sizes = [node.cmd('DBSIZE') for node in cluster.nodes]
    t.true(max(sizes) < 450, 'keys are spread: %r' % sizes)
    _ok(t, 'rebalance', '--weight', cluster.nodes[0].my_id()[:8] + '=1.01', '--threshold', '0.1', names[0])
    cluster.await_ok()
    t.equal(sum(node.cmd('DBSIZE') for node in cluster.nodes), 1000)


@pleiad_only
@limit(100)
def test_import(t):
    """Keys of a redis-server outside come in, each to its owner; the options; refusals."""
    cluster = Cluster(t, 3, config=PATIENT)
    source = t.redis('--requirepass', 'secret')
    conn = source.connect()
    conn('AUTH', 'secret')
    for i in range(300):
        conn('SET', 'import:%d' % i, i)
    args = ['import', '--from', source.name, '--from-pass', 'secret', cluster.names[0]]
    out = _ok(t, *args, '--copy')
    t.contains(out, '*** Importing 300 keys from DB 0')
    t.contains(out, 'Migrating import:7 to ')
    t.equal(conn('DBSIZE'), 300)
    t.equal(sum(node.cmd('DBSIZE') for node in cluster.nodes), 300)
    status, out, _ = t.tool('trib', *args)
    t.equal(status, 1, 'the keys are there already')
    t.contains(out, 'BUSYKEY')
    _ok(t, *args, '--replace')
    t.equal(conn('DBSIZE'), 0)
    for i in range(0, 300, 37):
        key = 'import:%d' % i
        t.equal(cluster.owner(key).cmd('GET', key), b'%d' % i)
    status, out, _ = t.tool('trib', 'import', cluster.names[0])
    t.equal((status, out.strip()), (1, "[ERR] Option '--from' is required for subcommand 'import'."))


@pleiad_only
@limit(100)
def test_up_conf_backup_doctor(t):
    """A cluster from one command, its configuration files, a backup of it, and what doctor, watch and check --json say."""
    status, out, _ = t.tool('conf', '7000', '--cluster', '--maxmemory', '100mb')
    t.equal(status, 0)
    t.contains(out, '\nport 7000\n')
    t.contains(out, '\nmaxmemory 100mb\n')
    t.equal(t.tool('conf', 'x')[0], 1)
    base = next(port for port in iter(t.free_port, None)
                if all(t._can_bind(port + i) and t._can_bind(port + i + 10000) for i in range(4)))
    folder = t.path('up')
    try:
        out = _ok(t, 'up', '--nodes', 4, '--replicas', 0, '--dir', folder, '--base-port', base)
        t.contains(out, '[OK] All 16384 slots covered.')
        name = '127.0.0.1:%d' % base
        t.equal(t.tool('trib', 'up', '--dir', folder, '--base-port', base)[0], 1, 'it is up already')
        conn = Conn((HOST, base))
        key = key_in(0, 4000)
        t.equal(conn('SET', key, 'v'), 'OK')
        found = json.loads(_ok(t, 'check', '--json', name))
        t.equal((found['ok'], len(found['nodes'])), (True, 4))
        status, out, _ = t.tool('trib', 'doctor', name)
        t.equal(status, 1, out)
        t.contains(out, 'Master %s has no replica' % name)
        t.contains(_ok(t, 'watch', name), name)
        _ok(t, 'backup', name, t.path('backup'))
        files = sorted(os.listdir(t.path('backup')))
        t.equal(len(files), 5, files)
        t.equal(len(json.load(open(os.path.join(t.path('backup'), 'nodes.json')))), 4)
        dump = next(file for file in files if '-%d-' % base in file)
        loaded = t.server('--dir', t.path('backup'), '--dbfilename', dump)
        t.equal(loaded.cmd('GET', key), b'v')
        t.equal(_ok(t, 'call', name, 'dbsize', '--cluster-only-replicas').count('127.0.0.1'), 0)
    finally:
        for i in range(4):
            try:
                with open(os.path.join(folder, str(base + i), 'node.pid')) as file:
                    os.kill(int(file.read()), signal.SIGTERM)
            except (OSError, ValueError):
                pass


@pleiad_only
@limit(100)
def test_resume(t):
    """A run that was killed goes on where it was."""
    cluster = Cluster(t, 3, config=PATIENT)
    env = {'PLEIAD_TRIB_STATE': t.path('state')}
    ids = [node.my_id() for node in cluster.nodes]
    conn = cluster.nodes[0].connect()
    tags = [key_in(slot, prefix='r') for slot in range(20)]
    for i in range(2000):
        conn('SET', '{%s}%d' % (tags[i % 20], i), 'v')
    words = ['trib', 'reshard', '--from', ids[0], '--to', ids[1], '--slots', '200', '--yes', '--classic', cluster.names[0]]
    tool = subprocess.Popen([t.binary] + words, stdout=subprocess.DEVNULL, env=dict(os.environ, **env))
    t.await_true(lambda: _slots(cluster.nodes[1]) > 5480, 30, 'slots to move')
    tool.kill()
    tool.wait(30)
    t.true(_slots(cluster.nodes[0]) > 5261, 'it was not done')
    status, out, err = t.tool('trib', 'resume', '--classic', cluster.names[0], env=env, timeout=60)
    t.equal(status, 0, out[-2000:] + err)
    t.equal([_slots(node) for node in cluster.nodes], [5261, 5662, 5461])
    cluster.await_ok()
    t.equal(sum(node.cmd('DBSIZE') for node in cluster.nodes), 2000)
    t.true(not os.path.exists(t.path('state')), 'the list is gone')


def _linked(other, node):
    if other is node:
        return True
    line = [line for line in other.cmd('CLUSTER', 'NODES').decode().splitlines() if line.startswith(node.my_id())]
    return bool(line) and line[0].split()[7] == 'connected' and 'slave' in line[0].split()[2].split(',')


@limit(150)
def test_rolling_move_from_redis(t):
    """Three redis-server masters become Pleiad nodes under load: replicas join, fail over, the old ones go."""
    cluster = Cluster(t, 3, binaries=[REDIS_SERVER] * 3, config=PATIENT)
    old = list(cluster.nodes)
    load = Load(cluster, threads=1)
    for master in old:
        ident = master.my_id()
        node = t.server(cluster=True, config=PATIENT)
        _ok(t, 'add-node', '--slave', '--master-id', ident, node.name, cluster.nodes[-1].name)
        cluster.nodes.append(node)
        cluster.await_ok()
        # A redis-server without a link to the candidate grants its vote, and has no way to say so.
        t.await_true(lambda: all(_linked(other, node) for other in cluster.nodes), 10, 'links to the new node')
        t.equal(node.cmd('CLUSTER', 'FAILOVER'), 'OK')
        t.await_true(lambda: node.cmd('ROLE')[0] == b'master' and master.cmd('ROLE')[0] == b'slave', 20, 'the failover')
        load.seeds = [node.address]
        cluster.await_ok()
    for master in old:
        _ok(t, 'del-node', cluster.nodes[-1].name, master.my_id())
        t.await_true(lambda: master.process.poll() is not None, 10, '%s to end' % master.name)
        master.killed = True
    cluster.await_ok()
    t.contains(_ok(t, 'check', cluster.nodes[-1].name), '[OK] All 16384 slots covered.')
    t.equal(len(cluster.alive()), 3)
    load.check(t)


def _json(t, *args, status=0):
    """The object that `trib ARGS --json` prints, on one line and alone."""
    got, out, err = t.tool('trib', args[0], '--json', *args[1:], timeout=60, env={'PLEIAD_TRIB_STATE': t.path('trib-state')})
    t.equal(out.count('\n'), 1, out + err)
    found = json.loads(out)
    t.equal((got, found['exit'], found['ok'], found['command']), (status, status, status == 0, args[0]), out)
    t.true(all(isinstance(line, str) for line in found['messages']), out)
    t.equal(found['error'] is None, status == 0, out)
    return found


@limit(100)
@pleiad_only
def test_json(t):
    """Every command says with --json what it found, planned or did, in fields whose names stay."""
    cluster = Cluster(t, 3, create='')
    empty, spare = [t.server(cluster=True) for _ in range(2)]
    names = cluster.names
    found = _json(t, 'create', '--dry-run', *names)
    t.equal([row['slots'] for row in found['masters']], [[[0, 5460]], [[5461, 10922]], [[10923, 16383]]])
    t.equal(_json(t, 'create', *names, status=1)['error'], '*** Aborting...')  # nobody is asked
    found = _json(t, 'create', '--yes', *names)
    t.equal(([row['address'] for row in found['masters']], found['replicas'], found['covered']), (names, [], True))
    ids = [row['name'] for row in found['masters']]
    cluster.await_ok()
    for i in range(100):
        t.equal(cluster.nodes[0].cmd('SET', key_in(0, 4999, 'j%d:' % i), 'v'), 'OK')
    found = _json(t, 'check', names[0])
    t.equal((found['agree'], found['covered'], found['open'], found['unreachable'], found['warnings']),
            (True, True, [], 0, []))
    t.equal(found['nodes'][0]['slots'], [[0, 5460]])
    found = _json(t, 'info', names[0])
    t.equal((found['keys'], sorted(row['slots_count'] for row in found['masters'])), (100, [5461, 5461, 5462]))
    found = _json(t, 'add-node', empty.name, names[0])
    t.equal((found['added']['address'], found['master']), (empty.name, None))
    found = _json(t, 'add-node', '--slave', '--master-id', ids[0], spare.name, names[0])
    t.equal(found['master'], {'name': ids[0], 'address': names[0]})
    t.await_true(lambda: all(len(node.nodes()) == 5 for node in cluster.nodes + [empty, spare]), 20, 'all to be known')
    move = ('reshard', names[0], '--from', ids[0], '--to', empty.my_id(), '--slots', 5000)
    plan = _json(t, *move, '--dry-run')
    moves = [{'from': ids[0], 'to': empty.my_id(), 'slots': [[0, 4999]], 'slots_count': 5000}]
    t.equal((plan['moves'], 'moved' in plan), (moves, False))
    done = _json(t, *move, '--yes')
    t.equal((done['moves'], done['moved'], done['keys']), (moves, 5000, 100))
    t.true(done['bytes'] > 1000 and done['hold_usec'] > 0 and done['milliseconds'] > 0, done)
    cluster.nodes.append(empty)
    cluster.await_ok()
    plan = _json(t, 'rebalance', names[0], '--simulate')
    t.true(plan['moves'] and all(row['to'] == ids[0] for row in plan['moves']), plan)
    done = _json(t, 'rebalance', names[0])
    t.equal((done['moves'], done['moved']), (plan['moves'], sum(row['slots_count'] for row in plan['moves'])))
    cluster.await_ok()
    t.equal(_json(t, 'rebalance', names[0])['moves'], [])
    found = _json(t, 'drain', empty.name, '--dry-run')
    t.equal(sum(row['slots_count'] for row in found['moves']), len(own_slots(empty)))
    t.equal(cluster.nodes[1].cmd('CLUSTER', 'SETSLOT', 7000, 'MIGRATING', empty.my_id()), 'OK')
    t.equal(_json(t, 'check', names[0], status=1) and _json(t, 'fix', '--dry-run', names[0])['repairs'],
            [{'slot': 7000, 'owner': ids[1]}])
    found = _json(t, 'fix', names[0])
    t.equal((found['repairs'], found['open'], found['covered']), ([{'slot': 7000, 'owner': ids[1]}], [], True))
    t.equal(_json(t, 'resume', names[0])['moves'], [])
    found = _json(t, 'doctor', names[0], status=1)
    t.true(any('no replica' in row['what'] and row['serious'] and row['remedy'] for row in found['findings']), found)
    found = _json(t, 'watch', names[0])
    t.equal(sorted(row['role'] for row in found['nodes']), ['master'] * 4 + ['replica'])
    found = _json(t, 'set-timeout', names[0], 15000)
    t.equal((found['set'], found['failed']), (5, 0))
    found = json.loads(t.tool('trib', '--json', 'call', names[0], 'dbsize')[1])
    t.equal((len(found['replies']), all(row['ok'] for row in found['replies'])), (5, True))
    found = _json(t, 'backup', names[0], t.path('saved'))
    t.equal((len(found['files']), all(row['bytes'] > 0 for row in found['files'])), (4, True))
    other = t.server()
    t.equal(other.cmd('SET', 'imported', 'v'), 'OK')
    t.equal((_json(t, 'import', names[0], '--from', other.name)['keys']), 1)
    t.equal(_json(t, 'del-node', names[0], spare.my_id())['removed']['address'], spare.name)
    t.equal(_json(t, 'check', '127.0.0.1:1', status=1)['error'], "[ERR] Sorry, can't connect to node 127.0.0.1:1")


@short
@limit(60)
@pleiad_only
def test_zones(t):
    """Nodes that say their availability zones: masters in each of them, each replica in another than its master."""
    zones = ['a', 'a', 'b', 'b', 'c', 'c']
    nodes = [t.server(cluster=True, config='availability-zone ' + zone) for zone in zones]
    out = _ok(t, 'create', '--replicas', 1, '--yes', *[node.name for node in nodes])
    t.true('WARNING' not in out, out)
    rows = {row['id']: row for row in nodes[0].nodes()}
    zone = {node.my_id(): where for node, where in zip(nodes, zones)}
    t.equal(sorted(zone[ident] for ident, row in rows.items() if not row['master'] or row['master'] == '-'), ['a', 'b', 'c'])
    for ident, row in rows.items():
        if row['master'] and row['master'] != '-':
            t.true(zone[ident] != zone[row['master']], (ident, row))
    t.true('WARNING' not in _ok(t, 'check', nodes[0].name), 'a good placement')
    for node, where in zip(nodes, zones):
        t.equal(node.cmd('CONFIG', 'SET', 'availability-zone', 'a' if where == 'b' else where), 'OK')
    t.contains(_ok(t, 'check', nodes[0].name), '[WARNING] ')
