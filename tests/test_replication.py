# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Masters and replicas outside a cluster: full and partial synchronization, the stream, broken peers; Pleiad with itself
and with redis-server in either place."""
import os
import shutil
import signal
import socket
import threading

from harness import HOST, Conn, RespError, Skip, encode, limit, pleiad_only, short

KEYS = 3000


def _load(server, commands):
    """Sends commands in one go; errors fail the test."""
    conn = Conn(server.address, 30)
    try:
        conn.send(b''.join(encode(*command) for command in commands))
        for command in commands:
            reply = conn.read()
            assert not isinstance(reply, RespError), (command, reply)
    finally:
        conn.close()


def _follow(t, replica, master):
    t.equal(replica.cmd('REPLICAOF', HOST, master.port), 'OK')


def _await_equal_offsets(t, master, *replicas):
    """Every replica is connected and has applied what the master wrote."""
    def equal():
        offset = master.cmd('ROLE')[1]
        for replica in replicas:
            role = replica.cmd('ROLE')
            if role[0] != b'slave' or role[3] != b'connected' or role[4] != offset:
                return False
        return master.cmd('ROLE')[1] == offset
    t.await_true(equal, 20, 'the replicas to be where %s is' % master.name)


def _data(server, keys=KEYS):
    return server.cmd('MGET', *['key:%d' % n for n in range(keys)])


def _mixture(seed, count):
    """A deterministic mix of writes over a small set of keys, so that many hit the same one."""
    number = seed
    for step in range(count):
        number = (number * 1103515245 + 12345) % (1 << 31)
        key = 'key:%d' % (number % KEYS)
        kind = number // KEYS % 6
        if kind < 3:
            yield 'SET', key, '%d:%d' % (seed, step) * (1 + kind * 40)
        elif kind == 3:
            yield 'DEL', key
        elif kind == 4:
            yield 'APPEND', key, 'x%d' % step
        else:
            yield 'SET', key, step, 'PX', 100000000


def _sync_under_writes(t, master, replicas):
    _load(master, list(_mixture(1, 20000)))
    failures = []

    def write(seed):
        try:
            for part in range(20):
                _load(master, list(_mixture(seed + part, 1000)))
        except BaseException as failure:
            failures.append(failure)
    writers = [threading.Thread(target=write, args=(seed,)) for seed in (100, 1000)]
    for writer in writers:
        writer.start()
    for replica in replicas:
        _follow(t, replica, master)
    for writer in writers:
        writer.join()
    t.equal(failures, [])
    _await_equal_offsets(t, master, *replicas)
    for replica in replicas:
        t.equal(_data(replica), _data(master), 'the data of %s' % replica.name)
        t.true(isinstance(replica.cmd('SET', 'a', 'b'), RespError), 'a replica takes no writes')


@short
@limit(120)
def test_full_sync_under_writes(t):
    _sync_under_writes(t, t.server(), [t.server(), t.server()])


@short
@limit(60)
def test_kill_replica_link(t):
    """CLIENT KILL ends the links to replicas, by their type and by their address; they come again and go on."""
    master, replica = t.server(), t.server()
    master.cmd('SET', 'a', 1)
    _follow(t, replica, master)
    _await_equal_offsets(t, master, replica)
    address = None
    if not t.is_pleiad:
        address = next(line for line in master.cmd('CLIENT', 'LIST', 'TYPE', 'replica').decode().split() if line[:5] == 'addr=')[5:]
    t.equal(master.cmd('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'), 0)
    t.equal(master.cmd('CLIENT', 'KILL', 'ADDR', address or '%s:1' % HOST), 1 if address else 0)
    for kind in 'replica', 'slave':
        syncs = int(master.info('stats')['sync_partial_ok'])
        t.await_true(lambda: 'state=online' in master.info('replication').get('slave0', ''), 20, 'the link')
        t.equal(master.cmd('CLIENT', 'KILL', 'TYPE', kind), 1)
        master.cmd('INCR', 'a')
        t.await_true(lambda: int(master.info('stats')['sync_partial_ok']) > syncs, 20, 'it to come again')
        _await_equal_offsets(t, master, replica)
        t.equal(replica.cmd('GET', 'a'), master.cmd('GET', 'a'))


@limit(120)
def test_redis_follows(t):
    _sync_under_writes(t, t.server(), [t.redis()])


@limit(120)
def test_follows_redis(t):
    _sync_under_writes(t, t.redis('--repl-diskless-sync-delay', '0'), [t.server()])
    _sync_under_writes(t, t.redis('--repl-diskless-sync', 'no'), [t.server()])


@short
def test_transactions_databases_expiry(t):
    """What the stream of a redis master can hold."""
    master, replica = t.redis('--repl-diskless-sync-delay', '0'), t.server()
    c = master.connect()
    c('SELECT', 3)
    t.equal(c('SET', 'three', 'old', 'PXAT', 4102444800123), 'OK')
    _follow(t, replica, master)
    _await_equal_offsets(t, master, replica)
    r = replica.connect()
    r('SELECT', 3)
    t.equal(r('GET', 'three'), b'old')
    t.equal(r('PEXPIRETIME', 'three'), 4102444800123)
    for command in (('MULTI',), ('SET', 'a', '1'), ('INCR', 'a'), ('SELECT', 0), ('SET', 'zero', 'x'), ('EXEC',)):
        t.true(not isinstance(c(*command), RespError), command[0])
    c('SET', 'short', 'life', 'PX', 50)
    _await_equal_offsets(t, master, replica)
    t.equal(r('GET', 'a'), b'2')
    t.equal(replica.cmd('GET', 'zero'), b'x')
    t.await_true(lambda: replica.cmd('EXISTS', 'short') == 0 and c('EXISTS', 'short') == 0, 5, 'the key to expire')
    big = os.urandom(1 << 20) * 3
    t.equal(c('SET', 'big', big), 'OK')
    _await_equal_offsets(t, master, replica)
    t.equal(replica.cmd('GET', 'big'), big)


@short
def test_chain_and_promotion(t):
    """A <- B <- C: C has what A writes. A dies, B is promoted: C goes on without a full sync."""
    a, b, c = t.server(), t.server(), t.server()
    _load(a, list(_mixture(5, 5000)))
    _follow(t, b, a)
    _await_equal_offsets(t, a, b)
    _follow(t, c, b)
    _load(a, list(_mixture(6, 5000)))
    _await_equal_offsets(t, a, b, c)
    t.equal(_data(c), _data(a))
    want = _data(a)
    a.kill()
    t.await_true(lambda: b.cmd('ROLE')[3] != b'connected', 10, 'B to see that A is gone')
    t.equal(b.cmd('REPLICAOF', 'NO', 'ONE'), 'OK')
    _load(b, list(_mixture(7, 1000)))
    _await_equal_offsets(t, b, c)
    t.equal(_data(c), _data(b))
    t.true(_data(b) != want, 'B takes writes')
    t.equal(c.log().count('Full resync from master'), 1, 'full syncs of C')
    # A replica of A that comes to B later goes on as well, if B still has what it lacks.


@short
def test_siblings_go_on_after_promotion(t):
    for kind in ('pleiad', 'redis'):
        a, b = t.server(), t.server()
        c = t.redis() if kind == 'redis' else t.server()
        _load(a, list(_mixture(5, 3000)))
        _follow(t, b, a)
        _follow(t, c, a)
        _await_equal_offsets(t, a, b, c)
        _load(a, list(_mixture(6, 3000)))
        _await_equal_offsets(t, a, b, c)
        a.kill()
        t.equal(b.cmd('REPLICAOF', 'NO', 'ONE'), 'OK')
        _load(b, list(_mixture(7, 1000)))
        _follow(t, c, b)
        _await_equal_offsets(t, b, c)
        t.equal(_data(c), _data(b))
        t.true('Full resync of replica' not in b.log(), 'B made no snapshot for %s' % kind)


@short
def test_old_master_comes_back(t):
    """Demoted with nothing that the new master lacks, it goes on; with a write of its own, it loses that write."""
    a, b = t.server(), t.server()
    _load(a, list(_mixture(5, 3000)))
    _follow(t, b, a)
    _await_equal_offsets(t, a, b)
    _load(a, list(_mixture(6, 100)))
    _await_equal_offsets(t, a, b)
    t.equal(b.cmd('REPLICAOF', 'NO', 'ONE'), 'OK')
    _load(b, list(_mixture(7, 100)))
    _follow(t, a, b)
    _await_equal_offsets(t, b, a)
    t.equal(_data(a), _data(b))
    t.true('Full resync of replica' not in b.log(), 'it went on')
    t.equal(a.cmd('REPLICAOF', 'NO', 'ONE'), 'OK')
    t.equal(a.cmd('SET', 'mine', 'alone'), 'OK')
    t.equal(b.cmd('SET', 'key:1', 'other'), 'OK')
    _follow(t, a, b)
    _await_equal_offsets(t, b, a)
    t.equal(a.cmd('GET', 'mine'), None)
    t.equal(_data(a), _data(b))


@pleiad_only
def test_what_it_cannot_load_costs_nothing(t):
    """A master whose snapshot holds what this version lacks: the reason is said, the old data stays."""
    master, replica = t.redis('--repl-diskless-sync-delay', '0'), t.server(config='databases 2')
    t.equal(replica.cmd('SET', 'old', 'data'), 'OK')
    t.equal(master.cmd('SET', 'new', 'data'), 'OK')
    c = master.connect()
    c('SELECT', '5')
    c('SET', 'far', 'away')
    _follow(t, replica, master)
    t.await_true(lambda: 'it has keys in database 5' in replica.log(), 10, 'the reason')
    t.equal(replica.cmd('GET', 'old'), b'data')
    t.equal(c('FLUSHDB'), 'OK')
    _await_equal_offsets(t, master, replica)
    t.equal(replica.cmd('GET', 'old'), None)
    t.equal(replica.cmd('GET', 'new'), b'data')


LIBRARY = b'#!lua name=lib\nredis.register_function("f", function(keys, args) return 1 end)'


def _libraries(server):
    """Names and sources, of either kind of server."""
    return sorted((bytes(row[1]), bytes(row[7])) for row in server.cmd('FUNCTION', 'LIST', 'WITHCODE'))


@short
@pleiad_only
def test_function_libraries_pass_through(t):
    """They can't be called here, but whoever moves a data set through a Pleiad keeps them: by snapshot and stream, in
    the dump, in the AOF, and on to a redis-server."""
    other = LIBRARY.replace(b'name=lib', b'name=other').replace(b'"f"', b'"g"')
    master = t.redis('--repl-diskless-sync-delay', '0')
    t.equal(master.cmd('FUNCTION', 'LOAD', LIBRARY), b'lib')
    middle = t.server(config='appendonly yes\nappendfsync always\nsave 3600 1\nreplicaof 127.0.0.1 %d' % master.port)
    _await_equal_offsets(t, master, middle)
    t.equal(_libraries(middle), [(b'lib', LIBRARY)], 'by snapshot')
    last = t.redis(config='replicaof 127.0.0.1 %d' % middle.port)
    t.equal(master.cmd('FUNCTION', 'LOAD', other), b'other')
    _await_equal_offsets(t, master, middle, last)
    both = [(b'lib', LIBRARY), (b'other', other)]
    t.equal(_libraries(middle), both, 'by stream')
    t.equal(_libraries(last), both, 'to the replica of the replica')
    t.await_true(lambda: middle.info('persistence')['aof_rewrites'] == '1', 10, 'a base of the new data')
    middle.kill()
    again = t.server(config='appendonly yes', folder=middle.dir)
    t.equal(_libraries(again), both, 'from the AOF')
    t.equal(again.cmd('FUNCTION', 'DELETE', 'lib'), 'OK')
    t.equal(again.cmd('SAVE'), 'OK')
    t.equal(_libraries(t.redis(folder=again.dir)), both[1:], 'from the dump')
    payload = master.cmd('FUNCTION', 'DUMP')
    t.error(again.cmd('FUNCTION', 'RESTORE', payload), "ERR Library 'other' already exists")
    t.equal(_libraries(again), both[1:], 'all or nothing')
    t.equal(again.cmd('FUNCTION', 'RESTORE', payload, 'REPLACE'), 'OK')
    t.equal(_libraries(again), both)
    t.equal(again.cmd('FUNCTION', 'FLUSH'), 'OK')
    t.equal(master.cmd('FUNCTION', 'RESTORE', again.cmd('FUNCTION', 'DUMP'), 'FLUSH'), 'OK')
    t.equal(_libraries(master), [])


class _FakeMaster:
    """Answers the greeting, then says what the test wants."""

    def __init__(self, t):
        self.listener = socket.socket()
        self.listener.bind((HOST, 0))
        self.listener.listen(8)
        self.listener.settimeout(20 * t.slow)
        self.port = self.listener.getsockname()[1]

    def serve(self, data):
        sock, _ = self.listener.accept()
        sock.settimeout(20)
        got = b''
        while b'PSYNC' not in got:
            more = sock.recv(65536)
            if not more:
                break
            got += more
            sock.sendall(b'+OK\r\n' * (more.count(b'PING') + more.count(b'REPLCONF')))
        sock.sendall(b'+FULLRESYNC ' + b'a' * 40 + b' 0\r\n' + data)
        return sock


@short
@pleiad_only
@limit(90)
def test_broken_masters(t):
    """Damaged, cut and endless snapshots: the old data stays, the server too."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden/rdb-strings/plain.rdb'), 'rb') as file:
        good = file.read()
    damaged = good[:300] + bytes([good[300] ^ 1]) + good[301:]
    size = b'$%d\r\n' % len(good)
    replica = t.server()
    t.equal(replica.cmd('SET', 'old', 'data'), 'OK')
    fake = _FakeMaster(t)
    t.equal(replica.cmd('REPLICAOF', HOST, fake.port), 'OK')
    for data in (size + damaged, size + good[:1000], b'$10\r\n' + good, b'$5\r\nREDIS', b'$-5\r\n', b'$EOF:short\r\n',
                 b'$9223372036854775807\r\nREDIS0010\x00\x81\xff\xff\xff\xff\xff\xff\xff\xff', b'\x00' * 100000, b''):
        fake.serve(data).close()
        t.equal(replica.cmd('GET', 'old'), b'data', repr(data[:20]))
    link = fake.serve(size + good + encode('SELECT', 0) + encode('SET', 'live', 'yes'))
    t.await_true(lambda: replica.cmd('GET', 'live') == b'yes', 10, 'the whole one to be loaded')
    t.equal(replica.cmd('GET', 'old'), None)
    t.equal(replica.cmd('GET', 'int:127'), b'127')
    link.sendall(b'*1\r\n$99999999999\r\n')  # the stream goes mad
    t.await_true(lambda: replica.cmd('ROLE')[3] != b'connected', 10, 'the link to be dropped')
    t.equal(replica.cmd('GET', 'live'), b'yes')
    link.close()
    fake.listener.close()


