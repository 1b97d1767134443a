#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Cuts one stream out of a dump.rdb that a real server wrote, and puts what that server said of it by commands behind it.

usage: make.py dump.rdb expected.json KEY > SERVER.txt

`expected.json` has for the key: value (XRANGE - +), info (XINFO STREAM), groups (XINFO GROUPS) and pending (XPENDING by
group). The first line of the output is type byte and value in hex.
"""
import json
import sys

TYPES = (15, 19, 21)


class Reader:
    def __init__(self, data, at):
        self.data, self.at = data, at

    def take(self, n):
        self.at += n
        return self.data[self.at - n:self.at]

    def length(self):
        first = self.take(1)[0]
        kind = first >> 6
        if kind == 0:
            return first & 63, None
        if kind == 1:
            return (first & 63) << 8 | self.take(1)[0], None
        if kind == 3:
            return None, first & 63
        return int.from_bytes(self.take(8 if first & 1 else 4), 'big'), None

    def string(self):
        length, encoding = self.length()
        if encoding is None:
            self.take(length)
        elif encoding == 3:
            packed = self.length()[0]
            self.length()
            self.take(packed)
        else:
            self.take(1 << encoding)

    def stream(self, kind):
        for _ in range(2 * self.length()[0]):
            self.string()
        for _ in range(3 if kind == 15 else 8):
            self.length()
        for _ in range(self.length()[0]):
            self.string()
            for _ in range(2 if kind == 15 else 3):
                self.length()
            for _ in range(self.length()[0]):
                self.take(24)
                self.length()
            for _ in range(self.length()[0]):
                self.string()
                self.take(16 if kind == 21 else 8)
                self.take(16 * self.length()[0])


def main():
    dump, expected, key = sys.argv[1:]
    with open(dump, 'rb') as file:
        data = file.read()
    name = bytes([len(key)]) + key.encode()
    start = max(data.find(bytes([kind]) + name) for kind in TYPES)
    reader = Reader(data, start + 1 + len(name))
    begin = reader.at
    reader.stream(data[start])
    print((data[start:start + 1] + data[begin:reader.at]).hex())
    with open(expected) as file:
        value = json.load(file)['db0'][key]
    info = dict(zip(value['info'][::2], value['info'][1::2]))
    print('length', info['length'], 'last', info['last-generated-id'], 'tree', info['radix-tree-keys'],
          info['radix-tree-nodes'], 'deleted', info.get('max-deleted-entry-id', '0-0'))
    for entry, fields in value['value']:
        print('entry', entry, *fields)
    for group in value['groups']:
        facts = dict(zip(group[::2], group[1::2]))
        count, low, high, consumers = value['pending'][facts['name']]
        print('group', facts['name'], facts['last-delivered-id'], 'pending', count, low or '-', high or '-',
              *[word for consumer in consumers or [] for word in consumer])


main()
