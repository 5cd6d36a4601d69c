// A suite that uses a service of the cluster.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('the prices are there', async () => {
  const response = await fetch('http://prices/');
  expect(await response.json()).toEqual({ apples: 3, from: 'prices' });
});

test("the configuration is the pod's", () => {
  expect(process.env.SHOP_REGION).toBe('pod-land');
  expect(readFileSync('/config/greeting.txt', 'utf8')).toBe('hello from the pod\n');
});
