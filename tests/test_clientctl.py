# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""What holds clients back or watches them: CLIENT PAUSE, manual failovers under load, MONITOR."""
import glob
import os
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


def _debug(t, *args, **named):
    return t.server('--enable-debug-command', 'yes', *args, **named)


def _fill(c, order, packed):
    """The same data in two orders; `packed`: values small enough to stay so under the defaults."""
    for i in order:
        c('SET', 'str:%d' % i, 'value%d' % i)
        c('SADD', 'set', 'm%d' % i)
        c('SADD', 'ints', str(i))
        c('ZADD', 'zset', str(i / 2), 'm%d' % i)
        c('HSET', 'hash', 'f%d' % i, 'v%d' % i)
    for i in range(50):
        c('RPUSH', 'list', 'x' * (1 if packed else 9) + str(i))
        c('XADD', 'stream', '%d-1' % (i + 1), 'name', str(i))
    c('XGROUP', 'CREATE', 'stream', 'g', '0')
    c('XREADGROUP', 'GROUP', 'g', 'who', 'COUNT', '3', 'STREAMS', 'stream', '>')
    c('PEXPIREAT', 'str:1', '33177117420000')
    c('HPEXPIREAT', 'hash', '33177117420000', 'FIELDS', '1', 'f1')
    c('SELECT', '3')
    c('SET', 'str:1', 'elsewhere')
    c('SELECT', '0')


@short
@pleiad_only
def test_digest(t):
    a = _debug(t, '--threads', '2').connect()
    b = _debug(t, '--threads', '1', '--hash-max-listpack-entries', '1', '--set-max-intset-entries', '2',
               '--zset-max-listpack-entries', '1', '--set-max-listpack-entries', '2').connect()
    t.equal(a('DEBUG', 'DIGEST'), '0' * 40, 'no data')
    _fill(a, range(60), True)
    _fill(b, reversed(range(60)), True)
    t.equal(a('DEBUG', 'DIGEST'), b('DEBUG', 'DIGEST'), 'order and encoding are no data')
    keys = ['str:1', 'str:2', 'set', 'ints', 'zset', 'hash', 'list', 'stream']
    values = a('DEBUG', 'DIGEST-VALUE', *keys)
    t.equal(values, b('DEBUG', 'DIGEST-VALUE', *keys))
    t.equal(len(set(values)), len(keys), 'all differ')
    before = a('DEBUG', 'DIGEST')
    for change, back in ((('SADD', 'set', 'new'), ('SREM', 'set', 'new')),
                         (('ZADD', 'zset', '99', 'm1'), ('ZADD', 'zset', '0.5', 'm1')),
                         (('HSET', 'hash', 'f2', 'x'), ('HSET', 'hash', 'f2', 'v2')),
                         (('LSET', 'list', '0', 'y'), ('LSET', 'list', '0', 'x0')),
                         (('PERSIST', 'str:1'), ('PEXPIREAT', 'str:1', '33177117420000'))):
        a(*change)
        t.true(a('DEBUG', 'DIGEST') != before, 'the digest changes with %r' % (change,))
        a(*back)
        t.equal(a('DEBUG', 'DIGEST'), before, 'and comes back with %r' % (back,))


@short
@pleiad_only
def test_debug_reload(t):
    server = _debug(t, '--threads', '2', '--appendonly', 'yes')
    c, other = server.connect(), server.connect()
    _fill(c, range(60), True)
    before = c('DEBUG', 'DIGEST')
    t.equal(c('DEBUG', 'RELOAD'), 'OK')
    t.equal(c('DEBUG', 'DIGEST'), before)
    c('SET', 'later', '1')
    c('SET', 'str:2', 'changed')
    t.error(c('DEBUG', 'RELOAD', 'NOSAVE', 'NOFLUSH'), 'ERR Error trying to load the RDB dump')
    t.equal(c('DEBUG', 'RELOAD', 'NOSAVE', 'NOFLUSH', 'MERGE'), 'OK')
    t.equal(c('MGET', 'later', 'str:2'), [b'1', b'value2'], 'the dump wins, the rest stays')
    t.equal(c('DEBUG', 'RELOAD', 'NOSAVE'), 'OK')
    t.equal(c('DEBUG', 'DIGEST'), before, 'what was not in the dump is gone')
    t.equal(c('DEBUG', 'LOADAOF'), 'OK')
    t.equal(c('MGET', 'later', 'str:2'), [b'1', b'changed'], 'the log has it')
    t.equal(other('SET', 'still', 'logged'), 'OK')
    t.equal(c('DEBUG', 'LOADAOF'), 'OK')
    t.equal(other('GET', 'still'), b'logged')
    t.equal(c('MULTI'), 'OK')
    c('DEBUG', 'RELOAD')
    t.error(c('EXEC')[0], 'ERR Command not allowed inside a transaction')


