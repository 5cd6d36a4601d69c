// What stays on this machine although the program is in the pod: its modules, its project, the system, the
// temporary folder, and the logins of its developer.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { kubectl, type Pod, podOf } from './support/cluster.ts';
import { exec } from './support/mirrord.ts';
import { nodeLines, nodeProgram } from './support/nodes.ts';

/** By its place in the project. */
const files: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "a", "workspaces": ["packages/*"] }',
  'packages/lib/package.json': '{ "name": "lib", "main": "index.cjs" }',
  'packages/lib/index.cjs': 'module.exports = require("./data.json").from;',
  'packages/lib/data.json': '{ "from": "this machine" }',
  'node_modules/dep/package.json': '{ "name": "dep", "exports": "./main.mjs" }',
  'node_modules/dep/main.mjs': 'export default "a dependency";',
  'packages/app/main.mjs': `
    import fs from 'node:fs';
    import { createRequire } from 'node:module';
    import os from 'node:os';
    import dep from 'dep';
    import lib from 'lib';

    const read = (file) => {
      try {
        return fs.readFileSync(file, 'utf8');
      } catch ({ code }) {
        return code;
      }
    };
    const write = (file) => {
      try {
        fs.writeFileSync(file, 'written');
        return read(file);
      } catch ({ code }) {
        return code;
      }
    };
    console.log(JSON.stringify({
      modules: [lib, dep, createRequire(import.meta.url)('lib'), (await import('lib')).default],
      project: [read('../lib/data.json'), read(new URL('../../package.json', import.meta.url))],
      written: [write('here.txt'), write(os.tmpdir() + '/' + process.argv[2])],
      system: read('/etc/passwd'),
      network: [read('/etc/hostname'), read('/etc/hosts'), read('/etc/resolv.conf')],
      logins: read(os.homedir() + '/.kube/config'),
      settings: read(os.homedir() + '/.toolrc'),
      pod: [read('/config/greeting.txt'), write('/config/nothing'), fs.existsSync('/config/nothing')],
    }));`,
};

interface Seen {
  readonly modules: string[];
  readonly project: string[];
  readonly written: string[];
  readonly system: string;
  readonly network: string[];
  readonly logins: string;
  readonly settings: string;
  readonly pod: unknown[];
}

for (const line of nodeLines) {
  describe(`Node ${line}`, () => {
    let project: string;
    let home: string;
    let pod: Pod;
    let seen: Seen;

    before(async () => {
      pod = await podOf('shop');
      // A folder that the pod would be asked for if it were not the project's: /srv is nobody's.
      project = makeFolder(process.platform === 'linux' ? '/srv' : os.tmpdir(), files);
      fs.symlinkSync('../packages/lib', path.join(project, 'node_modules/lib'));
      home = makeFolder(os.tmpdir(), { '.kube/config': 'a login', '.toolrc': 'a setting' });
      const program = [nodeProgram(line), 'main.mjs', path.basename(project)];
      const options = { cwd: path.join(project, 'packages/app'), env: { HOME: home } };
      const { stdout, stderr } = await exec(['-t', `pod/${pod.name}`, '--', ...program], options).ended;
      assert.notEqual(stdout, '', stderr);
      seen = JSON.parse(stdout) as Seen;
    });
    after(() => {
      const folders = [project, home, path.join(os.tmpdir(), path.basename(project))];
      for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
    });

    test('modules are loaded from here: of the workspace, of node_modules, by import and by require', () => {
      assert.deepEqual(seen.modules, ['this machine', 'a dependency', 'this machine', 'this machine']);
    });
    test("the project's files are this machine's, also outside of the working directory", () => {
      assert.deepEqual(seen.project, [files['packages/lib/data.json'], files['package.json']]);
    });
    test('what is written is written here, to the project and the temporary folder', () => {
      assert.deepEqual(seen.written, ['written', 'written']);
      const written = [path.join(project, 'packages/app/here.txt'), path.join(os.tmpdir(), path.basename(project))];
      assert.deepEqual(
        written.map((file) => fs.readFileSync(file, 'utf8')),
        ['written', 'written'],
      );
    });
    test("the system's files are this machine's, but for name and network, which are the pod's", async () => {
      assert.equal(seen.system, fs.readFileSync('/etc/passwd', 'utf8'));
      const files = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'];
      const inPod = await Promise.all(files.map((file) => kubectl('exec', pod.name, '--', 'cat', file)));
      assert.deepEqual(seen.network, inPod);
    });
    test("the developer's logins are not there, and other settings are", () => {
      assert.equal(seen.logins, 'ENOENT');
      assert.equal(seen.settings, 'a setting');
    });
    test("the rest is the pod's to read, and not to write", () => {
      assert.deepEqual(seen.pod, ['hello from the pod\n', 'ENOENT', false]);
    });
  });
}

function makeFolder(parent: string, contents: Readonly<Record<string, string>>): string {
  const folder = fs.mkdtempSync(path.join(parent, 'mirrord-e2e-'));
  for (const [name, text] of Object.entries(contents)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  return folder;
}