@short
def test_snapshot_of_known_size(t):
    """A replica that can't take streamed snapshots, and redis-cli --rdb."""
    master = t.server()
    _load(master, list(_mixture(9, 3000)))
    c = master.connect()
    c.send(encode('PSYNC', '?', '-1'))
    line = c._line().decode().split()
    t.equal((line[0], len(line[1])), ('+FULLRESYNC', 40))
    while True:
        head = c._line().lstrip(b'\n')
        if head:
            break
    t.equal(head[:1], b'$')
    rdb = c._exactly(int(head[1:]))
    t.equal(rdb[:5], b'REDIS')
    path = t.path('snapshot.rdb')
    with open(path, 'wb') as file:
        file.write(rdb)
    check = shutil.which('redis-check-rdb')
    if not check:
        raise Skip('no redis-check-rdb')
    status, out, _ = t.run(check, path)
    t.equal((status, 'RDB looks OK' in out), (0, True), out)
    master.cmd('SET', 'next', 'one')
    t.equal(c.read(), [b'SELECT', b'0'])
    t.equal(c.read(), [b'SET', b'next', b'one'])
    status, out, err = t.run('redis-cli', '-p', master.port, '--rdb', t.path('cli.rdb'))
    t.equal(status, 0, out + err)
    status, out, _ = t.run(check, t.path('cli.rdb'))
    t.equal((status, 'RDB looks OK' in out), (0, True), out)


