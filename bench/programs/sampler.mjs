// Takes samples when it is told to: a line of JSON in, a line with the samples out. The same program runs
// through mirrord, plainly on this machine, and inside the cluster; only where it runs differs.

import fs from 'node:fs';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Each gives samples in microseconds. */
const kinds = {
  readFile: ({ path, count }) => each(count, () => fs.readFileSync(path)),
  readText: ({ path, count }) => each(count, () => fs.readFileSync(path, 'utf8')),
  stat: ({ path, count }) => each(count, () => fs.statSync(path)),
  requests,
  download: ({ url }) => timed(async () => read(await get(url, new http.Agent()))),
  upload: ({ url, bytes }) => timed(() => post(url, bytes)),
};

function each(count, call) {
  return Array.from({ length: count }, () => {
    const start = performance.now();
    call();
    return 1000 * (performance.now() - start);
  });
}

/** Kept-alive connections that each send one request after the other; they stay for the next samples. */
const agents = new Map();

async function requests({ url, headers, connections, count }) {
  const key = `${connections} ${url} ${JSON.stringify(headers)}`;
  const agent = agents.get(key) ?? new http.Agent({ keepAlive: true, maxSockets: connections });
  agents.set(key, agent);
  const samples = [];
  let left = count;
  const client = async () => {
    while (left-- > 0) {
      const start = performance.now();
      await read(await get(url, agent, headers));
      samples.push(1000 * (performance.now() - start));
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  return samples;
}

async function timed(call) {
  const start = performance.now();
  await call();
  return [1000 * (performance.now() - start)];
}

async function read(stream) {
  for await (const _ of stream) void _;
}

function post(url, bytes) {
  const piece = Buffer.alloc(64 * 1024);
  function* pieces() {
    for (let left = bytes; left > 0; left -= piece.length) yield piece;
  }
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', agent: new http.Agent() }, (response) => {
      read(response).then(resolve, reject);
    });
    pipeline(Readable.from(pieces(), { objectMode: false }), request).catch(reject);
  });
}

function get(url, agent, headers = {}) {
  return new Promise((resolve, reject) => {
    http.get(url, { agent, headers }, resolve).on('error', reject);
  });
}

createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const { kind, ...options } = JSON.parse(line);
    const samples = await kinds[kind](options);
    process.stdout.write(`${JSON.stringify(samples.map((each) => Math.round(each * 10) / 10))}\n`);
  })
  .on('close', () => process.exit(0));
