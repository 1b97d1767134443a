# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Publish/subscribe: several threads, both protocols, replicas, clusters over the bus, keyspace events."""
import threading

from cluster import Cluster, follow
from harness import REDIS_SERVER, Conn, encode, key_in, limit, short


def subscribe(server, *names, command='SUBSCRIBE', protocol=2):
    c = server.connect()
    if protocol == 3:
        c('HELLO', '3')
    c.send(encode(command, *names))
    for _ in names:
        c.read()
    return c


@short
def test_many_subscribers_on_four_threads(t):
    """Every subscriber sees every message once, all in the same order, which keeps each publisher's."""
    server = t.server(config='threads 4')
    publishers, messages = 3, 400
    readers = [subscribe(server, 'news', protocol=2 + i % 2) for i in range(6)]
    readers += [subscribe(server, 'n*', command='PSUBSCRIBE') for _ in range(3)]
    t.equal(server.cmd('PUBSUB', 'NUMSUB', 'news'), [b'news', 6])
    counts = []

    def publish(number):
        c = Conn(server.address, 20 * t.slow)
        for start in range(0, messages, 20):
            c.send(b''.join(encode('PUBLISH', 'news', '%d:%d' % (number, i)) for i in range(start, start + 20)))
            counts.extend(c.read() for _ in range(20))
        c.close()

    threads = [threading.Thread(target=publish, args=(i,)) for i in range(publishers)]
    for thread in threads:
        thread.start()
    seen = [[c.read()[-1].decode() for _ in range(publishers * messages)] for c in readers]
    for thread in threads:
        thread.join()
    t.equal(set(counts), {9}, 'what PUBLISH answers')
    for other in seen[1:]:
        t.true(other == seen[0], 'two subscribers saw different orders')
    for number in range(publishers):
        mine = [int(m.split(':')[1]) for m in seen[0] if m.startswith('%d:' % number)]
        t.equal(mine, list(range(messages)))


@short
def test_subscribers_come_and_go(t):
    server = t.server(config='threads 3')
    keep = subscribe(server, 'c')
    for _ in range(20):
        brief = [subscribe(server, 'c', 'd') for _ in range(3)]
        t.equal(server.cmd('PUBLISH', 'c', 'x'), 4)
        for c in brief:
            t.equal(c.read(), [b'message', b'c', b'x'])
        brief[0].close()
        t.equal(brief[1]('UNSUBSCRIBE', 'c'), [b'unsubscribe', b'c', 1])
        t.equal(brief[2]('RESET'), 'RESET')
        brief[1].close()
        t.await_true(lambda: server.cmd('PUBSUB', 'NUMSUB', 'c', 'd') == [b'c', 1, b'd', 0], 5, 'them to be forgotten')
        t.equal(keep.read(), [b'message', b'c', b'x'])
    t.equal(server.info('clients')['pubsub_clients'], '1')
    t.equal(server.info('stats')['pubsub_channels'], '1')


@short
def test_to_myself_behind_the_reply(t):
    """Under RESP3 a message that a client sends to itself comes right behind the reply, not into it."""
    server = t.server(config='threads 2')
    c = server.connect()
    c('HELLO', '3')
    c('SUBSCRIBE', 'me')
    c.send(encode('PUBLISH', 'me', '1') + encode('PING') + encode('MULTI') + encode('PUBLISH', 'me', '2') +
           encode('PUBLISH', 'me', '3') + encode('EXEC') + encode('GET', 'none'))
    t.equal([c.read() for _ in range(10)],
            [1, [b'message', b'me', b'1'], 'PONG', 'OK', 'QUEUED', 'QUEUED', [1, 1], [b'message', b'me', b'2'],
             [b'message', b'me', b'3'], None])


