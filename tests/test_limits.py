# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""What a server allows: clients, idle time, unread replies, memory."""
import os
import socket
import stat

from harness import Conn, encode, limit, short


@short
def test_unix_socket(t):
    path = t.path('sock')
    server = t.server('--unixsocket', path, '--unixsocketperm', '700')
    c = Conn(path)
    t.conns.append(c)
    t.equal(c('SET', 'a', '1'), 'OK')
    t.equal(server.cmd('GET', 'a'), b'1')
    t.equal(stat.S_IMODE(os.stat(path).st_mode), 0o700)
    server.kill()
    t.true(os.path.exists(path), 'a killed server leaves its socket')
    server.start()
    c = Conn(path)
    t.conns.append(c)
    t.equal(c('PING'), 'PONG', 'a stale socket is replaced')
    t.equal(server.stop(), 0)
    t.true(not os.path.exists(path), 'the socket goes with the server')


@short
def test_maxclients(t):
    server = t.server('--maxclients', '5')
    held = [server.connect() for _ in range(5)]
    for c in held:
        t.equal(c('PING'), 'PONG')
    late = server.connect()
    t.equal(late.until_closed(), b'-ERR max number of clients reached\r\n')
    t.equal(held[0]('PING'), 'PONG')
    t.true(b'rejected_connections:1' in held[0]('INFO', 'stats'), 'rejected_connections')
    held.pop().close()

    def room():
        # The server may not have noticed the close yet: it then refuses once more.
        one = server.connect()
        try:
            return one('PING') == 'PONG'
        except OSError:
            return False
        finally:
            one.close()
    t.await_true(room, 5, 'room for one more')
    t.equal(held[0]('CONFIG', 'SET', 'maxclients', '50'), 'OK')
    more = [server.connect() for _ in range(20)]
    for c in more:
        t.equal(c('PING'), 'PONG')


@short
def test_timeout(t):
    server = t.server('--timeout', '1')
    idle, busy = server.connect(), server.connect()
    t.equal(idle('PING'), 'PONG')

    def closed():
        t.equal(busy('PING'), 'PONG')
        idle.sock.setblocking(False)
        try:
            return idle.sock.recv(1) == b''
        except BlockingIOError:
            return False
    t.await_true(closed, 6, 'the idle client to be closed')
    t.equal(busy('PING'), 'PONG')


def _slow_reader(t, limit_text):
    server = t.server('--client-output-buffer-limit', limit_text)
    value = b'x' * 100000
    t.equal(server.cmd('SET', 'big', value), 'OK')
    c = Conn(server.address, 10 * t.slow)
    t.conns.append(c)
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    c('CLIENT', 'SETNAME', 'slow')
    c.send(encode('GET', 'big') * 1000)  # 100 MB that nobody reads
    names = lambda: b'name=slow' in server.cmd('CLIENT', 'LIST')
    t.await_true(lambda: not names(), 15, 'the slow reader to be closed')
    t.equal(server.cmd('GET', 'big'), value)
    return server


@short
def test_output_buffer_limit(t):
    server = _slow_reader(t, 'normal 1mb 0 0')
    t.true(server.rss() < (1000 << 20 if t.sanitized else 100 << 20), 'the unread replies are still there')


def test_output_buffer_soft_limit(t):
    _slow_reader(t, 'normal 0 1mb 1')


@short
def test_client_commands(t):
    server = t.server()
    a, b = server.connect(), server.connect()
    ident = a('CLIENT', 'ID')
    t.true(b('CLIENT', 'ID') > ident, 'ids grow')
    t.equal(a('CLIENT', 'SETNAME', 'one'), 'OK')
    t.error(a('CLIENT', 'SETNAME', 'with space'), 'ERR Client names cannot contain spaces')
    t.contains(b('CLIENT', 'LIST').decode(), 'id=%d ' % ident)
    t.contains(a('CLIENT', 'INFO').decode(), 'name=one')
    t.equal(b('CLIENT', 'KILL', 'ID', str(ident)), 1)
    t.equal(a.until_closed(), b'')
    t.equal(b('CLIENT', 'KILL', 'ID', str(ident)), 0)
    c = server.connect()
    c.send(encode('CLIENT', 'REPLY', 'SKIP') + encode('PING') + encode('ECHO', 'seen'))
    t.equal(c.read(), b'seen')
    c.send(encode('CLIENT', 'REPLY', 'OFF') + encode('PING') + encode('CLIENT', 'REPLY', 'ON'))
    t.equal(c.read(), 'OK')
    c.send(encode('QUIT'))
    t.equal(c.until_closed(), b'+OK\r\n')


MAX = 20 << 20


def _fill(c, count, extra=(), prefix='k', size=1000):
    """Writes count keys; returns how many were refused."""
    c.send(b''.join(encode('SET', '%s%d' % (prefix, i), b'v' * size, *extra) for i in range(count)))
    return sum(1 for _ in range(count) if c.read() != 'OK')


