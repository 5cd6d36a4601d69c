// Real clients of the cluster's real servers, by their services' names. Prints what each of them got as one line
// of JSON; an error in its place says why.

import https from 'node:https';
import { credentials, makeClientConstructor } from '@grpc/grpc-js';
import amqp from 'amqplib';
import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { Agent, request } from 'undici';
import WebSocket from 'ws';
import { service } from './calls.mjs';

const user = 'shop';
const password = 'shop';

const clients = {
  async pg() {
    const pool = new pg.Pool({ host: 'postgres', user, password, database: 'shop', max: 4 });
    await pool.query('create temporary table if not exists unused (id int)');
    // Eight at once on four connections, and a result of several megabytes.
    const sums = await Promise.all(Array.from({ length: 8 }, (_, i) => pool.query('select $1::int * 2 as twice', [i])));
    const { rows } = await pool.query("select repeat('x', 4000000) as text");
    const failed = await pool.query('select nothing').catch(({ code, message }) => [code, message]);
    await pool.end();
    return [sums.map((sum) => sum.rows[0].twice), rows[0].text.length, failed];
  },

  async mysql2() {
    const connection = await mysql.createConnection({ host: 'mariadb', user, password, database: 'shop' });
    const [rows] = await connection.execute('select ? + 1 as next', [41]);
    await connection.end();
    const refused = await mysql
      .createConnection({ host: 'mariadb', user, password: 'wrong' })
      .catch(({ code, errno }) => [code, errno]);
    return [rows, refused];
  },

  async ioredis() {
    const count = `count of ${process.pid}`;
    const [redis, subscriber] = [1, 2].map(() => new Redis({ host: 'redis', password }));
    const published = new Promise((resolve) => subscriber.on('message', (channel, text) => resolve([channel, text])));
    await subscriber.subscribe('news');
    const pipeline = redis.pipeline();
    for (let i = 0; i < 1000; i++) pipeline.incr(count);
    const last = (await pipeline.exec()).at(-1);
    await redis.publish('news', 'apples');
    const got = [last, await redis.get(count), await published];
    await redis.del(count);
    await Promise.all([redis.quit(), subscriber.quit()]);
    return got;
  },

  async amqplib() {
    const connection = await amqp.connect({ hostname: 'rabbitmq', username: user, password });
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    const came = [];
    const all = new Promise((resolve) => {
      channel.consume(queue, (message) => {
        channel.ack(message);
        if (came.push(message.content.toString()) === 100) resolve();
      });
    });
    for (let i = 0; i < 100; i++) channel.sendToQueue(queue, Buffer.from(`order ${i}`));
    await channel.waitForConfirms();
    await all;
    await connection.close();
    return [came.length, came[99]];
  },

  async fetch() {
    const response = await fetch('http://nginx/hello.txt');
    return [response.status, await response.text()];
  },

  /** TLS with the server's own authority, whose certificate comes from the server. */
  async https() {
    const ca = await (await fetch('http://nginx/ca.pem')).text();
    const get = (options) =>
      new Promise((resolve, reject) => {
        https
          .get('https://nginx/hello.txt', { agent: false, ...options }, (response) => {
            response.setEncoding('utf8').once('data', (text) => resolve([text, response.socket.getProtocol()]));
          })
          .on('error', ({ code }) => reject(code));
      });
    return [await get({ ca }), await get({}).catch((code) => code)];
  },

  /** HTTP/2 over TLS, many requests on one connection. */
  async undici() {
    const ca = await (await request('http://nginx/ca.pem')).body.text();
    const dispatcher = new Agent({ connect: { ca }, allowH2: true, connections: 1 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => (await request('https://nginx/hello.txt', { dispatcher })).body.text()),
    );
    await dispatcher.close();
    return [...new Set(answers)];
  },

  async ws() {
    const socket = new WebSocket('ws://calls:8080/');
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const echo = (data) =>
      new Promise((resolve) => {
        socket.once('message', (back, isBinary) => resolve(isBinary ? back.length : back.toString()));
        socket.send(data);
      });
    const got = [await echo('hello'), await echo(Buffer.alloc(1_000_000))];
    socket.close(1000);
    return [...got, await new Promise((resolve) => socket.once('close', resolve))];
  },

  async grpc() {
    const Client = makeClientConstructor(service, 'Prices');
    const client = new Client('calls:50051', credentials.createInsecure());
    const answer = await new Promise((resolve, reject) => {
      client.ask({ fruit: 'apple' }, (error, value) => (error ? reject(error) : resolve(value)));
    });
    const stream = client.converse();
    const came = [];
    for (let i = 0; i < 50; i++) stream.write({ i });
    stream.end();
    for await (const { i } of stream) came.push(i);
    client.close();
    return [answer, came.length];
  },
};

const got = {};
for (const [name, run] of Object.entries(clients)) {
  try {
    got[name] = await run();
  } catch (error) {
    got[name] = { failed: String(error), code: error.code };
  }
}
process.stdout.write(`${JSON.stringify(got)}\n`);
