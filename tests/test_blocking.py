# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Clients that wait: BLPOP and its like, transactions and watches between several connections."""
import os
import threading
import time

from harness import Conn, encode, limit, short


def waiting(server, count):
    return lambda: server.info('clients')['blocked_clients'] == str(count)


@short
def test_first_come_first_served(t):
    server = t.server(config='threads 4')
    conns = [server.connect() for _ in range(5)]
    for i, c in enumerate(conns):
        c.send(encode('BLPOP', 'none', 'l', '0'))
        t.await_true(waiting(server, i + 1), 5, 'client %d to wait' % i)
    t.equal(server.cmd('RPUSH', 'l', 'a', 'b'), 2)
    t.equal(conns[0].read(), [b'l', b'a'])
    t.equal(conns[1].read(), [b'l', b'b'])
    t.equal(server.cmd('EXISTS', 'l'), 0)
    for letter in 'cde':
        t.equal(server.cmd('LPUSH', 'l', letter), 1)
    t.equal([c.read() for c in conns[2:]], [[b'l', b'c'], [b'l', b'd'], [b'l', b'e']])
    t.await_true(waiting(server, 0), 5, 'nobody to wait')


@short
def test_deadlines(t):
    server = t.server()
    c = server.connect()
    started = time.monotonic()
    t.equal(c('BLPOP', 'l', '0.15'), None)
    passed = time.monotonic() - started
    t.true(0.14 < passed < 0.5 * t.slow, 'waited %.3f s' % passed)
    t.equal(c('BLMOVE', 'l', 'm', 'LEFT', 'LEFT', '0.01'), None)
    t.equal(c('BZPOPMIN', 'z', '0.01'), None)
    t.equal(c('XREAD', 'BLOCK', '10', 'STREAMS', 's', '$'), None)
    t.equal(c('PING'), 'PONG')


@short
def test_pipelined_behind_a_wait(t):
    """What a client sent behind a command that waits runs when that has its answer, in order, whatever its size."""
    server = t.server(config='threads 2')
    c = server.connect()
    big = 'x' * 300000
    c.send(encode('SET', 'a', '1') + encode('BLPOP', 'l', '0') + encode('INCR', 'a') + encode('SET', 'b', big) +
           encode('STRLEN', 'b') + encode('BRPOP', 'l', '0') + encode('GET', 'a'))
    t.equal(c.read(), 'OK')
    t.await_true(waiting(server, 1), 5, 'the wait')
    t.equal(server.cmd('GET', 'a'), b'1')
    server.cmd('RPUSH', 'l', 'x')
    t.equal([c.read() for _ in range(4)], [[b'l', b'x'], 2, 'OK', len(big)])
    t.await_true(waiting(server, 1), 5, 'the second wait')
    server.cmd('RPUSH', 'l', 'y')
    t.equal([c.read() for _ in range(2)], [[b'l', b'y'], b'2'])


@short
def test_chain_of_moves(t):
    server = t.server(config='threads 4')
    a, b, c = (server.connect() for _ in range(3))
    a.send(encode('BLMOVE', 'l1', 'l2', 'LEFT', 'RIGHT', '0'))
    t.await_true(waiting(server, 1), 5, 'a')
    b.send(encode('BRPOPLPUSH', 'l2', 'l3', '0'))
    t.await_true(waiting(server, 2), 5, 'b')
    c.send(encode('BLMPOP', '0', '2', 'none', 'l3', 'LEFT'))
    t.await_true(waiting(server, 3), 5, 'c')
    server.cmd('RPUSH', 'l1', 'x')
    t.equal(a.read(), b'x')
    t.equal(b.read(), b'x')
    t.equal(c.read(), [b'l3', [b'x']])
    t.equal(server.cmd('EXISTS', 'l1', 'l2', 'l3'), 0)


