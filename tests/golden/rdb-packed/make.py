#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Makes packed.txt: encodings inside values, as real servers wrote them.

    make.py REDIS_7_PORT FOLDER... > packed.txt

A line: the kind, the bytes, and the elements as the server told them (all hex, "-" if empty).
Listpacks and intsets are DUMPed by a running server 7.0 (rdbcompression no); ziplists are cut out
of FOLDER/dump.rdb by a server 3.0 or 6.2, FOLDER/expected.json was read back from it.
"""
import json
import struct
import sys

import redis


def hexed(data):
    return data.hex() or "-"


def line(kind, blob, elements):
    print(kind, hexed(blob), *[hexed(e) for e in elements])


def length(data, at):
    first = data[at]
    if first >> 6 == 0:
        return first & 63, at + 1, None
    if first >> 6 == 1:
        return ((first & 63) << 8) | data[at + 1], at + 2, None
    if first == 0x80:
        return struct.unpack(">I", data[at + 1 : at + 5])[0], at + 5, None
    if first == 0x81:
        return struct.unpack(">Q", data[at + 1 : at + 9])[0], at + 9, None
    return 0, at + 1, first & 63


def lzf(data, size):
    out = bytearray()
    at = 0
    while at < len(data):
        control = data[at]
        at += 1
        if control < 32:
            out += data[at : at + control + 1]
            at += control + 1
            continue
        count = control >> 5
        if count == 7:
            count += data[at]
            at += 1
        back = len(out) - (((control & 31) << 8) | data[at]) - 1
        at += 1
        for i in range(count + 2):
            out.append(out[back + i])
    assert len(out) == size
    return bytes(out)


def string(data, at):
    size, at, special = length(data, at)
    if special is None:
        return data[at : at + size], at + size
    if special < 3:
        width = 1 << special
        number = int.from_bytes(data[at : at + width], "little", signed=True)
        return str(number).encode(), at + width
    packed, at, _ = length(data, at)
    full, at, _ = length(data, at)
    return lzf(data[at : at + packed], full), at + packed


def from_server(port):
    r = redis.Redis(port=port)
    r.flushall()
    for name, value in (
        ("rdbcompression", "no"),
        ("hash-max-listpack-value", 100000),
        ("zset-max-listpack-value", 100000),
        ("list-max-listpack-size", 100000),
        ("hash-max-listpack-entries", 100000),
    ):
        r.config_set(name, value)
    numbers = [0, 1, 127, 128, -1, 4095, 4096, -4096, -4097, 32767, 32768, -32768, -32769]
    numbers += [8388607, 8388608, -8388608, -8388609, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1]
    numbers += [2**63 - 1, -(2**63)]
    texts = [b"", b"a", b"01", b"-0", b"+1", b" 1", b"1.5", b"9223372036854775808", b"\x00\xff"]
    texts += [bytes([65 + i % 26]) * n for i, n in enumerate((62, 63, 64, 125, 126, 4095, 4096))]
    texts += [b"x" * n for n in (123, 124, 127, 16378, 16379, 16380, 16381, 20000)]
    for items in (numbers, texts, texts[:9] + numbers):
        r.delete("h")
        flat = []
        for i, item in enumerate(items):
            r.hset("h", "f%d" % i, item)
            flat += [b"f%d" % i, item if isinstance(item, bytes) else str(item).encode()]
        blob, _ = string(r.dump("h"), 1)
        line("listpack", blob, flat)
    r.delete("z")
    r.zadd("z", {"a": 1, "b": -5.5, "c": 1e100, "d": 3})
    flat = [x for m, s in r.zrange("z", 0, -1, withscores=True) for x in (m, b"%.17g" % s)]
    blob, _ = string(r.dump("z"), 1)
    line("listpack", blob, flat)
    for values in ([1, 2, 3], [-32768, 0, 32767], [-32769, 5, 70000], [2**31, -1, -(2**63)]):
        r.delete("s")
        r.sadd("s", *values)
        blob, _ = string(r.dump("s"), 1)
        line("intset", blob, [str(v).encode() for v in sorted(values)])


def ziplist(expected, key, blob):
    """The blob with the elements that were read back; sorted where they have no order."""
    entry = expected.get(key.decode("latin1"))
    if entry is None or len(blob) > 20000:
        return
    value = entry["value"]
    kind = "ziplist" if entry["type"] == "list" else "ziplist-sorted"
    if entry["type"] == "hash":
        value = [x for pair in value.items() for x in pair]
    elif entry["type"] == "zset":
        value = [x for pair in value for x in pair]
    elements = [x.encode("latin1") for x in value]
    line(kind, blob, elements if kind == "ziplist" else sorted(elements))


def from_dump(folder):
    """Ziplists of lists, hashes and sorted sets of a dump by server 3.0 or 6.2, up to the first
    stream."""
    expected = json.load(open(folder + "/expected.json"))["db0"]
    data = open(folder + "/dump.rdb", "rb").read()
    at = 9
    while True:
        kind = data[at]
        at += 1
        if kind in (0xFF, 15):
            return
        if kind == 0xFE:
            _, at, _ = length(data, at)
            continue
        if kind == 0xFA:
            _, at = string(data, at)
            _, at = string(data, at)
            continue
        if kind == 0xFB:
            _, at, _ = length(data, at)
            _, at, _ = length(data, at)
            continue
        if kind in (0xFC, 0xFD):
            at += 8 if kind == 0xFC else 4
            continue
        key, at = string(data, at)
        if kind in (0, 9, 10, 11, 12, 13):
            value, at = string(data, at)
            if kind in (10, 12, 13):
                ziplist(expected, key, value)
            continue
        count, at, _ = length(data, at)
        for _ in range(count * (2 if kind == 4 else 1)):
            node, at = string(data, at)
            if kind == 3:  # a score: a length byte and digits
                at += 1 + (data[at] if data[at] < 253 else 0)
            if kind == 5:
                at += 8
            if kind == 14 and count == 1:
                ziplist(expected, key, node)


from_server(int(sys.argv[1]))
for folder in sys.argv[2:]:
    from_dump(folder)
