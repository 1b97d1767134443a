# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""A cluster of real processes behind chaos_net, its clients, and those who ask each node directly."""
import random
import threading
import time

from chaos_history import INFINITY, Operation
from chaos_net import Network
from cluster import Cluster, own_slots, split_slots
from harness import BUS, SLOTS, Conn, Failure, RespError, key_in, key_slot

NODE_TIMEOUT = 1.0
REGISTERS, LISTS, PROBES = 6, 3, 3
ROTATE = 1.5  # seconds after which the keys are others, so that a history stays short


class World(Cluster):
    """Three masters with a replica each. Nodes reach one another through the proxy, clients go straight."""

    def __init__(self, t, config=''):
        self.t, self.replicas, self.network = t, 1, Network()
        self.started = time.monotonic()
        self.nodes, self.by_port = [], {}
        for _ in range(6):
            port, outside = t.free_port(), t.free_port()
            node = t.server(port=port, cluster=True, wait=False, config='\n'.join([
                'cluster-node-timeout %d' % (NODE_TIMEOUT * t.slow * 1000), 'appendonly yes', 'repl-diskless-load swapdb',
                'cluster-announce-port %d' % outside, 'cluster-announce-bus-port %d' % (outside + BUS), config]))
            node.outside = outside
            self.nodes.append(node)
            self.by_port.update({outside: node, port: node})
            self.network.listen(node, outside, port, bus=False)
            self.network.listen(node, outside + BUS, port + BUS, bus=True)
        for node in self.nodes:
            t.await_true(node.answers, 15, '%s to answer' % node.name)
            node.ident = node.my_id()
            self.network.name(node, node.ident, str(node.port), str(node.outside))
        self.network.start()
        self.masters, self.output = self.nodes[:3], ''
        self.create()

    def create(self):
        for epoch, node in enumerate(self.nodes, 1):
            self.t.equal(node.cmd('CLUSTER', 'SET-CONFIG-EPOCH', epoch), 'OK')
        for node, (low, high) in zip(self.masters, split_slots(3)):
            self.t.equal(node.cmd('CLUSTER', 'ADDSLOTSRANGE', low, high), 'OK')
        for node in self.nodes[1:]:
            self.t.equal(node.cmd('CLUSTER', 'MEET', '127.0.0.1', self.nodes[0].outside,
                                  self.nodes[0].outside + BUS), 'OK')
        self.await_known(6)
        for index, node in enumerate(self.nodes[3:]):
            self.t.equal(node.cmd('CLUSTER', 'REPLICATE', self.masters[index].ident), 'OK')
        self.await_ok()

    def now(self):
        return time.monotonic() - self.started

    def masters_now(self):
        return [node for node in self.alive() if own_slots(node)]

    def replica_of(self, master):
        found = self.replicas_of(master)
        return found[0] if found else None

    def epoch(self):
        return max(int(node.cluster_info()['cluster_current_epoch']) for node in self.alive())


class Worker(threading.Thread):
    """Runs until told to end; what goes wrong in it is kept."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.over, self.error = world, False, None

    def run(self):
        try:
            while not self.over:
                self.step()
        except Exception as error:  # told to whoever joins
            self.error = error

    def end(self):
        self.over = True
        self.join(20)
        if self.error is not None:
            raise self.error


class Client(Worker):
    """One client that knows clusters: registers are written and read, lists get elements that never repeat."""

    def __init__(self, world, number, seed):
        super().__init__(world)
        self.number, self.rng = number, random.Random(seed)
        self.conns, self.owners, self.count = {}, {}, 0
        self.histories, self.pushed = {}, {}  # key: [Operation], key: [(element, begin, end)]
        self.gaps, self.last_good = [], [world.now()] * PROBES

    def step(self):
        turn = int(self.world.now() / ROTATE)
        self.count += 1
        value = b'%d-%d' % (self.number, self.count)
        if self.rng.random() < 0.25:
            key = 'list%d:%d' % (self.rng.randrange(LISTS), turn)
            begin = self.world.now()
            _, _, end = self.ask(key, 'RPUSH', key, value)
            if end is not None:
                self.pushed.setdefault(key, []).append((value, begin, end))
            return
        key = 'register%d:%d' % (self.rng.randrange(REGISTERS), turn)
        write = self.rng.random() < 0.5
        begin = self.world.now()
        reply, node, end = self.ask(key, 'SET', key, value) if write else self.ask(key, 'GET', key)
        if end is None or (end == INFINITY and not write):
            return
        one = Operation('write', value, begin, end, node) if write else Operation('read', reply, begin, end, node)
        self.histories.setdefault(key, []).append(one)

    def ask(self, key, *command):
        """(reply, node, end): end is None if it surely was not done, INFINITY if nobody knows."""
        slot = key_slot(key)
        for _ in range(5):
            node = self.owners.get(slot) or self.rng.choice(self.world.nodes)
            try:
                conn = self.conns.get(node)
                if conn is None:
                    conn = self.conns[node] = Conn(node.address, 1.0 * self.world.t.slow)
            except OSError:
                self.owners.pop(slot, None)
                continue
            try:
                reply = conn(*command)
            except (OSError, EOFError):
                self.conns.pop(node).close()
                self.owners.pop(slot, None)
                return None, node, INFINITY
            if not isinstance(reply, RespError):
                self.owners[slot] = node
                self.note_good(slot)
                return reply, node, self.world.now()
            self.owners.pop(slot, None)
            if reply.startswith('MOVED '):
                self.owners[slot] = self.world.by_port[int(reply.rsplit(':', 1)[1])]
            elif not reply.startswith(('CLUSTERDOWN', 'LOADING', 'TRYAGAIN', 'MASTERDOWN', 'UNBLOCKED', 'READONLY',
                                       'NOREPLICAS', 'ASK')):
                raise Failure('%s says %r to %r' % (node.name, reply, command))
            else:
                time.sleep(0.005)  # as clients do before they ask again
        return None, None, None

    def note_good(self, slot):
        """How long this client had no answer about this third of the slots."""
        now, part = self.world.now(), slot * PROBES // SLOTS
        self.gaps.append((now - self.last_good[part], now))
        self.last_good[part] = now


class Prober(Worker):
    """Writes to one node, whoever it says is the owner: when did it accept writes, and for which slots?"""

    def __init__(self, world, node):
        super().__init__(world)
        self.node, self.conn, self.count = node, None, 0
        self.keys = [key_in(low + 7, low + 400, 'probe') for low, _ in split_slots(PROBES)]
        self.accepted = {key: [] for key in self.keys}

    def step(self):
        for key in self.keys:
            begin = self.world.now()
            try:
                if self.conn is None:
                    self.conn = Conn(self.node.address, 1.0)
                self.count += 1
                reply = self.conn('SET', key, '%d-%d' % (self.node.port, self.count))
            except (OSError, EOFError):
                if self.conn is not None:
                    self.conn.close()
                self.conn = None
                time.sleep(0.02)
                return
            if reply == 'OK':
                self.accepted[key].append((begin, self.world.now(), self.node))
        time.sleep(0.004)  # a pace, so that probing is not the load

    def last_accepted(self):
        """When the last write was sent that was accepted: not before then it was."""
        return max((rows[-1][0] for rows in self.accepted.values() if rows), default=0.0)
