# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Data on disk: dump, append-only file, restarts, crashes, broken files, full disks."""
import json
import os
import random
import shutil
import signal
import tarfile
import threading

from harness import ROOT, Conn, limit, pleiad_only, short

AOF_DIR = 'appendonlydir'


def restart(server, how=signal.SIGKILL):
    server.process.send_signal(how)
    server.process.wait(20)
    server.start()
    return server


def files(server, sub=AOF_DIR):
    folder = os.path.join(server.dir, sub)
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def persistence(server):
    return server.info('persistence')


def fill(server, count, prefix='k', size=50):
    c = server.connect()
    for start in range(0, count, 500):
        pairs = []
        for i in range(start, min(count, start + 500)):
            pairs += ['%s%d' % (prefix, i), 'v%d' % i + 'x' * size]
        assert c('MSET', *pairs) == 'OK'


@short
def test_save_and_restart(t):
    server = t.server()
    server.cmd('SET', 'a', 'one')
    server.cmd('SET', 'b', 'two', 'EX', '1000')
    server.cmd('SELECT', '3')
    c = server.connect()
    c('SELECT', '3')
    c('SET', 'in three', 'x' * 5000)
    t.equal(server.cmd('SAVE'), 'OK')
    t.equal(persistence(server)['rdb_changes_since_last_save'], '0')
    server.cmd('SET', 'a', 'lost with the crash')
    restart(server)
    t.equal(server.cmd('GET', 'a'), b'one')
    t.true(990 < server.cmd('TTL', 'b') <= 1000, 'the expiry survives')
    c = server.connect()
    c('SELECT', '3')
    t.equal(c('GET', 'in three'), b'x' * 5000)


@short
def test_save_rules_and_sigterm(t):
    server = t.server(config='save 1 1')
    server.cmd('SET', 'a', '1')
    t.await_true(lambda: persistence(server)['rdb_changes_since_last_save'] == '0', 10, 'the rule to save')
    server.cmd('SET', 'b', '2')
    restart(server, signal.SIGTERM)
    t.equal(server.cmd('MGET', 'a', 'b'), [b'1', b'2'])


@short
def test_bgsave_keeps_serving(t):
    server = t.server()
    fill(server, 20000)
    t.equal(server.cmd('BGSAVE'), 'Background saving started')
    for i in range(100):
        t.equal(server.cmd('SET', 'k%d' % i, 'changed'), 'OK')
    t.await_true(lambda: persistence(server)['rdb_bgsave_in_progress'] == '0', 20, 'the end of BGSAVE')
    t.equal(persistence(server)['rdb_last_bgsave_status'], 'ok')
    restart(server)
    t.equal(server.cmd('DBSIZE'), 20000)
    t.true(server.cmd('GET', 'k0').startswith(b'v0'), 'the dump is of the moment of BGSAVE')


@short
def test_redis_reads_our_dump_and_back(t):
    server = t.server()
    fill(server, 1000)
    server.cmd('SET', 'e', '1', 'PX', '1000000')
    t.equal(server.cmd('SAVE'), 'OK')
    redis = t.redis(folder=server.dir)
    t.equal(redis.cmd('DBSIZE'), 1001)
    t.true(redis.cmd('PTTL', 'e') > 900000, 'expiry')
    redis.cmd('SET', 'from redis', '1')
    t.equal(redis.cmd('SAVE'), 'OK')
    redis.kill()
    again = t.server(folder=server.dir)
    t.equal(again.cmd('GET', 'from redis'), b'1')


