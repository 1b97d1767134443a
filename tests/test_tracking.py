# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Client-side caching: clients on several threads hear of every change of what they have read."""
import random
import threading

from harness import Conn, short


def tracker(server, *options, protocol=3):
    c = server.connect()
    c('HELLO', str(protocol))
    c('CLIENT', 'TRACKING', 'ON', *options)
    return c


def keys_of(push):
    if push[0] not in (b'invalidate', b'message'):
        raise AssertionError('not an invalidation: %r' % push)
    return push[-1]


@short
def test_reads_and_changes(t):
    server = t.server(config='threads 4')
    clients = [tracker(server) for _ in range(4)]
    writer = server.connect()
    for i, c in enumerate(clients):
        c('GET', 'all')
        c('MGET', 'own%d' % i, 'none')
    writer('SET', 'all', '1')
    for c in clients:
        t.equal(c.read(), [b'invalidate', [b'all']])
    writer('SET', 'all', '2')
    writer('MSET', *[word for i in range(4) for word in ('own%d' % i, 'x')])
    for i, c in enumerate(clients):
        t.equal(c.read(), [b'invalidate', [b'own%d' % i]])
    t.equal(server.info('stats')['tracking_total_keys'], '1')
    t.equal(server.info('clients')['tracking_clients'], '4')
    writer('FLUSHDB')
    for c in clients:
        t.equal(c.read(), [b'invalidate', None])
        t.equal(c('PING'), 'PONG')


@short
def test_expiry(t):
    server = t.server(config='threads 2')
    c = tracker(server)
    c('SET', 'k', 'v', 'PX', '30')
    c('GET', 'k')
    t.equal(c.read(), [b'invalidate', [b'k']])
    t.equal(c('GET', 'k'), None)


@short
def test_redirect(t):
    """RESP2 clients hear by another connection; when that goes, the first is told."""
    server = t.server(config='threads 3')
    ear, c, writer = server.connect(), tracker(server), server.connect()
    ident = ear('CLIENT', 'ID')
    ear('SUBSCRIBE', '__redis__:invalidate')
    t.equal(c('CLIENT', 'TRACKING', 'ON', 'REDIRECT', str(ident)), 'OK')
    t.equal(c('CLIENT', 'GETREDIR'), ident)
    c('GET', 'k')
    writer('SET', 'k', '1')
    t.equal(ear.read(), [b'message', b'__redis__:invalidate', [b'k']])
    t.contains(c('CLIENT', 'INFO').decode(), 'redir=%d' % ident)
    c('GET', 'k')
    ear.close()
    t.await_true(lambda: b'id=%d ' % ident not in server.cmd('CLIENT', 'LIST'), 5, 'the ear to be gone')
    writer('SET', 'k', '2')
    t.equal(c.read(), [b'tracking-redir-broken', ident])
    t.true(b'broken_redirect' in c('CLIENT', 'TRACKINGINFO')[b'flags'], 'the flag')
    t.contains(c('CLIENT', 'INFO').decode(), ' flags=tR ')


@short
def test_broadcast(t):
    server = t.server(config='threads 3')
    c = tracker(server, 'BCAST', 'PREFIX', 'a:', 'PREFIX', 'b:')
    loop = tracker(server, 'BCAST', 'NOLOOP')
    writer = server.connect()
    writer('MULTI')
    for key in ('a:1', 'b:1', 'c:1', 'a:2'):
        writer('SET', key, 'x')
    writer('EXEC')
    t.equal([keys_of(c.read()) for _ in range(2)], [[b'a:1', b'a:2'], [b'b:1']])
    t.equal(keys_of(loop.read()), [b'a:1', b'a:2', b'b:1', b'c:1'])
    t.equal(loop('SET', 'a:3', 'x'), 'OK')
    t.equal(keys_of(c.read()), [b'a:3'])
    writer('DEL', 'c:1')
    t.equal(keys_of(loop.read()), [b'c:1'])
    t.equal(server.info('stats')['tracking_total_prefixes'], '3')
    c.close()
    loop.close()
    t.await_true(lambda: server.info('stats')['tracking_total_prefixes'] == '0', 5, 'the prefixes to go')


@short
def test_no_copy_stays_old(t):
    """What a client caches by the rules is, once it has heard everything, what the server has."""
    server = t.server(config='threads 4')
    keys = ['k%d' % i for i in range(50)]
    caches = []

    def reader(seed):
        rng = random.Random(seed)
        c = Conn(server.address, 20 * t.slow)
        c('HELLO', '3')
        c('CLIENT', 'TRACKING', 'ON')
        cache = {}

        def ask(*command):
            reply = c(*command)
            while isinstance(reply, list) and reply and reply[0] == b'invalidate':
                cache.pop(reply[1][0].decode(), None)
                reply = c.read()
            return reply
        for _ in range(1500):
            key = rng.choice(keys)
            if key not in cache:
                value = ask('GET', key)
                cache[key] = value
        caches.append((ask, cache))

    def writer(seed):
        rng = random.Random(seed)
        c = Conn(server.address, 20 * t.slow)
        for i in range(1500):
            c('SET', rng.choice(keys), '%d:%d' % (seed, i))
        c.close()

    threads = [threading.Thread(target=f, args=(i,)) for i in range(2) for f in (reader, writer)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    t.equal(len(caches), 2)
    for ask, cache in caches:
        ask('PING')
        ask('PING')
        for key, value in list(cache.items()):
            if key in cache:
                t.equal(server.cmd('GET', key), value, key)


@short
def test_table_limit(t):
    server = t.server(config='threads 2\ntracking-table-max-keys 10')
    c = tracker(server)
    dropped = 0
    for i in range(100):
        reply = c('GET', 'k%d' % i)
        while reply is not None:
            dropped += 1
            reply = c.read()
    t.await_true(lambda: int(server.info('stats')['tracking_total_keys']) <= 10, 5, 'the table to shrink')
    t.true(dropped >= 80, '%d invalidations' % dropped)


@short
def test_redirect_capability(t):
    """CLIENT CAPA redirect: a replica sends such a client to its master."""
    master = t.server()
    replica = t.server(config='replicaof 127.0.0.1 %d' % master.port)
    t.await_true(lambda: replica.info('replication').get('master_link_status') == 'up', 15, 'the link')
    c = replica.connect()
    t.equal(c('GET', 'k'), None)
    t.equal(c('CLIENT', 'CAPA', 'redirect'), 'OK')
    for command in (('GET', 'k'), ('SET', 'k', 'v')):
        t.error(c(*command), 'REDIRECT 127.0.0.1:%d' % master.port)
    t.equal(c('PING'), 'PONG')
    t.equal(c('READONLY'), 'OK')
    t.equal(c('GET', 'k'), None)
    t.error(c('SET', 'k', 'v'), 'REDIRECT 127.0.0.1:%d' % master.port)
