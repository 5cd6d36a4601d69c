// outgoing.filter and dns.filter: which connections, datagrams and names are the cluster's.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nodeLines, nodeProgram } from './support/nodes.ts';
import { reach, serveHere } from './support/reach.ts';

const here = await serveHere();

describe('filters of the network', () => {
  const prices = '{"apples":3,"from":"prices"}';
  const podsLoopback = 'loopback of the pod';

  for (const line of nodeLines) {
    test(`what is on the local list is this machine's, all else the pod's, on Node ${line}`, async () => {
      const node = nodeProgram(line);
      const places = [`tcp 127.0.0.1:${here}`, `udp 127.0.0.1:${here}`, 'tcp 127.0.0.1:7070', 'tcp prices:80'];
      const local = [`tcp://127.0.0.0/8:${here}`, `udp://:${here}`];
      assert.deepEqual(await reach(places, { node, network: { outgoing: { filter: { local } } } }), {
        [`tcp 127.0.0.1:${here}`]: 'this machine',
        [`udp 127.0.0.1:${here}`]: 'this machine',
        'tcp 127.0.0.1:7070': podsLoopback,
        'tcp prices:80': prices,
      });
    });
  }

  test("what is on the remote list is the pod's, all else this machine's, names included", async () => {
    const places = [
      `tcp 127.0.0.1:${here}`,
      `udp localhost:${here}`,
      'tcp 127.0.0.1:7070',
      'tcp prices:80',
      'name shop',
    ];
    const remote = ['prices', 'tcp://127.0.0.1:7070'];
    const { 'name shop': shop, ...reached } = await reach(places, { network: { outgoing: { filter: { remote } } } });
    assert.deepEqual(reached, {
      [`tcp 127.0.0.1:${here}`]: 'this machine',
      [`udp localhost:${here}`]: 'this machine',
      'tcp 127.0.0.1:7070': podsLoopback,
      'tcp prices:80': prices,
    });
    assert.match(shop ?? '', /^(ENOTFOUND|EAI_AGAIN)$/);
  });

  test('a name that the pod has resolved is resolved again here where its port is local', async () => {
    const network = { outgoing: { filter: { local: [`rice:${here}`] } } }; // a part of it: not a name of dns.filter
    const places = ['tcp prices:80', `tcp prices:${here}`];
    assert.deepEqual(await reach(places, { network, hosts: '127.0.0.1 prices\n' }), {
      'tcp prices:80': prices,
      [`tcp prices:${here}`]: 'this machine',
    });
  });

  test('names of dns.filter are resolved on their side', async () => {
    const { 'name prices': local = '', 'name shop': remote = '' } = await reach(['name prices', 'name shop'], {
      network: { dns: { filter: { local: ['prices'] } } },
    });
    assert.match(local, /^(ENOTFOUND|EAI_AGAIN)$/);
    assert.match(remote, /^\d+\./);
  });
});
