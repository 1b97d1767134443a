# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""What holds clients back or watches them: CLIENT PAUSE, manual failovers under load, MONITOR."""
import threading
import time

from cluster import Cluster, key_in
from harness import Conn, RespError, encode, limit, pleiad_only, short


def _waiting(t, server, count):
    t.await_true(lambda: server.info('clients')['blocked_clients'] == str(count), 10, '%d clients to wait' % count)


@short
def test_pause_writes(t):
    server = t.server('--threads', '2') if t.is_pleiad else t.server()
    admin = server.connect()
    clients = [server.connect() for _ in range(5)]
    admin('RPUSH', 'l', 'a')
    admin('CLIENT', 'PAUSE', '100000', 'WRITE')
    t.equal(clients[0]('LRANGE', 'l', '0', '-1'), [b'a'], 'reads go on')
    for i, c in enumerate(clients):
        c.send(encode('GET', 'x') + encode('RPUSH', 'l', str(i)) + encode('GET', 'x'))
        t.equal(c.read(), None)
    _waiting(t, server, 5)
    multi = server.connect()
    t.equal(multi('MULTI'), 'OK')
    t.equal(multi('LLEN', 'l'), 'QUEUED')
    t.equal(multi('EXEC'), [1], 'a transaction that only reads')
    t.equal(admin('LLEN', 'l'), 1)
    if t.is_pleiad:
        t.equal(server.info('clients')['paused_reason'], 'client_pause')
    t.equal(admin('CLIENT', 'UNPAUSE'), 'OK')
    replies = [[c.read(), c.read()] for c in clients]
    t.equal(sorted(r[0] for r in replies), [2, 3, 4, 5, 6], 'each ran once')
    t.equal([r[1] for r in replies], [None] * 5)
    _waiting(t, server, 0)


@short
def test_pause_keeps_the_order(t):
    """Of one thread's clients the first come runs first, and a pipeline stays in order, whatever its size."""
    server = t.server(config='threads 1') if t.is_pleiad else t.server()
    admin = server.connect()
    clients = [server.connect() for _ in range(4)]
    admin('CLIENT', 'PAUSE', '100000', 'WRITE')
    big = 'y' * 200000
    for i, c in enumerate(clients):
        c.send(encode('RPUSH', 'l', str(i)) + encode('SET', 'big%d' % i, big) + encode('STRLEN', 'big%d' % i))
        _waiting(t, server, i + 1)
    admin('CLIENT', 'UNPAUSE')
    t.equal([[c.read(), c.read(), c.read()] for c in clients], [[i + 1, 'OK', len(big)] for i in range(4)])
    t.equal(admin('LRANGE', 'l', '0', '-1'), [b'0', b'1', b'2', b'3'])


@short
def test_half_a_command_behind_one_that_waits(t):
    server = t.server()
    c, admin = server.connect(), server.connect()
    whole = encode('SET', 'key', 'value')
    c.send(encode('BLPOP', 'l', '0') + whole[:-8])
    _waiting(t, server, 1)
    admin('RPUSH', 'l', 'x')
    t.equal(c.read(), [b'l', b'x'])
    c.send(whole[-8:])
    t.equal(c.read(), 'OK')
    t.equal(c('GET', 'key'), b'value')


@short
def test_pause_all_and_its_end(t):
    server = t.server()
    admin, c = server.connect(), server.connect()
    admin('CLIENT', 'PAUSE', '300', 'ALL')
    began = time.monotonic()
    c.send(encode('PING'))
    t.equal(c.read(), 'PONG')
    passed = time.monotonic() - began
    t.true(0.25 < passed < 2 * t.slow, 'ended by itself after %.3f s' % passed)
    admin('CLIENT', 'PAUSE', '0', 'ALL')
    t.equal(c('PING'), 'PONG')


