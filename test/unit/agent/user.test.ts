import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUser } from '../../../agent/target/user.ts';

const status = `Name:\tnode
Umask:\t0027
State:\tS (sleeping)
Uid:\t1000\t1001\t1001\t1001
Gid:\t1000\t2001\t2001\t2001
FDSize:\t64
Groups:\t2000 3000 
CapInh:\t0000000000000000
CapPrm:\t00000000a80425fb
CapEff:\t00000000000000c1
`;

test("a process's effective ids, groups, capabilities and umask are read", () => {
  assert.deepEqual(parseUser(status), {
    uid: 1001,
    gid: 2001,
    groups: [2000, 3000],
    capabilities: 0xc1n,
    umask: 0o27,
  });
});

test('a process without further groups has none', () => {
  assert.deepEqual(parseUser(status.replace('2000 3000 ', '')).groups, []);
});
