# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""One chaos run: clients and probers work while faults come one after the other; then what they saw is judged."""
import random

from chaos_faults import Faults
from chaos_history import INFINITY, changes_of_hands, not_linearizable, values_from_nowhere
from chaos_world import NODE_TIMEOUT, Client, Prober, World
from cluster import follow
from harness import Failure, key_slot

CLIENTS = 4


class Verdict:
    def __init__(self):
        self.lines, self.broken = [], []


def one_run(t, seed, seconds, faults=None, durable=False, say=print):
    """Faults are drawn from the seed until `seconds` are over, or are those named. Raises Failure if a promise broke."""
    world = World(t, 'durable-writes yes\ndurable-writes-min 0' if durable else '')
    rng = random.Random(seed)
    clients = [Client(world, number, rng.random()) for number in range(CLIENTS)]
    probers = [Prober(world, node) for node in world.nodes]
    nemesis = Faults(world, probers, rng.random(), say)
    epoch = world.epoch()
    try:
        for worker in clients + probers:
            worker.start()
        names = list(faults) if faults else None
        while names or (names is None and world.now() < seconds):
            nemesis.run(names.pop(0) if names else rng.choice(Faults.ALL))
        nemesis.wait(0.2)
    finally:
        world.network.cut(())
        for worker in clients + probers:
            worker.over = True
    for worker in clients + probers:
        worker.end()
    verdict = judge(world, clients, probers, nemesis, world.epoch() - epoch, durable)
    world.network.close()
    for line in verdict.lines:
        say(line)
    if verdict.broken:
        raise Failure('seed %d: %s' % (seed, '\n'.join(verdict.broken)))


def judge(world, clients, probers, nemesis, epochs, durable):
    verdict = Verdict()
    windows = [] if durable else [window for window in nemesis.windows if window[4]]
    judge_registers(verdict, clients, windows)
    judge_lists(verdict, world, clients, windows)
    judge_hands(verdict, probers, epochs)
    judge_stops(verdict, world, nemesis)
    for name in sorted({window[0] for window in nemesis.windows}):
        spans = [(begin, end) for fault, begin, end, _, _ in nemesis.windows if fault == name]
        longest = max((gap for client in clients for gap, at in client.gaps
                       if any(begin <= at <= end + gap for begin, end in spans)), default=0.0)
        verdict.lines.append('%-18s %3d times; a client went without an answer for %.2f s at most' %
                             (name.replace('_', ' '), len(spans), longest))
    verdict.lines.append('verdict: ' + ('BROKEN' if verdict.broken else 'every promise held'))
    return verdict


def excused(key, begin, end, windows):
    """Something happened to the key's master meanwhile that may cost acknowledged writes."""
    slot = key_slot(key)
    return any(slot in slots and begin <= until and since - NODE_TIMEOUT <= end
               for _, since, until, slots, _ in windows)


def judge_registers(verdict, clients, windows):
    histories = {}
    for client in clients:
        for key, history in client.histories.items():
            histories.setdefault(key, []).extend(history)
    strict = operations = 0
    for key, history in histories.items():
        operations += len(history)
        ends = [op.end for op in history if op.end != INFINITY]
        if excused(key, min(op.begin for op in history), max(ends, default=0.0), windows):
            bad = values_from_nowhere(history)
            why = 'read but never written: %r' % (bad[0],) if bad else None
        else:
            strict += 1
            why = not_linearizable(history)
        if why:
            rows = '\n'.join('    %-5s %s %.4f %.4f %s' % (op.kind, op.value, op.begin, op.end, op.node.name)
                             for op in sorted(history, key=lambda op: op.begin))
            verdict.broken.append('%s: %s\n%s' % (key, why, rows))
    verdict.lines.append('%d operations on %d registers, %d of them checked for linearizability' %
                         (operations, len(histories), strict))


def judge_lists(verdict, world, clients, windows):
    pushed = {}
    for client in clients:
        for key, rows in client.pushed.items():
            pushed.setdefault(key, []).extend(rows)
    lost = uncertain = total = 0
    for key, rows in pushed.items():
        found, _ = follow(world.nodes[0].address, 'LRANGE', key, 0, -1)
        stood = set(found)
        if len(stood) != len(found) or not stood <= {value for value, _, _ in rows}:
            verdict.broken.append('%s holds an element twice, or one that nobody pushed' % key)
        for value, begin, end in rows:
            total += 1
            uncertain += end == INFINITY
            if value in stood or end == INFINITY:
                continue
            lost += 1
            if not excused(key, begin, end, windows):
                verdict.broken.append('%s lost %s, acknowledged at %.3f s' % (key, value.decode(), end))
    verdict.lines.append('%d elements pushed; %d acknowledged ones lost with their master; %d uncertain' %
                         (total, lost, uncertain))


def judge_hands(verdict, probers, epochs):
    """With one owner at a time, the slot changes hands at most once for each new config epoch."""
    most = accepted = 0
    for key in probers[0].accepted:
        rows = [row for prober in probers for row in prober.accepted[key]]
        accepted += len(rows)
        most = max(most, changes_of_hands(rows))
        if changes_of_hands(rows) > epochs:
            verdict.broken.append('%s changed hands %d times in %d config epochs' % (key, changes_of_hands(rows), epochs))
    verdict.lines.append('%d writes accepted by nodes asked directly; a slot changed hands %d times at most, in %d epochs' %
                         (accepted, most, epochs))


def judge_stops(verdict, world, nemesis):
    if not nemesis.stops:
        return
    verdict.lines.append('cut-off masters accepted writes for at most %.2f node timeouts' %
                         (max(nemesis.stops) / nemesis.timeout))
    if max(nemesis.stops) > nemesis.timeout:
        verdict.broken.append('a cut-off master accepted writes for %.2f s' % max(nemesis.stops))
