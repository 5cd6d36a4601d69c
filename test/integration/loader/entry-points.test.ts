// Every entry point of Node's fs binding is known: replaced, or passed on for a reason that is written down. A new
// line of Node that has a new one fails here.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { passedOn } from '../../../loader/fs/passed-on.ts';
import { nodeLines } from '../../e2e/support/nodes.ts';
import { type FilePod, startFilePod } from '../support/file-pod.ts';

let pod: FilePod;
const known = new Set<string>();

before(async () => {
  pod = await startFilePod();
});
after(() => pod?.stop());

for (const line of nodeLines) {
  test(`Node ${line} has no entry point that is unknown`, async () => {
    const { own, replaced } = JSON.parse(await pod.here(line, [], 'probe/entry-points.mjs')) as Record<
      string,
      string[]
    >;
    for (const name of own ?? []) known.add(name);
    assert.ok(replaced?.includes('open') && replaced.includes('FileHandle.close'));
    assert.deepEqual(
      own?.filter((name) => passedOn[name] === undefined),
      [],
    );
  });
}

test('nothing is said of an entry point that no line has', () => {
  assert.deepEqual(
    Object.keys(passedOn).filter((name) => !known.has(name)),
    [],
  );
});
