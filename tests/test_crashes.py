# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""kill -9 at random moments under writers on all threads: nothing acknowledged is lost beyond the promise of the policy,
and what is recovered is a prefix of what happened, with transactions whole."""
import os
import random
import threading
import time

from harness import Conn, limit, long, pleiad_only

WRITERS = 8


class Writer(threading.Thread):
    """Counts up. Each step is a transaction over two slots, a SET and an element of a list; the transaction also tells
    what every writer had acknowledged when it was sent, so that one that is recovered vouches for all of these."""

    def __init__(self, server, who, start, writers):
        super().__init__()
        self.server, self.who, self.n, self.writers = server, who, start, writers
        self.acked_at = {}  # step -> when its reply came
        self.acked = start
        self.stop = False

    def run(self):
        try:
            c = Conn(self.server.address, 10)
            while not self.stop:
                n = self.n = self.n + 1
                seen = ','.join(str(w.acked) for w in self.writers)
                c('MULTI')
                c('SET', 'one:%d' % self.who, '%d %s' % (n, seen))
                c('SET', 'two:%d' % self.who, '%d' % n)
                c('EXEC')
                c('SET', 'after:%d' % self.who, '%d' % n)
                self.acked_at[n] = time.monotonic()
                self.acked = n
        except (OSError, EOFError):
            pass


def _recovered(t, server, counts, note):
    """Checks that what is there is a prefix; each writer's last step."""
    found, seen = [], []
    for who in range(WRITERS):
        one, two, after = server.cmd('MGET', 'one:%d' % who, 'two:%d' % who, 'after:%d' % who)
        if one is None:
            found.append(counts[who])
            seen.append(None)
            continue
        n, vouched = one.split(b' ')
        t.equal(n, two, '%s: half a transaction of writer %d' % (note, who))
        t.true(int(n) - 1 <= int(after or 0) <= int(n), '%s: writer %d has %s and behind it %s' % (note, who, n, after))
        found.append(int(n))
        seen.append([int(x) for x in vouched.split(b',')])
    for who, vouched in enumerate(seen):
        for other, n in enumerate(vouched or []):
            t.true(found[other] >= n, '%s: writer %d step %d is there, but of %d, which was acknowledged before, only %d of %d' %
                   (note, who, found[who], other, found[other], n))
    return found


def _crash(t, server, round_number, counts, promise_s, draw):
    writers = []
    writers += [Writer(server, who, counts[who], writers) for who in range(WRITERS)]
    for writer in writers:
        writer.start()
    t.await_true(lambda: all(w.acked > counts[w.who] for w in writers), 20, 'a step of each')
    goal = sum(w.acked for w in writers) + draw.randrange(800)
    t.await_true(lambda: sum(w.acked for w in writers) >= goal, 20, 'more steps')
    if round_number % 5 == 2:
        server.cmd('BGREWRITEAOF')
    server.process.kill()
    killed_at = time.monotonic()
    server.process.wait()
    for writer in writers:
        writer.stop = True
        writer.join()
    server.start()
    note = 'round %d' % round_number
    found = _recovered(t, server, counts, note)
    lost_s = 0.0
    for writer in writers:
        lost = writer.acked_at.get(found[writer.who] + 1)
        if lost is not None:
            lost_s = max(lost_s, killed_at - lost)
        t.true(found[writer.who] <= writer.n, note)
    t.true(lost_s <= promise_s, '%s: a write acknowledged %.2f s before the crash is gone' % (note, lost_s))
    return found, lost_s


def _crashes(t, policy, rounds):
    server = t.server(config='appendonly yes\nappendfsync %s\nauto-aof-rewrite-min-size 256kb\nthreads 4' % policy)
    draw, counts, worst, steps = random.Random(11), [0] * WRITERS, 0.0, 0
    for round_number in range(rounds):
        before = sum(counts)
        counts, lost_s = _crash(t, server, round_number, counts, 0.0 if policy == 'always' else 2.0, draw)
        worst, steps = max(worst, lost_s), steps + sum(counts) - before
    print('appendfsync %s: %d crashes, %d steps recovered, at worst %.2f s of acknowledged steps lost' %
          (policy, rounds, steps, worst))
    t.true(os.path.isdir(os.path.join(server.dir, 'appendonlydir')), 'the log is there')


@limit(90)
@pleiad_only
def test_crashes_under_always(t):
    _crashes(t, 'always', 4)


@limit(90)
@pleiad_only
def test_crashes_under_everysec(t):
    _crashes(t, 'everysec', 4)


@long
@limit(900)
@pleiad_only
def test_200_crashes_under_always(t):
    _crashes(t, 'always', 200)


@long
@limit(900)
@pleiad_only
def test_200_crashes_under_everysec(t):
    _crashes(t, 'everysec', 200)
