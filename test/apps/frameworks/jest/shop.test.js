// A suite that uses a service of the cluster.
const http = require('node:http');
const { readFileSync } = require('node:fs');

test('the prices are there', async () => {
  const response = await fetch('http://prices/');
  expect(await response.json()).toEqual({ apples: 3, from: 'prices' });
});

test('also with a client of its own', (done) => {
  http.get('http://prices/', (response) => {
    expect(response.statusCode).toBe(200);
    response.resume().on('end', done);
  });
});

test("the configuration is the pod's", () => {
  expect(process.env.SHOP_REGION).toBe('pod-land');
  expect(readFileSync('/config/greeting.txt', 'utf8')).toBe('hello from the pod\n');
});
