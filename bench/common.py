# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the benchmarks share: servers that are pinned to cores, the CPU time they used, and the line that says where."""
import datetime
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HOST = '127.0.0.1'
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLEIAD = os.path.join(ROOT, 'build', 'pleiad')
REDIS = shutil.which('redis-server') or '/usr/bin/redis-server'
SERVER_CORE, LOAD_CORE = 0, 1


def free_port():
    """A port whose bus port (+10000) is free too, below the range of outgoing connections."""
    for port in range(12000 + os.getpid() % 4000, 22000):
        sockets = []
        try:
            for number in (port, port + 10000):
                sock = socket.socket()
                sockets.append(sock)
                sock.bind((HOST, number))
            return port
        except OSError:
            continue
        finally:
            for sock in sockets:
                sock.close()
    raise SystemExit('no free port')


def encode(*args):
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in args]
    return b'*%d\r\n' % len(parts) + b''.join(b'$%d\r\n%s\r\n' % (len(part), part) for part in parts)


def ask(port, *args, timeout=60):
    """One command; the reply's raw text (of an array, its first line)."""
    with socket.create_connection((HOST, port), timeout) as sock:
        sock.sendall(encode(*args))
        data = b''
        while b'\r\n' not in data:
            data += sock.recv(1 << 16)
        line, rest = data.split(b'\r\n', 1)
        if line[:1] == b'$':
            while len(rest) < int(line[1:]):
                rest += sock.recv(1 << 16)
            return rest[:int(line[1:])].decode()
        return line.decode()


def info(port, field):
    for line in ask(port, 'INFO').split('\r\n'):
        if line.startswith(field + ':'):
            return line.split(':', 1)[1]
    raise SystemExit('INFO lacks ' + field)


class Server:
    """A server without persistence in a folder of its own; use as a context."""

    def __init__(self, name, binary, args=(), cores=None):
        self.name, self.port, self.dir = name, free_port(), tempfile.mkdtemp(prefix='pleiad-bench-')
        command = [binary] + (['server'] if os.path.basename(binary) == 'pleiad' else [])
        command += ['--port', str(self.port), '--bind', HOST, '--dir', self.dir, '--save', '', '--appendonly', 'no']
        pin = ['taskset', '-c', cores] if cores else []
        self.log = open(os.path.join(self.dir, 'log'), 'wb')
        self.process = subprocess.Popen(pin + command + list(args), stdout=self.log, stderr=subprocess.STDOUT,
                                        cwd=self.dir)
        await_true(self.answers, 20, '%s to answer' % name)

    def answers(self):
        if self.process.poll() is not None:
            raise SystemExit('%s did not start: %s' % (self.name, open(self.log.name).read()[-1000:]))
        try:
            return ask(self.port, 'PING') == '+PONG'
        except OSError:
            return False

    def cpu_seconds(self):
        """User plus system time so far."""
        with open('/proc/%d/stat' % self.process.pid) as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def await_true(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit('waited in vain for ' + what)
        time.sleep(0.005)


def machine():
    """One line: date, processor, cores, kernel, what is compared."""
    model = platform.machine()
    with open('/proc/cpuinfo') as file:
        for line in file:
            if line.startswith('model name'):
                model = line.split(':', 1)[1].strip()
                break
    peer = subprocess.run([REDIS, '--version'], capture_output=True, text=True, check=False).stdout.split()
    version = next((word for word in peer if word.startswith('v=')), 'v=?')[2:]
    commit = subprocess.run(['git', 'rev-parse', '--short', 'HEAD'], cwd=ROOT, capture_output=True, text=True,
                            check=False).stdout.strip()
    return '%s, %s, %d cores, Linux %s; pleiad %s, redis-server %s' % (
        datetime.date.today().isoformat(), model, os.cpu_count(), platform.release(), commit or '?', version)


def need(*programs):
    for program in programs:
        if not shutil.which(program) and not os.path.exists(program):
            sys.exit('%s is missing: run make, tools/bootstrap all' % program)
