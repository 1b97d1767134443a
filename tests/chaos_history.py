# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""What clients saw, and whether one copy of the data could have answered so.

A register whose writes all have values of their own is linearizable if and only if its zones fit (Gibbons and Korach,
"Testing shared memories", 1997). The zone of a value spans from the first end to the last begin of the operations that
wrote or read it; it is forward if that first end comes first. Then: no read ends before its write begins, no two
forward zones overlap, and no backward zone lies inside a forward one.
"""
import bisect
import collections

INFINITY = float('inf')
# kind: 'write' or 'read'; value: bytes, None for a read that found nothing; end: INFINITY if nobody knows whether it was done
Operation = collections.namedtuple('Operation', 'kind value begin end node')


def values_from_nowhere(history):
    """Reads of what was never written, or not yet: wrong whatever the consistency."""
    begun = {op.value: op.begin for op in history if op.kind == 'write'}
    return [op for op in history if op.kind == 'read' and op.value is not None
            and not begun.get(op.value, INFINITY) <= op.end]


def _zones(history):
    """(first end, last begin, value) of each value that was seen or surely written."""
    ends, begins, seen = {None: -INFINITY}, {None: -INFINITY}, {None}
    for op in history:
        if op.kind == 'read' or op.end != INFINITY:
            seen.add(op.value)
        ends[op.value] = min(ends.get(op.value, INFINITY), op.end)
        begins[op.value] = max(begins.get(op.value, -INFINITY), op.begin)
    return [(ends[value], begins[value], value) for value in seen]


def not_linearizable(history):
    """None, or a sentence that says why no order of the operations explains what was read."""
    bad = values_from_nowhere(history)
    if bad:
        return 'read before it was written, or never written: %r' % (bad[0],)
    zones = _zones(history)
    forward = sorted(zone for zone in zones if zone[0] < zone[1])
    for one, other in zip(forward, forward[1:]):
        if other[0] < one[1]:
            return '%r was seen after %r began, and before it ended' % (one[2], other[2])
    firsts = [zone[0] for zone in forward]
    for end, begin, value in zones:
        if end < begin:
            continue
        at = bisect.bisect_right(firsts, begin) - 1
        if at >= 0 and forward[at][0] < begin and end < forward[at][1]:
            return '%r was written and gone within the time in which %r stood' % (value, forward[at][2])
    return None


def changes_of_hands(accepted):
    """How often the node changes in [(begin, end, node)] of accepted writes, in the order in which they ended."""
    nodes = [node for _, _, node in sorted(accepted, key=lambda row: row[1])]
    return sum(one != other for one, other in zip(nodes, nodes[1:]))
