# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""The tools that check files: check-rdb and check-aof, beside those of Redis on the same files."""
import os
import shutil

from harness import pleiad_only, short

MANIFEST = 'appendonly.aof.manifest'


def _other(t, name, *args, **named):
    path = shutil.which(name)
    return t.run(path, *args, **named) if path else None


def _same_verdict(t, tool, path):
    """Our exit status and last line, which are the other's as well."""
    status, out, err = t.tool(tool, path)
    other = _other(t, 'redis-' + tool, path)
    if other:
        t.equal(status, other[0], '%s of %s: %s%s and there %s' % (tool, path, out, err, other[1]))
    return status, out


def _write(path, data):
    with open(path, 'wb') as file:
        file.write(data)
    return path


@short
@pleiad_only
def test_check_rdb(t):
    server = t.server()
    c = server.connect()
    for i in range(300):
        c('SET', 'key%d' % i, 'value%d' % i * 10)
    c('SET', 'expires', '1', 'EX', '1000')
    c('RPUSH', 'list', 'a', 'b')
    t.equal(c('SAVE'), 'OK')
    path = os.path.join(server.dir, 'dump.rdb')
    status, out = _same_verdict(t, 'check-rdb', path)
    t.equal(status, 0, out)
    for line in ('Checksum OK', 'RDB looks OK!', '[info] 302 keys read', '[info] 1 expires'):
        t.contains(out, line)
    whole = open(path, 'rb').read()
    for size in (0, 5, 9, 100, len(whole) // 2, len(whole) - 8, len(whole) - 1):
        status, out = _same_verdict(t, 'check-rdb', _write(t.path('cut.rdb'), whole[:size]))
        t.equal(status, 1, 'cut at %d: %s' % (size, out))
        t.contains(out, '--- RDB ERROR DETECTED ---')
    for at in range(100, len(whole), len(whole) // 20):
        flipped = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]
        status, out = _same_verdict(t, 'check-rdb', _write(t.path('flipped.rdb'), flipped))
        t.equal(status, 1, 'flipped at %d: %s' % (at, out))
    t.equal(t.tool('check-rdb', t.path('nosuch'))[0], 1)
    t.equal(t.tool('check-rdb')[0], 1)
    link = t.path('redis-check-rdb')
    os.symlink(os.path.abspath(t.binary), link)
    t.equal(t.run(link, path)[0], 0, 'under its other name')


@short
@pleiad_only
def test_check_aof(t):
    server = t.server(config='appendonly yes\nappendfsync always')
    server.cmd('SET', 'a', '1')
    server.cmd('SET', 'b', '2')
    folder = os.path.join(server.dir, 'appendonlydir')
    manifest = os.path.join(folder, MANIFEST)
    server.kill()
    status, out = _same_verdict(t, 'check-aof', manifest)
    t.equal(status, 0, out)
    t.contains(out, 'All AOF files and manifest are valid')
    increment = os.path.join(folder, [f for f in os.listdir(folder) if f.endswith('.incr.aof')][0])
    whole = open(increment, 'rb').read()
    second = whole.index(b'*3\r\n$3\r\nSET\r\n$1\r\nb')
    whole = whole[:whole.index(b'\r\n2\r\n', second) + 5]  # a sum may stand behind
    _write(increment, whole[:-3])
    status, out = _same_verdict(t, 'check-aof', manifest)
    t.equal(status, 1, out)
    t.contains(out, 'ok_up_to=%d,' % second)
    status, out, _ = t.tool('check-aof', '--fix', manifest, stdin='n\n')
    t.equal((status, os.path.getsize(increment)), (1, len(whole) - 3), out)
    status, out, _ = t.tool('check-aof', '--fix', manifest, stdin='y\n')
    t.equal((status, os.path.getsize(increment)), (0, second), out)
    server.start()
    t.equal(server.cmd('MGET', 'a', 'b'), [b'1', None])
    server.kill()
    base = os.path.join(folder, [f for f in os.listdir(folder) if f.endswith('.base.rdb')][0])
    good = open(base, 'rb').read()
    _write(base, good[:-2] + b'xx')
    status, out = _same_verdict(t, 'check-aof', manifest)
    t.equal(status, 1, out)
    t.contains(out, 'RDB preamble of AOF file is not sane')
    _write(manifest, b'file nonsense\n')
    t.equal(_same_verdict(t, 'check-aof', manifest)[0], 1)


@short
@pleiad_only
def test_check_aof_of_one_file(t):
    ping, multi = b'*1\r\n$4\r\nPING\r\n', b'*1\r\n$5\r\nMULTI\r\n'
    for data, wanted, line in ((ping, 0, 'is valid'), (b'', 0, 'is empty'), (ping + b'hello', 1, 'format error'),
                               (ping + multi + ping, 1, 'Reached EOF before reading EXEC for MULTI'),
                               (ping + ping[:-1], 1, 'Expected to read 6 bytes')):
        status, out = _same_verdict(t, 'check-aof', _write(t.path('one.aof'), data))
        t.equal(status, wanted, out)
        t.contains(out, line)
    times = b'#TS:1000\r\n' + ping + b'#TS:2000\r\n' + ping
    path = _write(t.path('times.aof'), times)
    status, out, _ = t.tool('check-aof', '--truncate-to-timestamp', '2000', path)
    t.equal((status, os.path.getsize(path)), (0, len(times)), out)
    t.contains(out, 'Truncate nothing')
    status, out, _ = t.tool('check-aof', '--truncate-to-timestamp', '1500', path)
    t.equal((status, open(path, 'rb').read()), (0, times[:times.index(b'#TS:2000')]), out)
    t.equal(t.tool('check-aof')[0], 1)
    t.equal(t.tool('check-aof', '--bad', path)[0], 1)
