// The files that the program test/apps/probe/files.mjs reads: every kind that a pod has.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

/** Makes them in `folder`, which the pod sees as `inPod`. */
export function makeFiles(folder: string, inPod: string): void {
  const files: Readonly<Record<string, string>> = {
    small: 'a small file\nof two lines\n',
    empty: '',
    large: '0123456789'.repeat(30_000),
    'with space': 'spaced',
    'with%percent': 'percent',
    'folder/a': 'a',
    'folder/sub/b': 'b',
    'folder/sub/deep/c': 'c',
    'farm/..2024/key': 'value of the key',
    'farm/..2024/folder/x': 'x',
  };
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(`${folder}/${name}`.replace(/\/[^/]*$/, ''), { recursive: true });
    fs.writeFileSync(`${folder}/${name}`, content);
  }
  const links: Readonly<Record<string, string>> = {
    absolute: `${inPod}/small`,
    relative: 'folder/../small',
    'to-folder': `${inPod}/folder`,
    dangling: '/nowhere',
    loop: 'loop',
    'folder/up': '../small',
    'farm/..data': '..2024',
    'farm/key': '..data/key',
  };
  for (const [name, target] of Object.entries(links)) fs.symlinkSync(target, `${folder}/${name}`);
  const raw = (name: string) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
  fs.writeFileSync(raw('caf\xe9'), 'not UTF-8');
  fs.symlinkSync(Buffer.from('caf\xe9', 'latin1'), `${folder}/to-raw`);
  fs.mkdirSync(raw('raw\xe9'));
  fs.writeFileSync(raw('raw\xe9/\xff'), '');
  execFileSync('mkfifo', [`${folder}/pipe`]);
}
