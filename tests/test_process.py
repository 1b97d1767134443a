# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Start and end of a server: configuration, ports, limits, signals."""
import os
import re
import signal
import socket
import subprocess
import time

from harness import BUS, HOST, ROOT, Conn, RespError, encode, limit, pleiad_only, short


@short
def test_taken_port(t):
    """FAULTS 55: a sentence, a status, and the owner of the port notices nothing."""
    owner = t.server()
    t.equal(owner.cmd('SET', 'a', '1'), 'OK')
    status, said = t.server(port=owner.port, wait=False, folder=t.folder('second')).wait_exit()
    t.true(status not in (0, None) and status > 0, 'status %s' % status)
    t.contains(said, 'Address already in use')
    t.contains(said, str(owner.port))
    t.equal(owner.cmd('GET', 'a'), b'1')


@short
@pleiad_only
def test_taken_bus_port(t):
    port = t.free_port()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((HOST, port + BUS))
        taken.listen()
        status, said = t.server(port=port, cluster=True, wait=False).wait_exit()
    t.true(status > 0, 'status %s' % status)
    t.contains(said, str(port + BUS))


@short
def test_bus_port_too_high(t):
    status, said = t.server(port=60000, cluster=True, wait=False).wait_exit()
    t.true(status > 0, 'status %s' % status)
    t.true(re.search(r'(?i)port', said), said)


@short
def test_few_files(t):
    """FAULTS 55: with 64 open files it serves fewer clients, and says so."""
    server = t.server(rlimit=64)
    most = int(server.config('maxclients'))
    t.true(0 < most < 64, 'maxclients %d' % most)
    t.contains(server.log(), 'maxclients')
    held = []
    for _ in range(80):
        c = Conn(server.address, 5)
        t.conns.append(c)
        try:
            reply = c('PING')
        except (EOFError, OSError):
            break
        if reply != 'PONG':
            t.error(reply, 'ERR max number of clients reached')
            break
        held.append(c)
    t.true(8 <= len(held) <= most, '%d clients were served, maxclients %d' % (len(held), most))
    for c in held:
        t.equal(c('PING'), 'PONG')
        c.close()
    t.await_true(server.answers, 5, 'room again')


BAD_LINES = ('maxmemory 64gbx', 'maxmemory 1e99', 'port -1', 'port 99999',
             'maxclients 0', 'databases 0', 'appendonly maybe', 'maxmemory-policy sometimes', 'nosuchdirective 1',
             'bind "127.0.0.1', 'port', 'timeout -1', 'client-output-buffer-limit normal 1', 'save 1',
             'include nosuchfile.conf', 'loglevel loud', 'hz x')
BAD_LINES_OF_OURS = ('maxmemory 99999999999999999999999', 'threads 0', 'auto-aof-rewrite-percentage 100-80')


@short
def test_bad_config(t):
    """FAULTS 54: refused with the line, its number, and why; and no data file is touched."""
    for line in BAD_LINES + (BAD_LINES_OF_OURS if t.is_pleiad else ()):
        server = t.server(config='# a comment\n\n%s\ntcp-keepalive 300' % line, wait=False, port=t.free_port())
        status, said = server.wait_exit()
        t.true(status > 0, '%r: status %s' % (line, status))
        lines = open(server.config_path).read().split('\n')
        t.true(re.search(r'(?i)(line |:)%d\b' % (lines.index(line) + 1), said) or line.startswith('include'),
               '%r: no line number %d in\n%s' % (line, lines.index(line) + 1, said))
        t.contains(said, line.split()[1].strip('"') if line.startswith('include') else line.split()[0], line)


@short
def test_missing_config(t):
    server = t.server(port=t.free_port())
    server.stop()
    os.unlink(server.config_path)
    server.start(wait=False)
    status, said = server.wait_exit()
    t.true(status > 0, 'status %s' % status)
    t.contains(said, server.config_path)


@short
def test_config_language(t):
    """Quotes, units, comments, include, repetition, and the command line that has the last word."""
    extra = t.path('extra.conf')
    with open(extra, 'w') as file:
        file.write('maxmemory 3mb\n  # indented comment\n\ttimeout\t7\nrequirepass "a b\\x41"\n')
    server = t.server('--timeout', '9', '--maxmemory-policy', 'allkeys-lru', config='timeout 5\ninclude "%s"\n' % extra,
                      wait=False)
    t.await_true(server.answers, 15, 'answers')
    c = server.connect()
    t.equal(c('AUTH', 'a bA'), 'OK')
    t.equal(c('CONFIG', 'GET', 'maxmemory'), [b'maxmemory', b'3145728'])
    t.equal(c('CONFIG', 'GET', 'timeout'), [b'timeout', b'9'])
    t.equal(c('CONFIG', 'GET', 'maxmemory-policy'), [b'maxmemory-policy', b'allkeys-lru'])
    units = {'1k': 1000, '1kb': 1024, '2m': 2000000, '2mb': 2 << 20, '1g': 10 ** 9, '1gb': 1 << 30, '4MB': 4 << 20}
    for text, value in units.items():
        t.equal(c('CONFIG', 'SET', 'maxmemory', text), 'OK')
        t.equal(c('CONFIG', 'GET', 'maxmemory'), [b'maxmemory', b'%d' % value])


