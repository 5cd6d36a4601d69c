// A program with a family: children and threads in the forms that programs use. Each says what it sees.

import { execFileSync, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { Worker } from 'node:worker_threads';

const look = (who) => `${who}: ${process.env.SHOP_REGION} ${fs.readFileSync('/config/app.json', 'utf8').trim()}`;

if (process.argv[2] !== undefined) {
  console.log(look(process.argv[2]));
} else {
  console.log(look('main'));
  const { NODE_OPTIONS, MIRRORD_SESSION } = process.env;
  if (NODE_OPTIONS !== undefined || MIRRORD_SESSION !== undefined) throw new Error('the program sees what is ours');
  const self = process.argv[1];
  const region = { SHOP_REGION: process.env.SHOP_REGION };

  await once(fork(self, ['fork'], { execArgv: [] }), 'exit');
  spawnSync(process.execPath, [self, 'spawn'], { stdio: 'inherit' });
  spawnSync(process.execPath, [self, 'bare'], { stdio: 'inherit', env: region });
  execFileSync('sh', ['-c', `"${process.execPath}" "${self}" shell`], { stdio: 'inherit' });
  await once(new Worker(self, { argv: ['thread'] }), 'exit');
  await once(new Worker(self, { argv: ['bare thread'], env: region, execArgv: [] }), 'exit');
  process.exit(7);
}
