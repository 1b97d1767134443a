# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""MIGRATE: keys move to another server, of ours or redis-server 7.0.15, without a lost or doubled write."""
import socket
import threading
import time

from cluster import Cluster, expand, follow
from harness import HOST, REDIS_SERVER, Conn, RespError, key_in, key_slot, limit, pleiad_only, short


def _fill(node):
    c = node.connect()
    c('SET', 's', 'v' * 1000)
    c('SET', 'int', '12345')
    c('SET', 'soon', 'x', 'PX', 60000)
    c('RPUSH', 'l', *range(300))
    c('SADD', 'set', 'a', 'b', 'c')
    c('HSET', 'h', 'f', 'v', 'g', 'w')
    c('ZADD', 'z', 1, 'one', 2.5, 'two')
    c('XADD', 'x', '1-1', 'f', 'v')
    return {'s': c('GET', 's'), 'int': b'12345', 'l': c('LRANGE', 'l', 0, -1), 'set': sorted(c('SMEMBERS', 'set')),
            'h': c('HGETALL', 'h'), 'z': c('ZRANGE', 'z', 0, -1, 'WITHSCORES'), 'x': c('XRANGE', 'x', '-', '+')}


def _read(node):
    c = node.connect()
    return {'s': c('GET', 's'), 'int': c('GET', 'int'), 'l': c('LRANGE', 'l', 0, -1),
            'set': sorted(c('SMEMBERS', 'set')), 'h': c('HGETALL', 'h'), 'z': c('ZRANGE', 'z', 0, -1, 'WITHSCORES'),
            'x': c('XRANGE', 'x', '-', '+')}


def _round_trip(t, source, target):
    want = _fill(source)
    names = list(want) + ['soon']
    t.equal(source.cmd('MIGRATE', *target.address, '', 0, 5000, 'KEYS', 'nosuch', *names), 'OK')
    t.equal(source.cmd('DBSIZE'), 0)
    t.equal(_read(target), want)
    t.true(50000 < target.cmd('PTTL', 'soon') <= 60000, 'the expiry went along')
    t.equal(source.cmd('MIGRATE', *target.address, '', 0, 5000, 'KEYS', *names), 'NOKEY')


@short
def test_types(t):
    """Every type arrives whole, with its expiry, between our own nodes."""
    _round_trip(t, t.server(), t.server())


def test_to_redis(t):
    """The same to redis-server and from it, in both directions over one pair."""
    ours, theirs = t.server(), t.redis()
    _round_trip(t, ours, theirs)
    theirs.cmd('FLUSHALL')
    _round_trip(t, theirs, ours)


@short
def test_options(t):
    """COPY, REPLACE, database, AUTH, AUTH2, a replica gets the DEL, and the errors' texts."""
    source, target = t.server(), t.server()
    source.cmd('SET', 'k', 'v')
    to = target.address
    t.equal(source.cmd('MIGRATE', *to, 'k', 3, 1000, 'COPY'), 'OK')
    t.equal(source.cmd('GET', 'k'), b'v')
    c = target.connect()
    c('SELECT', 3)
    t.equal(c('GET', 'k'), b'v')
    t.equal(source.cmd('MIGRATE', *to, 'k', 3, 1000),
            RespError('ERR Target instance replied with error: BUSYKEY Target key name already exists.'))
    t.equal(source.cmd('GET', 'k'), b'v')
    source.cmd('SET', 'k', 'w')
    t.equal(source.cmd('MIGRATE', *to, 'k', 3, 1000, 'REPLACE'), 'OK')
    t.equal(c('GET', 'k'), b'w')
    t.equal(source.cmd('EXISTS', 'k'), 0)
    t.equal(source.cmd('MIGRATE', *to, 'k', 0, 1000, 'KEYS', 'a'),
            RespError('ERR When using MIGRATE KEYS option, the key argument must be set to the empty string'))
    source.cmd('SET', 'k', 'v')
    reply = source.cmd('MIGRATE', *to, 'k', 99, 1000)
    t.true(reply.startswith('ERR Target instance replied with error: ERR'), reply)
    t.equal(source.cmd('MIGRATE', HOST, t.free_port(), 'k', 0, 1000),
            RespError('IOERR error or timeout connecting to the client'))
    target.cmd('CONFIG', 'SET', 'requirepass', 'secret')
    reply = source.cmd('MIGRATE', *to, 'k', 0, 1000, 'AUTH', 'wrong')
    t.true(reply.startswith('ERR Target instance replied with error: '), reply)
    t.equal(source.cmd('MIGRATE', *to, 'k', 0, 1000, 'COPY', 'AUTH', 'secret'), 'OK')
    t.equal(source.cmd('MIGRATE', *to, 'k', 0, 1000, 'REPLACE', 'AUTH2', 'default', 'secret'), 'OK')
    c = source.connect()
    c('MULTI')
    t.true(isinstance(c('MIGRATE', *to, 'k', 0, 1000), RespError), 'it cannot wait in a transaction')