@short
def test_all_kinds(t):
    server = t.server()
    z, x, g = (server.connect() for _ in range(3))
    z.send(encode('BZPOPMAX', 'z', '0'))
    x.send(encode('XREAD', 'BLOCK', '0', 'STREAMS', 's', '$'))
    server.cmd('XGROUP', 'CREATE', 'gs', 'g', '$', 'MKSTREAM')
    g.send(encode('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '0', 'STREAMS', 'gs', '>'))
    t.await_true(waiting(server, 3), 5, 'all to wait')
    server.cmd('ZADD', 'z', '1', 'a', '2', 'b')
    t.equal(z.read(), [b'z', b'b', b'2'])
    server.cmd('XADD', 's', '5-1', 'f', 'v')
    t.equal(x.read(), [[b's', [[b'5-1', [b'f', b'v']]]]])
    server.cmd('DEL', 'gs')
    t.error(g.read(), 'NOGROUP')
    server.cmd('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
    g.send(encode('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '0', 'STREAMS', 's', '>'))
    t.await_true(waiting(server, 1), 5, 'the wait')
    server.cmd('SET', 's', 'string')
    t.error(g.read(), 'WRONGTYPE')
    server.cmd('XGROUP', 'CREATE', 'gs', 'g', '$', 'MKSTREAM')
    g.send(encode('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '0', 'STREAMS', 'gs', '>'))
    z.send(encode('BLPOP', 'swapped', '0'))
    t.await_true(waiting(server, 2), 5, 'both to wait')
    server.cmd('FLUSHALL')
    t.error(g.read(), 'NOGROUP')
    c = server.connect()
    t.equal([c('SELECT', '1'), c('RPUSH', 'swapped', 'x'), c('SWAPDB', '0', '1')], ['OK', 1, 'OK'])
    t.equal(z.read(), [b'swapped', b'x'])


@short
def test_wrong_type_waits_on(t):
    server = t.server()
    c = server.connect()
    c.send(encode('BLPOP', 'k', '0'))
    t.await_true(waiting(server, 1), 5, 'the wait')
    server.cmd('SET', 'k', 'string')
    server.cmd('DEL', 'k')
    server.cmd('SADD', 'k', 'set')
    t.true(waiting(server, 1)(), 'it waits on')
    server.cmd('DEL', 'k')
    server.cmd('RPUSH', 'k', 'list')
    t.equal(c.read(), [b'k', b'list'])
    # A destination of another type is an error, though, and what was pushed stays.
    server.cmd('SET', 'to', 'string')
    c.send(encode('BLMOVE', 'k', 'to', 'LEFT', 'LEFT', '0'))
    t.await_true(waiting(server, 1), 5, 'the wait')
    server.cmd('RPUSH', 'k', 'list')
    t.error(c.read(), 'WRONGTYPE')
    t.equal(server.cmd('LLEN', 'k'), 1)


@short
def test_unblock_and_death(t):
    server = t.server(config='threads 3')
    a, b, dead, last = (server.connect() for _ in range(4))
    ids = [c('CLIENT', 'ID') for c in (a, b, dead, last)]
    for i, c in enumerate((a, b, dead, last)):
        c.send(encode('BLPOP', 'l', '0'))
        t.await_true(waiting(server, i + 1), 5, 'the wait')
    t.equal(server.cmd('CLIENT', 'UNBLOCK', str(ids[0])), 1)
    t.equal(a.read(), None)
    t.equal(server.cmd('CLIENT', 'UNBLOCK', str(ids[1]), 'ERROR'), 1)
    t.error(b.read(), 'UNBLOCKED')
    t.equal(server.cmd('CLIENT', 'UNBLOCK', str(ids[1])), 0)
    dead.close()
    t.await_true(waiting(server, 1), 5, 'the dead one to be forgotten')
    server.cmd('RPUSH', 'l', 'x')
    t.equal(last.read(), [b'l', b'x'])
    t.equal(a('PING'), 'PONG')


@short
def test_transaction_serves_afterwards(t):
    server = t.server(config='threads 2\nenable-debug-command yes')
    a, b = server.connect(), server.connect()
    a.send(encode('BLPOP', 'l', '0'))
    t.await_true(waiting(server, 1), 5, 'the wait')
    b('MULTI')
    b('LPUSH', 'l', 'x')
    b('LPUSH', 'l', 'y')
    b('BLPOP', 'none', '0')
    b('DEBUG', 'SLEEP', '0')  # it needs no more than the others of the transaction hold
    t.equal(b('EXEC'), [1, 2, None, 'OK'])
    t.equal(a.read(), [b'l', b'y'])
    t.equal(server.cmd('LRANGE', 'l', '0', '-1'), [b'x'])


@short
@limit(90)
def test_nothing_lost_or_doubled(t):
    """Pushers and waiting poppers on all threads, some of them cut off: what was pushed comes out once."""
    server = t.server(config='threads 4')
    rounds, got, lock = 2000, [], threading.Lock()
    stop = threading.Event()

    def pop():
        c = Conn(server.address, 30)
        mine = []
        while not stop.is_set():
            reply = c('BLPOP', 'q1', 'q2', '0.05')
            if reply:
                mine.append(int(reply[1]))
        with lock:
            got.extend(mine)

    def push(who):
        c = Conn(server.address, 30)
        for i in range(rounds):
            c('RPUSH', 'q%d' % (1 + i % 2), str(who * rounds + i))

    poppers = [threading.Thread(target=pop) for _ in range(6)]
    pushers = [threading.Thread(target=push, args=(who,)) for who in range(4)]
    for thread in poppers + pushers:
        thread.start()
    for thread in pushers:
        thread.join()
    t.await_true(lambda: server.cmd('EXISTS', 'q1', 'q2') == 0, 20, 'the queues to be empty')
    stop.set()
    for thread in poppers:
        thread.join()
    t.equal(sorted(got), list(range(4 * rounds)))


@short
def test_watch_between_clients(t):
    server = t.server(config='threads 4')
    a, b = server.connect(), server.connect()
    for change in (('SET', 'k', '1'), ('DEL', 'k'), ('RPUSH', 'k', 'x'), ('EXPIRE', 'k', '100'), ('FLUSHALL',)):
        a('WATCH', 'k', 'other')
        b(*change)
        a('MULTI')
        a('SET', 'seen', '1')
        t.equal(a('EXEC'), None, change)
    a('WATCH', 'k')
    b('SET', 'unrelated', '1')
    a('MULTI')
    a('SET', 'seen', '1')
    t.equal(a('EXEC'), ['OK'])


@short
@limit(60)
def test_transactions_are_atomic(t):
    """Two counters in different slots move together: no reader sees them apart, a replica neither."""
    server = t.server(config='threads 4')
    replica = t.server(config='threads 4\nreplicaof 127.0.0.1 %d' % server.port) if t.is_pleiad else None
    server.cmd('MSET', 'a', '0', 'b', '0')
    stop, wrong = threading.Event(), []

    def move():
        c = Conn(server.address, 30)
        for _ in range(300):
            c.send(encode('MULTI') + encode('INCR', 'a') + encode('INCR', 'b') + encode('EXEC'))
            for _ in range(4):
                c.read()

    def look(node):
        c = Conn(node.address, 30)
        while not stop.is_set():
            pair = c('MGET', 'a', 'b')
            if isinstance(pair, list) and pair[0] != pair[1]:
                wrong.append(pair)

    movers = [threading.Thread(target=move) for _ in range(4)]
    lookers = [threading.Thread(target=look, args=(node,)) for node in (server, replica) if node]
    for thread in movers + lookers:
        thread.start()
    for thread in movers:
        thread.join()
    stop.set()
    for thread in lookers:
        thread.join()
    t.equal(wrong, [])
    t.equal(server.cmd('MGET', 'a', 'b'), [b'1200', b'1200'])
    if replica:
        t.await_true(lambda: replica.cmd('MGET', 'a', 'b') == [b'1200', b'1200'], 10, 'the replica')


@short
@limit(60)
def test_transactions_under_maxmemory(t):
    """A transaction that needs room gets it before it takes its locks: eviction takes locks itself."""
    server = t.server(config='threads 2\nmaxmemory 12mb\nmaxmemory-policy allkeys-random')
    value = 'x' * 4000

    def write(who):
        c = Conn(server.address, 20)
        for i in range(300):
            c.send(encode('MULTI') + b''.join(encode('SET', 'w%d:%d:%d' % (who, i, j), value) for j in range(20)) +
                   encode('EXEC'))
            replies = [c.read() for _ in range(22)]
            t.equal(replies[-1], ['OK'] * 20)

    threads = [threading.Thread(target=write, args=(who,)) for who in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    t.true(int(server.info('stats')['evicted_keys']) > 1000, 'keys were evicted')
    full = t.server(config='maxmemory 1mb\nmaxmemory-policy noeviction')
    c = full.connect()
    c('MULTI')
    t.equal(c('PING'), 'QUEUED')
    t.error(c('SET', 'k', 'v'), 'OOM')
    t.error(c('EXEC'), 'EXECABORT')


@short
def test_nobody_is_served_in_the_midst_of_a_transaction(t):
    """DBSIZE makes it an exclusive section; the waiter gets what is there at the end, the journal one group."""
    server = t.server(config='threads 2\nappendonly yes\nappendfsync always')
    a, b = server.connect(), server.connect()
    a.send(encode('BLPOP', 'l', '0'))
    t.await_true(waiting(server, 1), 5, 'the wait')
    b.send(encode('MULTI') + encode('RPUSH', 'l', 'x') + encode('DBSIZE') + encode('RPUSH', 'l', 'y') +
           encode('LPUSH', 'l', 'first') + encode('EXEC'))
    t.equal([b.read() for _ in range(6)][-1], [1, 1, 2, 3])
    t.equal(a.read(), [b'l', b'first'])
    folder = os.path.join(server.dir, 'appendonlydir')
    log = b''.join(open(os.path.join(folder, f), 'rb').read() for f in sorted(os.listdir(folder)) if 'incr' in f)
    group = log[log.index(b'MULTI'):log.index(b'EXEC')]
    t.equal(group.count(b'PUSH'), 3)
    t.true(b'POP' not in group and b'POP' in log, 'the pop comes behind the group')


@short
def test_who_waits_is_not_idle(t):
    server = t.server(config='timeout 1')
    waiter, idle = server.connect(), server.connect()
    waiter.send(encode('BLPOP', 'l', '0'))
    t.equal(idle.until_closed(), b'')
    t.equal(server.cmd('RPUSH', 'l', 'x'), 1)
    t.equal(waiter.read(), [b'l', b'x'])


@short
def test_transaction_that_asks_the_cluster(t):
    """What waits for the cluster driver does so in a transaction, too, without keeping everybody out for ever."""
    server = t.server(cluster=True, config='enable-debug-command yes')
    c = server.connect()
    for command in (('CLUSTER', 'INFO'), ('INFO',), ('CLUSTER', 'LINKS'), ('CLUSTER', 'BUMPEPOCH'),
                    ('DEBUG', 'SLEEP', '0.01')):
        t.equal(c('MULTI'), 'OK')
        t.equal(c(*command), 'QUEUED')
        t.equal(len(c('EXEC')), 1, command)
    t.equal(server.cmd('PING'), 'PONG')
