# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""The wire as a client sees it: RESP2, RESP3, inline commands, pipelines, and everything malformed."""
import time

from harness import Failure, RespError, encode, limit, short


@short
def test_resp2(t):
    c = t.server().connect()
    t.equal(c('PING'), 'PONG')
    t.equal(c('PING', 'hi'), b'hi')
    binary = bytes(range(256)) * 3 + b'\r\n$5\r\n'
    t.equal(c('SET', binary, binary), 'OK')
    t.equal(c('GET', binary), binary)
    t.equal(c('GET', 'none'), None)
    t.equal(c('SET', '', ''), 'OK')
    t.equal(c('GET', ''), b'')
    t.equal(c('MGET', binary, 'none', ''), [binary, None, b''])
    t.equal(c('DEL', binary, ''), 2)
    c.send(encode('GET', 'none') + encode('MGET', 'none'))
    t.equal(c._line(), b'$-1')
    t.equal(c._line(), b'*1')


@short
def test_resp3(t):
    c = t.server().connect()
    hello = c('HELLO', '3')
    t.equal(hello[b'proto'], 3)
    t.equal(hello[b'role'], b'master')
    for field in (b'server', b'version', b'id', b'mode', b'modules'):
        t.true(field in hello, 'HELLO lacks %r' % field)
    c.send(encode('GET', 'none'))
    t.equal(c._line(), b'_')
    t.equal(c('CONFIG', 'GET', 'port'), {b'port': str(c.sock.getpeername()[1]).encode()})
    t.equal(c('HELLO', '2')[:1], [b'server'])
    c.send(encode('GET', 'none'))
    t.equal(c._line(), b'$-1')
    t.error(c('HELLO', '4'), 'NOPROTO')
    t.error(c('HELLO', 'x'), 'ERR Protocol version is not an integer or out of range')
    t.error(c('HELLO', '3', 'NOSUCH'), 'ERR Syntax error in HELLO option')
    t.equal(c('HELLO', '3', 'SETNAME', 'me')[b'proto'], 3)
    t.equal(c('CLIENT', 'GETNAME'), b'me')
    t.equal(c('RESET'), 'RESET')
    c.send(encode('GET', 'none'))
    t.equal(c._line(), b'$-1', 'RESET goes back to RESP2')


@short
def test_inline(t):
    c = t.server().connect()
    for line, wanted in ((b'PING\r\n', 'PONG'), (b'PING\n', 'PONG'), (b'   PING   \r\n', 'PONG'),
                         (b'SET a "x y\\n\\x41"\r\n', 'OK'), (b'GET a\r\n', b'x y\nA'),
                         (b"SET b 'it\\'s'\r\n", 'OK'), (b'get b\r\n', b"it's"), (b'ECHO ""\r\n', b'')):
        c.send(line)
        t.equal(c.read(), wanted, repr(line))
    c.send(b'\r\n\r\nPING\r\n')
    t.equal(c.read(), 'PONG', 'empty lines are ignored')
    c.send(b'SET a "open\r\n')
    t.error(c.read(), 'ERR Protocol error: unbalanced quotes in request')
    t.equal(c.until_closed(), b'')


@short
def test_pipelining(t):
    c = t.server().connect(30)
    count = 2000 if t.sanitized else 20000
    c.send(b''.join(encode('SET', 'k%d' % i, i) for i in range(count)))
    for i in range(count):
        t.equal(c.read(), 'OK')
    c.send(b''.join(encode('GET', 'k%d' % i) for i in range(count)))
    for i in range(count):
        t.equal(c.read(), b'%d' % i)
    c.send(b''.join(encode('INCR', 'n') for _ in range(count)))
    t.equal([c.read() for _ in range(count)], list(range(1, count + 1)), 'in order, each once')
    t.equal(c('DBSIZE'), count + 1)


@short
def test_any_split(t):
    """A command may arrive in any pieces."""
    c = t.server().connect()
    data = encode('SET', 'key', 'v' * 20) + encode('GET', 'key') + b'PING\r\n' + encode('ECHO', 'a\r\nb')
    for cut in range(1, len(data)):
        c.send(data[:cut])
        c.send(data[cut:])
        t.equal([c.read() for _ in range(4)], ['OK', b'v' * 20, 'PONG', b'a\r\nb'], 'cut at %d' % cut)
    for byte in data:
        c.send(bytes([byte]))
    t.equal([c.read() for _ in range(4)], ['OK', b'v' * 20, 'PONG', b'a\r\nb'], 'byte by byte')


