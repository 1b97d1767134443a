# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""What a process test is made of: servers, connections, clusters, and conditions with deadlines.

A test is a function test_*(t) in tests/test_*.py; t is a Test. Everything t starts is ended with it, by pid, and a server
that the test did not kill must end with status 0 when asked politely, so a crash or a sanitizer report fails the test.
Nothing waits for a fixed time: await_true() asks again until a deadline, and deadlines grow with --slow.
"""
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HOST = '127.0.0.1'
BUS = 10000
SLOTS = 16384
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REDIS_SERVER = shutil.which('redis-server') or '/usr/bin/redis-server'
REDIS_CLI = shutil.which('redis-cli') or '/usr/bin/redis-cli'


class Failure(AssertionError):
    pass


class Skip(Exception):
    pass


class RespError(str):
    """An error reply. A value, not an exception: tests compare it."""

    def __repr__(self):
        return 'RespError(%s)' % str.__repr__(self)


def short(function):
    """Marks a test that also runs under the sanitizers (make asan, make tsan)."""
    function.short = True
    return function


def long(function):
    """Marks a test that runs only when it is asked for (tests/run --long): the long form of a short one."""
    function.long = True
    return function


def limit(seconds):
    """How long a test may take before it counts as hung (default 60)."""
    def mark(function):
        function.limit = seconds
        return function
    return mark


def pleiad_only(function):
    """Marks a test of something redis-server doesn't do the same way; it is skipped when --bin is one."""
    function.pleiad_only = True
    return function


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xffff
    return crc


def key_slot(key):
    data = key.encode() if isinstance(key, str) else key
    start = data.find(b'{')
    if start >= 0:
        end = data.find(b'}', start + 1)
        if end > start + 1:
            data = data[start + 1:end]
    return crc16(data) % SLOTS


def key_in(low, high=None, prefix='k'):
    """Some key whose slot lies in low..high."""
    high = low if high is None else high
    number = 0
    while True:
        key = '%s%d' % (prefix, number)
        if low <= key_slot(key) <= high:
            return key
        number += 1


def encode(*args):
    out = [b'*%d\r\n' % len(args)]
    for arg in args:
        if isinstance(arg, str):
            arg = arg.encode()
        elif not isinstance(arg, bytes):
            arg = str(arg).encode()
        out.append(b'$%d\r\n%s\r\n' % (len(arg), arg))
    return b''.join(out)


class Conn:
    """A connection that speaks RESP2 and RESP3 and hides nothing: raw bytes in, values out."""

    def __init__(self, address, timeout=10):
        if isinstance(address, str):
            self.sock = socket.socket(socket.AF_UNIX)
        else:
            self.sock = socket.socket()
        self.sock.settimeout(timeout)
        self.sock.connect(address)
        if not isinstance(address, str):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b''

    def __call__(self, *args):
        self.send(encode(*args))
        return self.read()

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    def _fill(self):
        data = self.sock.recv(1 << 18)
        if not data:
            raise EOFError('connection closed by the server')
        self.buffer += data

    def _line(self):
        while b'\r\n' not in self.buffer:
            self._fill()
        line, self.buffer = self.buffer.split(b'\r\n', 1)
        return line

    def _exactly(self, count):
        if len(self.buffer) < count:
            parts, have = [self.buffer], len(self.buffer)
            while have < count:
                data = self.sock.recv(1 << 20)
                if not data:
                    raise EOFError('connection closed by the server')
                parts.append(data)
                have += len(data)
            self.buffer = b''.join(parts)
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read(self):
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b'+':
            return rest.decode()
        if kind == b'-':
            return RespError(rest.decode('latin-1'))
        if kind == b':':
            return int(rest)
        if kind in b'$=!':
            if rest == b'-1':
                return None
            data = self._exactly(int(rest) + 2)[:-2]
            return data[4:] if kind == b'=' else RespError(data.decode()) if kind == b'!' else data
        if kind in b'*~>':
            return None if rest == b'-1' else [self.read() for _ in range(int(rest))]
        if kind == b'%':
            return {_hashable(self.read()): self.read() for _ in range(int(rest))}
        if kind == b'_':
            return None
        if kind == b'#':
            return rest == b't'
        if kind == b',':
            return float(rest)
        if kind == b'(':
            return int(rest)
        raise Failure('not RESP: %r' % line[:200])

    def until_closed(self, most=1 << 20):
        """Everything the server still says before it closes."""
        data, self.buffer = self.buffer, b''
        while len(data) < most:
            try:
                more = self.sock.recv(65536)
            except ConnectionResetError:
                return data
            if not more:
                return data
            data += more
        raise Failure('the connection was not closed')

    def close(self):
        self.sock.close()


def _hashable(value):
    return tuple(value) if isinstance(value, list) else value