@short
def test_slow_replica_is_dropped(t):
    master = t.server('--client-output-buffer-limit', 'replica 4mb 0 0')
    t.equal(master.cmd('SET', 'key:0', 'x'), 'OK')
    c = Conn(master.address, 30 * t.slow)
    t.conns.append(c)
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    c('REPLCONF', 'capa', 'eof')
    c.send(encode('PSYNC', '?', '-1'))
    t.await_true(lambda: c._line(), 10, 'FULLRESYNC')
    c.send(encode('REPLCONF', 'ACK', '0'))
    t.await_true(lambda: len(master.cmd('ROLE')[2]) == 1, 10, 'the replica to be online')
    value = b'y' * 1000000
    for _ in range(30):
        t.equal(master.cmd('SET', 'key:0', value), 'OK')
    t.await_true(lambda: master.cmd('ROLE')[2] == [], 15, 'the slow replica to be dropped')


@short
def test_min_replicas(t):
    master, replica = t.server('--min-replicas-to-write', '1'), t.server()
    t.await_true(lambda: isinstance(master.cmd('SET', 'a', '1'), RespError), 5, 'a write to be refused')
    t.true(master.cmd('SET', 'a', '1').startswith('NOREPLICAS'), 'NOREPLICAS')
    _follow(t, replica, master)
    t.await_true(lambda: master.cmd('SET', 'a', '1') == 'OK', 10, 'a write to be taken')
    _await_equal_offsets(t, master, replica)
    t.equal(replica.cmd('GET', 'a'), b'1')
    replica.kill()
    t.await_true(lambda: isinstance(master.cmd('SET', 'a', '1'), RespError), 20, 'a write to be refused again')