@short
def test_pause_and_transactions(t):
    """EXEC of writes waits, keeps its watches, and is refused if a watched key changed in the meantime."""
    server = t.server()
    admin, c, d = server.connect(), server.connect(), server.connect()
    t.equal(c('WATCH', 'k'), 'OK')
    t.equal(c('MULTI'), 'OK')
    t.equal(c('SET', 'k', '1'), 'QUEUED')
    admin('CLIENT', 'PAUSE', '100000', 'WRITE')
    c.send(encode('EXEC') + encode('GET', 'k'))
    d.send(encode('MULTI') + encode('SET', 'k', '2') + encode('EXEC'))
    t.equal(d.read(), 'OK')
    _waiting(t, server, 2)
    t.equal(admin('GET', 'k'), None)
    admin('CLIENT', 'UNPAUSE')
    replies = [c.read(), c.read()], [d.read(), d.read()]
    t.true(replies[0][0] in (['OK'], None), 'EXEC: %r' % (replies[0],))
    t.equal(replies[1], ['QUEUED', ['OK']])


@short
def test_nothing_expires_in_a_pause(t):
    server = t.server()
    admin = server.connect()
    admin('SET', 'k', 'v', 'PX', '50')
    admin('CLIENT', 'PAUSE', '100000', 'WRITE')
    t.await_true(lambda: admin('GET', 'k') is None, 5, 'the key to be hidden')
    stop = time.monotonic() + 0.4
    while time.monotonic() < stop:
        t.equal(server.info('stats')['expired_keys'], '0')
        t.equal(admin('DBSIZE'), 1)
    admin('CLIENT', 'UNPAUSE')
    t.await_true(lambda: server.info('stats')['expired_keys'] == '1', 5, 'it to expire')


@short
def test_blocked_clients_in_a_pause(t):
    """Deadlines hold; what is pushed waits, and is given out at the end."""
    server = t.server(config='threads 2') if t.is_pleiad else t.server()
    admin, short_wait, waits, pushes = (server.connect() for _ in range(4))
    short_wait.send(encode('BLPOP', 'l', '0.3'))
    waits.send(encode('BLPOP', 'm', '0'))
    _waiting(t, server, 2)
    admin('CLIENT', 'PAUSE', '100000', 'WRITE')
    pushes.send(encode('RPUSH', 'm', 'x'))
    t.equal(short_wait.read(), None, 'its time is over')
    _waiting(t, server, 2)
    held = int(admin('CLIENT', 'LIST').decode().count('cmd=rpush'))
    t.equal(held, 1)
    admin('CLIENT', 'UNPAUSE')
    t.equal(pushes.read(), 1)
    t.equal(waits.read(), [b'm', b'x'])


class _Writer(threading.Thread):
    """Counts up its own key at the key's owner, one command at a time; remembers the longest time without an answer."""

    def __init__(self, cluster, key):
        super().__init__()
        self.cluster, self.key = cluster, key
        self.done, self.longest, self.failure, self.stop = 0, 0.0, None, False
        self.start()

    def run(self):
        try:
            conns = {}
            address = self.cluster.owner(self.key).address
            last = time.monotonic()
            while not self.stop:
                if address not in conns:
                    conns[address] = Conn(address, 10)
                reply = conns[address]('INCR', self.key)
                if isinstance(reply, RespError):
                    if not str(reply).startswith('MOVED'):
                        raise AssertionError(reply)
                    host, port = str(reply).split()[2].rsplit(':', 1)
                    address = (host, int(port))
                    continue
                now = time.monotonic()
                self.longest, last = max(self.longest, now - last), now
                if reply != self.done + 1:
                    raise AssertionError('%s: %d after %d' % (self.key, reply, self.done))
                self.done = reply
        except BaseException as failure:
            self.failure = failure