@short
def test_silent_target(t):
    """A target that accepts and says nothing: an IOERR after the time, and other clients go on meanwhile."""
    source = t.server()
    silent = socket.socket()
    silent.bind((HOST, 0))
    silent.listen(5)
    other = source.connect()
    other('SET', 'k', 'v')
    c = source.connect()
    c.send('MIGRATE %s %d k 0 700\r\n' % silent.getsockname())
    held = source.connect()
    t.await_true(lambda: other('CLIENT', 'LIST').count(b'cmd=migrate') == 1, 5, 'MIGRATE to wait')
    began = time.monotonic()
    held.send('INCR k\r\nGET k\r\n')
    t.equal(other('GET', 'k'), b'v')
    t.equal(other('SET', 'another', 'x'), 'OK')
    t.true(time.monotonic() - began < 0.5, 'others wait for nothing')
    t.equal(c.read(), RespError('IOERR error or timeout reading from target instance'))
    # The held write ran afterwards, on the key that stayed.
    t.equal(held.read(), RespError('ERR value is not an integer or out of range'))
    t.equal(held.read(), b'v')
    silent.close()


@short
def test_writers(t):
    """Counters that are incremented while they move, back and forth: each increment is in exactly one place."""
    nodes = [t.server(), t.server()]
    keys = ['c%d' % i for i in range(20)]
    done, stop = [0] * 3, threading.Event()

    def write(number):
        conns = [Conn(node.address) for node in nodes]
        while not stop.is_set():
            for key in keys:
                # Only where the key is, as a cluster client would; INCR of an absent key would make a second one.
                for conn in conns:
                    if conn('EXISTS', key) and conn('SET', key, 'x', 'XX', 'GET') is not None:
                        conn('SET', key, 'x', 'XX')
                        break
                conns[0]('HINCRBY', 'all', key, 1)
                done[number] += 1
    conn = nodes[0].connect()
    for key in keys:
        conn('SET', key, 'v')
    threads = [threading.Thread(target=write, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(30):
        source, target = nodes[turn % 2], nodes[1 - turn % 2]
        t.equal(source.cmd('MIGRATE', *target.address, '', 0, 5000, 'KEYS', *keys), 'OK')
        t.equal(source.cmd('EXISTS', *keys), 0)
        t.equal(target.cmd('EXISTS', *keys), len(keys))
    stop.set()
    for thread in threads:
        thread.join()
    t.equal(sum(int(n) for n in conn('HVALS', 'all')), sum(done))


def _move_slot_under_load(t, binaries):
    """Moves one slot by hand while clients count in its keys; returns nothing lost, nothing doubled."""
    cluster = Cluster(t, 3, binaries=binaries)
    source, target = cluster.nodes[0], cluster.nodes[1]
    tag = key_in(100, prefix='tag')
    keys = ['{%s}%d' % (tag, i) for i in range(200)]
    stop, counted, errors = threading.Event(), [{} for _ in range(3)], []

    def count(mine):
        conns, owner, turn = {}, source.address, 0
        try:
            while not stop.is_set():
                key = keys[turn % len(keys)]
                turn += 1
                address, ask = owner, False
                while True:
                    conn = conns.get(address) or conns.setdefault(address, Conn(address))
                    if ask:
                        conn('ASKING')
                    reply = conn('INCR', key)
                    if not isinstance(reply, RespError):
                        mine[key] = mine.get(key, 0) + 1
                        break
                    kind, _, where = reply.split(' ', 2)
                    if kind not in ('MOVED', 'ASK'):
                        errors.append(reply)
                        return
                    host, port = where.rsplit(':', 1)
                    address, ask = (host, int(port)), kind == 'ASK'
                    if kind == 'MOVED':
                        owner = address
        except Exception as error:  # noqa: BLE001 a thread's failure must be seen
            errors.append(repr(error))
    threads = [threading.Thread(target=count, args=(mine,)) for mine in counted]
    for thread in threads:
        thread.start()
    t.await_true(lambda: all(len(mine) == len(keys) for mine in counted) or errors, 10, 'all keys to exist')
    t.equal(target.cmd('CLUSTER', 'SETSLOT', 100, 'IMPORTING', source.my_id()), 'OK')
    t.equal(source.cmd('CLUSTER', 'SETSLOT', 100, 'MIGRATING', target.my_id()), 'OK')
    while True:
        batch = source.cmd('CLUSTER', 'GETKEYSINSLOT', 100, 7)
        if not batch:
            break
        t.equal(source.cmd('MIGRATE', *target.address, '', 0, 5000, 'KEYS', *batch), 'OK')
    for node in (target, source):
        t.equal(node.cmd('CLUSTER', 'SETSLOT', 100, 'NODE', target.my_id()), 'OK')
    stop.set()
    for thread in threads:
        thread.join()
    t.equal(errors, [])
    total = {key: sum(mine.get(key, 0) for mine in counted) for key in keys}
    found = {key: int(target.cmd('GET', key)) for key in keys}
    t.equal(found, total)
    t.equal(source.cmd('CLUSTER', 'COUNTKEYSINSLOT', 100), 0)


def test_slot_under_load(t):
    """A slot moves key by key between our nodes while three clients count in it: no count is lost or made twice."""
    _move_slot_under_load(t, None)


def test_slot_to_redis_under_load(t):
    """From Pleiad to redis-server."""
    _move_slot_under_load(t, [t.binary, REDIS_SERVER, t.binary])


def test_slot_from_redis_under_load(t):
    """From redis-server to Pleiad."""
    _move_slot_under_load(t, [REDIS_SERVER, t.binary, t.binary])


@short
def test_unowned(t):
    """Keys of slots that are elsewhere, and keys of several slots."""
    cluster = Cluster(t, 3)
    key = key_in(16000)
    first = cluster.nodes[0]
    t.equal(first.cmd('MIGRATE', *cluster.nodes[1].address, key, 0, 1000),
            RespError('MOVED 16000 %s' % cluster.nodes[2].name))
    t.equal(first.cmd('MIGRATE', *cluster.nodes[1].address, '', 0, 1000, 'KEYS', 'a', 'b'),
            RespError("CROSSSLOT Keys in request don't hash to the same slot"))


def open_slots(node):
    """Of its own line in CLUSTER NODES: '[5->-id]', '[5-<-id]'."""
    return [part for row in node.nodes() if 'myself' in row['flags'] for part in row['slots'] if part.startswith('[')]


@short
@limit(90)
@pleiad_only
def test_setslot_replicated(t):
    """Replicas keep what CLUSTER SETSLOT does before their master does it: a promotion in the midst of a migration
    loses nothing. A replica that does not confirm in time means NOREPLICAS, and nothing done."""
    cluster = Cluster(t, 6, replicas=1, config='appendonly yes\ncluster-node-timeout 4000')
    source, target = cluster.masters[:2]
    (near,), (far,) = cluster.replicas_of(source), cluster.replicas_of(target)
    key = key_in(100)
    slot, into, out = key_slot(key), target.my_id(), source.my_id()
    for node in source, target:
        t.await_true(lambda node=node: 'state=online' in node.info('replication').get('slave0', ''), 10, 'the replica')
    t.error(target.cmd('CLUSTER', 'SETSLOT', slot, 'MIGRATING', out), "ERR I'm not the owner of hash slot %d" % slot)
    t.error(near.cmd('CLUSTER', 'SETSLOT', slot, 'STABLE'), 'ERR Please use SETSLOT only with masters.')
    for words, error in ((('TIMEOUT',), 'ERR Missing timeout value'), (('TIMEOUT', 'x'), 'ERR timeout is not an integer'),
                         (('TIMEOUT', -1), 'ERR timeout is negative'), (('WAIT', 1), 'ERR Invalid CLUSTER SETSLOT')):
        t.error(source.cmd('CLUSTER', 'SETSLOT', slot, 'STABLE', *words), error)

    far.pause()
    began = time.time()
    t.error(target.cmd('CLUSTER', 'SETSLOT', slot, 'IMPORTING', out, 'TIMEOUT', 300), 'NOREPLICAS Not enough good replicas')
    t.true(0.3 <= time.time() - began < 10, 'it waited so long')
    t.equal(open_slots(target), [])
    far.resume()
    t.equal(target.cmd('CLUSTER', 'SETSLOT', slot, 'IMPORTING', out), 'OK')
    t.equal(source.cmd('CLUSTER', 'SETSLOT', slot, 'MIGRATING', into, 'TIMEOUT', 0), 'OK')
    for node, mark in ((source, '[%d->-%s]' % (slot, into)), (near, '[%d->-%s]' % (slot, into)),
                       (target, '[%d-<-%s]' % (slot, out)), (far, '[%d-<-%s]' % (slot, out))):
        t.equal(open_slots(node), [mark], node.name)
    t.equal(far.cmd('ASKING'), 'OK')
    t.error(far.cmd('SET', key, 'x'), 'MOVED')

    t.equal(far.cmd('CLUSTER', 'FAILOVER'), 'OK')
    t.await_true(lambda: far.cmd('ROLE')[0] == b'master', 20, 'the promotion')
    t.await_true(lambda: far.cluster_info()['cluster_state'] == 'ok', 20, 'it to serve')
    far.resume()
    conn = far.connect()
    t.equal(conn('ASKING'), 'OK')
    t.equal(conn('SET', key, 'x'), 'OK', 'the import goes on at the new master')
    t.await_true(lambda: far.my_id() in open_slots(source)[0], 10, 'the source to know whom it sends keys')
    t.error(source.cmd('GET', key), 'ASK %d %s' % (slot, far.name))
    t.await_true(lambda: cluster.replicas_of(far), 20, 'the old master to follow')
    t.await_true(lambda: 'state=online' in far.info('replication').get('slave0', ''), 10, 'the replica')
    t.equal(far.cmd('CLUSTER', 'SETSLOT', slot, 'NODE', far.my_id()), 'OK')
    t.equal(source.cmd('CLUSTER', 'SETSLOT', slot, 'NODE', far.my_id()), 'OK')
    t.await_true(lambda: not any(open_slots(node) for node in cluster.nodes), 10, 'no open slot')
    t.await_true(lambda: all(key_slot(key) in expand(row['slots']) for node in cluster.nodes for row in node.nodes()
                             if row['id'] == far.my_id()), 10, 'all to know the owner')
    far.kill()
    far.start()  # its log has the records, which say nothing to it
    t.await_true(lambda: follow(far.address, 'GET', key)[0] == b'x', 30, 'it, or who took over, to serve')


@limit(60)
@pleiad_only
def test_setslot_with_redis_replica(t):
    """redis-server would not understand the record: then SETSLOT is done at once, as it was always."""
    cluster = Cluster(t, 4, replicas=1, binaries=[t.binary, t.binary, REDIS_SERVER, REDIS_SERVER])
    source, target = cluster.masters
    replica = cluster.replicas_of(target)[0]
    t.await_true(lambda: 'state=online' in target.info('replication').get('slave0', ''), 10, 'the replica')
    replica.pause()
    began = time.time()
    t.equal(target.cmd('CLUSTER', 'SETSLOT', 100, 'IMPORTING', source.my_id()), 'OK')
    t.true(time.time() - began < 1.5, 'it did not wait')
    replica.resume()
    t.equal(open_slots(target), ['[100-<-%s]' % source.my_id()])
    t.equal(target.cmd('CLUSTER', 'SETSLOT', 100, 'STABLE'), 'OK')
