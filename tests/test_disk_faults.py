# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Disks that are full, lie, stall or end in the midst of a step (rows 3 and 13 to 18 of the fault matrix), by a library that is
loaded in front of the C library's calls: fixtures/faulty_disk.c."""
import os
import random
import shutil
import signal
import threading
import time

from harness import HERE, Conn, RespError, Skip, limit, long, pleiad_only

AOF_DIR = 'appendonlydir'


class Disk:
    """A server with rules about its disk."""

    def __init__(self, t, config, **named):
        compiler = shutil.which('cc') or shutil.which('gcc') or shutil.which('clang')
        if not compiler or t.sanitized:
            raise Skip('needs a C compiler, and a server without sanitizer')
        library = t.path('faulty_disk.so')
        if not os.path.exists(library):
            status, out, err = t.run(compiler, '-shared', '-fPIC', '-O1', '-o', library,
                                     os.path.join(HERE, 'fixtures', 'faulty_disk.c'), '-ldl')
            t.equal(status, 0, out + err)
        self.t, self.rules = t, t.path('rules')
        self.rule()
        self.server = t.server(config='appendonly yes\n' + config,
                               env={'LD_PRELOAD': library, 'FAULTY_DISK': self.rules}, **named)

    def rule(self, *lines):
        with open(self.rules + '.new', 'w') as file:
            file.write(''.join(line + '\n' for line in lines))
        os.rename(self.rules + '.new', self.rules)

    def persistence(self):
        return self.server.info('persistence')

    def folder(self):
        return os.path.join(self.server.dir, AOF_DIR)

    def check(self, what):
        """Every file of the AOF is whole, by the tool's judgement."""
        status, out, _ = self.t.tool('check-aof', os.path.join(self.folder(), 'appendonly.aof.manifest'))
        self.t.equal(status, 0, '%s: %s' % (what, out))

    def restart(self):
        self.server.process.kill()
        self.server.process.wait()
        self.rule()
        self.server.start()


def _refused(disk, prefix='MISCONF'):
    """Writes until one is refused; how many were acknowledged."""
    c = disk.server.connect()
    acked = 0

    def refused():
        nonlocal acked
        reply = c('SET', 'n', str(acked + 1))
        if isinstance(reply, RespError):
            return reply
        acked += 1
        return None
    reply = disk.t.await_true(refused, 10, 'a write to be refused')
    disk.t.true(reply.startswith(prefix), reply)
    return acked


def _accepted(disk, seconds=10):
    disk.t.await_true(lambda: disk.server.cmd('SET', 'again', '1') == 'OK', seconds, 'writes to be taken again')


@pleiad_only
def test_full_disk(t):
    """Rows 15, 16: whole and short writes. Writes are refused, no half command stays, and it heals by itself."""
    for action in ('enospc', 'short'):
        disk = Disk(t, 'appendfsync everysec', folder=t.folder(action))
        disk.server.cmd('SET', 'before', 'x' * 100)
        disk.rule('write .incr.aof %s' % action)
        acked = _refused(disk)
        t.equal(disk.persistence()['aof_last_write_status'], 'err')
        t.equal(disk.server.cmd('GET', 'n'), b'%d' % acked, 'reads go on')
        disk.check('while the disk is full')
        disk.rule()
        _accepted(disk)
        t.await_true(lambda: disk.persistence()['aof_buffer_length'] == '0', 5, 'the fsync')
        disk.restart()
        t.equal(disk.server.cmd('MGET', 'before', 'n', 'again'), [b'x' * 100, b'%d' % acked, b'1'])
        disk.server.kill()


@pleiad_only
def test_full_disk_under_always(t):
    """Rows 15, 17: what is not on the disk is not acknowledged; the process ends."""
    for action in ('write .incr.aof enospc', 'write .incr.aof short', 'sync .incr.aof eio 1'):
        disk = Disk(t, 'appendfsync always', folder=t.folder(action.replace(' ', '-')))
        t.equal(disk.server.cmd('SET', 'a', '1'), 'OK')
        disk.rule(action)
        try:
            reply = disk.server.cmd('SET', 'a', '2')
        except (EOFError, OSError):
            reply = None
        t.equal(reply, None, action)
        t.equal(disk.server.wait_exit()[0], 1, action)
        disk.rule()
        disk.server.start()
        t.true(disk.server.cmd('GET', 'a') in (b'1', b'2'), action)
        disk.check(action)
        disk.server.kill()


