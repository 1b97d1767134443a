# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""The clients that people have: Debian's redis-cli, python3-redis, ioredis and redis from npm."""
import fcntl
import json
import logging
import os
import shutil

from cluster import Cluster
from harness import REDIS_CLI, ROOT, Failure, key_in, limit


@limit(120)
def test_redis_cli_cluster(t):
    """redis-cli --cluster create, check, info and call; redis-cli -c."""
    cluster = Cluster(t, 6, replicas=1, create=None)
    cluster.create_by_redis_cli()
    t.contains(cluster.output, '[OK] All nodes agree about slots configuration.')
    t.contains(cluster.output, '[OK] All 16384 slots covered.')
    cluster.await_ok()
    first = cluster.names[0]
    status, out, err = t.run(REDIS_CLI, '--cluster', 'check', first)
    t.equal(status, 0, out + err)
    t.contains(out, '[OK] All 16384 slots covered.')
    for text in ('slots:[0-5460] (5461 slots) master', 'slots:[5461-10922] (5462 slots) master',
                 'slots:[10923-16383] (5461 slots) master', '1 additional replica(s)'):
        t.contains(out, text)
    keys = [key_in(0, 5460), key_in(5461, 10922), key_in(10923, 16383)]
    for node in cluster.nodes:
        for key in keys:
            t.equal(t.run(REDIS_CLI, '-c', '-p', node.port, 'SET', key, node.name)[1], 'OK\n')
            t.equal(t.run(REDIS_CLI, '-c', '-p', node.port, 'GET', key)[1], node.name + '\n')
    status, out, err = t.run(REDIS_CLI, '--cluster', 'info', first)
    t.contains(out, '[OK] 3 keys in 3 masters.')
    status, out, err = t.run(REDIS_CLI, '--cluster', 'call', first, 'PING')
    t.equal(out.count('PONG'), 6, out)
    text = ''.join('SET {%s}%d %d\n' % (keys[0], i, i) for i in range(100))
    status, out, err = t.run(REDIS_CLI, '-c', '-p', cluster.nodes[1].port, stdin=text)
    t.equal(out.count('OK'), 100, out + err)


@limit(90)
def test_redis_cli_single(t):
    """What redis-cli asks of a server: scan, pipe, latency of its own, bigkeys, RESP3, the interactive hints."""
    server = t.server()
    t.equal(t.run(REDIS_CLI, '-p', server.port, '-3', 'SET', 'a', '1')[1], 'OK\n')
    status, out, err = t.run(REDIS_CLI, '-p', server.port, '--pipe',
                             stdin=b''.join(b'*3\r\n$3\r\nSET\r\n$5\r\nk%04d\r\n$1\r\nv\r\n' % i for i in range(1000)))
    t.contains(out, 'errors: 0, replies: 1000')
    status, out, err = t.run(REDIS_CLI, '-p', server.port, '--scan', '--pattern', 'k00*')
    t.equal(len(out.split()), 100)
    status, out, err = t.run(REDIS_CLI, '-p', server.port, '--bigkeys')
    t.contains(out, '1001 keys')
    t.equal(t.run(REDIS_CLI, '-p', server.port, '-r', '3', 'PING')[1], 'PONG\n' * 3)
    status, out, err = t.run(REDIS_CLI, '-p', server.port, 'COMMAND', 'DOCS', 'GET')
    t.contains(out, 'summary')


@limit(90)
def test_python_redis(t):
    import redis
    logging.disable()  # python3-redis logs each refused connection
    cluster = Cluster(t, 6, replicas=1)
    cluster.await_listed()
    host, port = cluster.nodes[0].address
    for more in ({}, {'read_from_replicas': True}):
        client = redis.cluster.RedisCluster(host=host, port=port, **more)
        t.equal(len(client.get_primaries()), 3)
        t.equal(len(client.get_replicas()), 3)
        for i in range(500):
            t.equal(client.set('py:%d' % i, 'v%d' % i), True)
        if more:
            for master in cluster.masters:
                replica = cluster.replicas_of(master)[0]
                t.await_true(lambda: replica.cmd('DBSIZE') == master.cmd('DBSIZE'), 10, 'replicas')
        for i in range(500):
            t.equal(client.get('py:%d' % i), b'v%d' % i)
        t.equal(client.mget_nonatomic(['py:%d' % i for i in range(50)]), [b'v%d' % i for i in range(50)])
        pipe = client.pipeline()
        for i in range(100):
            pipe.get('py:%d' % i)
        t.equal(pipe.execute(), [b'v%d' % i for i in range(100)])
        t.equal(client.dbsize(target_nodes='primaries'), 500)
        t.equal(sorted(client.scan_iter('py:4*', count=50)),
                sorted(b'py:%d' % i for i in range(500) if str(i).startswith('4')))
        t.true(client.cluster_info(target_nodes=client.get_primaries()[0])['cluster_state'] == 'ok', 'cluster_info')
        client.close()
    plain = redis.Redis(host=host, port=port)
    t.true('redis_version' in plain.info(), 'INFO lacks redis_version')
    t.equal(plain.client_setname('x'), True)


@limit(120)
def test_python_redis_survives_failover(t):
    import redis
    logging.disable()  # python3-redis logs each refused connection
    cluster = Cluster(t, 6, replicas=1)
    client = redis.cluster.RedisCluster(host=cluster.nodes[0].address[0], port=cluster.nodes[0].port,
                                        cluster_error_retry_attempts=3)
    key = key_in(5461, 10922)
    t.equal(client.set(key, '1'), True)
    cluster.masters[1].kill()

    def written():
        try:
            return client.set(key, '2')
        except (redis.RedisError, OSError):
            return False
    t.await_true(written, 20, 'a write after the failover')
    t.equal(client.get(key), b'2')


def _node_modules(t):
    """npm ci once per build folder; the packages and their versions are those of tests/node/package-lock.json."""
    source, folder = os.path.join(ROOT, 'tests', 'node'), os.path.join(ROOT, 'build-test', 'node')
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, '.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock_file = os.path.join(folder, 'package-lock.json')
        wanted = open(os.path.join(source, 'package-lock.json')).read()
        done = os.path.join(folder, '.done')
        if not os.path.exists(done) or open(done).read() != wanted:
            for name in ('package.json', 'package-lock.json'):
                shutil.copy(os.path.join(source, name), folder)
            status, out, err = t.run('npm', 'ci', '--no-audit', '--no-fund', '--ignore-scripts', cwd=folder, timeout=180)
            if status != 0:
                raise Failure('npm ci: ' + out + err)
            t.true(open(lock_file).read() == wanted, 'npm changed the lock file')
            with open(done, 'w') as file:
                file.write(wanted)
    for name in os.listdir(source):
        if name.endswith('.mjs'):
            shutil.copy(os.path.join(source, name), folder)
    return folder


@limit(240)
def test_npm_clients(t):
    folder = _node_modules(t)
    cluster = Cluster(t, 6, replicas=1)
    cluster.await_listed()
    for script, wanted in (('ioredis.mjs', {'masters': 3, 'all': 6}), ('redis.mjs', {'masters': 3, 'replicas': 3})):
        status, out, err = t.run('node', script, cluster.names[4], 300, cwd=folder, timeout=60)
        t.equal(status, 0, script + '\n' + out + err)
        t.equal(json.loads(out.strip().splitlines()[-1]), wanted, script)
