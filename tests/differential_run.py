# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Sends the same commands to two servers and says where the replies differ. Used by tests/differential.

Replies are compared as bytes. Where an order or a number is not promised they are compared after normalising (RULES), each
rule with its reason. Checks that need more than one command (SPOP, the random ones, SCAN, DUMP) are functions below.
"""
import re
import socket

from differential_grammar import KEYS_A_LETTER, LETTERS

# Both servers get these, so that a few elements are enough to cross every threshold.
SETTINGS = {'hash-max-listpack-entries': '8', 'hash-max-listpack-value': '64', 'zset-max-listpack-entries': '8',
            'zset-max-listpack-value': '64', 'set-max-intset-entries': '8', 'list-max-listpack-size': '4',
            'hll-sparse-max-bytes': '100', 'stream-node-max-entries': '5'}


class Link:
    """A connection that gives each reply as a parsed value: bytes with their type in front, or (type, list)."""

    def __init__(self, port, resp):
        self.sock = socket.create_connection(('127.0.0.1', port), 30)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data, self.at = b'', 0
        if resp == 3:
            self(b'HELLO', b'3')

    def __call__(self, *command):
        self.send([list(command)])
        return self.read()

    def send(self, commands):
        parts = []
        for command in commands:
            parts.append(b'*%d\r\n' % len(command))
            for arg in command:
                parts.append(b'$%d\r\n%s\r\n' % (len(arg), arg))
        self.sock.sendall(b''.join(parts))

    def _more(self):
        data = self.sock.recv(1 << 18)
        if not data:
            raise EOFError('the server hung up')
        self.data = self.data[self.at:] + data
        self.at = 0

    def read(self):
        end = self.data.find(b'\r\n', self.at)
        while end < 0:
            self._more()
            end = self.data.find(b'\r\n', self.at)
        line = self.data[self.at:end]
        self.at = end + 2
        kind = line[:1]
        if kind in b'$=!':
            size = int(line[1:])
            if size < 0:
                return b'_'
            while len(self.data) - self.at < size + 2:
                self._more()
            body = self.data[self.at:self.at + size]
            self.at += size + 2
            return kind + body
        if kind in b'*~>%':
            count = int(line[1:])
            if count < 0:
                return b'_*'
            return (kind, [self.read() for _ in range(count * 2 if kind == b'%' else count)])
        return line


def _is_list(reply):
    return isinstance(reply, tuple)


def _unordered(reply):
    return (reply[0], sorted(reply[1], key=repr)) if _is_list(reply) else reply


def _pairs(reply):
    """A map in any order; under RESP2 it comes flat."""
    if not _is_list(reply):
        return reply
    items = reply[1]
    return (reply[0], sorted(((items[i], items[i + 1]) for i in range(0, len(items) - 1, 2)), key=repr))


def _masked(names):
    """In maps (flat or not), at any depth, the value behind one of these names is not compared."""
    def mask(reply):
        if not _is_list(reply):
            return reply
        items = [mask(item) for item in reply[1]]
        for i in range(0, len(items) - 1):
            if items[i][1:] in names:
                items[i + 1] = b'?'
        return (reply[0], items)
    return mask


def _no_idle(reply):
    """XPENDING's rows: id, consumer, idle time, deliveries."""
    if not _is_list(reply):
        return reply
    return (reply[0], [(row[0], row[1][:2] + [b'?'] + row[1][3:]) if _is_list(row) and len(row[1]) == 4 else row
                       for row in reply[1]])


def _no_times(reply):
    """XINFO without times (in FULL, those of pending entries stand in arrays of 3 or 4 that begin with an id), and without
    what a group has read, which is counted otherwise since 7.2."""
    reply = _masked((b'seen-time', b'entries-read', b'lag', b'radix-tree-keys', b'radix-tree-nodes'))(reply)

    def walk(value):
        if not _is_list(value):
            return value
        items = [walk(item) for item in value[1]]
        if b'$active-time' in items:  # came with 7.2
            at = items.index(b'$active-time')
            items = items[:at] + items[at + 2:]
        if len(items) in (3, 4) and isinstance(items[0], bytes) and re.match(rb'^\$\d+-\d+$', items[0]):
            items[-2] = b'?'
        return (value[0], items)
    return walk(reply)


def _near(scale):
    """A time that passes between the two servers' answers: seconds or milliseconds, 3 s apart at most."""
    def near(reply):
        return (b'time', int(reply[1:]), scale) if reply[:1] == b':' and int(reply[1:]) > 0 else reply
    return near


