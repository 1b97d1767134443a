# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""`pleiad trib` against real nodes, line for line what redis-trib.rb 3.0 printed."""
import re
import time

from cluster import Cluster, own_slots
from harness import HOST, REDIS_SERVER, key_in, limit, pleiad_only, short


def _expected_plan(nodes):
    names, ids = [node.name for node in nodes], [node.my_id() for node in nodes]
    ranges = ('0-5460 (5461', '5461-10922 (5462', '10923-16383 (5461')
    lines = ['>>> Creating cluster']
    lines += ['>>> Performing hash slots allocation on 6 nodes...', 'Using 3 masters:'] + names[:3]
    lines += ['Adding replica %s to %s' % pair for pair in zip(names[3:], names[:3])]
    for name, ident, text in zip(names, ids, ranges):
        lines += ['M: %s %s' % (ident, name), '   slots:%s slots) master' % text]
    for name, ident, master in zip(names[3:], ids[3:], ids):
        lines += ['S: %s %s' % (ident, name), '   replicates %s' % master]
    return lines


def _without_connecting(text):
    """The seed's version prints a line for each connection, 3.0.7 doesn't; both are allowed before the plan."""
    return [line for line in text.splitlines() if not line.startswith('Connecting to node ')]


@short
@pleiad_only
@limit(90)
def test_create(t):
    cluster = Cluster(t, 6, replicas=1, create=None)
    plan = _expected_plan(cluster.nodes)
    started = time.monotonic()
    cluster.create_by_trib()
    taken = time.monotonic() - started
    print('create: %.2f s' % taken)
    if not t.sanitized:
        t.true(taken < 1.0, 'creating took %.2f s' % taken)
    lines = _without_connecting(cluster.output)
    t.true('\x1b' not in cluster.output, 'colours although nobody looks')
    t.equal(lines[:len(plan)], plan)
    text = '\n'.join(lines[len(plan):])
    steps = ('>>> Nodes configuration updated', '>>> Assign a different config epoch to each node',
             '>>> Sending CLUSTER MEET messages to join the cluster', 'Waiting for the cluster to join',
             '>>> Performing Cluster Check (using node %s)' % cluster.names[0],
             '[OK] All nodes agree about slots configuration.', '>>> Check for open slots...',
             '>>> Check slots coverage...', '[OK] All 16384 slots covered.')
    at = [text.index(step) for step in steps if step in text]
    t.true(len(at) == len(steps) and at == sorted(at), 'steps are missing or out of order:\n' + text)
    t.equal(lines[-1], steps[-1])
    cluster.await_ok()
    for master, replica in zip(cluster.nodes[:3], cluster.nodes[3:]):
        t.equal(cluster.replicas_of(master), [replica])
    epochs = [row['epoch'] for row in cluster.nodes[0].nodes() if 'slave' not in row['flags']]
    t.equal(len(set(epochs)), 3, 'config epochs differ')


def _check_lines(out):
    """check's output with each node's rows as one block, blocks sorted: CLUSTER NODES has no fixed order."""
    blocks, rest = [], []
    for line in _without_connecting(out):
        if re.match(r'[MS]: ', line):
            blocks.append(line)
        elif line.startswith('   ') and blocks:
            blocks[-1] += '\n' + line
        else:
            rest.append(line)
    return sorted(blocks), rest


@short
@pleiad_only
@limit(90)
def test_check_info_call(t):
    cluster = Cluster(t, 6, replicas=1, create='trib')
    first = cluster.names[0]
    for arguments in ((first,), ('1', first)):
        status, out, err = t.tool('trib', 'check', *arguments)
        t.equal(status, 0, out + err)
        blocks, rest = _check_lines(out)
        t.equal(rest, ['>>> Performing Cluster Check (using node %s)' % first,
                       '[OK] All nodes agree about slots configuration.', '>>> Check for open slots...',
                       '>>> Check slots coverage...', '[OK] All 16384 slots covered.'])
        wanted = []
        ranges = ('0-5460 (5461', '5461-10922 (5462', '10923-16383 (5461')
        for master, text in zip(cluster.nodes, ranges):
            wanted.append('M: %s %s\n   slots:%s slots) master\n   1 additional replica(s)' %
                          (master.my_id(), master.name, text))
        for replica, master in zip(cluster.nodes[3:], cluster.nodes):
            wanted.append('S: %s %s\n   slots: (0 slots) slave\n   replicates %s' %
                          (replica.my_id(), replica.name, master.my_id()))
        t.equal(blocks, sorted(wanted))
    cluster.fill(10)
    status, out, err = t.tool('trib', 'info', first)
    t.equal(status, 0, out + err)
    for master, count in zip(cluster.masters, (5461, 5462, 5461)):
        t.contains(out, '%s (%s...) -> %d keys | %d slots | 1 slaves.' %
                   (master.name, master.my_id()[:8], master.cmd('DBSIZE'), count))
    t.contains(out, '[OK] 10 keys in 3 masters.\n0.00 keys per slot on average.')
    status, out, err = t.tool('trib', 'call', first, 'PING')
    t.equal(sorted(line for line in out.splitlines() if ': ' in line), sorted(name + ': PONG' for name in cluster.names))
    t.equal(status, 0, err)
    status, out, err = t.tool('trib', 'help')
    t.contains(out + err, 'create          host1:port1 ... hostN:portN')
    t.contains(out + err, '--replicas <arg>')


