import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldHeads } from '../../../../agent/incoming/held-heads.ts';

const mb = 1024 * 1024;

test('all connections together hold 32 MiB and no more', () => {
  const held = new HeldHeads();
  const [one, other] = [{}, {}];
  assert.ok(held.hasRoomFor(one, 20 * mb));
  assert.ok(held.hasRoomFor(one, 30 * mb), 'the same connection, which has more now');
  assert.ok(!held.hasRoomFor(other, 3 * mb));
  held.forget(one);
  held.forget(one);
  assert.ok(held.hasRoomFor(other, 32 * mb));
  assert.ok(held.hasRoomFor(one, 0));
});