@pleiad_only
def test_lying_fsync(t):
    """Row 17: after one failed fsync nobody knows what the disk has. Writes are refused until all was written anew."""
    disk = Disk(t, 'appendfsync everysec')
    for i in range(200):
        disk.server.cmd('SET', 'key%d' % i, 'x' * 50)
    disk.rule('sync .incr.aof eio 1', 'create temp-rewriteaof enospc')
    acked = _refused(disk)
    for _ in range(3):
        t.error(disk.server.cmd('SET', 'n', 'no'), 'MISCONF', 'the next fsync would lie')
    disk.rule()
    _accepted(disk, 20)
    t.true(int(disk.persistence()['aof_rewrites']) >= 1, 'by a rewrite')
    t.await_true(lambda: disk.persistence()['aof_buffer_length'] == '0', 5, 'the fsync')
    disk.restart()
    t.equal(disk.server.cmd('DBSIZE'), 202)
    t.equal(disk.server.cmd('GET', 'n'), b'%d' % acked)


def _stalled(t, stall_ms):
    disk = Disk(t, 'appendfsync everysec')
    disk.server.cmd('SET', 'a', '1')
    disk.rule('sync .incr.aof stall %d' % stall_ms)
    c = disk.server.connect()
    longest, end, count = 0.0, time.monotonic() + stall_ms / 1000 + 1.5, 0
    while time.monotonic() < end:
        begin = time.monotonic()
        t.equal(c('SET', 'n', str(count)), 'OK')
        longest = max(longest, time.monotonic() - begin)
        count += 1
    t.true(longest < 0.5 * t.slow, 'a write waited %.3f s for the disk' % longest)
    disk.rule()
    t.await_true(lambda: disk.persistence()['aof_buffer_length'] == '0', stall_ms / 1000 + 10, 'the fsync')
    disk.restart()
    t.equal(disk.server.cmd('GET', 'n'), b'%d' % (count - 1))


@pleiad_only
def test_stalled_disk(t):
    """Row 18: under everysec nobody waits for a disk that stalls."""
    _stalled(t, 2000)


@long
@limit(120)
@pleiad_only
def test_disk_stalled_for_30_s(t):
    _stalled(t, 30000)


def _killed_at(t, number, folder, config):
    """Dies in front of the numberth call on the AOF's folder while it rewrites under writes. True: it was over before."""
    disk = Disk(t, 'appendfsync always\nauto-aof-rewrite-percentage 0\n' + config, folder=folder)
    for i in range(20):
        disk.server.cmd('SET', 'old%d' % i, 'x' * 30)
    acked, stop = [0], threading.Event()

    def write():
        try:
            c = Conn(disk.server.address, 10)
            while not stop.is_set():
                c('MULTI')
                c('SET', 'n', str(acked[0] + 1))
                c('SET', 'twin', str(acked[0] + 1))
                c('EXEC')
                acked[0] += 1
        except (EOFError, OSError):
            pass
    writer = threading.Thread(target=write)
    disk.rule('rename %s kill %d' % (AOF_DIR, number), 'create %s kill %d' % (AOF_DIR, number),
              'unlink %s kill %d' % (AOF_DIR, number)) if number > 0 else disk.rule('any %s kill %d' % (AOF_DIR, -number))
    writer.start()
    survived = True
    try:
        disk.server.cmd('BGREWRITEAOF')
        t.await_true(lambda: disk.persistence()['aof_rewrite_in_progress'] == '0', 10, 'the rewrite')
    except (EOFError, OSError):
        survived = False
    stop.set()
    writer.join()
    disk.restart()
    c = disk.server.connect()
    n, twin = c('MGET', 'n', 'twin')
    t.equal(n, twin, 'transactions are whole')
    t.true(acked[0] <= int(n or 0) <= acked[0] + 1, 'step %d: acknowledged %d, there is %s' % (number, acked[0], n))
    t.equal(c('EXISTS', *['old%d' % i for i in range(20)]), 20)
    manifest = open(os.path.join(disk.folder(), 'appendonly.aof.manifest')).read()
    left = [f for f in os.listdir(disk.folder()) if f != 'appendonly.aof.manifest' and f not in manifest]
    disk.check('step %d' % number)
    disk.server.kill()
    shutil.rmtree(folder)
    return survived, left


def _every_step(t, config, step):
    for number in range(1, 500, step):
        survived, left = _killed_at(t, number, t.folder('step-%d' % number), config)
        t.equal(left, [], 'files that nobody names are deleted at the start (step %d)' % number)
        if survived:
            return number
    return 0


@limit(90)
@pleiad_only
def test_killed_at_every_step_of_a_rewrite(t):
    """Row 3: kill -9 in front of every file that is made, renamed or deleted."""
    t.true(_every_step(t, '', 1) >= 3, 'there are steps')