@short
@pleiad_only
@limit(90)
def test_question(t):
    """no and end of input leave nothing behind; yes creates."""
    cluster = Cluster(t, 3, create=None)
    for answer in ('no\n', ''):
        status, out, err = t.tool('trib', 'create', *cluster.names, stdin=answer)
        t.contains(out, "Can I set the above configuration? (type 'yes' to accept): ")
        t.true(status != 0, 'status %d' % status)
        _untouched(t, cluster.nodes)
    status, out, err = t.tool('trib', 'create', *cluster.names, stdin='yes\n')
    t.equal(status, 0, out + err)
    cluster.await_ok()


def _untouched(t, nodes):
    for node in nodes:
        t.equal(len(node.nodes()), 1, node.name)
        t.equal(own_slots(node), set(), node.name)
        t.equal(node.cluster_info()['cluster_current_epoch'], '0', node.name)


@short
@pleiad_only
@limit(90)
def test_refusals(t):
    """A plain sentence, a status, and nothing half done."""
    nodes = [t.server(cluster=True) for _ in range(3)]
    names = [node.name for node in nodes]
    full, single = t.server(cluster=True), t.server()
    t.equal(full.cmd('CLUSTER', 'ADDSLOTS', '1'), 'OK')
    t.equal(full.cmd('SET', key_in(1), 'x')[:11], 'CLUSTERDOWN')
    closed = '%s:%d' % (HOST, t.free_port())
    cases = (
        (names[:2], '*** ERROR: Invalid configuration for cluster creation.'),
        (names[:2] + [closed], "[ERR] Sorry, can't connect to node %s" % closed),
        (names[:2] + [single.name], '[ERR] Node %s is not configured as a cluster node.' % single.name),
        (['--replicas', '1'] + names, '*** Redis Cluster requires at least 3 master nodes.'),
        (names[:2] + [names[0]], None),
        (names[:2] + ['nonsense'], None),
        (['--replicas', 'x'] + names, None),
    )
    for arguments, sentence in cases:
        status, out, err = t.tool('trib', 'create', '--yes', *arguments)
        t.true(status > 0, '%s: status %d\n%s' % (arguments, status, out + err))
        t.true(out + err, 'no word about it')
        if sentence:
            t.contains(out + err, sentence, str(arguments))
        _untouched(t, nodes)
    for command in (('check', closed), ('info', closed), ('check',), ('nosuch',), ('create',), ('call', names[0])):
        status, out, err = t.tool('trib', *command)
        t.true(status > 0, '%s: status %d' % (command, status))
        t.true(out + err, '%s: no word about it' % (command,))


@short
@pleiad_only
@limit(90)
def test_not_empty(t):
    nodes = [t.server(cluster=True) for _ in range(3)]
    names = [node.name for node in nodes]
    stranger = t.server(cluster=True)
    t.equal(nodes[2].cmd('CLUSTER', 'MEET', *stranger.address), 'OK')
    t.await_true(lambda: len(nodes[2].nodes()) == 2, 10, 'the two to meet')
    status, out, err = t.tool('trib', 'create', '--yes', *names)
    t.true(status > 0, 'status %d' % status)
    t.contains(out + err, '[ERR] Node %s is not empty. Either the node already knows other nodes (check with CLUSTER '
               'NODES) or contains some key in database 0.' % names[2])
    _untouched(t, nodes[:2])


@short
@pleiad_only
@limit(90)
def test_check_finds_faults(t):
    cluster = Cluster(t, 3)
    first = cluster.names[0]
    a, b = cluster.nodes[:2]
    t.equal(a.cmd('CLUSTER', 'SETSLOT', 100, 'MIGRATING', b.my_id()), 'OK')
    status, out, err = t.tool('trib', 'check', first)
    t.true(status > 0, 'status %d' % status)
    t.contains(out, '[WARNING] Node %s has slots in migrating state (100).' % a.name)
    t.contains(out, '[WARNING] The following slots are open: 100')
    t.equal(a.cmd('CLUSTER', 'SETSLOT', 100, 'STABLE'), 'OK')
    for node in cluster.nodes:
        t.equal(node.cmd('CLUSTER', 'DELSLOTS', 200), 'OK')
    status, out, err = t.tool('trib', 'check', first)
    t.true(status > 0, 'status %d' % status)
    t.contains(out, '[ERR] Not all 16384 slots are covered by nodes.')


@pleiad_only
@limit(90)
def test_colours_on_a_terminal(t):
    import pty
    import os
    import subprocess
    node = t.server(cluster=True)
    leader, follower = pty.openpty()
    process = subprocess.Popen([t.binary, 'trib', 'check', node.name], stdin=follower, stdout=follower,
                               stderr=follower)
    t.others.append(process)
    os.close(follower)
    text = b''
    while True:
        try:
            data = os.read(leader, 4096)
        except OSError:
            break
        if not data:
            break
        text += data
    process.wait(10)
    os.close(leader)
    t.contains(text.decode(), '\x1b[29;1m>>> Performing Cluster Check (using node %s)\x1b[0m' % node.name)


@pleiad_only
@limit(90)
def test_trib_on_redis_servers(t):
    """The admin tool works on Redis's own nodes too."""
    cluster = Cluster(t, 6, replicas=1, create=None, binaries=[REDIS_SERVER] * 6)
    cluster.create_by_trib()
    t.equal(cluster.output.splitlines()[-1], '[OK] All 16384 slots covered.')
    cluster.await_ok()
