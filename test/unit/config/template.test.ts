import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { parseConfig } from '../../../src/config/file.ts';
import { gitBranch, renderTemplate } from '../../../src/config/template.ts';
import { temporaryFolder } from './temporary-folder.ts';

const env = { USER: 'ada', NO_BRANCH: '' };
const render = (text: string, git_branch?: string) => renderTemplate(text, 'm.json', { key: 'k1', git_branch }, env);

describe('templates', () => {
  test('have the key, the branch and the environment', () => {
    assert.equal(render('x-key: {{ key }}, {{ git_branch }}', 'main'), 'x-key: k1, main');
    assert.equal(render('{{ get_env(name="USER") }} {{ get_env(name="NOPE", default="none") }}'), 'ada none');
  });

  test('choose, repeat, set and comment, and filter with named arguments', () => {
    assert.equal(render('{% if key == "k1" %}yes{% else %}no{% endif %}{# never #}'), 'yes');
    assert.equal(render('{% for n in [1, 2] %}{{ n }};{% endfor %}'), '1;2;');
    assert.equal(render('{% set who = get_env(name="USER") %}{{ who | upper }}'), 'ADA');
    assert.equal(render('{{ git_branch | replace(from="/", to="-") }}', 'fix/a/b'), 'fix-a-b');
    assert.equal(render('{{ git_branch | default(value="main") }}'), 'main');
  });

  test('say where they are wrong, and what has no value', () => {
    assert.throws(() => render('{\n "a": "{{ git_branch }}"}'), {
      code: 'CONFIG_INVALID',
      message: /^m\.json:2:\d+: .*it has no value/,
    });
    assert.throws(() => render('{{ get_env(name="NOPE") }}'), { message: /the variable NOPE is not set/ });
    assert.throws(() => render('{{ key'), { message: /^m\.json.*cannot be rendered/ });
  });
});

describe('the key', () => {
  const parse = (text: string, key?: string) => parseConfig(text, 'm.json', key, '/', env);
  const context = (key: string) => `{${key} "kube_context": "c-{{ key }}"}`;

  test("is the developer's, else the file's, which may use the branch, else a new one", () => {
    assert.equal(parse(context('"key": "file",'), 'flag').settings.kube_context, 'c-flag');
    assert.equal(parse(context('"key": "{{ git_branch | default(value=\\"b\\") }}",').replaceAll('\\"', "'")).key, 'b');
    const { key, settings, newKeyUsed } = parse(context(''));
    assert.match(key, /^[0-9a-f]{5}$/);
    assert.equal(settings.kube_context, `c-${key}`);
    assert.equal(newKeyUsed, true);
  });

  test('is not worth a word where nothing uses it', () => assert.equal(parse('{}').newKeyUsed, false));
});

test('the branch is read from the repository around a folder, also in a worktree', () => {
  const folder = temporaryFolder();
  const repository = path.join(folder, 'repository');
  const inside = path.join(repository, 'a/b');
  fs.mkdirSync(path.join(repository, '.git/worktrees/w'), { recursive: true });
  fs.mkdirSync(inside, { recursive: true });
  fs.writeFileSync(path.join(repository, '.git/HEAD'), 'ref: refs/heads/feat/x\n');
  assert.equal(gitBranch(inside, {}), 'feat/x');
  assert.equal(gitBranch(inside, { MIRRORD_BRANCH_NAME: 'other' }), 'other');

  const worktree = path.join(folder, 'worktree');
  fs.mkdirSync(worktree);
  fs.writeFileSync(path.join(worktree, '.git'), `gitdir: ${repository}/.git/worktrees/w\n`);
  fs.writeFileSync(path.join(repository, '.git/worktrees/w/HEAD'), 'ref: refs/heads/w\n');
  assert.equal(gitBranch(worktree, {}), 'w');

  fs.writeFileSync(path.join(repository, '.git/HEAD'), '0123456789abcdef\n');
  assert.equal(gitBranch(inside, {}), undefined);
});
