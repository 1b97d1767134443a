# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""WAIT and WAITAOF: counts, deadlines, CLIENT UNBLOCK, transactions, pipelines, a change of role."""
import time

from harness import HOST, encode, limit, short


def _follow(t, master, *replicas):
    for replica in replicas:
        t.equal(replica.cmd('REPLICAOF', HOST, master.port), 'OK')

    def equal():
        offset = master.cmd('ROLE')[1]
        return all(r.cmd('ROLE')[3:5] == [b'connected', offset] for r in replicas) and \
            master.info('replication')['connected_slaves'] == str(len(replicas))
    t.await_true(equal, 20, 'the replicas')


def _waiting(t, server, count):
    t.await_true(lambda: server.info('clients')['blocked_clients'] == str(count), 10, '%d clients to wait' % count)


def _acknowledged(t, server):
    """One of two replicas has acknowledged all there is."""
    def one():
        info = server.info('replication')
        return any(info[name].split('offset=')[1].split(',')[0] == info['master_repl_offset'] for name in ('slave0', 'slave1'))
    t.await_true(one, 10, 'an acknowledgement')


@short
@limit(60)
def test_wait(t):
    master = t.server('--threads', '2') if t.is_pleiad else t.server()
    replicas = [t.server(), t.server()]
    t.equal(master.cmd('WAIT', '0', '0'), 0, 'without replicas')
    t.equal(master.cmd('WAIT', '1', '50'), 0, 'without replicas, after the time')
    _follow(t, master, *replicas)
    conn = master.connect()
    t.equal(conn('WAIT', '2', '10000'), 2, 'who wrote nothing waits for nothing')
    t.equal(conn('SET', 'key', 'one'), 'OK')
    t.equal(conn('WAIT', '2', '10000'), 2, 'both acknowledge')
    for replica in replicas:
        t.equal(replica.cmd('GET', 'key'), b'one', 'what was waited for is there')
    t.error(replicas[0].cmd('WAIT', '0', '0'), 'ERR WAIT cannot be used with replica instances')

    replicas[0].pause()
    try:
        began = time.monotonic()
        conn.send(encode('SET', 'key', 'two') + encode('WAIT', '2', '300') + encode('GET', 'key'))
        t.equal([conn.read() for _ in range(3)], ['OK', 1, b'two'], 'a pipeline keeps its order')
        t.true(time.monotonic() - began >= 0.3, 'it waited to the end')
        conn.send(encode('MULTI') + encode('SET', 'key', 'two') + encode('WAIT', '2', '0') + encode('EXEC'))
        replies = [conn.read() for _ in range(4)]
        t.equal(replies[:3] + [replies[3][0]], ['OK', 'QUEUED', 'QUEUED', 'OK'], 'a transaction')
        t.true(replies[3][1] < 2, 'a transaction does not wait')

        waiting, leaving, timed = (master.connect() for _ in range(3))
        waiting.send(encode('SET', 'key', 'three') + encode('WAIT', '2', '0') + encode('ECHO', 'later'))
        t.equal(waiting.read(), 'OK')
        t.equal(leaving('SET', 'other', 'x'), 'OK')
        leaving.send(encode('WAIT', '2', '0'))
        t.equal(timed('SET', 'other', 'x'), 'OK')
        ids = timed('CLIENT', 'ID')
        timed.send(encode('WAIT', '2', '0'))
        _waiting(t, master, 3)
        _acknowledged(t, master)
        t.equal(master.cmd('CLIENT', 'UNBLOCK', ids), 1)
        t.equal(timed.read(), 1, 'unblocked: what there is')
        timed.send(encode('WAIT', '2', '0'))
        _waiting(t, master, 3)
        t.equal(master.cmd('CLIENT', 'UNBLOCK', ids, 'ERROR'), 1)
        t.error(timed.read(), 'UNBLOCKED')
        for other in (master.connect() for _ in range(4)):
            t.equal(other('GET', 'key'), b'three', 'others go on')
            other.close()
        leaving.close()
        _waiting(t, master, 1)
    finally:
        replicas[0].resume()
    t.equal([waiting.read(), waiting.read()], [2, b'later'], 'the acknowledgement comes')


@short
@limit(60)
def test_wait_ends_with_the_role(t):
    master, other = t.server(), t.server()
    conn = master.connect()
    conn('SET', 'a', '1')
    conn.send(encode('WAIT', '1', '0') + encode('PING'))
    _waiting(t, master, 1)
    t.equal(master.cmd('REPLICAOF', HOST, other.port), 'OK')
    t.error(conn.read(), 'UNBLOCKED force unblock')
    t.equal(conn.read(), 'PONG')


def _append_only(t, fsync):
    return t.server('--appendonly', 'yes', '--appendfsync', fsync)


@short
@limit(90)
def test_waitaof(t):
    for fsync in ('always', 'everysec'):
        master, replica = _append_only(t, fsync), _append_only(t, fsync)
        conn = master.connect()
        t.equal(conn('SET', 'a', '1'), 'OK')
        t.equal(conn('WAITAOF', '1', '0', '10000'), [1, 0], 'on the own disk, ' + fsync)
        t.equal(conn('WAITAOF', '0', '1', '50'), [1, 0], 'no replica')
        _follow(t, master, replica)
        t.equal(conn('SET', 'a', '2'), 'OK')
        t.equal(conn('WAITAOF', '1', '1', '10000'), [1, 1], 'on both disks, ' + fsync)
        t.error(replica.cmd('WAITAOF', '0', '0', '0'), 'ERR WAITAOF cannot be used with replica instances')
        conn.close()
        for server in (replica, master):
            server.stop()


@short
@limit(60)
def test_waitaof_without_a_log(t):
    """A replica without a log never counts; the master's log may be switched off while one waits for it."""
    master, replica = _append_only(t, 'no'), t.server()
    _follow(t, master, replica)
    conn = master.connect()
    t.equal(conn('SET', 'a', '1'), 'OK')
    t.equal(conn('WAIT', '1', '5000'), 1)
    t.equal(conn('WAITAOF', '0', '1', '100')[1], 0, 'it has no log')
    t.equal(conn('SET', 'a', '2'), 'OK')
    conn.send(encode('WAITAOF', '1', '0', '0'))
    _waiting(t, master, 1)
    t.equal(master.cmd('CONFIG', 'SET', 'appendonly', 'no'), 'OK')
    t.error(conn.read(), 'ERR WAITAOF cannot be used when numlocal is set')
    t.error(conn('WAITAOF', '1', '0', '0'), 'ERR WAITAOF cannot be used when numlocal is set')
    t.equal(conn('WAITAOF', '0', '0', '0')[1], 0)
