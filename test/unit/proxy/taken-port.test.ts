import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TakenPort } from '../../../src/proxy/taken-port.ts';

const listener = (localPort: number) => ({ port: 8080, local: { host: '127.0.0.1', port: localPort } });
const never = () => assert.fail('it gave up');

test('the newest program gets the connections, the one before it when that has closed', async () => {
  const port = new TakenPort(never);
  const [first, second] = [listener(1), listener(2)];
  port.add(first);
  port.add(second);
  assert.equal(await port.next(), second);
  assert.equal(port.remove(second), true);
  assert.equal(await port.next(), first);
});

test('between two programs connections wait for the next one', async () => {
  const port = new TakenPort(never);
  const first = listener(1);
  port.add(first);
  port.abandon(first);
  const waiting = port.next();
  const second = listener(2);
  port.add(second);
  assert.equal(await waiting, second);
});

test('without a next program it gives up, and who waits is refused', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let gaveUp = 0;
  const port = new TakenPort(() => {
    gaveUp++;
    port.close();
  });
  port.add(listener(1));
  port.abandon(listener(1));
  const waiting = port.next();
  t.mock.timers.tick(9_999);
  assert.equal(gaveUp, 0);
  t.mock.timers.tick(1);
  await assert.rejects(waiting, { code: 'NOBODY_LISTENS' });
  assert.equal(gaveUp, 1);
});

test('so many wait, and no more', async () => {
  const port = new TakenPort(never);
  const waiting = Array.from({ length: 256 }, () => port.next());
  await assert.rejects(port.next(), { code: 'NOBODY_LISTENS' });
  port.add(listener(1));
  await Promise.all(waiting);
});

test('a program that has gone is told from one that closes its connections', async () => {
  const port = new TakenPort(never);
  const [gone, living, later] = [listener(1), listener(2), listener(3)];
  for (const each of [gone, living, later]) port.add(each);
  port.abandon(gone);
  assert.equal(await port.isAbandoned(gone, 1), true);
  assert.equal(await port.isAbandoned(living, 1), false);
  const closed = port.isAbandoned(living, 1_000_000);
  port.remove(living);
  assert.equal(await closed, false);
  const asked = port.isAbandoned(later, 1_000);
  port.abandon(later);
  assert.equal(await asked, true);
});
