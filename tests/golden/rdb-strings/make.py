#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Makes the golden files of this folder with the redis-server in the PATH (they were made with 7.0.15).

    make.py OUTPUT_DIR

NAME.rdb is what the server saved, NAME.txt one line a key: db, key, value, expiry in ms (0: none), as read back from
that server; key and value are hex, or "REPEAT count hex". NAME.dump has for each key of database 0 its DUMP in hex.
"""
import os, random, socket, subprocess, sys, tempfile, time


class Client:
    def __init__(self, port):
        for _ in range(200):
            try:
                self.sock = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(0.02)
        self.file = self.sock.makefile("rb")

    def __call__(self, *args):
        args = [a if isinstance(a, bytes) else str(a).encode() for a in args]
        out = b"*%d\r\n" % len(args)
        for a in args:
            out += b"$%d\r\n%s\r\n" % (len(a), a)
        self.sock.sendall(out)
        return self.read()

    def read(self):
        line = self.file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        if kind == b"-":
            raise RuntimeError(rest)
        return int(rest) if kind == b":" else rest


def data_set():
    rng = random.Random(7)
    numbers = [0, 1, -1, 127, 128, -128, -129, 32767, 32768, -32768, -32769, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1,
               2**63 - 1, -(2**63), 99999999999]
    for n in numbers:
        yield 0, b"int:%d" % n, b"%d" % n, 0
    for i, text in enumerate([b"", b"007", b"-0", b"+1", b" 1", b"1.5", b"12345678901", b"123456789012"]):
        yield 0, b"text:%d" % i, text, 0
    yield 0, b"", b"empty key", 0
    yield 0, b"12345", b"integer key", 0
    yield 0, bytes(range(256)), bytes(range(255, -1, -1)), 0
    for n in [20, 21, 22, 63, 64, 65, 16383, 16384]:
        yield 0, b"raw:%d" % n, rng.randbytes(n), 0
    for n in [20, 21, 30, 64, 16384, 100000]:
        yield 0, b"same:%d" % n, b"ab" * (n // 2), 0
    yield 0, b"k" * 300, b"a long key", 0
    for i in range(3):
        yield 0, b"expires:%d" % i, b"v%d" % i, 4102444800123 + i
    yield 3, b"other db", b"three", 0
    yield 3, b"other db, expires", b"three", 4102444800000
    yield 11, b"db eleven", b"x" * 40, 0


def text_of(value):
    if len(value) > 1000 and value == value[:2] * (len(value) // 2):
        return "REPEAT %d %s" % (len(value) // 2, value[:2].hex())
    return value.hex() or "-"


def make(out, name, keys, options):
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        server = subprocess.Popen(["redis-server", "--port", str(port), "--dir", folder, "--save", "", *options],
                                  stdout=subprocess.DEVNULL)
        try:
            call = Client(port)
            dumps = []
            for db, key, value, expire in keys:
                call("SELECT", db)
                call("SET", key, value)
                if expire:
                    call("PEXPIREAT", key, expire)
                if db == 0:
                    dumps.append("%s %s" % (key.hex() or "-", call("DUMP", key).hex()))
            call("SAVE")
            lines = []
            for db, key, value, expire in keys:
                call("SELECT", db)
                assert call("GET", key) == value
                lines.append("%d %s %d %s" % (db, key.hex() or "-", max(0, call("PEXPIRETIME", key)), text_of(value)))
            os.replace(os.path.join(folder, "dump.rdb"), os.path.join(out, name + ".rdb"))
            with open(os.path.join(out, name + ".txt"), "w") as file:
                file.write("\n".join(sorted(lines)) + "\n")
            if name == "plain":
                with open(os.path.join(out, name + ".dump"), "w") as file:
                    file.write("\n".join(dumps) + "\n")
        finally:
            server.terminate()
            server.wait()


def main():
    keys = list(data_set())
    make(sys.argv[1], "plain", keys, [])
    make(sys.argv[1], "uncompressed", keys[:40], ["--rdbcompression", "no", "--rdbchecksum", "no"])
    make(sys.argv[1], "lru", keys[:10], ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"])
    make(sys.argv[1], "lfu", keys[:10], ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lfu"])


main()