# What redis-server 7.0 called otherwise: a small list is "quicklist" there and "listpack" since 7.2; a small set that is
# not all integers "hashtable" there and "listpack" since 7.2.
# Pleiad derives int from the value, redis-server from how it was made (INCRBYFLOAT, APPEND to nothing: embstr).
# PFCOUNT makes a string raw there, by keeping its sum in it.
def _encoding(reply):
    names = {b'$quicklist': b'$listpack', b'$hashtable': b'$listpack', b'$int': b'$embstr', b'$raw': b'$embstr'}
    return names.get(reply, reply) if isinstance(reply, bytes) else reply


RULES = {b'SMEMBERS': _unordered, b'SINTER': _unordered, b'SUNION': _unordered, b'SDIFF': _unordered, b'HKEYS': _unordered,
         b'HVALS': _unordered, b'KEYS': _unordered, b'HGETALL': _pairs, b'TTL': _near(1), b'PTTL': _near(1000),
         b'EXPIRETIME': _near(1), b'PEXPIRETIME': _near(1000), b'XPENDING': _no_idle, b'OBJECT': _encoding}


def _numbers(reply):
    """A float that is the same in other digits: 7.0 prints 17 of them here and there, 7.2 the shortest that will do. And -0
    is 0: a small sorted set forgets the sign there."""
    if _is_list(reply):
        return (reply[0], [_numbers(item) for item in reply[1]])
    if re.match(rb'^[$,]-?\d+(\.\d+)?(e[-+]?\d+)?$', reply):
        return reply[:1] + repr(float(reply[1:]) + 0.0).encode()
    return reply


def newer(name, command, left, right):
    """True where 7.2 or later answers otherwise than 7.0, and Pleiad like the later."""
    if name == b'BITCOUNT' and len(command) == 3:  # "start" alone is enough
        return left == b'-ERR syntax error' or right[:1] == b'-'
    if name in (b'BITCOUNT', b'BITPOS'):  # arguments are looked at before the key
        return right[:1] == b'-' and (left in (b':0', b':-1') or left[:10] == b'-WRONGTYPE')
    if name == b'OBJECT':  # SPOP with a count may build what is left anew there, as integers if it can
        return left == b'$intset' and right in (b'$listpack', b'$hashtable')
    if name == b'GETEX':  # the time is looked at before the key
        return right[:1] == b'-' and (left == b'_' or left[:10] == b'-WRONGTYPE')
    if name == b'XSETID':  # it looks at the greatest deleted id, too, and first
        return b'max_deleted' in right
    if name in (b'XREAD', b'XREADGROUP'):  # the text
        return b'Unbalanced' in left and b'Unbalanced' in right
    return False


def same(command, left, right):
    """True if `right` is as good an answer to `command` as `left`."""
    if left == right:
        return True
    name = command[0].upper()
    rule = RULES.get(name)
    if name == b'XINFO' and len(command) > 2:
        rule = _no_times
        if command[1].upper() == b'CONSUMERS':
            rule = _consumers
    if name in (b'SORT', b'SORT_RO') and command[1][:1] in b'Sih' and b'ALPHA' not in command:
        rule = _unordered
    if name in (b'SORT', b'SORT_RO') and any(arg.upper() == b'BY' for arg in command):
        rule = _unordered
    if newer(name, command, left, right):
        return True
    if rule is None:
        rule = _numbers
    left, right = rule(left), rule(right)
    if isinstance(left, tuple) and left[0] == b'time' and isinstance(right, tuple) and right[0] == b'time':
        return abs(left[1] - right[1]) <= 3 * left[2]
    return left == right


def _consumers(reply):
    """XINFO CONSUMERS: idle is a time; "inactive" came with 7.2."""
    reply = _masked((b'idle', b'inactive'))(reply)
    if not _is_list(reply):
        return reply
    rows = []
    for kind, items in reply[1]:
        pairs = [items[i:i + 2] for i in range(0, len(items), 2) if items[i] != b'$inactive']
        rows.append((kind, pairs))
    return (reply[0], rows)