@short
def test_rdbcompression(t):
    """Long strings are LZF blocks in dumps, AOF bases and DUMP payloads, and the other server reads them."""
    server = t.server(config='appendonly yes')
    c = server.connect()
    for i in range(200):
        c('SET', 'text%d' % i, 'all work and no play makes %d a dull boy; ' % i * 10)
        c('RPUSH', 'list', 'the same element again and again %d' % i)
    c('SET', 'noise', bytes(random.Random(1).randrange(256) for _ in range(1000)))
    c('SELECT', '3')
    c('HSET', 'in three', 'field', 'y' * 300)
    sizes = {}
    for how in ('yes', 'no'):
        server.cmd('CONFIG', 'SET', 'rdbcompression', how)
        server.cmd('BGREWRITEAOF')
        t.await_true(lambda: persistence(server)['aof_rewrite_in_progress'] == '0', 10, 'the rewrite')
        t.equal(server.cmd('SAVE'), 'OK')
        base = [f for f in files(server) if f.endswith('.base.rdb')][0]
        sizes[how] = (os.path.getsize(os.path.join(server.dir, 'dump.rdb')),
                      os.path.getsize(os.path.join(server.dir, AOF_DIR, base)), len(server.cmd('DUMP', 'text1')))
    for packed, plain in zip(sizes['yes'], sizes['no']):
        t.true(packed * 3 < plain, 'compressed %d bytes, plain %d' % (packed, plain))
    server.cmd('CONFIG', 'SET', 'rdbcompression', 'yes')
    t.equal(server.cmd('SAVE'), 'OK')
    server.kill()
    redis = t.redis(folder=server.dir)
    for who in (redis, t.server(folder=server.dir)):
        t.equal(who.cmd('GET', 'text7'), b'all work and no play makes 7 a dull boy; ' * 10)
        t.equal(who.cmd('LRANGE', 'list', '-1', '-1'), [b'the same element again and again 199'])
        t.equal(len(who.cmd('GET', 'noise')), 1000)
        c = who.connect()
        c('SELECT', '3')
        t.equal(c('HGET', 'in three', 'field'), b'y' * 300)


@short
def test_aof_every_policy(t):
    for policy in ('always', 'everysec', 'no'):
        server = t.server(config='appendonly yes\nappendfsync %s' % policy, folder=t.folder(policy))
        c = server.connect()
        c('SET', 'a', '1')
        c('INCR', 'a')
        c('SET', 'ttl', 'x', 'EX', '100')
        c('SELECT', '2')
        c('APPEND', 'b', 'hello')
        if policy != 'always':
            t.await_true(lambda: persistence(server)['aof_buffer_length'] == '0' or policy == 'no', 5, 'the fsync')
            t.await_true(lambda: b'hello' in open(os.path.join(server.dir, AOF_DIR, files(server)[-2]), 'rb').read(),
                         5, 'the write')
        restart(server)
        t.equal(server.cmd('GET', 'a'), b'2', policy)
        t.true(0 < server.cmd('TTL', 'ttl') <= 100, policy)
        c = server.connect()
        c('SELECT', '2')
        t.equal(c('GET', 'b'), b'hello', policy)
        server.kill()


@limit(120)
def test_always_loses_nothing(t):
    """kill -9 at random moments with writers on all threads: every acknowledged write is there."""
    server = t.server(config='appendonly yes\nappendfsync always\nauto-aof-rewrite-min-size 64kb\nthreads 4')
    random.seed(7)
    counters = {}
    for round_number in range(8):
        acked = [0] * 6
        stop = threading.Event()

        def write(who):
            try:
                c = Conn(server.address, 10)
                n = counters.get(who, 0)
                while not stop.is_set():
                    n += 1
                    c('SET', 'w%d' % who, str(n))
                    c('SET', 'w%d:%d' % (who, n % 50), 'x' * 100)
                    acked[who] = n
            except (OSError, EOFError):
                pass

        threads = [threading.Thread(target=write, args=(who,)) for who in range(6)]
        for thread in threads:
            thread.start()
        t.await_true(lambda: all(acked), 20, 'a write of each')
        if round_number % 3 == 1:
            server.cmd('BGREWRITEAOF')
        mark, more = list(acked), random.randrange(200)
        t.await_true(lambda: sum(acked) >= sum(mark) + more, 20, 'more writes')
        server.process.kill()
        server.process.wait()
        stop.set()
        for thread in threads:
            thread.join()
        server.start()
        for who in range(6):
            got = int(server.cmd('GET', 'w%d' % who))
            t.true(acked[who] <= got <= acked[who] + 1, 'round %d, writer %d: acknowledged %d, there is %d' %
                   (round_number, who, acked[who], got))
            counters[who] = got


@short
def test_rewrite_shrinks_and_survives(t):
    server = t.server(config='appendonly yes\nappendfsync no\nauto-aof-rewrite-percentage 0')
    c = server.connect()
    for i in range(2000):
        c('SET', 'same', str(i))
    t.await_true(lambda: int(persistence(server)['aof_current_size']) > 50000, 5, 'the log to grow')
    t.equal(server.cmd('BGREWRITEAOF'), 'Background append only file rewriting started')
    t.await_true(lambda: persistence(server)['aof_rewrite_in_progress'] == '0', 10, 'the rewrite')
    t.true(int(persistence(server)['aof_current_size']) < 2000, 'the log is small again')
    t.equal(len(files(server)), 3, 'base, increment, manifest: %s' % files(server))
    small = int(persistence(server)['aof_current_size'])
    c('SET', 'same', 'last')
    t.await_true(lambda: int(persistence(server)['aof_current_size']) > small, 5, 'the write')
    restart(server)
    t.equal(server.cmd('GET', 'same'), b'last')


