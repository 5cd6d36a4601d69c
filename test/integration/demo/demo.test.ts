// npm run demo on the sandbox pod, as its user sees it: the table, and a machine that is as before.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Traces } from './traces.ts';

const program = fileURLToPath(new URL('../../../demo/run.ts', import.meta.url));

test('the program sees the pod through mirrord, and this machine plainly', async () => {
  using traces = new Traces();
  const demo = startDemo(traces);
  const { code, output } = await demo.ended;

  assert.equal(code, 0, output);
  const rows = readTable(output);
  assert.deepEqual(rows.get('environment variable SHOP_REGION'), ['(not set)', 'pod-land']);
  assert.deepEqual(rows.get('file /config/app.json'), ['ENOENT', "hello from the pod's config file"]);
  assert.equal(rows.get('address of "prices"')?.[1], '10.244.77.1');
  assert.notEqual(rows.get('address of "prices"')?.[0], '10.244.77.1');
  assert.equal(rows.get('GET http://prices/')?.[1], 'answered by prices');
  assert.notEqual(rows.get('GET http://prices/')?.[0], 'answered by prices');
  assert.deepEqual(rows.get("request to the pod's port 8080"), ['answered by the pod', 'answered by this machine']);
  assert.deepEqual(rows.get('the same after the program ended'), ['answered by the pod', 'answered by the pod']);
  assert.match(output, /^Target: a sandbox pod/m);
  assert.match(output, /--context NAME/);
  assert.deepEqual(await traces.left(), []);
});

const nobody = { uid: 65_534, gid: 65_534 };

test('an ordinary user needs no root', { skip: whyNotAsNobody() }, async () => {
  using traces = new Traces();
  const { code, output } = await startDemo(traces, nobody).ended;

  assert.equal(code, 0, output);
  assert.equal(readTable(output).get('environment variable SHOP_REGION')?.[1], 'pod-land');
  assert.deepEqual(await traces.left(), []);
});

const moments = [
  { at: 'Making the sandbox', afterMs: 30, name: 'while the sandbox starts' },
  { at: 'plainly', afterMs: 0, name: 'in the plain run' },
  { at: 'through mirrord', afterMs: 0, name: 'when mirrord starts' },
  { at: 'through mirrord', afterMs: 300, name: 'in the run through mirrord' },
];

for (const { at, afterMs, name } of moments) {
  for (const [signal, exitCode] of [['SIGINT', 130] as const, ['SIGKILL', null] as const]) {
    test(`${signal} ${name} leaves nothing behind`, async () => {
      using traces = new Traces();
      const demo = startDemo(traces);
      await demo.said(at);
      await sleep(afterMs);
      traces.note(demo.pid);
      demo.child.kill(signal);

      assert.equal((await demo.ended).code, exitCode);
      assert.deepEqual(await traces.left(), []);
    });
  }
}

test('a run right after an interrupted one works', async () => {
  using traces = new Traces();
  const interrupted = startDemo(traces);
  await interrupted.said('through mirrord');
  assert.ok(traces.note(interrupted.pid) > 0, 'the sandbox has namespaces of its own');
  interrupted.child.kill('SIGINT');
  await interrupted.ended;

  const { code, output } = await startDemo(traces).ended;
  assert.equal(code, 0, output);
});

interface Demo {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves once the output contains the text. */
  said(text: string): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

function startDemo(traces: Traces, user = {}): Demo {
  const child = spawn(process.execPath, ['--import=tsx', program, '--sandbox'], {
    env: { ...process.env, ...traces.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close').then(([code]: (number | null)[]) => ({ code: code ?? null, output }));
  const said = async (text: string) => {
    while (!output.includes(text)) {
      assert.equal(child.exitCode, null, output);
      await sleep(5);
    }
  };
  return { child, pid: child.pid ?? 0, said, ended };
}

/** Only root can become another user; and that one must be able to read this folder. */
function whyNotAsNobody(): string | false {
  if (process.getuid?.() !== 0) return 'the other tests show it: this is no root';
  const { status } = spawnSync('test', ['-r', program], nobody);
  return status === 0 ? false : 'this folder is closed to other users';
}

/** The table's rows by their first column. */
function readTable(output: string): Map<string, string[]> {
  const rows = output.split('\n').map((line) => line.split(/ {3,}/));
  return new Map(rows.map(([what = '', ...cells]) => [what, cells]));
}
