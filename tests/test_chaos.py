# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Real processes, real clients, faults, and a judge: one copy of the data must be able to explain what clients saw.
MINUTES=N SEED=N make chaos: longer."""
import os

from chaos_history import Operation, changes_of_hands, not_linearizable, values_from_nowhere
from chaos_run import one_run
from harness import limit, long, pleiad_only

MINUTES, SEED = float(os.environ.get('MINUTES', 10)), int(os.environ.get('SEED', 1))
INFINITY = float('inf')


def write(value, begin, end):
    return Operation('write', value, begin, end, None)


def read(value, begin, end):
    return Operation('read', value, begin, end, None)


def test_judge(t):
    """The judge on histories whose verdict is known."""
    good = [
        [],
        [read(None, 0, 1), write(b'a', 2, 3), read(b'a', 4, 5)],
        [write(b'a', 0, 10), read(None, 1, 2), read(b'a', 3, 4)],
        [write(b'a', 0, 10), write(b'b', 0, 10), read(b'b', 1, 2), read(b'a', 3, 4)],
        [write(b'a', 0, 1), write(b'b', 2, INFINITY), read(b'a', 3, 4), read(b'b', 5, 6)],
        [write(b'a', 0, 1), write(b'b', 2, INFINITY), read(b'a', 9, 10)],
        [write(b'a', 0, 4), write(b'b', 1, 5), write(b'c', 2, 3), read(b'b', 6, 7)],
    ]
    bad = [
        [write(b'a', 0, 1), read(None, 2, 3)],                                        # lost, or stale
        [write(b'a', 0, 1), write(b'b', 2, 3), read(b'a', 4, 5)],                     # stale
        [write(b'a', 0, 1), write(b'b', 2, 3), read(b'b', 4, 5), read(b'a', 6, 7)],   # came back
        [write(b'a', 0, 10), write(b'b', 0, 10), read(b'b', 1, 2), read(b'a', 3, 4), read(b'b', 5, 6)],
        [read(b'a', 0, 1), write(b'a', 2, 3)],                                        # before it was written
        [write(b'a', 0, 1), read(b'x', 2, 3)],                                        # from nowhere
        [write(b'a', 0, 1), write(b'b', 2, INFINITY), read(b'b', 3, 4), read(b'a', 5, 6)],
    ]
    for history in good:
        t.equal(not_linearizable(history), None, history)
    for history in bad:
        t.true(not_linearizable(history), history)
    t.equal(len(values_from_nowhere(bad[4])), 1)
    t.equal(changes_of_hands([(0, 1, 'a'), (2, 3, 'a'), (4, 5, 'b'), (6, 7, 'a')]), 2)


@limit(120)
@pleiad_only
def test_short(t):
    one_run(t, SEED, 0, ['kill_master', 'stop_master_short', 'isolate_master', 'manual_failover', 'migrate_slots',
                         'cut_replication'])


@long
@limit(120 + int(MINUTES * 60))
@pleiad_only
def test_long(t):
    one_run(t, SEED, MINUTES * 60)