@short
def test_automatic_rewrite(t):
    server = t.server(config='appendonly yes\nauto-aof-rewrite-percentage 100\nauto-aof-rewrite-min-size 20kb')
    c = server.connect()
    for rewrites in (1, 2):
        for i in range(1500):
            c('SET', 'same', 'x' * 20)
        t.await_true(lambda: int(persistence(server)['aof_rewrites']) >= rewrites, 10, 'a rewrite')


@short
def test_torn_tail(t):
    """FAULTS 13: whatever byte it ends at, the longest whole prefix loads, or the start is refused."""
    server = t.server(config='appendonly yes\nappendfsync always')
    c = server.connect()
    c('SET', 'a', '1')
    c('SET', 'b', '2')
    path = os.path.join(server.dir, AOF_DIR, [f for f in files(server) if f.endswith('incr.aof')][0])
    server.kill()
    whole = open(path, 'rb').read()
    second = whole.index(b'*3\r\n$3\r\nSET\r\n$1\r\nb')
    whole = whole[:whole.index(b'\r\n2\r\n', second) + 5]  # a sum may stand behind
    for cut in range(second + 1, len(whole), 3):
        with open(path, 'wb') as file:
            file.write(whole[:cut])
        server.start()
        t.equal(server.cmd('MGET', 'a', 'b'), [b'1', None], 'cut at %d' % cut)
        t.equal(os.path.getsize(path), second, 'the tail was cut off')
        server.kill()
    with open(path, 'wb') as file:
        file.write(whole[:-2])
    refused = t.server(config='appendonly yes\naof-load-truncated no', folder=server.dir, wait=False)
    status, said = refused.wait_exit()
    t.true(status > 0, 'status %s' % status)
    t.contains(said, os.path.basename(path))
    t.contains(said, 'near byte %d' % second)


@short
@pleiad_only
def test_aof_timestamps(t):
    """aof-timestamp-enabled: the log can be cut back to a second, by either side's tool."""
    server = t.server(config='appendonly yes\nappendfsync always\naof-timestamp-enabled yes')
    stamps = []
    for n in range(3):
        second = int(server.cmd('TIME')[0])
        # What is written in the first moments of a second may still count to the one before.
        t.await_true(lambda: int(server.cmd('TIME')[0]) > second and int(server.cmd('TIME')[1]) > 300000, 5, 'a second')
        t.equal(server.cmd('SET', 'n', str(n)), 'OK')
        stamps.append(int(server.cmd('TIME')[0]))
    server.kill()
    increment = os.path.join(server.dir, AOF_DIR, [f for f in files(server) if f.endswith('incr.aof')][0])
    data = open(increment, 'rb').read()
    t.true(data.count(b'#TS:') >= 3, data)
    manifest = os.path.join(server.dir, AOF_DIR, 'appendonly.aof.manifest')
    tool = shutil.which('redis-check-aof')
    for cut, keep in ((stamps[1], b'1'), (stamps[0], b'0')):
        done = t.run(tool, '--truncate-to-timestamp', cut, manifest) if tool and keep == b'0' else \
            t.tool('check-aof', '--truncate-to-timestamp', cut, manifest)
        t.equal(done[0], 0, done[1])
        server.start()
        t.equal(server.cmd('GET', 'n'), keep)
        server.kill()


