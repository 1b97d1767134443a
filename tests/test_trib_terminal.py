# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""`pleiad trib` on a real terminal: the progress line and `watch` draw, keep to its width, follow its size, and Ctrl-C
leaves the terminal as it was and the cluster with nothing open."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from cluster import Cluster, own_slots
from harness import key_in, limit, pleiad_only, short

ESCAPE = re.compile(r'\x1b\[[0-9;]*[A-Za-z]')


class Screen:
    """A terminal of some columns with a program on it."""

    def __init__(self, t, columns, *words):
        self.t, self.text = t, ''
        self.leader, follower = pty.openpty()
        self.resize(columns)
        self.before = termios.tcgetattr(self.leader)
        self.process = subprocess.Popen(
            [t.binary] + [str(word) for word in words], stdin=follower, stdout=follower, stderr=follower,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=dict(os.environ, TERM='xterm', PLEIAD_TRIB_STATE=t.path('trib-state')))
        os.close(follower)

    def resize(self, columns):
        fcntl.ioctl(self.leader, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))

    def read(self):
        while select.select([self.leader], [], [], 0.02)[0]:
            try:
                data = os.read(self.leader, 65536)
            except OSError:  # the program has ended
                return self.text
            if not data:
                return self.text
            self.text += data.decode()
        return self.text

    def await_text(self, pattern, seconds=20):
        self.t.await_true(lambda: re.search(pattern, self.read()), seconds, '%r on the screen' % pattern)

    def lines(self, since=0):
        """What stood on a line at one time or another."""
        return [part for part in re.split(r'[\r\n]+', ESCAPE.sub('', self.text[since:])) if part]

    def ctrl_c(self):
        os.write(self.leader, b'\x03')

    def end(self, seconds=30):
        self.t.await_true(lambda: (self.read() or True) and self.process.poll() is not None, seconds, 'the program to end')
        self.read()
        return self.process.returncode


@short
@limit(90)
@pleiad_only
def test_progress(t):
    """The line of a reshard: slots, keys, bytes; never wider than the terminal; cancelled by Ctrl-C as a whole."""
    cluster = Cluster(t, 2)
    source, target = cluster.masters
    conn = source.connect()
    for i in range(300):
        t.equal(conn('SET', key_in(0, 1999, 'p%d:' % i), 'x' * 100000), 'OK')
    ids = source.my_id(), target.my_id()
    try:
        screen = Screen(t, 70, 'trib', 'reshard', '--from', ids[0], '--to', ids[1], '--slots', 2000, '--yes', source.name)
        t.await_true(lambda: screen.read() and any(row[row.index(b'bytes_done') + 1]
                                                   for row in source.cmd('CLUSTER', 'GETSLOTMIGRATIONS')),
                     20, 'the migration to begin')
        target.pause()
        t.true(screen.process.poll() is None and 0 in own_slots(source), 'it is under way')
        if screen.process.poll() is None:
            screen.await_text(r'\] 0/2000 slots, \d+ keys, [\d.]+ [KM]B')
            narrow = len(screen.read())
            screen.resize(40)
            t.await_true(lambda: screen.read() and len(screen.lines(narrow)) > 3, 20, 'it to be painted again')
            t.true(max(map(len, screen.lines(narrow)[2:])) < 40, screen.lines(narrow)[-3:])
            screen.ctrl_c()
            t.await_true(lambda: source.cmd('CLUSTER', 'GETSLOTMIGRATIONS')[0][17] == b'cancelled', 20, 'the cancel')
            t.equal(screen.end(), 1)
            t.contains(screen.text, '*** Stopped: 0 of 2000 slots were moved, none is left open.')
            t.true(0 in own_slots(source), 'nothing moved')
    finally:
        target.resume()
    t.equal(termios.tcgetattr(screen.leader), screen.before)
    t.true(screen.text.endswith('\n'), 'the line was ended')
    cluster.await_ok()
    t.equal(t.tool('trib', 'check', source.name)[0], 0)
    again = Screen(t, 60, 'trib', 'reshard', '--from', ids[0], '--to', ids[1], '--slots', 2000, '--yes', source.name)
    t.equal(again.end(), 0)
    painted = [line for line in again.lines() if ' slots, ' in line and 'keys' in line]
    t.true(painted and all(len(line) < 60 for line in painted), painted)
    t.contains(painted[-1], '2000/2000 slots, 300 keys, 30.')
    t.true(0 in own_slots(target), 'it moved')


@short
@limit(60)
@pleiad_only
def test_watch(t):
    """Painted anew every second, cut to the width; Ctrl-C ends it at once."""
    cluster = Cluster(t, 2)
    screen = Screen(t, 60, 'trib', 'watch', cluster.nodes[0].name)
    screen.await_text(r'(?s)node +role.*' + cluster.nodes[1].name)
    t.true(all(len(line) < 60 for line in screen.lines()), screen.lines())
    screen.resize(120)
    seen = len(screen.text)
    t.await_true(lambda: any(len(line) > 60 for line in screen.lines(seen)) or not screen.read(), 20, 'the wide table')
    t.true(all(len(line) < 120 for line in screen.lines()), screen.lines())
    screen.ctrl_c()
    began = time.time()
    t.equal(screen.end(), 0)
    t.true(time.time() - began < 3 * t.slow, 'at once')
    t.equal(termios.tcgetattr(screen.leader), screen.before)