class Pair:
    """The two servers. run(sequence) returns None or (command, left reply, right reply)."""

    def __init__(self, left_port, right_port, resp):
        self.resp = resp
        self.links = [Link(left_port, resp), Link(right_port, resp)]
        for link in self.links:
            for name, value in SETTINGS.items():
                link(b'CONFIG', b'SET', name.encode(), value.encode())
        self.queued = None

    def close(self):
        for link in self.links:
            link.sock.close()

    def reset(self):
        self.queued = None
        for link in self.links:
            link(b'DISCARD')
            link(b'UNWATCH')
            link(b'SELECT', b'0')
            link(b'FLUSHALL')

    def both(self, *command):
        for link in self.links:
            link.send([list(command)])
        return [link.read() for link in self.links]

    def run_all(self, commands):
        """Runs a list; returns (index, command, left, right) of the first difference, or None."""
        start = 0
        while start < len(commands):
            if commands[start][0][:1] == b'@':
                found = self.check(commands[start])
                if found:
                    return (start, commands[start]) + found
                start += 1
                continue
            end = start
            while end < len(commands) and end - start < 64 and commands[end][0][:1] != b'@':
                end += 1
            for link in self.links:
                link.send(commands[start:end])
            first = None
            for i in range(start, end):
                left, right = self.links[0].read(), self.links[1].read()
                if first is None and not self.equal(commands[i], left, right):
                    first = (i, commands[i], left, right)
            if first:
                return first
            start = end
        return None

    def equal(self, command, left, right):
        name = command[0].upper()
        if name == b'EXEC' and self.queued is not None:
            queued, self.queued = self.queued, None
            if _is_list(left) and _is_list(right) and len(left[1]) == len(right[1]) == len(queued):
                return all(same(*row) for row in zip(queued, left[1], right[1]))
            return left == right
        if name == b'MULTI' and left == b'+OK':
            self.queued = []
        elif name == b'DISCARD':
            self.queued = None
        elif self.queued is not None and left == b'+QUEUED':
            self.queued.append(command)
        return same(command, left, right)

    def check(self, command):
        """A check of several commands: None, or the two replies that don't agree."""
        return getattr(self, '_' + command[0][1:].decode().lower())(command[1:])

    def _spop(self, args):
        """Any members may go, as many on both sides; then the left set is given what the right one has."""
        left, right = self.both(b'SPOP', *args)
        if not _is_list(left) and not _is_list(right) and left[:1] == right[:1] == b'$':
            gone = [[left], [right]]
        elif _is_list(left) and _is_list(right) and left[0] == right[0] and len(left[1]) == len(right[1]):
            gone = [left[1], right[1]]
        else:
            return None if left == right else (left, right)
        back = [item[1:] for item in gone[0] if item not in gone[1]]
        away = [item[1:] for item in gone[1] if item not in gone[0]]
        if len(set(gone[1])) != len(gone[1]) or len(back) != len(away):
            return (left, right)
        if back:
            self.links[0](b'SADD', args[0], *back)
            if self.links[0](b'SREM', args[0], *away) != b':%d' % len(away):
                return (left, right)
        return None

    def _random(self, args):
        """SRANDMEMBER and the like: the same shape and number, all of the members, distinct if the count says so."""
        left, right = self.both(*args)
        if left == right:
            return None
        name, key = args[0], args[1]
        whole = {b'SRANDMEMBER': (b'SMEMBERS', key), b'HRANDFIELD': (b'HGETALL', key),
                 b'ZRANDMEMBER': (b'ZRANGE', key, b'0', b'-1', b'WITHSCORES')}[name]
        members = self.links[0](*whole)
        if not _is_list(members):
            return (left, right)
        paired = name != b'SRANDMEMBER'
        items = members[1]
        if paired and items and _is_list(items[0]):
            members = [tuple(row[1]) for row in items]
        else:
            members = [tuple(items[i:i + 2]) for i in range(0, len(items), 2)] if paired else [(item,) for item in items]
        members = [tuple(_numbers(item) for item in row) for row in members]
        shapes = [self._shape(_numbers(reply), len(args) > 3) for reply in (left, right)]
        if shapes[0] is None or shapes[1] is None or len(shapes[0]) != len(shapes[1]):
            return (left, right)
        allowed = {row[:len(shapes[1][0])] for row in members} if shapes[1] else set()
        distinct = len(args) == 2 or args[2][:1] != b'-'
        if any(row not in allowed for row in shapes[1]) or (distinct and len(set(shapes[1])) != len(shapes[1])):
            return (left, right)
        return None

    @staticmethod
    def _shape(reply, with_values):
        """The picks as tuples, or None if the reply is no such thing."""
        if not _is_list(reply):
            return None if reply[:1] != b'$' else [(reply,)]
        items = reply[1]
        if items and _is_list(items[0]):
            return [tuple(row[1]) for row in items]
        if with_values:
            return [tuple(items[i:i + 2]) for i in range(0, len(items), 2)]
        return [(item,) for item in items]

    def _scan(self, args):
        """A whole iteration on each side gives the same elements; those that were there all the time come at least once."""
        sides = []
        for link in self.links:
            seen, cursor = set(), b'0'
            head, tail = (args[:1], args[1:]) if args[0] == b'SCAN' else (args[:2], args[2:])
            while True:
                reply = link(*head, cursor, b'COUNT', b'1000', *tail)
                if not _is_list(reply):
                    seen = reply
                    break
                items = reply[1][1][1]
                step = 2 if args[0] in (b'HSCAN', b'ZSCAN') else 1
                seen.update(tuple(items[i:i + step]) for i in range(0, len(items), step))
                cursor = reply[1][0][1:]
                if cursor == b'0':
                    break
            sides.append(seen)
        if args[0] == b'ZSCAN' and isinstance(sides[0], set) and isinstance(sides[1], set):
            sides = [{(member, _numbers(score)) for member, score in side} for side in sides]
        return None if sides[0] == sides[1] else (repr(sides[0]), repr(sides[1]))

    def _dump(self, args):
        """What one side dumps the other restores, both ways, and both have the same then."""
        source, target = args
        dumps = self.both(b'DUMP', source)
        if b'_' in dumps:
            return None if dumps[0] == dumps[1] else tuple(dumps)
        for link, payload in zip(self.links, reversed(dumps)):
            reply = link(b'RESTORE', target, b'0', payload[1:], b'REPLACE')
            if reply != b'+OK':
                return (reply, b'+OK, for a payload of the other server: ' + payload)
        return self.compare_key(target)

    def compare_key(self, key):
        kinds = self.both(b'TYPE', key)
        if kinds[0] != kinds[1]:
            return tuple(kinds)
        looks = {b'+string': [(b'GET', key)], b'+list': [(b'LRANGE', key, b'0', b'-1')], b'+set': [(b'SMEMBERS', key)],
                 b'+hash': [(b'HGETALL', key)], b'+zset': [(b'ZRANGE', key, b'0', b'-1', b'WITHSCORES')],
                 b'+stream': [(b'XRANGE', key, b'-', b'+'), (b'XINFO', b'STREAM', key), (b'XINFO', b'STREAM', key, b'FULL')]}
        for look in looks.get(kinds[0], []) + [(b'PEXPIRETIME', key), (b'OBJECT', b'ENCODING', key)]:
            left, right = self.both(*look)
            if not same(list(look), left, right):
                return (left, right)
        return None

    def _everything(self, _args):
        """Every key on both sides, with its whole value."""
        for number in range(KEYS_A_LETTER):
            for letter in LETTERS:
                key = b'%s%d' % (letter.encode(), number)
                found = self.compare_key(key)
                if found:
                    return tuple(key + b': ' + (part if isinstance(part, bytes) else repr(part).encode()) for part in found)
        left, right = self.both(b'DBSIZE')
        return None if left == right else (left, right)


