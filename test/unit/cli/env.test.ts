import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseEnv } from 'node:util';
import { dotenvLine } from '../../../src/cli/dotenv.ts';
import { environmentText } from '../../../src/cli/env.ts';
import type { SessionEnvironment } from '../../../src/session/environment.ts';

const environment: SessionEnvironment = {
  set: [
    { name: 'REGION', value: 'pod-land', source: 'pod' },
    { name: 'LOG_LEVEL', value: 'a\nb', source: 'override' },
  ],
  unset: ['HTTPS_PROXY'],
  leftOut: [{ name: 'PATH', because: 'never comes' }],
};
const local = { LOG_LEVEL: 'info', HTTPS_PROXY: 'x' };

describe('mirrord env', () => {
  test('names the source of each variable, and why one is left out', () => {
    assert.equal(
      environmentText(environment, local, {}),
      [
        'NAME         SOURCE',
        'HTTPS_PROXY  yours; removed by "unset"',
        'LOG_LEVEL    override, in place of yours',
        "PATH         left out: it would change this machine's own tools",
        'REGION       pod',
        '',
      ].join('\n'),
    );
  });

  test('shows values when it is asked to, one to a line', () => {
    assert.match(environmentText(environment, local, { values: true }), /^LOG_LEVEL .* "a\\nb"$/m);
  });

  test('gives programs all of it as JSON', () => {
    assert.deepEqual(JSON.parse(environmentText(environment, local, { output: 'json' })), {
      variables: environment.set,
      unset: environment.unset,
      leftOut: environment.leftOut,
    });
  });

  test('gives a dotenv file that Node reads back', () => {
    const values = ['', 'plain', 'two words', 'a\nb', `it's`, '"quoted"', "`'", 'a#b', '$HOME', 'a\\nb', ' spaces '];
    const text = values.map((value, at) => `${dotenvLine(`V${at}`, value)}\n`).join('');
    assert.deepEqual(parseEnv(text), Object.fromEntries(values.map((value, at) => [`V${at}`, value])));
  });
});
