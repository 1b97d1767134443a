// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// node ioredis.mjs HOST:PORT COUNT: reads and writes through a cluster with ioredis; prints what it saw as JSON.
import assert from 'node:assert/strict';
import Redis from 'ioredis';

const [address, count] = [process.argv[2], Number(process.argv[3])];
const [host, port] = address.split(':');
const cluster = new Redis.Cluster([{ host, port: Number(port) }], { scaleReads: 'master' });
cluster.on('error', (error) => { console.error(error); process.exit(1); });
try {
  await Promise.all(Array.from({ length: count }, async (_, i) => {
    assert.equal(await cluster.set(`io:${i}`, `value ${i}`), 'OK');
  }));
  for (let i = 0; i < count; i += 1) assert.equal(await cluster.get(`io:${i}`), `value ${i}`);
  assert.deepEqual(await cluster.mget('{io}a', '{io}b'), [null, null]);
  assert.equal(await cluster.incrby('io:n', 41), 41);
  assert.equal(await cluster.set('io:ttl', 'x', 'EX', 100, 'NX'), 'OK');
  assert.equal(await cluster.ttl('io:ttl'), 100);
  const piped = await cluster.pipeline().set('{io}a', '1').get('{io}a').del('{io}a').exec();
  assert.deepEqual(piped, [[null, 'OK'], [null, '1'], [null, 1]]);
  const binary = Buffer.from([0, 255, 13, 10, 128]);
  await cluster.set('io:bin', binary);
  assert.deepEqual(await cluster.getBuffer('io:bin'), binary);
  await assert.rejects(cluster.mget('io:1', 'io:2'), /CROSSSLOT|same slot/);
  const reader = new Redis.Cluster([{ host, port: Number(port) }], { scaleReads: 'slave' });
  const deadline = Date.now() + 20000;
  for (let i = 0; i < count; i += 1) {
    while (await reader.get(`io:${i}`) !== `value ${i}`) assert.ok(Date.now() < deadline, `io:${i} at a replica`);
  }
  await reader.quit();
  console.log(JSON.stringify({ masters: cluster.nodes('master').length, all: cluster.nodes('all').length }));
} finally {
  await cluster.quit();
}