@short
def test_client_list_and_kill(t):
    server = t.server(config='threads 2')
    c = subscribe(server, 'a', 'b')
    c('PSUBSCRIBE', 'p*')
    c('SSUBSCRIBE', 's')
    lines = server.cmd('CLIENT', 'LIST', 'TYPE', 'PUBSUB').decode().splitlines()
    t.equal(len(lines), 1)
    t.contains(lines[0], ' flags=P ')
    t.contains(lines[0], ' sub=2 psub=1 ssub=1 ')
    t.true(' flags=P ' not in server.cmd('CLIENT', 'LIST', 'TYPE', 'NORMAL').decode(), 'it is not a normal client')
    t.equal(server.cmd('CLIENT', 'KILL', 'TYPE', 'PUBSUB'), 1)
    t.equal(c.until_closed(), b'')
    t.await_true(lambda: server.cmd('PUBLISH', 'a', 'x') == 0, 5, 'it to be gone')


@short
def test_slow_subscriber_is_closed(t):
    """client-output-buffer-limit of class pubsub; other clients go on."""
    server = t.server(config='threads 2\nclient-output-buffer-limit pubsub 1mb 0 0')
    slow, quick = subscribe(server, 'c'), subscribe(server, 'c')
    text, c = 'x' * 100000, server.connect()
    for i in range(400):
        if c('PUBLISH', 'c', text) == 1:
            break
        t.equal(len(quick.read()[2]), len(text))
    t.true(10 < i < 399, 'the slow one was closed after %d messages' % i)
    t.equal(len(quick.read()[2]), len(text))
    t.equal(server.info('stats')['client_output_buffer_limit_disconnections'], '1')
    slow.close()


@short
def test_keyspace_events(t):
    server = t.server(config='threads 2\nnotify-keyspace-events KEA')
    c = subscribe(server, '__key*__:*', command='PSUBSCRIBE')
    writer = server.connect()

    def events(count):
        return [b' '.join(c.read()[2:]).decode() for _ in range(count)]
    writer('SET', 'k', 'v', 'PX', '20')
    t.equal(events(4), ['__keyspace@0__:k set', '__keyevent@0__:set k', '__keyspace@0__:k expire',
                        '__keyevent@0__:expire k'])
    t.equal(events(2), ['__keyspace@0__:k expired', '__keyevent@0__:expired k'])
    server.cmd('CONFIG', 'SET', 'notify-keyspace-events', 'Elm')
    writer('SELECT', '2')
    writer('SET', 'k', 'v')
    writer('RPUSH', 'l', 'a')
    writer('GET', 'none')
    t.equal(events(2), ['__keyevent@2__:rpush l', '__keyevent@2__:keymiss none'])


@short
def test_replicas_hear_it(t):
    master = t.server(config='threads 2')
    replica = t.server(config='threads 2\nreplicaof 127.0.0.1 %d' % master.port)
    t.await_true(lambda: replica.info('replication').get('master_link_status') == 'up', 15, 'the link')
    c = subscribe(replica, 'c', protocol=3)
    c('SSUBSCRIBE', 's')
    t.equal(master.cmd('PUBLISH', 'c', '1'), 0)
    t.equal(master.cmd('SPUBLISH', 's', '2'), 0)
    writer = master.connect()
    writer('MULTI')
    writer('SET', 'k', 'v')
    writer('PUBLISH', 'c', '3')
    t.equal(writer('EXEC'), ['OK', 0])
    t.equal([c.read() for _ in range(3)],
            [[b'message', b'c', b'1'], [b'smessage', b's', b'2'], [b'message', b'c', b'3']])
    t.await_true(lambda: replica.cmd('GET', 'k') == b'v', 5, 'the write')


def await_links(cluster):
    """Every node talks to every other: what is published before that does not get everywhere."""
    def linked():
        return all(row['link'] == 'connected' for node in cluster.nodes for row in node.nodes())
    cluster.t.await_true(linked, 15, 'all links of the bus')