@short
def test_password(t):
    master = t.server('--requirepass', 'secret')
    replica = t.server()
    c = master.connect()
    t.equal(c('AUTH', 'secret'), 'OK')
    t.equal(c('SET', 'a', '1'), 'OK')
    _follow(t, replica, master)
    t.await_true(lambda: 'NOAUTH' in replica.log() or 'uthent' in replica.log(), 10, 'the refusal')
    t.equal(replica.cmd('CONFIG', 'SET', 'masterauth', 'secret'), 'OK')
    t.await_true(lambda: replica.cmd('GET', 'a') == b'1', 10, 'the next attempt to have the password')


def _full_syncs(replica):
    """How often this server, in all its runs, took over a whole data set."""
    return replica.log().count('Full resync from master')


def _restart_and_go_on(t, master, replica, restarted):
    """`restarted` is one of the two: it ends cleanly and comes back, and the stream goes on."""
    _load(master, _mixture(1, 2000))
    master.cmd('SET', 'expires', '1', 'PX', '1')
    _await_equal_offsets(t, master, replica)
    full = _full_syncs(replica)
    t.true(full >= 1, 'the first sync is a full one')
    _load(master, list(_mixture(2, 500)) + [('SET', 'brief', '1', 'PX', '300'), ('SELECT', '3'),
                                            ('SET', 'in three', '1'), ('SELECT', '0')])
    restarted.process.send_signal(signal.SIGTERM)
    t.equal(restarted.process.wait(20), 0)
    if restarted is replica:
        _load(master, _mixture(3, 500))
    restarted.start()
    _load(master, _mixture(4, 500))
    _await_equal_offsets(t, master, replica)
    t.equal(_data(replica), _data(master))
    t.await_true(lambda: master.cmd('DBSIZE') == replica.cmd('DBSIZE'), 10, 'what expires to be gone in both')
    for server in (master, replica):
        c = server.connect()
        c('SELECT', '3')
        t.equal(c('DBSIZE'), 1, 'the database of the stream is known')
    t.equal(_full_syncs(replica), full, 'a partial resynchronization was enough:\n' + replica.log()[-2000:])