def _units(commands):
    """The commands in pieces that may be left out: one each, but a transaction is one piece."""
    units, inside = [], False
    for command in commands:
        tied = units and (units[-1][-1][:2] == [b'XGROUP', b'CREATECONSUMER'] or
                          (units[-1][-1][0] in (b'SORT', b'SORT_RO', b'XSETID') and command[0] == b'DEL'))
        if inside or tied:
            units[-1].append(command)
        else:
            units.append([command])
        inside = command[0] == b'MULTI' or (inside and command[0] not in (b'EXEC', b'DISCARD'))
    return units


def minimise(pair, commands, limit=400):
    """The fewest commands found that still give a difference at the last of them."""
    last = commands[-1]
    tries = [0]

    def flat(units):
        return [command for unit in units for command in unit]

    def differs(units):
        tries[0] += 1
        pair.reset()
        subset = flat(units)
        found = pair.run_all(subset)
        return found is not None and found[1] == last and found[0] == len(subset) - 1

    best = _units(commands)
    size = max(1, len(best) // 2)
    while size >= 1 and tries[0] < limit:
        at, shrunk = 0, False
        while at < len(best) - 1 and tries[0] < limit:
            subset = best[:at] + best[min(at + size, len(best) - 1):]
            if differs(subset):
                best, shrunk = subset, True
            else:
                at += size
        if size == 1 and not shrunk:
            break
        size = max(1, size // 2)
    return flat(best)