@short
@pleiad_only
def test_checksums_may_be_skipped(t):
    c = _debug(t).connect()
    c('SET', 'k', 'value')
    payload = c('DUMP', 'k')
    broken = payload[:-1] + bytes([payload[-1] ^ 1])
    t.error(c('RESTORE', 'l', '0', broken), 'ERR DUMP payload version or checksum are wrong')
    t.equal(c('DEBUG', 'SET-SKIP-CHECKSUM-VALIDATION', '1'), 'OK')
    t.equal(c('RESTORE', 'l', '0', broken), 'OK')
    t.equal(c('GET', 'l'), b'value')


@short
@pleiad_only
def test_command_log(t):
    server = t.server(config='commandlog-request-larger-than 1000\ncommandlog-reply-larger-than 900\n'
                             'commandlog-large-request-max-len 3\nrequirepass secret')
    c = server.connect()
    c('AUTH', 'secret')
    c('CLIENT', 'SETNAME', 'me')
    for i in range(5):
        c('SET', 'k', '%d' % i + 'x' * 1000)
    c('GET', 'k')
    c('GET', 'nokey')
    t.equal(c('COMMANDLOG', 'LEN', 'large-request'), 3)
    newest = c('COMMANDLOG', 'GET', '-1', 'large-request')[0]
    t.equal(newest[0], 4)
    t.equal(newest[2], len(encode('SET', 'k', '4' + 'x' * 1000)))
    t.equal([newest[3][:2], newest[5]], [[b'SET', b'k'], b'me'])
    replies = c('COMMANDLOG', 'GET', '10', 'large-reply')
    t.equal([[entry[2], entry[3]] for entry in replies], [[1001 + len('$1001\r\n\r\n'), [b'GET', b'k']]])
    t.equal(c('COMMANDLOG', 'RESET', 'large-reply'), 'OK')
    t.equal(c('COMMANDLOG', 'LEN', 'large-reply'), 0)
    c('CONFIG', 'SET', 'slowlog-log-slower-than', '0')
    c('AUTH', 'default', 'secret')
    t.equal(c('SLOWLOG', 'GET', '1')[0][3], [b'AUTH', b'(redacted)', b'(redacted)'])
    t.equal(c('COMMANDLOG', 'LEN', 'slow') > 0, True)


@short
@pleiad_only
def test_clusterscan(t):
    cluster = Cluster(t, 2)
    values = cluster.fill(500)
    conns = {node.name: node.connect(60) for node in cluster.nodes}
    found, cursor, calls = [], '0', 0
    node = cluster.nodes[0].name
    while True:
        reply = conns[node]('CLUSTERSCAN', cursor, 'COUNT', '7', 'MATCH', 'key*')
        if isinstance(reply, RespError):
            t.true(str(reply).startswith('MOVED'), str(reply))
            node = str(reply).split()[2]
            continue
        calls += 1
        cursor = reply[0].decode()
        found += reply[1]
        if cursor == '0':
            break
    t.equal(sorted(set(found)), sorted(key.encode() for key in values))
    t.true(calls > 60, '%d calls' % calls)

    key = next(iter(values))
    owner = conns[cluster.owner(key).name]
    slot = owner('CLUSTER', 'KEYSLOT', key)
    cursor, rows = owner('CLUSTERSCAN', '0', 'SLOT', slot)
    t.equal([rows, cursor[:3]], [[], b'0-{'])
    t.equal(owner('CLUSTER', 'KEYSLOT', cursor), slot, 'the cursor is routed to the slot')
    cursor, rows = owner('CLUSTERSCAN', cursor, 'SLOT', slot)
    t.equal([cursor, key.encode() in rows], [b'0', True])
    t.error(owner('CLUSTERSCAN', 'x', 'SLOT', slot), 'ERR Invalid cursor')
    t.error(owner('CLUSTERSCAN', '0-{06S}-0', 'SLOT', '1'), 'ERR Cursor slot mismatch with SLOT argument')