@short
def test_base_of_commands(t):
    """aof-use-rdb-preamble no: the base is a log of commands, for us and for redis-server."""
    server = t.server(config='appendonly yes\nappendfsync always\naof-use-rdb-preamble no')
    c = server.connect()
    c('SELECT', '2')
    c('SET', 'text', 'x' * 3000, 'PX', '10000000')
    c('RPUSH', 'list', *['e%d' % i for i in range(200)])
    c('SADD', 'set', *['m%d' % i for i in range(200)])
    c('SADD', 'numbers', '1', '2', '3')
    c('HSET', 'hash', *[x for i in range(200) for x in ('f%d' % i, 'v%d' % i)])
    c('ZADD', 'zset', *[x for i in range(200) for x in ('%g' % (i / 7), 'm%d' % i)])
    c('ZADD', 'zset', 'inf', 'most')
    c('XADD', 'stream', '1-1', 'f', 'v')
    c('XGROUP', 'CREATE', 'stream', 'g', '0')
    c('EXPIRE', 'list', '1000')
    names = ('text', 'list', 'set', 'numbers', 'hash', 'zset')
    kinds = ('string', 'list', 'set', 'set', 'hash', 'zset')
    before = [_value(c, kind, name) for kind, name in zip(kinds, names)]
    t.equal(server.cmd('BGREWRITEAOF'), 'Background append only file rewriting started')
    t.await_true(lambda: any(f.endswith('base.aof') and '.1.' not in f for f in files(server)) and
                 persistence(server)['aof_rewrite_in_progress'] == '0', 10, 'the rewrite')
    c('SET', 'tail', '1')
    server.kill()
    for who in (t.server, t.redis):
        again = who(config='appendonly yes\naof-use-rdb-preamble no', folder=server.dir)
        c = again.connect()
        c('SELECT', '2')
        for kind, name, value in zip(kinds, names, before):
            t.true(_same(kind, _value(c, kind, name), value), name)
        t.equal(c('XLEN', 'stream'), 1)
        t.equal(len(c('XINFO', 'GROUPS', 'stream')), 1)
        t.true(0 < c('TTL', 'list') <= 1000 and c('PTTL', 'text') > 1000000, 'expiries')
        t.equal(c('GET', 'tail'), b'1')
        again.kill()


@short
def test_broken_files_are_refused(t):
    """FAULTS 14: a flipped byte never becomes a silently wrong value."""
    server = t.server(config='appendonly yes\nappendfsync always')
    for i in range(20):
        server.cmd('SET', 'key%d' % i, 'value%d' % i)
    server.cmd('BGREWRITEAOF')
    t.await_true(lambda: persistence(server)['aof_rewrite_in_progress'] == '0', 10, 'the rewrite')
    server.cmd('SET', 'behind', 'it')
    base = os.path.join(server.dir, AOF_DIR, [f for f in files(server) if f.endswith('.rdb')][0])
    manifest = os.path.join(server.dir, AOF_DIR, 'appendonly.aof.manifest')
    server.kill()
    for path, change in ((base, lambda b: b[:60] + bytes([b[60] ^ 4]) + b[61:]), (base, lambda b: b[:-3]),
                         (manifest, lambda b: b.replace(b'seq', b'sea')), (manifest, lambda b: b[:-1])):
        good = open(path, 'rb').read()
        with open(path, 'wb') as file:
            file.write(change(good))
        status, said = t.server(config='appendonly yes', folder=server.dir, wait=False).wait_exit()
        t.true(status is not None and status > 0, 'status %s: %s' % (status, said[-300:]))
        t.contains(said, os.path.basename(path))
        with open(path, 'wb') as file:
            file.write(good)
    again = t.server(config='appendonly yes', folder=server.dir)
    t.equal(again.cmd('GET', 'behind'), b'it')


@short
def test_appendonly_switched_on_and_off(t):
    server = t.server()
    fill(server, 500)
    t.equal(server.cmd('CONFIG', 'SET', 'appendonly', 'yes'), 'OK')
    t.await_true(lambda: persistence(server)['aof_rewrites'] == '1', 10, 'the first base')
    server.cmd('SET', 'later', '1')
    t.await_true(lambda: persistence(server)['aof_buffer_length'] == '0', 5, 'the fsync')
    server.kill()
    again = t.server(config='appendonly yes', folder=server.dir)
    t.equal(again.cmd('DBSIZE'), 501)
    t.equal(again.cmd('CONFIG', 'SET', 'appendonly', 'no'), 'OK')
    t.equal(persistence(again)['aof_enabled'], '0')


@short
def test_plain_aof_of_old_servers(t):
    folder = t.folder('old')
    with open(os.path.join(folder, 'appendonly.aof'), 'wb') as file:
        file.write(b'*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n'
                   b'*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*1\r\n$4\r\nEXEC\r\n'
                   b'*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n')
    server = t.server(config='appendonly yes', folder=folder)
    t.equal(server.cmd('GET', 'a'), b'2', 'the transaction without EXEC counts for nothing')
    t.true(os.path.exists(os.path.join(folder, 'appendonly.aof.old')), 'the old file is kept')
    restart(server)
    t.equal(server.cmd('GET', 'a'), b'2')