def _refused(c):
    """The reply to writes of new keys, once they no longer fit."""
    for i in range(2000):
        reply = c('SET', 'more%d' % i, 'x' * 20000)
        if reply != 'OK':
            return reply
    return reply


def _start_small(t, policy):
    server = t.server('--maxmemory', str(MAX), '--maxmemory-policy', policy)
    return server, server.connect(30)


@short
def test_noeviction(t):
    server, c = _start_small(t, 'noeviction')
    t.true(_fill(c, 40000) > 0, '40 MB fitted into 20')
    t.error(_refused(c), "OOM command not allowed when used memory > 'maxmemory'.")
    t.equal(c('GET', 'k0'), b'v' * 1000, 'reads go on')
    t.equal(c('DEL', 'k0'), 1, 'and so does what frees memory')
    t.equal(int(server.info('stats')['evicted_keys']), 0)
    t.true(int(server.info('memory')['used_memory']) < MAX * 1.1, 'used_memory')
    t.equal(c('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random'), 'OK')
    t.equal(c('SET', 'more', 'x' * 1000), 'OK', 'a new policy makes room')


def _all_keys(t, policy):
    server, c = _start_small(t, policy)
    t.equal(_fill(c, 60000), 0, policy)
    used = int(server.info('memory')['used_memory'])
    t.true(used < MAX * 1.05, '%s: used_memory %d' % (policy, used))
    t.true(c('DBSIZE') > 5000, '%s evicted too much: %d keys are left' % (policy, c('DBSIZE')))
    t.true(int(server.info('stats')['evicted_keys']) > 30000, policy)


@short
@limit(120)
def test_allkeys_policies(t):
    for policy in ('allkeys-lru', 'allkeys-lfu', 'allkeys-random'):
        _all_keys(t, policy)


@limit(120)
def test_volatile_policies(t):
    for policy in ('volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'):
        server, c = _start_small(t, policy)
        t.equal(_fill(c, 3000, prefix='keep'), 0, policy)
        t.equal(_fill(c, 40000, ('EX', '1000')), 0, policy)
        kept = sum(c('EXISTS', *['keep%d' % i for i in range(start, start + 100)]) for start in range(0, 3000, 100))
        t.equal(kept, 3000, '%s takes only keys with a TTL' % policy)
        t.true(int(server.info('memory')['used_memory']) < MAX * 1.05, policy)
        t.equal(c('FLUSHALL'), 'OK')
        t.true(_fill(c, 40000, prefix='keep') > 0, '%s: no key with a TTL, no room' % policy)
        t.error(_refused(c), 'OOM', policy)


def test_volatile_ttl_order(t):
    """The nearest to its end goes first."""
    server, c = _start_small(t, 'volatile-ttl')
    t.equal(_fill(c, 5000, ('EX', '100'), prefix='soon'), 0)
    t.equal(_fill(c, 5000, ('EX', '100000'), prefix='late'), 0)
    _fill(c, 12000, prefix='plain')
    soon = sum(c('EXISTS', 'soon%d' % i) for i in range(5000))
    late = sum(c('EXISTS', 'late%d' % i) for i in range(5000))
    print('left of 5000: near their end %d, far from it %d' % (soon, late))
    t.true(late > soon + 1000, 'near %d, far %d' % (soon, late))


@limit(120)
def test_lru_and_lfu_keep_what_is_used(t):
    for policy in ('allkeys-lru', 'allkeys-lfu'):
        server, c = _start_small(t, policy)
        t.equal(_fill(c, 2000, prefix='hot'), 0)
        hot = [encode('GET', 'hot%d' % i) for i in range(2000)]
        for round_ in range(4):
            t.equal(_fill(c, 8000, prefix='cold%d-' % round_), 0)
            last = 'cold%d-7999' % round_
            t.await_true(lambda: policy.endswith('lfu') or c('OBJECT', 'IDLETIME', last) >= 2, 5, 'idle keys')
            for _ in range(5):
                c.send(b''.join(hot))
                for _ in hot:
                    c.read()
        t.equal(_fill(c, 8000, prefix='cold'), 0)
        kept = sum(c('EXISTS', 'hot%d' % i) for i in range(2000))
        print('%s kept %d of 2000 keys in use' % (policy, kept))
        t.true(kept > 1300, '%s kept %d of 2000 keys in use' % (policy, kept))


@short
def test_expiry(t):
    """Lazy and active: keys vanish for readers at once, and from memory without being asked for."""
    server = t.server()
    c = server.connect()
    c.send(b''.join(encode('SET', 'k%d' % i, 'v', 'PX', '300') for i in range(5000)))
    t.true(all(c.read() == 'OK' for _ in range(5000)), 'SET PX')
    t.equal(c('SET', 'stays', '1'), 'OK')
    t.await_true(lambda: c('GET', 'k0') is None, 3, 'k0 to expire')
    t.await_true(lambda: c('DBSIZE') == 1, 10, 'the others to be swept')
    t.equal(int(server.info('stats')['expired_keys']), 5000)
    t.equal(c('GET', 'stays'), b'1')
