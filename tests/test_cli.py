# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""`pleiad cli`: one shot, from a pipe, and typed at a terminal."""
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from cluster import Cluster
from harness import HOST, Failure, key_in, key_slot, limit, short


def cli(t, server, *args, **named):
    """(status, stdout, stderr) of the shell; Debian's, when the tests run against Debian's server."""
    command = [t.binary, 'cli'] if t.is_pleiad else ['redis-cli']
    return t.run(*command, '-p', server.port, *args, **named)


@short
def test_one_shot(t):
    server = t.server()
    for args, wanted in (
            (('SET', 'a', 'x y'), 'OK\n'), (('GET', 'a'), 'x y\n'), (('GET', 'none'), '\n'),
            (('STRLEN', 'a'), '3\n'), (('MGET', 'a', 'none'), 'x y\n\n'),
            (('--no-raw', 'GET', 'a'), '"x y"\n'), (('--no-raw', 'GET', 'none'), '(nil)\n'),
            (('--no-raw', 'STRLEN', 'a'), '(integer) 3\n'), (('--no-raw', 'MGET', 'a', 'none'), '1) "x y"\n2) (nil)\n'),
            (('--raw', 'GET', 'a'), 'x y\n'), (('-r', '3', 'PING'), 'PONG\n' * 3),
            (('-r', '2', '-i', '0.01', 'INCR', 'n'), '1\n2\n'), (('-n', '3', 'SET', 'in3', '1'), 'OK\n'),
            (('-n', '3', 'DBSIZE'), '1\n'), (('-h', HOST, 'DBSIZE'), '2\n'),
            (('--no-raw', 'SET', 'b', '\x01\n"\\'), 'OK\n'), (('--no-raw', 'GET', 'b'), '"\\x01\\n\\"\\\\"\n'),
            (('-3', '--no-raw', 'GET', 'none'), '(nil)\n'),
            (('--no-raw', 'NOSUCH'), "(error) ERR unknown command 'NOSUCH', with args beginning with: \n")):
        status, out, err = cli(t, server, *args)
        t.equal(out.rstrip('\n') + '\n', wanted.rstrip('\n') + '\n', '%s %s' % (args, err))
    for option in ('--help', '--version'):
        status, out, err = cli(t, server, option)
        t.true(len(out + err) > 10, option)


@short
def test_json(t):
    server = t.server()
    cli(t, server, 'SET', 'a', 'x"y')
    for args, wanted in ((('GET', 'a'), 'x"y'), (('GET', 'none'), None), (('STRLEN', 'a'), 3),
                         (('MGET', 'a', 'none'), ['x"y', None]), (('CONFIG', 'GET', 'port'), {'port': str(server.port)})):
        status, out, err = cli(t, server, '--json', *args)
        t.equal(json.loads(out), wanted, str(args))


@short
def test_stdin(t):
    server = t.server()
    t.equal(cli(t, server, '-x', 'SET', 'blob', stdin=b'line 1\nline 2')[1], 'OK\n')
    t.equal(server.cmd('GET', 'blob'), b'line 1\nline 2')
    status, out, err = cli(t, server, stdin='SET a 1\nINCR a\n\nGET a\nECHO "two words"\n')
    t.equal(out.split('\n')[:4], ['OK', '2', '2', 'two words'])
    pipe = b''.join(b'*3\r\n$3\r\nSET\r\n$5\r\np%04d\r\n$1\r\nv\r\n' % i for i in range(2000))
    status, out, err = cli(t, server, '--pipe', stdin=pipe)
    t.equal(status, 0, out + err)
    t.contains(out, 'errors: 0, replies: 2000')
    status, out, err = cli(t, server, '--pipe', stdin=pipe + b'*1\r\n$6\r\nNOSUCH\r\n')
    t.true(status > 0, 'status %d' % status)
    t.contains(out, 'errors: 1, replies: 2001')
    status, out, err = cli(t, server, '--scan', '--pattern', 'p00*')
    t.equal(sorted(out.split()), ['p%04d' % i for i in range(100)])
    status, out, err = cli(t, server, '--scan')
    t.equal(len(out.split()), 2002)


@short
def test_password(t):
    server = t.server('--requirepass', 'secret')
    t.equal(cli(t, server, '-a', 'secret', '--no-auth-warning', 'SET', 'a', '1')[1], 'OK\n')
    t.equal(cli(t, server, '--user', 'default', '-a', 'secret', '--no-auth-warning', 'GET', 'a')[1], '1\n')
    t.equal(cli(t, server, 'GET', 'a', env={'REDISCLI_AUTH': 'secret'})[1], '1\n')
    t.contains(cli(t, server, 'GET', 'a')[1], 'NOAUTH')
    status, out, err = cli(t, server, '-a', 'wrong', 'PING')
    t.contains(out + err, 'WRONGPASS')


