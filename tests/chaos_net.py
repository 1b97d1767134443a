# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""The network between nodes, in user space: each node is known to the others by ports of this proxy, which finds out who
connects (bus packets and REPLCONF say so) and can hold what goes from one node to another. Held bytes are not lost: they
come late, as they do after a real cut."""
import re
import selectors
import socket
import threading

from harness import HOST

LISTENING = re.compile(rb'listening-port\r\n\$\d+\r\n(\d+)\r\n')
BUS_SENDER = slice(40, 80)  # of the header of a bus packet


class Pipe:
    """One connection: two sockets and what is on its way in each direction."""

    def __init__(self, near, far, target, bus):
        self.ends, self.target, self.bus = (near, far), target, bus
        self.source, self.head = None, b''
        self.waiting = [b'', b'']  # towards far, towards near
        self.closed = [False, False]


class Network:
    def __init__(self):
        self.lock, self.selector = threading.Lock(), selectors.DefaultSelector()
        self.names, self.cuts, self.pipes, self.over = {}, set(), set(), False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def listen(self, node, port, target_port, bus):
        """What comes to `port` goes to `target_port`, which is node's."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        sock.listen(64)
        sock.setblocking(False)
        self.selector.register(sock, selectors.EVENT_READ, (node, target_port, bus))

    def start(self):
        self.thread.start()

    def name(self, node, *marks):
        """By these (its id, its ports as text) the node is recognized when it connects."""
        with self.lock:
            self.names.update({mark: node for mark in marks})

    def cut(self, pairs):
        """From now on nothing goes from one node to the other, for these pairs; an empty set heals all."""
        with self.lock:
            self.cuts = set(pairs)

    def close(self):
        self.over = True
        self.thread.join(5)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    def _run(self):
        while not self.over:
            for key, _ in self.selector.select(0.01):
                if isinstance(key.data, Pipe):
                    self._read(key.data, key.fileobj)
                else:
                    self._accept(key.fileobj, *key.data)
            for pipe in list(self.pipes):
                self._move(pipe)

    def _accept(self, listener, node, port, bus):
        near, _ = listener.accept()
        far = socket.socket()
        try:
            far.connect((HOST, port))
        except OSError:
            # As a closed port answers: that is how a dead process shows.
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
            near.close()
            far.close()
            return
        pipe = Pipe(near, far, node, bus)
        for sock in pipe.ends:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(sock, selectors.EVENT_READ, pipe)
        self.pipes.add(pipe)

    def _read(self, pipe, sock):
        side = pipe.ends.index(sock)
        if len(pipe.waiting[side]) > 1 << 20:
            return
        try:
            data = sock.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b''
        if not data:
            # The news that it is closed is held like all else.
            self.selector.unregister(sock)
            pipe.closed[side] = True
            return
        pipe.waiting[side] += data
        if side == 0 and pipe.source is None and len(pipe.head) < 4096:
            pipe.head += data
            self._recognize(pipe)

    def _recognize(self, pipe):
        if pipe.bus:
            mark = pipe.head[BUS_SENDER].decode(errors='replace')
        else:
            found = LISTENING.search(pipe.head)
            mark = found.group(1).decode() if found else None
        with self.lock:
            pipe.source = self.names.get(mark)

    def _move(self, pipe):
        with self.lock:
            held = [(pipe.source, pipe.target) in self.cuts, (pipe.target, pipe.source) in self.cuts]
        for side in 0, 1:
            if pipe.waiting[side] and not held[side]:
                try:
                    sent = pipe.ends[1 - side].send(pipe.waiting[side])
                    pipe.waiting[side] = pipe.waiting[side][sent:]
                except BlockingIOError:
                    pass
                except OSError:
                    self._drop(pipe)
                    return
            if pipe.closed[side] and not pipe.waiting[side] and not held[side]:
                self._drop(pipe)
                return

    def _drop(self, pipe):
        if pipe not in self.pipes:
            return
        self.pipes.discard(pipe)
        for sock, closed in zip(pipe.ends, pipe.closed):
            if not closed:
                self.selector.unregister(sock)
            sock.close()