@short
@pleiad_only
def test_slot_stats_and_flushslot(t):
    server = Cluster(t, 1, config='cluster-slot-stats-enabled yes').nodes[0]
    c = server.connect()
    slot = c('CLUSTER', 'KEYSLOT', 'key')
    c('SET', 'key', 'value')
    c('GET', 'key')
    row = c('CLUSTER', 'SLOT-STATS', 'SLOTSRANGE', slot, slot)[0]
    stats = dict(zip(row[1][::2], row[1][1::2]))
    t.equal(row[0], slot)
    t.equal(stats[b'key-count'], 1)
    t.equal(stats[b'network-bytes-in'], len(encode('SET', 'key', 'value')) + len(encode('GET', 'key')))
    t.equal(stats[b'network-bytes-out'], len('+OK\r\n') + len('$5\r\nvalue\r\n'))
    top = c('CLUSTER', 'SLOT-STATS', 'ORDERBY', 'key-count', 'LIMIT', '2', 'DESC')
    t.equal([top[0][0], len(top)], [slot, 2])
    t.error(c('CLUSTER', 'SLOT-STATS', 'ORDERBY', 'bogus'), 'ERR Unrecognized sort metric for ORDERBY.')
    t.equal(c('CONFIG', 'RESETSTAT'), 'OK')
    row = c('CLUSTER', 'SLOT-STATS', 'SLOTSRANGE', slot, slot)[0]
    t.equal(row[1][2:], [b'cpu-usec', 0, b'network-bytes-in', 0, b'network-bytes-out', 0])
    c('SET', 'other', 'stays')
    t.equal(c('CLUSTER', 'FLUSHSLOT', slot), 'OK')
    t.equal(c('DBSIZE'), 1)
    other = c('CLUSTER', 'KEYSLOT', 'other')
    t.equal(c('SFLUSH', '0', '100', str(other), str(other), 'SYNC'), [[0, 100], [other, other]])
    t.equal(c('DBSIZE'), 0)


@short
@pleiad_only
def test_flushall_wakes_readers_of_groups(t):
    server = t.server(config='threads 2')
    for flush in (('FLUSHALL',), ('FLUSHDB',), ('SWAPDB', '0', '1')):
        admin, reader, pops = server.connect(), server.connect(), server.connect()
        admin('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
        reader.send(encode('XREADGROUP', 'GROUP', 'g', 'me', 'BLOCK', '0', 'STREAMS', 's', '>'))
        pops.send(encode('BLPOP', 'l', '0'))
        _waiting(t, server, 2)
        t.equal(admin(*flush), 'OK')
        t.error(reader.read(), 'NOGROUP')
        _waiting(t, server, 1)
        admin('RPUSH', 'l', 'x')
        t.equal(pops.read(), [b'l', b'x'])
        admin('FLUSHALL')


@short
@pleiad_only
def test_effects_of_one_command_stand_together(t):
    server = t.server('--appendonly', 'yes', '--appendfsync', 'always')
    c = server.connect()
    c('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
    for i in range(3):
        c('XADD', 's', '*', 'a', str(i))
    c('SADD', 'set', *[str(i) for i in range(4000)])
    c('XREADGROUP', 'GROUP', 'g', 'me', 'STREAMS', 's', '>')
    c('SPOP', 'set', '3000')
    log = b''
    for path in glob.glob(os.path.join(server.dir, 'appendonlydir/*.incr.aof')):
        with open(path, 'rb') as file:
            log += file.read()
    groups = log.split(b'MULTI\r\n')[1:]
    claims = [group.split(b'EXEC\r\n')[0].count(b'XCLAIM') for group in groups]
    t.true(3 in claims, 'three XCLAIM in one group: %r' % (claims,))
    t.equal(log.count(b'XCLAIM'), 3)
    t.equal(log.count(b'EXEC\r\n'), len(groups))


@short
@pleiad_only
def test_transactions_have_a_bound(t):
    server = t.server(config='client-query-buffer-limit 1mb')
    c = server.connect()
    t.equal(c('MULTI'), 'OK')
    try:
        for _ in range(20):
            t.equal(c('SET', 'k', 'x' * 100000), 'QUEUED')
        t.true(False, '2 MB were queued')
    except (EOFError, ConnectionError):
        pass
    t.equal(server.cmd('EXISTS', 'k'), 0)


@short
@pleiad_only
def test_appendonly_needs_a_folder(t):
    server = t.server()
    with open(os.path.join(server.dir, 'appendonlydir'), 'w') as file:
        file.write('in the way')
    c = server.connect()
    t.error(c('CONFIG', 'SET', 'appendonly', 'yes'), "ERR CONFIG SET failed (possibly related to argument 'appendonly')")
    t.equal(c('CONFIG', 'GET', 'appendonly'), [b'appendonly', b'no'])