@short
def test_config_set_is_atomic(t):
    """FAULTS 54: all or none."""
    server = t.server()
    c = server.connect()
    t.equal(c('CONFIG', 'SET', 'maxmemory', '100mb', 'timeout', '0'), 'OK')
    t.error(c('CONFIG', 'SET', 'maxmemory', '200mb', 'timeout', 'x'), 'ERR')
    t.error(c('CONFIG', 'SET', 'maxmemory', '200mb', 'nosuch', '1'), 'ERR')
    t.error(c('CONFIG', 'SET', 'maxmemory', '200mb', 'maxmemory', '300mb'), 'ERR')
    t.error(c('CONFIG', 'SET', 'port', '70000'), 'ERR')
    t.equal(server.config('maxmemory'), str(100 << 20))
    t.error(c('CONFIG', 'SET', 'databases', '3'), 'ERR', 'only at the start')
    t.equal(server.config('databases'), '16')


@short
def test_config_rewrite(t):
    """FAULTS 54: what REWRITE wrote loads to the same configuration, even with a line break in a value."""
    server = t.server(config='# keep this comment\ntimeout 5')
    c = server.connect()
    values = {'maxmemory': '12mb', 'timeout': '11', 'maxmemory-policy': 'volatile-ttl', 'slowlog-max-len': '77',
              'requirepass': 'a\r\nrequirepass "hacked" \\', 'client-output-buffer-limit': 'pubsub 1mb 2mb 30'}
    for name, value in values.items():
        t.equal(c('CONFIG', 'SET', name, value), 'OK', name)
    password = values['requirepass']
    t.equal(c('AUTH', password), 'OK')
    t.equal(c('CONFIG', 'REWRITE'), 'OK')
    before = c('CONFIG', 'GET', '*')
    text = open(server.config_path).read()
    t.contains(text, '# keep this comment')
    t.equal(len(re.findall(r'(?m)^timeout ', text)), 1, 'replaced where it stood')
    server.stop()
    server.start(wait=False)
    t.await_true(server.answers, 15, 'answers')
    c = server.connect()
    t.error(c('AUTH', 'hacked'), 'WRONGPASS')
    t.equal(c('AUTH', password), 'OK')
    after = c('CONFIG', 'GET', '*')
    t.equal(dict(zip(after[::2], after[1::2])), dict(zip(before[::2], before[1::2])))


SEED_FIRST = '''port {port}
daemonize yes
cluster-enabled yes
cluster-config-file nodes.conf
cluster-node-timeout 5000
appendonly yes
'''


def seed_file(name, **values):
    """The seed's two files word for word; only the paths and the port are moved into the test's folder."""
    with open(os.path.join(ROOT, 'tests', 'fixtures', name)) as file:
        text = file.read()
    for old, new in values.items():
        text = text.replace({'data': '/opt/redis/data', 'common': '/opt/redis/redis-common.conf',
                             'port': 'port 6379'}[old], new)
    return text


@pleiad_only
def test_seed_config(t):
    """The config files of the deployment guide that people copied for ten years."""
    common = t.path('redis-common.conf')
    drawn = set()
    for i in range(4):
        data = t.folder('data%d' % i)
        with open(common, 'w') as file:
            file.write(seed_file('redis-common.conf', data=data))
        port = t.free_port()
        server = t.server(port=port, config=seed_file('redis-6379.conf', common=common, port='port %d' % port))
        for name, value in (('cluster-enabled', 'yes'), ('maxmemory', '100000000'), ('slave-priority', '100'),
                            ('replica-priority', '100'), ('maxmemory-policy', 'allkeys-lru'),
                            ('appendfilename', 'appendonly-6379.aof'), ('cluster-config-file', 'nodes-6379.conf'),
                            ('slave-read-only', 'yes'), ('dir', data)):
            t.equal(server.config(name), value, name)
        drawn.add(int(server.config('auto-aof-rewrite-percentage')))
        server.stop()
    t.true(all(80 <= value <= 100 for value in drawn), '80-100 is a range: %s' % drawn)
    t.true(len(drawn) > 1, 'four nodes drew one value: %s' % drawn)


