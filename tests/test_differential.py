# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""The short form of tests/differential: a few thousand random commands, under either protocol, against redis-server."""
import os

from harness import ROOT, limit, pleiad_only


def differential(t, *args):
    status, out, err = t.run(os.path.join(ROOT, 'tests', 'differential'), '--bin', t.binary, *args, timeout=60)
    t.equal(status, 0, out + err)
    t.contains(out, ' 0 differences')


@pleiad_only
@limit(90)
def test_like_redis_resp2(t):
    differential(t, '--seed', '20250', '--commands', '12000', '--resp', '2')


@pleiad_only
@limit(90)
def test_like_redis_resp3(t):
    differential(t, '--seed', '20251', '--commands', '12000', '--resp', '3')
