// Which layer a program gets, from the file that the system would start.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { findProgram } from '../../../src/cli/layer.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mirrord-layer-'));
after(() => fs.rmSync(folder, { recursive: true }));

function program(name: string, content: string | Buffer, mode = 0o755): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, content, { mode });
  return file;
}

const staticProgram = Buffer.alloc(64);
Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(staticProgram);

test('Node gets the loader, under whatever name it is called', () => {
  const link = path.join(folder, 'mynode');
  fs.symlinkSync(process.execPath, link);
  assert.equal(findProgram(process.execPath, '')?.layer, 'loader');
  assert.equal(findProgram(link, '')?.layer, 'loader');
});

test('a program that loads a libc gets the preload', () => {
  assert.equal(findProgram('sh', '/usr/bin:/bin')?.layer, 'preload');
});

test('a static program gets the supervisor; one of 32 bits none', () => {
  assert.equal(findProgram(program('static', staticProgram), '')?.layer, 'seccomp');
  const small = Buffer.from(staticProgram);
  small[4] = 1;
  assert.equal(findProgram(program('small', small), '')?.layer, 'none');
});

test("a script gets its interpreter's, behind env as well, and one that never ends none", () => {
  const server = program('server', staticProgram);
  assert.equal(findProgram(program('a', `#!${server}\n`), '')?.layer, 'seccomp');
  assert.equal(findProgram(program('b', `#! ${process.execPath} --flag\n`), '')?.layer, 'loader');
  assert.equal(findProgram(program('c', '#!/usr/bin/env server\n'), folder)?.layer, 'seccomp');
  assert.equal(findProgram(program('d', '#!/usr/bin/env -S server -x\n'), folder)?.layer, 'seccomp');
  assert.equal(findProgram(program('e', `#!${path.join(folder, 'e')}\n`), '')?.layer, 'none');
});

test('what is searched for is what a shell would find', () => {
  program('tool', 'no program', 0o644);
  assert.equal(findProgram('tool', folder), undefined);
  assert.equal(findProgram('nothing-of-this-name', folder), undefined);
  assert.equal(findProgram('static', `/nowhere:${folder}`)?.file, path.join(folder, 'static'));
});