@short
def test_failures(t):
    server = t.server()
    port = t.free_port()
    status, out, err = t.run(*([t.binary, 'cli'] if t.is_pleiad else ['redis-cli']), '-p', port, 'PING')
    t.true(status == 1, 'status %d' % status)
    t.contains(out + err, 'Could not connect to Redis at %s:%d: Connection refused' % (HOST, port))
    status, out, err = cli(t, server, '-e', 'NOSUCH')
    t.true(status == 1, 'status %d' % status)
    status, out, err = cli(t, server, '--nosuchoption')
    t.true(status == 1, 'status %d' % status)


@short
@limit(90)
def test_follows_redirects(t):
    cluster = Cluster(t, 3)
    key = key_in(10923, 16383)
    slot, home = key_slot(key), cluster.nodes[2]
    for node in cluster.nodes:
        t.equal(cli(t, node, '-c', 'SET', key, node.name)[1], 'OK\n')
        t.equal(cli(t, node, '-c', 'GET', key)[1], node.name + '\n')
    t.contains(cli(t, cluster.nodes[0], 'GET', key)[1], 'MOVED %d %s' % (slot, home.name))
    text = '-> Redirected to slot [%d] located at %s' % (slot, home.name)
    with Typed(t, cluster.nodes[0], '-c') as shell:
        shell.type('get %s' % key)
        shell.expect(text)
        shell.expect('"%s"' % cluster.nodes[2].name)
        shell.type('quit', home.name + '> ')
    a, b = cluster.nodes[:2]
    low = key_in(100, prefix='ask')
    t.equal(b.cmd('CLUSTER', 'SETSLOT', 100, 'IMPORTING', a.my_id()), 'OK')
    t.equal(a.cmd('CLUSTER', 'SETSLOT', 100, 'MIGRATING', b.my_id()), 'OK')
    t.equal(cli(t, a, '-c', 'SET', low, '1')[1], 'OK\n')
    t.equal(cli(t, a, '-c', 'GET', low)[1], '1\n')


class Typed:
    """The shell at a terminal."""

    def __init__(self, t, server, *args):
        self.t = t
        self.leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack('HHHH', 50, 200, 0, 0))
        command = [t.binary, 'cli'] if t.is_pleiad else ['redis-cli']
        env = dict(os.environ, TERM='xterm', HOME=t.root, COLUMNS='200')
        self.process = subprocess.Popen(command + ['-p', str(server.port), *args], stdin=follower, stdout=follower,
                                        stderr=follower, env=env, start_new_session=True)
        os.close(follower)
        t.others.append(self.process)
        self.text = ''

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.leader)

    def keys(self, text):
        os.write(self.leader, text.encode())

    def type(self, line, prompt='> '):
        """Waits for the prompt first: a terminal may drop what is typed while a program switches its mode."""
        self.expect(prompt)
        self.keys(line + '\r')

    def expect(self, wanted, seconds=8, ignore_case=False):
        """Reads on until the text shows up; what came before it is consumed."""
        end = time.monotonic() + seconds * self.t.slow
        while True:
            plain = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r', '', self.text)
            seen = plain.lower() if ignore_case else plain
            if wanted in seen:
                self.text = plain[seen.index(wanted) + len(wanted):]
                return
            if not select.select([self.leader], [], [], max(0, end - time.monotonic()))[0]:
                raise Failure('waited in vain for %r; the screen has %r' % (wanted, plain[-1500:]))
            try:
                data = os.read(self.leader, 65536)
            except OSError:
                data = b''
            if not data:
                raise Failure('the shell ended before it said %r; the screen has %r' % (wanted, plain[-1500:]))
            self.text += data.decode(errors='replace')


@limit(60)
def test_interactive(t):
    server = t.server()
    with Typed(t, server) as shell:
        shell.type('set a "hello world"', '%s> ' % server.name)
        shell.expect('OK\n')
        shell.type('get a')
        shell.expect('"hello world"\n')
        shell.type('select 3')
        shell.expect('OK\n')
        shell.type('mget a b', '%s[3]> ' % server.name)
        shell.expect('1) (nil)\n2) (nil)\n')
        shell.type('nosuch')
        shell.expect('(error) ERR unknown command')
        shell.type('echo "open')
        shell.expect('Invalid argument(s)')
        shell.type('2 ping')
        shell.expect('PONG\nPONG\n')
        shell.type('\x1b[A')  # the line before, from the history
        shell.expect('PONG\nPONG\n')
        shell.expect('> ')
        shell.keys('strl\t')
        shell.expect('strlen', ignore_case=True)
        shell.keys(' a\r')
        shell.expect('(integer) 0\n')
        shell.type('quit')
        t.equal(shell.process.wait(10), 0)


@limit(60)
def test_interactive_reconnects(t):
    server = t.server()
    with Typed(t, server) as shell:
        shell.type('ping', '%s> ' % server.name)
        shell.expect('PONG\n')
        server.kill()
        shell.type('ping')
        shell.type('ping', 'not connected> ')
        shell.expect('Could not connect to Redis at %s: Connection refused' % server.name)
        server.start()
        shell.type('ping', 'not connected> ')
        shell.expect('PONG\n')
