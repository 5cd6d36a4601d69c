// A program with a family: children and threads in the forms that programs use. Each prints a line of JSON
// with what it sees; the first also what of ours its environment shows (nothing), and it ends with 7.

import { execFileSync, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { SHARE_ENV, Worker } from 'node:worker_threads';

const self = process.argv[1];

async function look(who) {
  const greeting = fs.readFileSync('/config/greeting.txt', 'utf8').trim();
  const { from } = await (await fetch('http://prices/')).json();
  console.log(JSON.stringify({ who, region: process.env.SHOP_REGION, greeting, from }));
}

async function bringUp() {
  await look('itself');
  const { NODE_OPTIONS, MIRRORD_SESSION, SHOP_REGION } = process.env;
  console.log(JSON.stringify({ who: 'environment', NODE_OPTIONS, MIRRORD_SESSION }));
  const env = { SHOP_REGION };
  const inherit = { stdio: 'inherit' };

  await once(fork(self, ['fork'], { execArgv: [] }), 'exit');
  spawnSync(process.execPath, [self, 'spawn'], inherit);
  spawnSync(process.execPath, [self, 'spawn with an own environment'], { ...inherit, env });
  execFileSync('sh', ['-c', `"${process.execPath}" "${self}" shell`], inherit);
  await once(new Worker(self, { argv: ['thread'] }), 'exit');
  await once(new Worker(self, { argv: ['thread with a shared environment'], env: SHARE_ENV }), 'exit');
  await once(new Worker(self, { argv: ['thread with an own environment'], env, execArgv: [] }), 'exit');
  process.exit(7);
}

if (process.argv[2] === undefined) await bringUp();
else await look(process.argv[2]);