class Server:
    """One server process in a folder of its own."""

    def __init__(self, test, binary, port, args=(), config='', cluster=False, wait=True, rlimit=None, env=None,
                 folder=None):
        self.test, self.binary, self.port = test, binary, port
        self.pleiad = os.path.basename(binary) not in ('redis-server', 'valkey-server')
        self.dir = folder or test.folder('node-%d' % port)
        os.makedirs(self.dir, exist_ok=True)
        self.config_path = os.path.join(self.dir, 'node.conf')
        self.log_path = os.path.join(self.dir, 'log')
        lines = ['bind 127.0.0.1', 'port %d' % port, 'dir "%s"' % self.dir, 'save ""']
        if self.pleiad and test.threads:
            lines.append('threads %d' % test.threads)
        if cluster:
            lines += ['cluster-enabled yes', 'cluster-config-file nodes.conf', 'cluster-node-timeout 2000',
                      'repl-diskless-sync-delay 0']
        with open(self.config_path, 'w') as file:
            file.write('\n'.join(lines) + '\n' + config + '\n')
        self.args, self.rlimit, self.env = list(args), rlimit, env
        self.process, self.killed = None, False
        test.servers.append(self)
        self.start(wait)

    @property
    def address(self):
        return (HOST, self.port)

    @property
    def name(self):
        return '%s:%d' % self.address

    @property
    def pid(self):
        return self.process.pid

    def command(self):
        return [self.binary] + (['server'] if self.pleiad else []) + [self.config_path] + self.args

    def start(self, wait=True):
        self.killed = False
        before = None
        if self.rlimit:
            import resource
            files = self.rlimit
            def before():
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(self.command(), cwd=self.dir, stdout=log, stderr=subprocess.STDOUT,
                                            stdin=subprocess.DEVNULL, preexec_fn=before,
                                            env=dict(os.environ, **(self.env or {})))
        if wait:
            self.test.await_true(self.answers, 15, '%s to answer' % self.name)
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise Failure('%s ended with status %s at its start: %s' %
                          (self.name, self.process.returncode, self.log()[-2000:]))
        try:
            conn = Conn(self.address, 2)
            try:
                reply = conn('PING')
                if isinstance(reply, RespError) and not reply.startswith(('LOADING', 'NOAUTH')):
                    raise Failure('%s says %r to PING' % (self.name, reply))
                return not (isinstance(reply, RespError) and reply.startswith('LOADING'))
            finally:
                conn.close()
        except (OSError, EOFError):
            return False

    def connect(self, timeout=10):
        conn = Conn(self.address, timeout * self.test.slow)
        self.test.conns.append(conn)
        return conn

    def cmd(self, *args):
        """One command on a connection of its own."""
        conn = Conn(self.address, 20 * self.test.slow)
        try:
            return conn(*args)
        finally:
            conn.close()

    def info(self, section='everything'):
        text = self.cmd('INFO', section).decode()
        return dict(line.split(':', 1) for line in text.split('\r\n') if ':' in line)

    def config(self, name):
        reply = self.cmd('CONFIG', 'GET', name)
        return reply[1].decode() if reply else None

    def log(self):
        try:
            with open(self.log_path, errors='replace') as file:
                return file.read()
        except OSError:
            return ''

    def kill(self):
        """kill -9."""
        self.killed = True
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def pause(self):
        """SIGSTOP; returns when all of it stands still: the signal reaches the threads one after the other, and on a busy
        machine one of them may still answer for milliseconds."""
        self.process.send_signal(signal.SIGSTOP)
        self.test.await_true(self._stands_still, 5, 'every thread to stop')

    def resume(self):
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def _stands_still(self):
        return self._states() <= {'T'}

    def _states(self):
        """Of its threads, in the letters of proc(5)."""
        states = set()
        tasks = '/proc/%d/task' % self.pid
        for task in os.listdir(tasks):
            with open('%s/%s/stat' % (tasks, task)) as file:
                states.add(file.read().rpartition(')')[2].split()[0])
        return states

    def terminate(self):
        """SIGTERM, also to one that a failed test left stopped; does not wait. SIGCONT only to such a one: it would undo a
        stop that LeakSanitizer waits for at the end of a process, and hang it (28 of 30)."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            if 'T' in self._states():
                self.resume()
        except OSError:
            pass  # it, or one of its threads, has just ended

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.terminate()
        try:
            return self.process.wait(20 * self.test.slow)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(10)
            raise Failure('%s did not end within 20 s of SIGTERM' % self.name)

    def wait_exit(self, seconds=10):
        """Waits for a server that ends by itself; returns (status, what it printed)."""
        try:
            status = self.process.wait(seconds * self.test.slow)
        except subprocess.TimeoutExpired:
            raise Failure('%s still runs; expected it to refuse its start' % self.name)
        self.killed = True
        return status, self.log()

    def cpu_seconds(self):
        with open('/proc/%d/stat' % self.pid) as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def rss(self):
        with open('/proc/%d/statm' % self.pid) as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')

    # Cluster conveniences.
    def cluster_info(self):
        text = self.cmd('CLUSTER', 'INFO').decode()
        return dict(line.split(':', 1) for line in text.split('\r\n') if ':' in line)

    def my_id(self):
        return self.cmd('CLUSTER', 'MYID').decode()

    def nodes(self):
        """CLUSTER NODES as a list of dictionaries."""
        rows = []
        for line in self.cmd('CLUSTER', 'NODES').decode().splitlines():
            part = line.split(' ')
            address = part[1].split(',')[0]
            rows.append({'id': part[0], 'address': address.split('@')[0], 'flags': part[2].split(','),
                         'master': part[3], 'epoch': int(part[6]), 'link': part[7], 'slots': part[8:]})
        return rows


class Test:
    """What a test function gets."""

    def __init__(self, name, binary, root, worker, slow=1.0, threads=0):
        self.name, self.binary, self.slow, self.threads = name, binary, slow, threads
        self.root = os.path.join(root, name.replace('.', '-'))
        self.build = os.path.dirname(os.path.abspath(binary))
        self.sanitized = slow > 1
        os.makedirs(self.root)
        self.servers, self.conns, self.others = [], [], []
        # Bus ports (+10000) stay below the range from which the kernel draws the ports of outgoing connections.
        # Each of up to 12 tests that run at once draws from 900 ports of its own: a port stays free while its server is
        # down. Where in them it begins is random, since other runs may be on the machine.
        start = random.randrange(900)
        self._ports = (11000 + worker % 12 * 900 + (start + i) % 900 for i in range(900))

    @property
    def is_pleiad(self):
        return os.path.basename(self.binary) == 'pleiad'

    def folder(self, name):
        path = os.path.join(self.root, name)
        os.makedirs(path, exist_ok=True)
        return path

    def path(self, name):
        return os.path.join(self.root, name)

    def free_port(self):
        for port in self._ports:
            if all(self._can_bind(p) for p in (port, port + BUS)):
                return port
        raise Failure('no free port')

    @staticmethod
    def _can_bind(port):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((HOST, port))
                return True
            except OSError:
                return False

    def server(self, *args, binary=None, port=None, **named):
        return Server(self, binary or self.binary, port or self.free_port(), args, **named)

    def redis(self, *args, **named):
        """A redis-server of Debian."""
        return self.server(*args, binary=REDIS_SERVER, **named)

    def run(self, *command, stdin=None, timeout=30, env=None, cwd=None):
        """Runs a program to its end: (status, stdout, stderr)."""
        if isinstance(stdin, str):
            stdin = stdin.encode()
        done = subprocess.run([str(part) for part in command], input=stdin if stdin is not None else b'',
                              capture_output=True, timeout=timeout * self.slow, cwd=cwd or self.root,
                              env=dict(os.environ, **(env or {})))
        return done.returncode, done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace')

    def tool(self, *args, **named):
        """Runs a subcommand of pleiad: t.tool('trib', 'check', ...)."""
        return self.run(self.binary, *args, **named)

    def await_true(self, condition, seconds, what):
        """Asks until condition() is true; returns what it returned. An exception of type Failure ends the wait."""
        end = time.monotonic() + seconds * self.slow
        while True:
            result = condition()
            if result:
                return result
            if time.monotonic() > end:
                raise Failure('waited %.0f s in vain for %s' % (seconds * self.slow, what))
            time.sleep(0.01)

    def close(self):
        """Ends everything. Returns what is wrong with how the servers ended."""
        problems = []
        for conn in self.conns:
            conn.close()
        for other in self.others:
            if other.poll() is None:
                other.kill()
                other.wait(10)
        for server in self.servers:
            if server.process:
                server.terminate()
        for server in self.servers:
            if not server.process or server.killed:
                continue
            try:
                status = server.stop()
                if status != 0:
                    problems.append('%s ended with status %d' % (server.name, status))
            except Failure as failure:
                problems.append(str(failure))
        for server in self.servers:
            text = server.log()
            for mark in ('Sanitizer', 'runtime error:', 'CHECK failed', '=== REDIS BUG REPORT'):
                if mark in text:
                    at = text.index(mark)
                    problems.append('%s: %s' % (server.name, text[max(0, at - 200):at + 3000]))
                    break
        return problems

    # Checks.
    def equal(self, got, wanted, what=''):
        if got != wanted:
            raise Failure('%s\n  got    %s\n  wanted %s' % (what, _clip(got), _clip(wanted)))

    def true(self, condition, what):
        if not condition:
            raise Failure(what)

    def contains(self, text, part, what=''):
        if part not in text:
            raise Failure('%s: %r is not in\n%s' % (what, part, _clip(text)))

    def error(self, reply, prefix, what=''):
        if not isinstance(reply, RespError) or not reply.startswith(prefix):
            raise Failure('%s\n  got    %s\n  wanted an error that starts with %r' % (what, _clip(reply), prefix))


def _clip(value):
    text = value if isinstance(value, str) and '\n' in value else repr(value)
    return text if len(text) < 2000 else text[:2000] + '... (%d characters)' % len(text)


def make_temp_root():
    return tempfile.mkdtemp(prefix='pleiad-test-')
