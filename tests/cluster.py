# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Clusters for process tests: made by hand with commands (quick), by `pleiad trib`, or by Debian's redis-cli."""
import re

from harness import REDIS_CLI, SLOTS, Conn, RespError, key_in, key_slot


def split_slots(masters):
    """The ranges that redis-trib gives: 0-5460, 5461-10922, 10923-16383 for three masters."""
    each, first, ranges = SLOTS / masters, 0, []
    cursor = 0.0
    for index in range(masters):
        last = SLOTS - 1 if index == masters - 1 else int(round(cursor + each - 1))
        ranges.append((first, last))
        first, cursor = last + 1, cursor + each
    return ranges


class Cluster:
    """count nodes; the first count/(replicas+1) become masters, the others their replicas in turn."""

    def __init__(self, t, count, replicas=0, create='commands', binaries=None, config=''):
        self.t, self.replicas = t, replicas
        binaries = binaries or [t.binary] * count
        self.nodes = [t.server(binary=binary, cluster=True, config=config, wait=False) for binary in binaries]
        for node in self.nodes:
            t.await_true(node.answers, 15, '%s to answer' % node.name)
        self.masters = self.nodes[:count // (replicas + 1)]
        self.output = ''
        if create:
            getattr(self, 'create_by_' + create)()
            self.await_ok()

    @property
    def names(self):
        return [node.name for node in self.nodes]

    def create_by_commands(self):
        first = self.nodes[0]
        for epoch, node in enumerate(self.nodes, 1):
            self.t.equal(node.cmd('CLUSTER', 'SET-CONFIG-EPOCH', epoch), 'OK')
        for node, (low, high) in zip(self.masters, split_slots(len(self.masters))):
            self.t.equal(node.cmd('CLUSTER', 'ADDSLOTSRANGE', low, high), 'OK')
        for node in self.nodes[1:]:
            self.t.equal(node.cmd('CLUSTER', 'MEET', *first.address), 'OK')
        self.await_known(len(self.nodes))
        for index, node in enumerate(self.nodes[len(self.masters):]):
            self.t.equal(node.cmd('CLUSTER', 'REPLICATE', self.masters[index % len(self.masters)].my_id()), 'OK')

    def create_by_trib(self):
        status, out, err = self.t.tool('trib', 'create', '--replicas', self.replicas, '--yes', *self.names)
        self.t.equal(status, 0, out + err)
        self.output = out

    def create_by_redis_cli(self):
        status, out, err = self.t.run(REDIS_CLI, '--cluster', 'create', *self.names, '--cluster-replicas',
                                      self.replicas, '--cluster-yes')
        self.t.equal(status, 0, out + err)
        self.output = out

    def alive(self):
        return [node for node in self.nodes if node.process.poll() is None]

    def await_known(self, count):
        def known():
            return all(len([row for row in node.nodes() if 'handshake' not in row['flags']]) == count
                       for node in self.alive())
        self.t.await_true(known, 20, 'all nodes to know %d nodes' % count)

    def await_ok(self, seconds=30):
        """Every node says ok, all agree who owns what, and each replica's link is up."""
        def ok():
            for node in self.alive():
                info = node.cluster_info()
                if info['cluster_state'] != 'ok' or info['cluster_slots_assigned'] != str(SLOTS):
                    return False
                role = node.cmd('ROLE')
                if role[0] == b'slave' and role[3] != b'connected':
                    return False
            views = {tuple(sorted((row['id'], tuple(row['slots'])) for row in node.nodes() if row['slots']))
                     for node in self.alive()}
            roles = {tuple(sorted((row['id'], row['master']) for row in node.nodes()
                                  if 'fail' not in row['flags'])) for node in self.alive()}
            return len(views) == 1 and len(roles) == 1
        self.t.await_true(ok, seconds, 'the cluster to be ok')

    def await_listed(self):
        """CLUSTER SLOTS names every node at every node; redis leaves out replicas that never received a byte."""
        for master, (low, _) in zip(self.masters, split_slots(len(self.masters))):
            key = key_in(low, low + 1000, 'listed')
            self.t.equal(master.cmd('SET', key, 'x'), 'OK')
            self.t.equal(master.cmd('DEL', key), 1)

        def listed():
            return all(sum(len(row) - 2 for row in node.cmd('CLUSTER', 'SLOTS')) == len(self.nodes)
                       for node in self.alive())
        self.t.await_true(listed, 20, 'all nodes to be listed')

    def by_id(self, ident):
        return next(node for node in self.alive() if node.my_id() == ident)

    def owner(self, key):
        """The living node that says it owns the key's slot."""
        slot = key_slot(key)
        for node in self.alive():
            if slot in own_slots(node):
                return node
        return None

    def replicas_of(self, master):
        ident = master.my_id()
        return [node for node in self.alive() if node is not master
                and any('myself' in row['flags'] and row['master'] == ident for row in node.nodes())]

    def fill(self, count, size=20, prefix='key'):
        """Writes count keys at their owners; returns them."""
        conns = {node: node.connect() for node in self.masters}
        ranges = list(zip(self.masters, split_slots(len(self.masters))))
        values = {}
        for i in range(count):
            key = '%s:%d' % (prefix, i)
            slot = key_slot(key)
            node = next(node for node, (low, high) in ranges if low <= slot <= high)
            values[key] = ('%s-%d' % (key, i * 7)).ljust(size, '.').encode()
            self.t.equal(conns[node]('SET', key, values[key]), 'OK')
        return values


def own_slots(node):
    for row in node.nodes():
        if 'myself' in row['flags']:
            return expand(row['slots'])
    return set()


def expand(ranges):
    slots = set()
    for part in ranges:
        if part.startswith('['):
            continue
        low, _, high = part.partition('-')
        slots.update(range(int(low), int(high or low) + 1))
    return slots


def follow(address, *command, hops=5):
    """A command the way a cluster client does it: MOVED and ASK are followed. Returns (value, where it was answered)."""
    asking = False
    for _ in range(hops):
        c = Conn(address)
        try:
            if asking:
                c('ASKING')
            reply = c(*command)
        finally:
            c.close()
        if not isinstance(reply, RespError) or not re.match(r'(MOVED|ASK) ', reply):
            return reply, address
        asking = reply.startswith('ASK ')
        host, port = reply.split(' ')[2].rsplit(':', 1)
        address = (host, int(port))
    return reply, address
