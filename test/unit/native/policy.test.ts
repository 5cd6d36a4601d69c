// The path rules are one truth in two languages: whatever the path, both say the same.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import * as lists from '../../../src/policy/built-in.ts';
import { createPathPolicy, type PathRules } from '../../../src/policy/paths.ts';
import { compile, noCompiler } from './compile.ts';

const places = { home: '/home/dev', temporary: '/scratch', roots: ['/srv/team/project', '/opt/tools/bin'] };

const parts = [
  ...['data', 'config', 'x', '.', '..', '', 'node_modules', 'a.asdf', 'clr-1-pipe-2', '.kube', '.config', 'gcloud'],
  ...['srv', 'team', 'project', 'projects', 'home', 'dev', 'scratch', 'var', 'ETC', 'Hosts', 'lib64', 'opt', 'tools'],
  ...[...lists.localTrees, ...lists.remoteFiles, ...lists.remoteTrees].map((tree) => tree.slice(1)),
  ...lists.localNames,
  ...lists.localSuffixes.flatMap((suffix) => [`file${suffix}`, `file${suffix}.1`, suffix.toUpperCase()]),
];

const paths = fc
  .array(fc.constantFrom(...parts), { minLength: 0, maxLength: 5 })
  .map((chosen) => `/${chosen.join('/')}`);

const decide = noCompiler === false ? compile('policy', ['policy.c']) : () => '';

for (const mode of ['read', 'write', 'local', 'localwithoverrides'] as const) {
  test(`mode ${mode}: the C layer decides as the Node layer does`, { skip: noCompiler }, () => {
    const rules: PathRules = { mode, readWrite: [], readOnly: [], local: [], notFound: [], mapping: [] };
    const policy = createPathPolicy(rules, places);
    const asked = fc.sample(paths, 5000).flatMap((path) => [['r', path] as const, ['w', path] as const]);
    const input = asked.map(([access, path]) => `${access} ${path}\n`).join('');
    const answers = decide([mode, places.home, places.temporary, ...places.roots], input).split('\n');
    for (const [index, [access, path]] of asked.entries()) {
      const expected = policy(path, access === 'r' ? 'read' : 'write').where;
      assert.equal(answers[index], expected, `${access} ${path}`);
    }
  });
}
