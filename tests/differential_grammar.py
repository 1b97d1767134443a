# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Random commands over all types, from a table of forms. Used by tests/differential.

A form is a line: words stand for themselves, <name> draws an argument of that kind, [a|b] is one of them or nothing,
(a|b) is one of them, and + behind an item repeats it up to four times. A word that begins with @ names a check that takes
more than one command (see differential_run.py).
"""
import random

# Key letters: s string, b bitmap, p HyperLogLog, l list, S set, i set of integers, h hash, z sorted set, g geo, x stream,
# y sorted set of equal scores (ranges by name are not defined for others).
KEYS_A_LETTER = 4
LETTERS = 'sbplSihzxgy'
ANY = 'sbplSihzx'  # what scores mean in g and y must stay so

FORMS = '''
SET <s> <v> [EX <sec>|PX <ms>|EXAT <at>|PXAT <atms>|KEEPTTL] [NX|XX] [GET]
SET <s> <int>
GET <s>
GETSET <s> <v>
GETDEL <s>
GETEX <s> [EX <sec>|PX <ms>|EXAT <at>|PXAT <atms>|PERSIST]
SETNX <s> <v>
SETEX <s> <sec> <v>
PSETEX <s> <ms> <v>
APPEND <s> <v>
STRLEN <s>
GETRANGE <s> <index> <index>
SUBSTR <s> <index> <index>
SETRANGE <s> <small> <v>
INCR <s>
DECR <s>
INCRBY <s> <int>
DECRBY <s> <int>
INCRBYFLOAT <s> <float>
MGET <k>+
MSET (<s> <v>)+
MSETNX (<s> <v>)+
LCS <s> <s> [LEN|IDX] [MINMATCHLEN <small>] [WITHMATCHLEN]
SETBIT <b> <bitoff> <bit>
SETBIT <b> <bitoff> 1
GETBIT <b> <bitoff>
BITCOUNT <b> [<index> <index>|<index> <index> BYTE|<index> <index> BIT]
BITPOS <b> <bit> [<index>|<index> <index>|<index> <index> BYTE|<index> <index> BIT]
BITOP (AND|OR|XOR) <b> <bs>+
BITOP NOT <b> <bs>
BITFIELD <b> (GET <bf> <bfoff>|SET <bf> <bfoff> <int>|INCRBY <bf> <bfoff> <int>|OVERFLOW (WRAP|SAT|FAIL))+
BITFIELD_RO <b> (GET <bf> <bfoff>)+
PFADD <p> <m>+
PFADD <p>
PFCOUNT <p>+
PFMERGE <p> <p>+
LPUSH <l> <v>+
RPUSH <l> <v>+
RPUSH <l> <m>+
LPUSHX <l> <v>+
RPUSHX <l> <v>+
LPOP <l> [<small>]
RPOP <l> [<small>]
LLEN <l>
LINDEX <l> <index>
LINSERT <l> (BEFORE|AFTER) <m> <v>
LSET <l> <index> <v>
LRANGE <l> <index> <index>
LRANGE <l> 0 -1
LTRIM <l> <index> <index>
LREM <l> <index> <m>
LPOS <l> <m> [RANK <index>] [COUNT <small>] [MAXLEN <small>]
LMOVE <l> <l> (LEFT|RIGHT) (LEFT|RIGHT)
RPOPLPUSH <l> <l>
LMPOP (1 <l>|2 <l> <l>|3 <l> <k> <l>) (LEFT|RIGHT) [COUNT <small>]
SADD <S> <m>+
SADD <i> <int>+
SADD <i> <m>
SREM <Si> <m>+
SREM <i> <int>+
SCARD <Si>
SISMEMBER <Si> <m>
SMISMEMBER <Si> <m>+
SMEMBERS <Si>
SMOVE <Si> <Si> <m>
SINTER <Si>+
SUNION <Si>+
SDIFF <Si>+
SINTERSTORE <Si> <Si>+
SUNIONSTORE <Si> <Si>+
SDIFFSTORE <Si> <Si>+
SINTERCARD (1 <Si>|2 <Si> <Si>|3 <Si> <Si> <k>) [LIMIT <small>]
@SPOP <Si> [<small>]
@RANDOM SRANDMEMBER <Si> [<index>]
@SCAN SSCAN <Si> [MATCH <glob>]
HSET <h> (<m> <v>)+
HSET <h> <m> <int>
HMSET <h> (<m> <v>)+
HSETNX <h> <m> <v>
HGET <h> <m>
HMGET <h> <m>+
HGETALL <h>
HKEYS <h>
HVALS <h>
HLEN <h>
HSTRLEN <h> <m>
HEXISTS <h> <m>
HDEL <h> <m>+
HINCRBY <h> <m> <int>
HINCRBYFLOAT <h> <m> <float>
@RANDOM HRANDFIELD <h> [<index>|<index> WITHVALUES]
@SCAN HSCAN <h> [MATCH <glob>]
ZADD <z> [NX|XX|GT|LT|XX GT|XX LT] [CH] (<score> <m>)+
ZADD <z> [NX|XX|GT|LT] [CH] INCR <score> <m>
ZADD <z> (<score> <m>)+
ZADD <y> (0 <m>)+
ZREM <y> <m>
ZINCRBY <z> <score> <m>
ZREM <z> <m>+
ZCARD <z>
ZSCORE <z> <m>
ZMSCORE <z> <m>+
ZRANK <z> <m>
ZREVRANK <z> <m>
ZCOUNT <z> <smin> <smax>
ZLEXCOUNT <y> <lex> <lex>
ZRANGE <z> <index> <index> [REV] [WITHSCORES]
ZRANGE <z> <smin> <smax> BYSCORE [LIMIT <index> <index>] [WITHSCORES]
ZRANGE <z> <smax> <smin> BYSCORE REV [LIMIT <index> <index>] [WITHSCORES]
ZRANGE <y> <lex> <lex> BYLEX [REV] [LIMIT <index> <index>]
ZREVRANGE <z> <index> <index> [WITHSCORES]
ZRANGEBYSCORE <z> <smin> <smax> [WITHSCORES] [LIMIT <index> <index>]
ZREVRANGEBYSCORE <z> <smax> <smin> [WITHSCORES] [LIMIT <index> <index>]
ZRANGEBYLEX <y> <lex> <lex> [LIMIT <index> <index>]
ZREVRANGEBYLEX <y> <lex> <lex> [LIMIT <index> <index>]
ZRANGESTORE <z> <z> <index> <index> [REV]
ZRANGESTORE <z> <z> <smin> <smax> BYSCORE [LIMIT <index> <index>]
ZRANGESTORE <z> <y> <lex> <lex> BYLEX [REV] [LIMIT <index> <index>]
ZREMRANGEBYRANK <z> <index> <index>
ZREMRANGEBYSCORE <z> <smin> <smax>
ZREMRANGEBYLEX <y> <lex> <lex>
ZPOPMIN <z> [<small>]
ZPOPMAX <z> [<small>]
ZMPOP (1 <z>|2 <z> <z>|3 <z> <k> <z>) (MIN|MAX) [COUNT <small>]
(ZUNION|ZINTER) (1 <zS>|2 <zS> <zS> [WEIGHTS <score> <score>]|3 <zS> <z> <z>) [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]
ZDIFF (1 <zS>|2 <zS> <zS>|3 <zS> <z> <z>) [WITHSCORES]
(ZUNIONSTORE|ZINTERSTORE) <z> (1 <zS>|2 <zS> <zS> [WEIGHTS <score> <score>]|3 <z> <z> <zS>) [AGGREGATE (SUM|MIN|MAX)]
ZDIFFSTORE <z> (1 <zS>|2 <zS> <zS>|3 <zS> <z> <z>)
ZINTERCARD (1 <zS>|2 <zS> <zS>|3 <zS> <z> <z>) [LIMIT <small>]
@RANDOM ZRANDMEMBER <z> [<index>|<index> WITHSCORES]
@SCAN ZSCAN <z> [MATCH <glob>]
GEOADD <g> [NX|XX] [CH] (<lon> <lat> <m>)+
GEOPOS <g> <m>+
GEODIST <g> <m> <m> [M|KM|FT|MI]
GEOHASH <g> <m>+
GEOSEARCH <g> (FROMMEMBER <m>|FROMLONLAT <lon> <lat>) (BYRADIUS <radius>|BYBOX <radius1> <radius>) (ASC|DESC) <geoopt>
GEOSEARCH <g> FROMLONLAT <lon> <lat> BYRADIUS <radius> <geowith>
GEOSEARCHSTORE <z> <g> (FROMMEMBER <m>|FROMLONLAT <lon> <lat>) (BYRADIUS <radius>|BYBOX <radius1> <radius>) [STOREDIST]
GEORADIUS <g> <lon> <lat> <radius> <geowith> [COUNT <positive>] (ASC|DESC)
GEORADIUS <g> <lon> <lat> <radius> (STORE|STOREDIST) <z>
GEORADIUS_RO <g> <lon> <lat> <radius> <geowith> (ASC|DESC)
GEORADIUSBYMEMBER <g> <m> <radius> <geowith> [COUNT <positive>] (ASC|DESC)
XADD <x> [NOMKSTREAM] [MAXLEN [=] <small>|MINID [=] <id>] <newid> (<m> <v>)+
XADD <x> <newid> <m> <v>
XLEN <x>
XRANGE <x> (-|<rid>) (+|<rid>) [COUNT <index>]
XREVRANGE <x> (+|<rid>) (-|<rid>) [COUNT <index>]
XDEL <x> <id>+
XTRIM <x> (MAXLEN [=] <small>|MINID [=] <id>)
XTRIM <x> MAXLEN ~ 1000 [LIMIT <small>]
XREAD [COUNT <index>] STREAMS (<x> <id>|<x> <x> <id> <id>)
XGROUP CREATE <x> <group> (<id>|0|$) [MKSTREAM] [ENTRIESREAD 0]
XGROUP CREATE <x> <group> 0 MKSTREAM
XGROUP SETID <x> <group> (<id>|0|$) [ENTRIESREAD 0]
XGROUP DESTROY <x> <group>
XGROUP CREATECONSUMER <x> <group> <consumer>
XGROUP DELCONSUMER <x> <group> <consumer>
XREADGROUP GROUP <group> <consumer> [COUNT <index>] [NOACK] STREAMS (<x> (\\>|<id>|0)|<x> <x> \\> \\>)
XREADGROUP GROUP <group> <consumer> COUNT <positive> STREAMS <x> \\>
XACK <x> <group> <id>+
XPENDING <x> <group> [[IDLE 0] - + <small> [<consumer>]]
XCLAIM <x> <group> <consumer> 0 <id>+ [RETRYCOUNT <small>] [FORCE] [JUSTID] [LASTID <id>]
XAUTOCLAIM <x> <group> <consumer> 0 (<id>|0|-) [COUNT <positive>] [JUSTID]
XINFO STREAM <x> [FULL [COUNT <small>]]
XINFO GROUPS <x>
XINFO CONSUMERS <x> <group>
XSETID <x> <id> [ENTRIESADDED <small> MAXDELETEDID <id>]
DEL <k>+
DEL <gy>
TYPE <gy>
EXPIRE <gy> <sec>
COPY <gy> <z> REPLACE
@DUMP <gy> <z>
UNLINK <k>+
EXISTS <k>+
TOUCH <k>+
TYPE <k>
RENAME <k> <k>
RENAMENX <k> <k>
COPY <k> <k> [REPLACE]
COPY <k> <k> DB 1 [REPLACE]
MOVE <k> 1
EXPIRE <k> <sec> [NX|XX|GT|LT]
PEXPIRE <k> <ms> [NX|XX|GT|LT]
EXPIREAT <k> <at> [NX|XX|GT|LT]
PEXPIREAT <k> <atms> [NX|XX|GT|LT]
EXPIRE <k> (0|-1|-100)
TTL <k>
PTTL <k>
EXPIRETIME <k>
PEXPIRETIME <k>
PERSIST <k>
OBJECT ENCODING <k>
KEYS <keyglob>
DBSIZE
@SCAN SCAN [MATCH <keyglob>] [TYPE (string|list|set|zset|hash|stream|nothing)]
SORT <lSz> ALPHA [LIMIT <index> <index>] [ASC|DESC]
SORT <li> [LIMIT <index> <index>] [ASC|DESC]
SORT <lSz> BY <sortby> [ALPHA] [GET #|GET <sortby>] [DESC]
SORT <lSz> ALPHA (GET #|GET <sortby>)+
SORT_RO <lSz> ALPHA [LIMIT <index> <index>] [DESC]
SORT <lSz> ALPHA STORE <l>
SELECT (0|1|1000|-1)
SELECT 0
SWAPDB 0 (0|1|1000)
@DUMP <k> <k>
ECHO <v>
PING [<v>]
WATCH <k>+
UNWATCH
UNKNOWN <int>+
(GET|LLEN|SCARD|HLEN|ZCARD|XLEN|INCR|LPUSH|SADD|HSET|ZADD|PFCOUNT|BITCOUNT|LPOP|SMEMBERS|HGETALL|ZRANGE) <k> [<m>] [<v>]
'''

# Inside MULTI these do not wait.
BLOCKING = '''
BLPOP <l>+ <timeout>
BRPOP <l>+ <timeout>
BLMOVE <l> <l> (LEFT|RIGHT) (LEFT|RIGHT) <timeout>
BRPOPLPUSH <l> <l> <timeout>
BLMPOP <timeout> (1 <l>|2 <l> <l>) (LEFT|RIGHT) [COUNT <small>]
BZPOPMIN <z>+ <timeout>
BZPOPMAX <z>+ <timeout>
BZMPOP <timeout> (1 <z>|2 <z> <z>) (MIN|MAX) [COUNT <small>]
XREAD [COUNT <index>] BLOCK 0 STREAMS <x> <id>
XREADGROUP GROUP <group> <consumer> BLOCK 0 STREAMS <x> \\>
'''

JUNK = [b'', b'abc', b'0', b'-1', b'+1', b'01', b' 1', b'1 ', b'1.5', b'1e3', b'nan', b'inf', b'-inf', b'(1', b'[a',
        b'-', b'+', b'$', b'>', b'*', b'9223372036854775807', b'9223372036854775808', b'-9223372036854775808', b'0x10',
        b'NX', b'XX', b'GET', b'COUNT', b'LIMIT', b'WITHSCORES', b'STORE', b'1-1', b'1-x', b'LEFT', b'KEEPTTL',
        b'99999999999999999999', b'3.0', b'-5', b'u64', b'i65', b'#1', b'FULL', b'IDX', b'BIT', b'm', b'x' * 70]
# Arguments that take long or much memory when drawn from JUNK, or whose replies are not comparable then.
NO_JUNK = {b'SETBIT', b'SETRANGE', b'BITFIELD', b'XADD', b'EXPIRE', b'PEXPIRE', b'SELECT', b'SWAPDB', b'MOVE', b'COPY',
           b'SETEX', b'PSETEX', b'SORT'}


def parse_forms(text):
    return [_Parser(line).sequence() for line in text.strip().splitlines()]


class _Parser:
    """A form as nested tuples: ('word', bytes), ('draw', name), ('seq', items), ('one', alternatives), ('many', item)."""

    def __init__(self, line):
        for mark in '[]()|':
            line = line.replace(mark, ' %s ' % mark)
        self.tokens = line.replace('>+', '> \0').replace(')  +', ') \0').replace(') +', ') \0').split(' ')
        self.tokens = [token for token in self.tokens if token]
        self.at = 0

    def sequence(self):
        items = []
        while self.at < len(self.tokens) and self.tokens[self.at] not in '])|':
            token = self.tokens[self.at]
            self.at += 1
            if token in '[(':
                items.append(self.choice(token))
            elif token == '\0':
                items[-1] = ('many', items[-1])
            elif token[0] == '<' and token[-1] == '>':
                items.append(('draw', token[1:-1]))
            else:
                items.append(('word', token.lstrip('\\').encode()))
        return ('seq', items)

    def choice(self, opener):
        alternatives = [self.sequence()]
        while self.tokens[self.at] == '|':
            self.at += 1
            alternatives.append(self.sequence())
        self.at += 1
        return ('optional' if opener == '[' else 'one', alternatives)


class Generator:
    """next() gives one command (a list of bytes) or a short sequence that belongs together (a list of such lists)."""

    def __init__(self, seed, only=None, now=0):
        self.rng = random.Random(seed)
        self.forms, self.blocking = parse_forms(FORMS), parse_forms(BLOCKING)
        if only:
            lines = FORMS.strip().splitlines()
            keep = [i for i, line in enumerate(lines) if any(word in line.split('<')[0].lower() for word in only)]
            self.forms = [self.forms[i] for i in keep] or self.forms
        self.plain = [form for form in self.forms if not self._is_check(form) and not self._changes_connection(form)]
        self.now = now

    @staticmethod
    def _first(form):
        return form[1][0][1] if form[1][0][0] == 'word' else b''

    def _is_check(self, form):
        return self._first(form)[:1] == b'@'

    def _changes_connection(self, form):
        return self._first(form) in (b'WATCH', b'UNWATCH', b'SELECT', b'SWAPDB')

    def next(self):
        roll = self.rng.random()
        if roll < 0.02:
            return self.transaction()
        command = self.draw_form(self.rng.choice(self.forms))
        if roll < 0.12:
            command = self.spoil(command)
        return self.levelled(command)

    @staticmethod
    def levelled(command):
        """Commands around one whose side effect depends on the version, so that both servers have the same afterwards."""
        name = command[0]
        if name in (b'XCLAIM', b'XAUTOCLAIM') and len(command) > 3:
            return [[b'XGROUP', b'CREATECONSUMER'] + command[1:4], command, [b'UNWATCH']]
        if name == b'XSETID' and len(command) > 1:
            return [command, [b'DEL', command[1]]]  # how it guards the greatest deleted id depends, too
        if name == b'XGROUP':
            # Whether this is a change for those who WATCH the stream depends on the version, too.
            return [command, [b'UNWATCH']]
        if name == b'XREADGROUP' and len(command) > 3:
            # A consumer that gets nothing is made, or not.
            keys = [arg for arg in command[4:] if arg[:1] == b'x' and len(arg) == 2]
            return [[b'XGROUP', b'CREATECONSUMER', key] + command[2:4] for key in keys] + [command, [b'UNWATCH']]
        if name in (b'SORT', b'SORT_RO') and len(command) > 1:
            # 7.0 turns a small sorted set into a large one by looking at it.
            return [command, [b'DEL', command[1]]]
        if name == b'PFCOUNT':
            # It keeps the sum it made, which is a change for those who WATCH the key there.
            return [command, [b'UNWATCH']]
        return [command]

    def transaction(self):
        out = [[b'MULTI']]
        for _ in range(self.rng.randrange(6)):
            blocking = self.rng.random() < 0.5
            command = self.draw_form(self.rng.choice(self.blocking if blocking else self.plain))
            out += self.levelled(command if blocking or self.rng.random() < 0.9 else self.spoil(command))
        return out + [[b'DISCARD' if self.rng.random() < 0.1 else b'EXEC']]

    def spoil(self, command):
        """Something wrong with a command: an argument too many, too few, or junk in the place of one."""
        if command[0][:1] == b'@' or len(command) < 2 or command[0] in (b'ZRANK', b'ZREVRANK') or command[:1] + [command[1][:1]] == [b'ZADD', b'y']:
            return command
        command = list(command)
        kind = self.rng.randrange(5)
        at = self.rng.randrange(1, len(command))
        if kind == 0:
            del command[at]
        elif kind == 1:
            command.insert(at + 1, self.rng.choice(JUNK))
        elif kind == 2:
            command[1] = b's0' if command[1][:1] in b'gy' else self.key(ANY)
        elif command[0].upper() not in NO_JUNK:
            command[at] = self.rng.choice(JUNK)
        else:
            command.append(self.rng.choice(JUNK))
        return command

    def draw_form(self, form):
        out = []
        self._draw(form, out)
        return out

    def _draw(self, item, out):
        kind, value = item
        if kind == 'word':
            out.append(value)
        elif kind == 'draw':
            drawn = getattr(self, '_' + value, None)
            if drawn is None:
                out.append(self.key(value))
            else:
                drawn = drawn()
                out.extend(drawn if isinstance(drawn, list) else [drawn])
        elif kind == 'seq':
            for part in value:
                self._draw(part, out)
        elif kind == 'one' or (kind == 'optional' and self.rng.random() < 0.4):
            self._draw(self.rng.choice(value), out)
        elif kind == 'many':
            for _ in range(self.rng.choice((1, 1, 1, 2, 2, 3, 4))):
                self._draw(value, out)

    def key(self, letters):
        """A key of one of these types; now and then one of another type."""
        if letters in ('y', 'g', 'gy'):
            letter = self.rng.choice(letters) if self.rng.random() < 0.97 else 's'
        else:
            letter = self.rng.choice(letters if 'k' not in letters and self.rng.random() < 0.97 else ANY)
        return b'%s%d' % (letter.encode(), self.rng.randrange(KEYS_A_LETTER))

    def _member(self):
        rng = self.rng
        roll = rng.random()
        if roll < 0.8:
            return b'm%d' % rng.randrange(20)
        if roll < 0.95:
            return b'%d' % rng.randrange(-5, 15)
        return rng.choice((b'', b'M' * 70, b'a\r\nb\0c', b'\xff\xfe', b'1.50', b'-0', b'007', b'x' * 300))

    def _v(self):
        rng = self.rng
        roll = rng.random()
        if roll < 0.4:
            return b'v%d' % rng.randrange(1000)
        if roll < 0.6:
            return self._int()
        if roll < 0.7:
            return self._float()
        if roll < 0.9:
            return self._member()
        return b'd' + bytes(rng.choice(b'abcd \0\n\xc3') for _ in range(rng.choice((5, 44, 45, 64, 65, 200))))

    def _int(self):
        rng = self.rng
        if rng.random() < 0.93:
            return b'%d' % rng.randrange(-20, 100)
        return b'%d' % rng.choice((32767, 32768, -32769, 2**31, -2**31 - 1, 2**53, 2**63 - 1, -2**63, 10**15))

    def _float(self):
        return self.rng.choice((b'1.5', b'-0.25', b'3', b'0.1', b'1e2', b'-7', b'100.001', b'3.0e3', b'0', b'1e-5'))

    def _score(self):
        rng = self.rng
        if rng.random() < 0.6:
            return b'%d' % rng.randrange(-5, 20)
        return rng.choice((b'1.5', b'-2.25', b'0.1', b'1e10', b'inf', b'-inf', b'3.141592653589793', b'1e-7', b'1e100',
                           b'1234567890123', b'0.30000000000000004', b'9007199254740993', b'1e17', b'123456789012345678'))

    def _smin(self):
        return self.rng.choice((b'-inf', b'(-inf', b'%d' % self.rng.randrange(-6, 12), b'(%d' % self.rng.randrange(-6, 12)))

    def _smax(self):
        return self.rng.choice((b'+inf', b'inf', b'(1.5', b'%d' % self.rng.randrange(0, 22), b'(%d' % self.rng.randrange(0, 22)))

    def _lex(self):
        return self.rng.choice((b'-', b'+', b'[m1', b'(m1', b'[m15', b'(m7', b'[', b'(', b'[z', b'(1'))

    def _index(self):
        return b'%d' % self.rng.choice((0, 0, 1, 2, 3, 5, 10, -1, -1, -2, -3, -5, -10, 100, -100))

    def _small(self):
        return b'%d' % self.rng.choice((0, 1, 1, 2, 2, 3, 5, 10))

    def _positive(self):
        return b'%d' % self.rng.choice((1, 2, 3, 5, 10))

    def _m(self):
        return self._member()

    def _bit(self):
        return self.rng.choice((b'0', b'1'))

    def _bitoff(self):
        return b'%d' % self.rng.choice((0, 1, 7, 8, 9, self.rng.randrange(300), self.rng.randrange(20000)))

    def _bs(self):
        return self.key('bbbs')

    def _bf(self):
        return b'%s%d' % (self.rng.choice((b'u', b'i')), self.rng.choice((1, 2, 5, 8, 13, 16, 31, 32, 33, 63)))

    def _bfoff(self):
        return b'%s%d' % (self.rng.choice((b'', b'', b'#')), self.rng.randrange(40))

    def _sec(self):
        return b'%d' % self.rng.randrange(10000, 1000000)

    def _ms(self):
        return b'%d' % self.rng.randrange(10000000, 1000000000)

    def _at(self):
        return b'%d' % (self.now + self.rng.randrange(10000, 1000000)) if self.rng.random() < 0.95 else b'1000'

    def _atms(self):
        return b'%d' % (1000 * self.now + self.rng.randrange(10000000, 1000000000)) if self.rng.random() < 0.95 else b'1000'

    def _glob(self):
        return self.rng.choice((b'*', b'm*', b'm1?', b'[0-5]', b'*[^1]', b'm\\1', b'nothing', b'm[1-3]*'))

    def _keyglob(self):
        return self.rng.choice((b'*', b'[a-l]*', b's?', b'*0', b'z[12]', b'[^xz]*', b'nothing'))

    def _sortby(self):
        return self.rng.choice((b's*', b'h0->*', b'nosort', b'*', b's\x00*', b'h1->m1'))

    def _lon(self):
        return b'%.*f' % (self.rng.choice((1, 4)), self.rng.uniform(-10, 10) if self.rng.random() < 0.9 else
                          self.rng.uniform(-190, 190))

    def _lat(self):
        return b'%.*f' % (self.rng.choice((1, 4)), self.rng.uniform(-10, 10) if self.rng.random() < 0.9 else
                          self.rng.uniform(-90, 90))

    def _radius(self):
        return [b'%d' % self.rng.choice((0, 1, 100, 500, 1000, 3000)), self.rng.choice((b'km', b'km', b'm', b'mi', b'ft', b'KM'))]

    def _radius1(self):
        return b'%d' % self.rng.choice((1, 200, 1000, 2500))

    def _geowith(self):
        return [word for word in (b'WITHCOORD', b'WITHDIST', b'WITHHASH') if self.rng.random() < 0.4]

    def _geoopt(self):
        return self._geowith() + ([b'COUNT', self._positive()] if self.rng.random() < 0.4 else [])

    def _id(self):
        rng = self.rng
        return rng.choice((b'%d-%d' % (rng.randrange(1, 60), rng.randrange(3)), b'%d' % rng.randrange(60), b'0-0', b'0'))

    def _rid(self):
        return (b'(' if self.rng.random() < 0.2 else b'') + self._id()

    def _newid(self):
        rng = self.rng
        return rng.choice((b'%d-%d' % (rng.randrange(1, 60), rng.randrange(3)), b'%d-*' % rng.randrange(1, 60),
                           b'%d-*' % rng.randrange(1, 60), b'%d' % rng.randrange(60)))

    def _group(self):
        return b'g%d' % self.rng.randrange(3)

    def _consumer(self):
        return b'c%d' % self.rng.randrange(3)

    def _timeout(self):
        return self.rng.choice((b'0', b'0', b'1', b'0.5', b'-1', b'x'))