KEEPS = 'save 3600 1\nrepl-ping-replica-period 1\nrepl-diskless-sync-delay 0'


def _clean_restarts(t, first, second):
    for who in ('master', 'replica'):
        master = first(config=KEEPS)
        replica = second(config=KEEPS + '\nreplicaof 127.0.0.1 %d' % master.port)
        _restart_and_go_on(t, master, replica, master if who == 'master' else replica)
        replica.kill()
        master.kill()


@short
@pleiad_only
def test_clean_restart_needs_no_full_sync(t):
    _clean_restarts(t, t.server, t.server)


@pleiad_only
def test_clean_restart_under_a_redis_master(t):
    _clean_restarts(t, t.redis, t.server)


@pleiad_only
def test_clean_restart_with_a_redis_replica(t):
    _clean_restarts(t, t.server, t.redis)


@short
@pleiad_only
def test_a_crash_of_the_master_is_no_clean_restart(t):
    """What the dump lacks the replica has: going on would leave the two different."""
    master = t.server(config=KEEPS)
    replica = t.server(config='replicaof 127.0.0.1 %d' % master.port)
    _load(master, _mixture(1, 500))
    _await_equal_offsets(t, master, replica)
    t.equal(master.cmd('SAVE'), 'OK')
    _load(master, _mixture(2, 500))
    _await_equal_offsets(t, master, replica)
    full = _full_syncs(replica)
    master.process.kill()
    master.process.wait()
    master.start()
    _load(master, _mixture(3, 500))
    _await_equal_offsets(t, master, replica)
    t.equal(_data(replica), _data(master))
    t.equal(_full_syncs(replica), full + 1)
