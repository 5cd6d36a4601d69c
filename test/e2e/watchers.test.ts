// A server that is restarted at every edit, by the tools that developers have for that: the session lives on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noAgentLeft } from './support/cluster.ts';
import { application, assertFollowsEdits, serve, serveWithRegister, stop } from './support/frameworks.ts';

const tools = {
  'tsx watch': ['npx', 'tsx', 'watch', 'app.ts'],
  nodemon: ['npx', 'nodemon', '--quiet', '--watch', 'edit.ts', '--exec', 'node app.ts'],
  'node --watch': ['node', '--watch', 'app.ts'],
} as const;

for (const [name, command] of Object.entries(tools)) {
  test(`${name} under mirrord exec follows three edits`, async () => {
    const folder = application('watchers');
    const served = await serve(folder, () => command);
    await assertFollowsEdits(served, folder);
    await stop(served);
    assert.equal(served.program.printed.stderr.match(/Ready/g)?.length, 1);
  });
}

const withRegister = {
  'nodemon, whose programs have mirrord/register': (flag: string) =>
    ['npx', 'nodemon', '--quiet', '--watch', 'edit.ts', '--exec', `node ${flag} app.ts`] as const,
  'node --watch with mirrord/register': (flag: string) => ['node', flag, '--watch', 'app.ts'] as const,
};

for (const [name, command] of Object.entries(withRegister)) {
  test(`${name}, has one session over three edits`, async () => {
    const folder = application('watchers');
    const served = await serveWithRegister(folder, command);
    await assertFollowsEdits(served, folder);
    await stop(served);
    assert.equal(served.program.printed.stderr.match(/Ready/g)?.length, 1);
    await noAgentLeft();
  });
}