@pleiad_only
def test_seed_first_config(t):
    """The guide's first file: daemonize yes, so the command returns and the node runs on."""
    port = t.free_port()
    folder = t.folder('7000')
    with open(os.path.join(folder, 'redis.conf'), 'w') as file:
        file.write(SEED_FIRST.format(port=port) + 'pidfile %s/pid\nlogfile %s/log\n' % (folder, folder))
    link = t.path('redis-server')
    os.symlink(t.binary, link)
    status, out, err = t.run(link, 'redis.conf', cwd=folder)
    t.equal(status, 0, out + err)
    pid = int(t.await_true(lambda: os.path.exists(folder + '/pid') and open(folder + '/pid').read(), 10, 'pid file'))
    t.others.append(Daemon(pid))

    def ask(*command):
        try:
            c = Conn((HOST, port))
            t.conns.append(c)
            return c(*command)
        except OSError:
            return None
    t.await_true(lambda: ask('PING') == 'PONG', 10, 'PING')
    t.contains(ask('CLUSTER', 'INFO').decode(), 'cluster_state:fail')
    t.true(os.path.exists(folder + '/nodes.conf'), 'nodes.conf in the folder of the start')
    os.kill(pid, signal.SIGTERM)
    t.await_true(lambda: not os.path.exists('/proc/%d' % pid), 10, 'its end')
    t.true(not os.path.exists(folder + '/pid'), 'the pid file is gone')


class Daemon:
    """Lets Test.close() end a process that is not our child."""

    def __init__(self, pid):
        self.pid = pid

    def poll(self):
        return None if os.path.exists('/proc/%d' % self.pid) else 0

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def wait(self, seconds):
        del seconds


@pleiad_only
def test_names(t):
    """The names people already type."""
    folder = t.folder('bin')
    for name in ('redis-server', 'redis-cli', 'redis-trib', 'redis-trib.rb', 'valkey-server', 'valkey-cli'):
        os.symlink(t.binary, os.path.join(folder, name))
    server = t.server()
    for name in ('redis-cli', 'valkey-cli'):
        t.equal(t.run(folder + '/' + name, '-p', server.port, 'PING')[:2], (0, 'PONG\n'), name)
    for name in ('redis-trib', 'redis-trib.rb'):
        status, out, err = t.run(folder + '/' + name, 'help')
        t.contains(out + err, 'create', name)
    for name in ('redis-server', 'valkey-server'):
        port = t.free_port()
        process = subprocess.Popen([folder + '/' + name, '--port', str(port), '--bind', HOST, '--dir', t.root],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        t.others.append(process)
        t.await_true(lambda: not t._can_bind(port) and Conn((HOST, port))('PING') == 'PONG', 10, name)
        process.terminate()
        t.equal(process.wait(20 * t.slow), 0, name)


@short
def test_version_and_help(t):
    for word in ('--version', '--help'):
        status, out, err = t.run(t.binary, word)
        t.true(status in (0, 1) and len(out + err) > 10, word)
    if t.is_pleiad:
        status, out, err = t.run(t.binary, 'nosuchcommand')
        t.true(status > 0, 'status %d' % status)
        t.contains(out + err, 'nosuchcommand')


@short
def test_shutdown(t):
    server = t.server()
    c = server.connect()
    t.equal(c('SET', 'a', '1'), 'OK')
    t.error(c('SHUTDOWN', 'NOSUCH'), 'ERR syntax error')
    c.send(encode('SHUTDOWN', 'NOSAVE'))
    t.equal(c.until_closed(), b'')
    t.equal(server.process.wait(10 * t.slow), 0)


@short
def test_sigterm_under_load(t):
    server = t.server()
    conns = [server.connect() for _ in range(20)]
    for c in conns:
        c.send(encode('SET', 'k', 'v' * 100) * 500)
    started = time.monotonic()
    t.equal(server.stop(), 0)
    t.true(time.monotonic() - started < 10 * t.slow, 'it took its time to end')


def test_idle_costs_nothing(t):
    """Six idle nodes over 3 s: about no CPU at all."""
    from cluster import Cluster
    nodes = Cluster(t, 6, replicas=1).nodes if t.is_pleiad else [t.server() for _ in range(6)]
    time.sleep(1)  # the creation settles: not a wait, any state will do
    before = [node.cpu_seconds() for node in nodes]
    started = time.monotonic()
    time.sleep(3)  # the span that is measured, not a wait
    used = sum(node.cpu_seconds() for node in nodes) - sum(before)
    share = used / (time.monotonic() - started)
    print('six idle nodes: %.1f %% of one core' % (100 * share))
    t.true(share < 0.06, 'six idle nodes used %.1f %% of a core' % (100 * share))