@long
@limit(600)
@pleiad_only
def test_killed_at_every_call_of_a_rewrite(t):
    """The same in front of every call on the folder, writes and fsyncs of the log included, and with a base of commands."""
    for config in ('', 'aof-use-rdb-preamble no'):
        for number in range(1, 120):
            _killed_at(t, -number, t.folder('call-%d' % number), config)


def _last_commands(t, server):
    """An increment whose last three commands are known: (path, its bytes, where they begin and the last ends)."""
    c = server.connect()
    c('SET', 'a', '1')
    c('SET', 'b', '22')
    c('MULTI')
    c('SET', 'c', '333')
    c('RPUSH', 'd', 'x', 'y')
    c('EXEC')
    folder = os.path.join(server.dir, AOF_DIR)
    path = os.path.join(folder, [f for f in os.listdir(folder) if f.endswith('incr.aof')][0])
    server.kill()
    whole = open(path, 'rb').read()
    starts = [whole.index(mark) for mark in (b'*3\r\n$3\r\nSET\r\n$1\r\na', b'*3\r\n$3\r\nSET\r\n$1\r\nb', b'*1\r\n$5\r\nMULTI')]
    return path, whole, starts + [whole.index(b'EXEC\r\n') + 6]


def _torn(t, step):
    server = t.server(config='appendonly yes\nappendfsync always')
    path, whole, marks = _last_commands(t, server)
    wanted = ([None, None, None, 0], [b'1', None, None, 0], [b'1', b'22', None, 0], [b'1', b'22', b'333', 2])
    for cut in range(marks[0], marks[-1] + 1, step):
        with open(path, 'wb') as file:
            file.write(whole[:cut])
        have = sum(cut >= mark for mark in marks) - 1
        server.start()
        c = server.connect()
        t.equal([c('GET', 'a'), c('GET', 'b'), c('GET', 'c'), c('LLEN', 'd')], wanted[have], 'cut at %d' % cut)
        t.equal(os.path.getsize(path), marks[have], 'what is torn is cut off')
        server.kill()


@pleiad_only
def test_torn_tail_of_a_transaction(t):
    _torn(t, 13)


@long
@limit(300)
@pleiad_only
def test_torn_tail_at_every_byte(t):
    """Row 13: the longest whole prefix, at every byte of the last three commands."""
    _torn(t, 1)


def _flips(data, count, seed):
    draw = random.Random(seed)
    places = range(len(data) * 8) if count == 0 else draw.sample(range(len(data) * 8), count)
    for place in places:
        yield place // 8, data[:place // 8] + bytes([data[place // 8] ^ (1 << place % 8)]) + data[place // 8 + 1:]


def _flipped(t, count):
    server = t.server(config='appendonly yes\nappendfsync everysec\nsave 3600 1')
    c = server.connect()
    for i in range(40):
        c('SET', 'key%d' % i, 'value %d' % i)
        c('RPUSH', 'list', 'element %d' % i)
    server.process.send_signal(signal.SIGTERM)
    t.equal(server.process.wait(20), 0)
    server.killed = True
    folder = os.path.join(server.dir, AOF_DIR)
    increment = os.path.join(folder, [f for f in os.listdir(folder) if f.endswith('incr.aof')][0])
    dump = os.path.join(server.dir, 'dump.rdb')
    for tool, path in (('check-aof', increment), ('check-rdb', dump)):
        good = open(path, 'rb').read()
        t.equal(t.tool(tool, path)[0], 0, path)
        for place, bad in _flips(good, count, 7):
            copy = t.path('flipped')
            with open(copy, 'wb') as file:
                file.write(bad)
            status, out, _ = t.tool(tool, copy)
            t.equal(status, 1, '%s: a bit flipped in byte %d of %d was not seen: %s' % (path, place, len(good), out))
    return server, increment


@pleiad_only
def test_flipped_bits(t):
    """Row 14: in a dump and in a log, never a silently wrong value."""
    server, increment = _flipped(t, 150)
    good = open(increment, 'rb').read()
    at = good.index(b'value 7')
    with open(increment, 'wb') as file:
        file.write(good[:at] + b'V' + good[at + 1:])
    status, said = t.server(config='appendonly yes', folder=server.dir, wait=False).wait_exit()
    t.true(status is not None and status > 0, 'status %s' % status)
    t.contains(said, os.path.basename(increment))
    t.contains(said, 'wrong checksum of the')
    t.contains(said, 'near byte')


@long
@limit(900)
@pleiad_only
def test_every_flipped_bit(t):
    _flipped(t, 0)