@limit(90)
def test_cluster(t):
    """PUBLISH reaches every node, SPUBLISH the nodes of the shard; a slot that moves takes its subscribers' leave."""
    cluster = Cluster(t, 6, replicas=1, config='threads 2')
    await_links(cluster)
    everywhere = [subscribe(node, 'c') for node in cluster.nodes]
    t.equal(cluster.nodes[1].cmd('PUBLISH', 'c', 'hello'), 1)
    for c in everywhere:
        t.equal(c.read(), [b'message', b'c', b'hello'])

    channel, other = key_in(0, 100), key_in(16000, 16383)
    master = cluster.masters[0]
    replica = cluster.replicas_of(master)[0]
    c = master.connect()
    t.error(c('SSUBSCRIBE', other), 'MOVED ')
    t.error(c('SSUBSCRIBE', channel, other), 'CROSSSLOT ')
    t.error(c('SPUBLISH', other, 'x'), 'MOVED ')
    t.equal(c('SSUBSCRIBE', channel), [b'ssubscribe', channel.encode(), 1])
    r = subscribe(replica, channel, command='SSUBSCRIBE')
    t.equal(follow(cluster.masters[2].address, 'SPUBLISH', channel, 'shard'), (1, master.address))
    for conn in (c, r):
        t.equal(conn.read(), [b'smessage', channel.encode(), b'shard'])

    slot, target = master.cmd('CLUSTER', 'KEYSLOT', channel), cluster.masters[1]
    for node in (target, master):
        t.equal(node.cmd('CLUSTER', 'SETSLOT', slot, 'NODE', target.my_id()), 'OK')
    for conn in (c, r):
        t.equal(conn.read(), [b'sunsubscribe', channel.encode(), 0])
    t.error(c('SSUBSCRIBE', channel), 'MOVED %d ' % slot)


@limit(90)
def test_mixed_cluster(t):
    """With redis-server nodes on the same bus, in both directions."""
    cluster = Cluster(t, 4, replicas=1, binaries=[t.binary, REDIS_SERVER, REDIS_SERVER, t.binary])
    await_links(cluster)
    conns = [subscribe(node, 'c', protocol=3) for node in cluster.nodes]
    for node in cluster.nodes:
        node.cmd('PUBLISH', 'c', node.name)
        for c in conns:
            t.equal(c.read(), [b'message', b'c', node.name.encode()])
    channel = key_in(0, 100)
    shard = [cluster.nodes[0], cluster.nodes[2]]
    conns = [subscribe(node, channel, command='SSUBSCRIBE', protocol=3) for node in shard]
    for node in shard:
        node.cmd('SPUBLISH', channel, node.name)
        for c in conns:
            t.equal(c.read(), [b'smessage', channel.encode(), node.name.encode()])


@limit(60)
def test_a_replica_of_another(t):
    """A node that becomes a replica of another shard's master does not keep its shard channels."""
    cluster = Cluster(t, 3, config='cluster-require-full-coverage no')
    a, b, _ = cluster.nodes
    channel = key_in(0, 100)
    c = subscribe(a, channel, command='SSUBSCRIBE')
    for node in (b, a):
        t.equal(node.cmd('CLUSTER', 'SETSLOT', a.cmd('CLUSTER', 'KEYSLOT', channel), 'NODE', b.my_id()), 'OK')
    t.equal(c.read(), [b'sunsubscribe', channel.encode(), 0])
    second = key_in(101, 300)
    t.equal(c('SSUBSCRIBE', second), [b'ssubscribe', second.encode(), 1])
    t.equal(a.cmd('CLUSTER', 'FLUSHSLOTS'), 'OK')
    t.equal(c.read(), [b'sunsubscribe', second.encode(), 0])


@limit(30)
def test_python_redis(t):
    import redis
    server = t.server(config='threads 2')
    client = redis.Redis(port=server.port, decode_responses=True)
    listener = client.pubsub()
    listener.subscribe('a', 'b')
    listener.psubscribe('n*')

    def heard():
        message = listener.get_message(timeout=5 * t.slow)
        return message['type'], message['channel'], message['data']
    t.equal([heard() for _ in range(3)], [('subscribe', 'a', 1), ('subscribe', 'b', 2), ('psubscribe', 'n*', 3)])
    client.publish('a', '1')
    client.publish('news', '2')
    t.equal([heard() for _ in range(2)], [('message', 'a', '1'), ('pmessage', 'news', '2')])
    listener.unsubscribe('a')
    t.equal(heard(), ('unsubscribe', 'a', 2))
    t.equal((client.pubsub_numsub('a', 'b'), client.pubsub_channels(), client.pubsub_numpat()),
            ([('a', 0), ('b', 1)], ['b'], 1))
    listener.ping('still there')
    t.equal(heard()[2], 'still there')