@short
@pleiad_only
@limit(60)
def test_manual_failover_under_load(t):
    """FAULTS 40: every write is answered, none is lost, and none waits long."""
    cluster = Cluster(t, 6, replicas=1)
    key_range = own_range(cluster.masters[0])
    writers = [_Writer(cluster, key_in(*key_range, prefix='w%d-' % i)) for i in range(4)]
    master, replica = cluster.masters[0], cluster.replicas_of(cluster.masters[0])[0]
    for _ in range(2):
        before = [w.done for w in writers]
        t.equal(replica.cmd('CLUSTER', 'FAILOVER'), 'OK')
        t.await_true(lambda: replica.cmd('ROLE')[0] == b'master' and master.cmd('ROLE')[0] == b'slave', 10,
                     'the failover')
        t.await_true(lambda: all(w.failure or w.done > n + 50 for w, n in zip(writers, before)), 10,
                     'the writers to go on')
        cluster.await_ok()
        master, replica = replica, master
    for writer in writers:
        writer.stop = True
    for writer in writers:
        writer.join()
        t.true(writer.failure is None, 'a writer failed: %r' % writer.failure)
    longest = max(w.longest for w in writers)
    print('manual failover: a write waited %.0f ms at most' % (longest * 1000))
    t.true(longest < 1.0 * t.slow, 'a write waited %.3f s' % longest)
    for writer in writers:
        t.equal(int(cluster.owner(writer.key).cmd('GET', writer.key)), writer.done)


def own_range(node):
    low, high = [row for row in node.nodes() if 'myself' in row['flags']][0]['slots'][0].split('-')
    return int(low), int(high)


@short
def test_monitor(t):
    server = t.server(config='threads 3\nrequirepass secret') if t.is_pleiad else t.server(config='requirepass secret')
    monitors = [server.connect() for _ in range(2)]
    for m in monitors:
        t.equal(m('AUTH', 'secret'), 'OK')
    for m in monitors:
        t.equal(m('MONITOR'), 'OK')
    c = server.connect()
    t.equal(c('AUTH', 'secret'), 'OK')
    c('SELECT', '3')
    c('SET', 'a "b"\n', b'\x00\xff')
    c('CONFIG', 'GET', 'port')
    c.send(encode('MULTI') + encode('INCR', 'n') + encode('EXEC') + encode('NONSENSE'))
    for _ in range(4):
        c.read()
    c('ECHO', 'end')
    local = '%s:%d' % c.sock.getsockname()
    words = ['"AUTH" "(redacted)"', '"SELECT" "3"', '"SET" "a \\"b\\"\\n" "\\x00\\xff"', '"MULTI"', '"INCR" "n"', '"EXEC"', '"ECHO" "end"']
    for m in monitors:
        lines = [m.read() for _ in words]
        for line, want, db in zip(lines, words, [0, 3 if t.is_pleiad else 0, 3, 3, 3, 3, 3]):
            stamp, rest = line.split(' ', 1)
            t.true(abs(float(stamp) - time.time()) < 60 and len(stamp.split('.')[1]) == 6, stamp)
            t.true(rest.startswith('[%d %s] ' % (db, local)) or want == '"SELECT" "3"', rest)
            t.equal(rest.split('] ', 1)[1], want)


@short
def test_monitor_ends(t):
    """RESET ends it; a monitor that does not read is closed at its output limit."""
    server = t.server(config='client-output-buffer-limit normal 1mb 0 0')
    m, c = server.connect(), server.connect()
    t.equal(m('MONITOR'), 'OK')
    t.equal(c('PING'), 'PONG')
    t.true(m.read().endswith('"PING"'), 'a line')
    m.send(encode('RESET'))
    t.equal(m.read(), 'RESET')
    c('PING')
    t.equal(m('ECHO', 'x'), b'x')
    t.equal(m('MONITOR'), 'OK')
    big = 'x' * 100000
    for _ in range(150):
        c('ECHO', big)
    t.await_true(lambda: server.info('clients')['connected_clients'] == '2', 10, 'the monitor to be closed')
