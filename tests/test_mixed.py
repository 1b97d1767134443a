# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Debian's redis-server 7.0.15 in one cluster with Pleiad: seen, voting, redirecting, replicating both ways."""
from cluster import Cluster, expand, follow, own_slots
from harness import REDIS_SERVER, RespError, key_in, key_slot, limit


def _connected(t, node, other):
    def seen():
        row = next((row for row in node.nodes() if row['id'] == other.my_id()), None)
        return row and row['link'] == 'connected' and not any('fail' in flag or flag == 'handshake'
                                                              for flag in row['flags'])
    t.await_true(seen, 15, '%s to be connected in the view of %s' % (other.name, node.name))


@limit(120)
def test_meet(t):
    """It MEETs a Pleiad cluster, shows up on both sides, is given slots, and redirects to and from."""
    cluster = Cluster(t, 3)
    redis = t.redis(cluster=True)
    t.equal(redis.cmd('CLUSTER', 'MEET', *cluster.nodes[0].address), 'OK')
    cluster.nodes.append(redis)
    cluster.await_known(4)
    for node in cluster.nodes[:3]:
        _connected(t, node, redis)
        _connected(t, redis, node)
    # Move slots 0-99 (empty) to it in the way redis-cli does.
    owner = cluster.nodes[0]
    for slot in range(100):
        t.equal(redis.cmd('CLUSTER', 'SETSLOT', slot, 'IMPORTING', owner.my_id()), 'OK')
        t.equal(owner.cmd('CLUSTER', 'SETSLOT', slot, 'MIGRATING', redis.my_id()), 'OK')
        t.equal(redis.cmd('CLUSTER', 'SETSLOT', slot, 'NODE', redis.my_id()), 'OK')
        t.equal(owner.cmd('CLUSTER', 'SETSLOT', slot, 'NODE', redis.my_id()), 'OK')
    t.await_true(lambda: all(expand(next(row for row in node.nodes() if row['id'] == redis.my_id())['slots']) ==
                             set(range(100)) for node in cluster.nodes), 15, 'all to see its slots')
    cluster.await_ok()
    for low, high, home in ((0, 99, redis), (100, 5460, owner), (5461, 10922, cluster.nodes[1])):
        key = key_in(low, high, 'mixed')
        for node in cluster.nodes:
            if node is not home:
                t.equal(node.cmd('SET', key, 'v'), RespError('MOVED %d %s' % (key_slot(key), home.name)), node.name)
            t.equal(follow(node.address, 'SET', key, node.name), ('OK', home.address))
        t.equal(home.cmd('GET', key), cluster.nodes[-1].name.encode())


@limit(120)
def test_redis_votes(t):
    """Of three masters one dies; the majority that fails it and elects its replica needs the Redis node's voice."""
    cluster = Cluster(t, 4, create=None, binaries=[t.binary, t.binary, REDIS_SERVER, t.binary])
    cluster.masters = cluster.nodes[:3]
    cluster.create_by_commands()
    cluster.await_ok()
    _fail_over(t, cluster)


@limit(120)
def test_pleiad_votes_for_redis(t):
    """The same with a Redis replica as the candidate: Pleiad's FAIL and votes are good enough for Redis."""
    cluster = Cluster(t, 4, create=None, binaries=[REDIS_SERVER, t.binary, t.binary, REDIS_SERVER])
    cluster.masters = cluster.nodes[:3]
    cluster.create_by_commands()
    cluster.await_ok()
    _fail_over(t, cluster)


def _fail_over(t, cluster):
    master, replica = cluster.nodes[0], cluster.nodes[3]
    key, slots = key_in(0, 5460), own_slots(master)
    t.equal(master.cmd('SET', key, 'before'), 'OK')
    t.await_true(lambda: replica.cmd('DBSIZE') == 1, 10, 'the replica to have the key')
    master.kill()
    t.await_true(lambda: replica.cmd('GET', key) == b'before', 20, 'the replica to take over')
    t.await_true(lambda: replica.cmd('SET', key, 'after') == 'OK', 20, 'writes')
    for node in cluster.alive():
        t.await_true(lambda: expand(next(row for row in node.nodes() if row['id'] == replica.my_id())['slots']) == slots,
                     15, '%s to see the new owner' % node.name)
        t.await_true(lambda: node.cluster_info()['cluster_state'] == 'ok', 15, '%s to be ok' % node.name)
        t.equal(follow(node.address, 'GET', key), (b'after', replica.address))


def _replicate(t, master_binary, replica_binary):
    cluster = Cluster(t, 3, binaries=[master_binary] * 3)
    master = cluster.nodes[0]
    tag = '{%s}' % key_in(0, 5460)
    conn = master.connect(30)
    for start in range(0, 5000, 500):
        t.equal(conn('MSET', *[part for i in range(start, start + 500) for part in ('%s%d' % (tag, i), 'v%d' % i)]),
                'OK')
    t.equal(conn('SET', tag + 'ttl', 'x' * 100, 'PXAT', '4102444800000'), 'OK')
    replica = t.server(cluster=True, binary=replica_binary)
    t.equal(replica.cmd('CLUSTER', 'MEET', *master.address), 'OK')
    cluster.nodes.append(replica)
    cluster.await_known(4)
    t.equal(replica.cmd('CLUSTER', 'REPLICATE', master.my_id()), 'OK')
    cluster.await_ok()
    t.await_true(lambda: replica.cmd('DBSIZE') == 5001, 15, 'the full synchronisation')
    read = replica.connect()
    t.equal(read('READONLY'), 'OK')
    t.equal(read('GET', tag + '4999'), b'v4999')
    t.equal(read('PEXPIRETIME', tag + 'ttl'), 4102444800000)
    for command in (('SET', tag + 'n', '1'), ('INCRBYFLOAT', tag + 'n', '0.5'), ('DEL', tag + '1'),
                    ('EXPIRE', tag + '2', '1000'), ('SETRANGE', tag + '3', '1', 'xyz'), ('GETDEL', tag + '4'),
                    ('SET', tag + 'end', 'x')):
        conn(*command)
    t.await_true(lambda: read('GET', tag + 'end') == b'x', 10, 'the stream')
    keys = [tag + name for name in ('n', '1', '2', '3', '4', 'end')]
    t.equal(read('MGET', *keys), conn('MGET', *keys))
    t.true(990 <= read('TTL', tag + '2') <= 1000, 'TTL')
    t.await_true(lambda: master.info('replication')['master_repl_offset'] ==
                 replica.info('replication')['slave_repl_offset'], 10, 'equal offsets')
    t.contains(master.info('replication')['slave0'], 'state=online')


@limit(90)
def test_redis_replica_of_pleiad(t):
    _replicate(t, t.binary, REDIS_SERVER)


@limit(90)
def test_pleiad_replica_of_redis(t):
    _replicate(t, REDIS_SERVER, t.binary)
