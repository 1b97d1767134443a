// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// node redis.mjs HOST:PORT COUNT: the same with the `redis` package; prints what it saw as JSON.
import assert from 'node:assert/strict';
import { createCluster } from 'redis';

const [address, count] = [process.argv[2], Number(process.argv[3])];
const cluster = createCluster({ rootNodes: [{ url: `redis://${address}` }], defaults: { RESP: 3 } });
cluster.on('error', (error) => { console.error(error); process.exit(1); });
await cluster.connect();
await Promise.all(Array.from({ length: count }, async (_, i) => {
  assert.equal(await cluster.set(`nr:${i}`, `value ${i}`), 'OK');
}));
for (let i = 0; i < count; i += 1) assert.equal(await cluster.get(`nr:${i}`), `value ${i}`);
assert.deepEqual(await cluster.mGet(['{nr}a', '{nr}b']), [null, null]);
assert.equal(await cluster.incrBy('nr:n', 41), 41);
assert.equal(await cluster.set('nr:ttl', 'x', { EX: 100, NX: true }), 'OK');
assert.equal(await cluster.ttl('nr:ttl'), 100);
assert.equal(await cluster.exists('nr:0'), 1);
await assert.rejects(cluster.mGet(['nr:1', 'nr:2']), /CROSSSLOT/);

// Reads that may go to replicas lag a little; they must get there.
const reader = createCluster({ rootNodes: [{ url: `redis://${address}` }], useReplicas: true });
reader.on('error', (error) => { console.error(error); process.exit(1); });
await reader.connect();
const deadline = Date.now() + 20000;
for (let i = 0; i < count; i += 1) {
  while (await reader.get(`nr:${i}`) !== `value ${i}`) assert.ok(Date.now() < deadline, `nr:${i} at a replica`);
}
console.log(JSON.stringify({ masters: reader.masters.length, replicas: reader.replicas.length }));
await reader.close();
await cluster.close();