@short
def test_large_values(t):
    c = t.server().connect(30)
    for size in (1 << 14, (1 << 15) - 1, 1 << 15, (1 << 16) + 1, 1 << 20, 40 << 20):
        value = (b'%d.' % size * (size // 3))[:size]
        t.equal(c('SET', 'big', value), 'OK')
        got = c('GET', 'big')
        t.true(got == value, 'a value of %d bytes came back as %d bytes' % (size, len(got or b'')))
    key = b'k' * (1 << 20)
    t.equal(c('SET', key, 'v'), 'OK', 'a long key')
    t.equal(c('GET', key), b'v')
    t.equal(c('DEL', key, 'big'), 2)


MALFORMED = (  # sent, what the server says before it closes
    (b'*2147483648\r\n', b'-ERR Protocol error: invalid multibulk length'),
    (b'*99999999999999999999\r\n', b'-ERR Protocol error: invalid multibulk length'),
    (b'*x\r\n', b'-ERR Protocol error: invalid multibulk length'),
    (b'*1x\r\n', b'-ERR Protocol error: invalid multibulk length'),
    (b'*1\r\n$-5\r\n', b'-ERR Protocol error: invalid bulk length'),
    (b'*1\r\n$x\r\n', b'-ERR Protocol error: invalid bulk length'),
    (b'*1\r\n$\r\n', b'-ERR Protocol error: invalid bulk length'),
    (b'*1\r\n$99999999999\r\n', b'-ERR Protocol error: invalid bulk length'),
    (b'*1\r\n$99999999999999999999\r\n', b'-ERR Protocol error: invalid bulk length'),
    (b'*1\r\n+OK\r\n', b"-ERR Protocol error: expected '$', got '+'"),
    (b'*2\r\n$4\r\nECHO\r\n*1\r\n$1\r\na\r\n', b"-ERR Protocol error: expected '$', got '*'"),
    (b'*1\r\n%1\r\n$1\r\na\r\n', b"-ERR Protocol error: expected '$', got '%'"),
    (b'*' + b'1' * 70000, b'-ERR Protocol error: too big mbulk count string'),
    (b'*1\r\n$' + b'1' * 70000, b'-ERR Protocol error: too big bulk count string'),
    (b'A' * 70000, b'-ERR Protocol error: too big inline request'),
    (b'POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET hacked 1\r\n', b''),
    (b'Host: localhost\r\nSET hacked 1\r\n', b''),
)


@short
def test_malformed(t):
    """FAULTS 50: an error and a closed connection; nobody else notices."""
    server = t.server()
    other = server.connect()
    for sent, said in MALFORMED:
        c = server.connect()
        c.send(encode('PING'))
        t.equal(c.read(), 'PONG')
        try:
            c.send(sent)
        except OSError:
            pass  # closed while we still wrote
        try:
            got = c.until_closed()
        except OSError as error:
            raise Failure('%r: neither closed nor an error: %s' % (sent[:60], error))
        t.true(got.startswith(said) and got.count(b'\r\n') == (1 if said else 0),
               '%r\n  got    %r\n  wanted %r' % (sent[:60], got[:200], said))
        t.equal(other('PING'), 'PONG')
    t.equal(other('EXISTS', 'hacked'), 0)
    t.equal(other('DBSIZE'), 0)


@short
def test_ignored_requests(t):
    """Empty requests are ignored, and leave nothing behind for the next one."""
    c = t.server().connect()
    for nothing in (b'*0\r\n', b'*-1\r\n', b'*-2\r\n', b'\r\n'):
        c.send(nothing + encode('ECHO', 'x') + nothing + nothing + encode('PING'))
        t.equal(c.read(), b'x', repr(nothing))
        t.equal(c.read(), 'PONG', repr(nothing))
    c.send(b'*1\r\n$4\r\nPI\x00G\r\n')
    t.error(c.read(), "ERR unknown command 'PI")
    c.send(b'*1\r\n$0\r\n\r\n')
    t.error(c.read(), "ERR unknown command ''")
    t.equal(c('PING'), 'PONG')


@short
def test_before_auth(t):
    """Whoever has not said the password may not make us allocate."""
    server = t.server('--requirepass', 'secret')
    for sent, said in ((b'*100\r\n', b'unauthenticated multibulk length'),
                       (b'*1\r\n$20000\r\n', b'unauthenticated bulk length')):
        c = server.connect()
        c.send(sent)
        t.equal(c.until_closed(), b'-ERR Protocol error: ' + said + b'\r\n')
    c = server.connect()
    t.error(c('GET', 'a'), 'NOAUTH Authentication required.')
    t.error(c('AUTH', 'wrong'), 'WRONGPASS')
    t.error(c('HELLO', '3', 'AUTH', 'default', 'wrong'), 'WRONGPASS')
    t.equal(c('AUTH', 'secret'), 'OK')
    t.equal(c('SET', 'a', 'b'), 'OK')
    c = server.connect()
    t.equal(c('HELLO', '3', 'AUTH', 'default', 'secret')[b'proto'], 3)
    t.equal(c('GET', 'a'), b'b')


@short
def test_client_mistakes(t):
    c = t.server().connect()
    t.equal(c('NOSUCH', 'a', 'b'), RespError("ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' "))
    t.equal(c('GET'), RespError("ERR wrong number of arguments for 'get' command"))
    t.equal(c('SET', 'a'), RespError("ERR wrong number of arguments for 'set' command"))
    t.equal(c('CLIENT', 'NOSUCH'), RespError("ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP."))
    t.equal(c('CONFIG', 'GET'), RespError("ERR wrong number of arguments for 'config|get' command"))
    t.equal(c('SET', 'a', 'b', 'NOSUCH'), RespError('ERR syntax error'))
    t.equal(c('SET', 'a', 'b', 'EX', '0'), RespError("ERR invalid expire time in 'set' command"))
    t.equal(c('SET', 'a', 'b', 'EX', 'x'), RespError('ERR value is not an integer or out of range'))
    t.equal(c('SET', 'a', 'text'), 'OK')
    t.equal(c('INCR', 'a'), RespError('ERR value is not an integer or out of range'))
    t.equal(c('GET', 'a'), b'text')
    t.equal(c('SELECT', '99'), RespError('ERR DB index is out of range'))
    reply = c('N' * 10000, 'y' * 10000)
    t.error(reply, "ERR unknown command 'NNN")
    t.true(len(reply) < 600, 'a long unknown command is quoted in part: %d bytes' % len(reply))
    t.equal(c('DBSIZE'), 1)


@short
def test_overlong(t):
    """What is longer than proto-max-bulk-len is refused before it is read."""
    server = t.server('--proto-max-bulk-len', '1mb')
    for sent in (b'*3\r\n$3\r\nSET\r\n$1048577\r\n', b'*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1048577\r\n'):
        c = server.connect()
        c.send(sent)
        t.equal(c.until_closed(), b'-ERR Protocol error: invalid bulk length\r\n')
    c = server.connect()
    t.equal(c('SET', 'k' * 1048576, 'v' * 1048576), 'OK')
    t.error(c('SETRANGE', 'a', '1048576', 'x'), 'ERR string exceeds maximum allowed size')
    t.error(c('SETRANGE', 'a', '9223372036854775807', 'x'), 'ERR string exceeds maximum allowed size')
    t.equal(c('EXISTS', 'a'), 0)


@short
@limit(90)
def test_many_connections(t):
    """Connections that come, leave half a command, and go leave nothing behind."""
    server = t.server()
    base = int(server.info('clients')['connected_clients'])
    for round_ in range(5):
        conns = [server.connect() for _ in range(100)]
        for i, c in enumerate(conns):
            c.send(encode('SET', 'k%d' % i, 'v' * i)[:-(i % 7) or None])
        for c in conns:
            c.close()
    t.await_true(lambda: int(server.info('clients')['connected_clients']) == base, 10, 'clients to be gone')
    t.true(server.cmd('DBSIZE') <= 100, 'half a command was run')


@short
def test_close_amid_replies(t):
    """A client that leaves while it is being answered costs the others nothing."""
    server = t.server()
    value = b'x' * 100000
    t.equal(server.cmd('SET', 'big', value), 'OK')
    for _ in range(10):
        c = server.connect()
        c.send(encode('GET', 'big') * 200)
        c.sock.recv(1000)
        c.close()
    started = time.monotonic()
    t.equal(server.cmd('GET', 'big'), value)
    t.true(time.monotonic() - started < 2 * t.slow, 'a bystander waited')