@short
def test_redis_reads_our_aof(t):
    server = t.server(config='appendonly yes\nappendfsync always')
    fill(server, 300)
    server.cmd('BGREWRITEAOF')
    t.await_true(lambda: persistence(server)['aof_rewrite_in_progress'] == '0', 10, 'the rewrite')
    server.cmd('SET', 'tail', '1')
    server.kill()
    redis = t.redis(config='appendonly yes', folder=server.dir)
    t.equal(redis.cmd('DBSIZE'), 301)
    redis.cmd('SET', 'from redis', '1')
    redis.kill()
    again = t.server(config='appendonly yes', folder=server.dir)
    t.equal(again.cmd('DBSIZE'), 302)


@short
@pleiad_only
def test_replica_with_aof(t):
    master = t.server()
    fill(master, 300)
    replica = t.server(config='appendonly yes\nreplicaof 127.0.0.1 %d' % master.port)
    t.await_true(lambda: replica.cmd('DBSIZE') == 300, 10, 'the full sync')
    t.await_true(lambda: persistence(replica)['aof_rewrites'] == '1', 10, 'a base of the new data')
    master.cmd('SET', 'streamed', '1')
    t.await_true(lambda: replica.cmd('GET', 'streamed') == b'1', 5, 'the stream')
    folder = os.path.join(replica.dir, 'appendonlydir')
    # The buffer may be empty because the record has not come to it yet.
    newest = os.path.join(folder, max(name for name in os.listdir(folder) if name.endswith('.incr.aof')))
    t.await_true(lambda: b'streamed' in open(newest, 'rb').read(), 5, 'the write')
    replica.kill()
    alone = t.server(config='appendonly yes', folder=replica.dir)
    t.equal(alone.cmd('DBSIZE'), 301)


def _value(c, kind, key):
    """A value in the form of the recorded expected.json."""
    text = lambda x: x.decode('latin1')
    if kind == 'string':
        return text(c('GET', key))
    if kind == 'list':
        return [text(x) for x in c('LRANGE', key, '0', '-1')]
    if kind == 'set':
        return sorted(text(x) for x in c('SMEMBERS', key))
    if kind == 'hash':
        flat = [text(x) for x in c('HGETALL', key)]
        return dict(zip(flat[::2], flat[1::2]))
    if kind == 'zset':
        flat = [text(x) for x in c('ZRANGE', key, '0', '-1', 'WITHSCORES')]
        return [list(pair) for pair in zip(flat[::2], flat[1::2])]
    return [[text(i), [text(x) for x in fields]] for i, fields in c('XRANGE', key, '-', '+')]


def _same(kind, got, wanted):
    """Scores as numbers: servers print the same double in different ways."""
    if kind != 'zset':
        return got == wanted
    return [(m, float(s)) for m, s in got] == [(m, float(s)) for m, s in wanted]


@limit(90)
def test_golden_data_sets(t):
    """Every dump and AOF recorded from Redis 3.0 to 7.4 and Valkey 9.1 loads and is what that server said it holds.
    Those of 7.0 and later hold a function library, which is kept although it can't be run."""
    root = t.folder('golden')
    with tarfile.open(os.path.join(ROOT, 'tests', 'golden', 'data-sets.tar.xz')) as archive:
        archive.extractall(root)
    checked = 0
    for version in sorted(os.listdir(root)):
        for form in sorted(os.listdir(os.path.join(root, version))):
            folder = os.path.join(root, version, form)
            with open(os.path.join(folder, 'expected.json')) as file:
                expected = json.load(file)
            config = '' if form == 'rdb' else 'appendonly yes'
            server = t.server(config=config, folder=folder)
            old = version.startswith(('redis-3', 'redis-5', 'redis-6'))
            names = [row[1] for row in server.cmd('FUNCTION', 'LIST')]
            t.equal(names, [] if old else [b'golden'], '%s %s' % (version, form))
            for db, keys in expected.items():
                c = server.connect()
                c('SELECT', db[2:])
                expiring = [key for key in keys if keys[key]['ttl'] is True]
                t.true(c('DBSIZE') >= len(keys) - len(expiring), '%s %s %s has too few keys' % (version, form, db))
                for name, key in keys.items():
                    raw = name.encode('latin1')
                    if name in expiring and c('EXISTS', raw) == 0:
                        continue
                    t.equal(c('TYPE', raw), key['type'], '%s %s %s' % (version, form, name))
                    got = _value(c, key['type'], raw)
                    t.true(_same(key['type'], got, key['value']), '%s %s %s: got %.300r wanted %.300r' %
                           (version, form, name, got, key['value']))
                    checked += 1
            server.kill()
    t.true(checked > 2000, '%d keys were compared' % checked)
