import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RemoteEnvironment, remoteEnvironment } from '../../../src/config/environment.ts';
import type { EnvironmentConfig } from '../../../src/config/session-config.ts';

const plain: EnvironmentConfig = { override: {}, unset: [], mapping: [], loadFromProcess: false };
const buffers = (...entries: string[]) => entries.map((entry) => Buffer.from(entry));

function variables(remote: string[], config: Partial<EnvironmentConfig> = {}, local: NodeJS.ProcessEnv = {}) {
  return values(remoteEnvironment(buffers(...remote), { ...plain, ...config }, local));
}

function values({ variables }: RemoteEnvironment): Record<string, string> {
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
}

test('the pod\'s variables come, values with "=" and line breaks whole', () => {
  assert.deepEqual(variables(['DB=a=b', 'KEY=x\ny', 'EMPTY=', 'HOSTNAME=shop-1']), {
    DB: 'a=b',
    KEY: 'x\ny',
    EMPTY: '',
    HOSTNAME: 'shop-1',
  });
});

test("what describes the container's own tools stays there, and is reported by name", () => {
  const remote = ['PATH=/bin', 'NODE_OPTIONS=--x', 'npm_config_cache=/c', 'LD_LIBRARY_PATH=/l', 'JAVA_HOME=/j', 'A=1'];
  const result = remoteEnvironment(buffers(...remote), plain, {});
  assert.deepEqual(values(result), { A: '1' });
  const never = ['PATH', 'NODE_OPTIONS', 'npm_config_cache', 'LD_LIBRARY_PATH', 'JAVA_HOME'];
  assert.deepEqual(
    result.leftOut,
    never.map((name) => ({ name, because: 'never comes' })),
  );
});

test('include does not bring back what is always left out', () => {
  assert.deepEqual(variables(['PATH=/bin', 'PATHS=1'], { include: ['PATH*'] }), { PATHS: '1' });
});

test('include and exclude take wildcards, are whole and case-sensitive', () => {
  const remote = ['DB_HOST=h', 'DB_PORT=1', 'db_host=x', 'MY_DB_HOST=y'];
  assert.deepEqual(variables(remote, { include: ['DB_*'] }), { DB_HOST: 'h', DB_PORT: '1' });
  assert.deepEqual(variables(remote, { exclude: ['DB_????', 'M*'] }), { db_host: 'x' });
  assert.deepEqual(variables(remote, { exclude: ['*'] }), {});
  assert.deepEqual(variables(['A.B=1', 'AxB=2'], { include: ['A.B'] }), { 'A.B': '1' });
});

test('a local NODE_ENV wins', () => {
  assert.deepEqual(variables(['NODE_ENV=production'], {}, { NODE_ENV: 'test' }), {});
  assert.deepEqual(variables(['NODE_ENV=production']), { NODE_ENV: 'production' });
});

test('the order is remote, env_file, mapping, override, unset', () => {
  const config: EnvironmentConfig = {
    ...plain,
    mapping: [
      ['^B$', 'mapped'],
      ['B', 'never: the first that matches counts'],
    ],
    override: { C: 'override' },
    unset: ['d', 'local'],
  };
  const remote = buffers('A=remote', 'B=remote', 'C=remote', 'D=remote');
  const result = remoteEnvironment(remote, config, { LOCAL: '1' }, { A: 'file', B: 'file' });
  assert.deepEqual(values(result), { A: 'file', B: 'mapped', C: 'override' });
  assert.deepEqual(result.unset, ['D', 'LOCAL']);
});

test('each variable names who had the last word on it, and each that is left out the reason', () => {
  const config: EnvironmentConfig = {
    ...plain,
    exclude: ['X'],
    mapping: [['^M$', 'mapped']],
    override: { O: 'override' },
    unset: ['u'],
  };
  const remote = buffers('P=1', 'F=1', 'M=1', 'O=1', 'U=1', 'X=1', 'PATH=/bin', 'NODE_ENV=production', 'HOME=/root');
  const { variables, leftOut } = remoteEnvironment(remote, config, { NODE_ENV: 'test' }, { F: 'file', HOME: '/file' });
  assert.deepEqual(Object.fromEntries(variables.map(({ name, source }) => [name, source])), {
    P: 'pod',
    F: 'env_file',
    M: 'mapping',
    O: 'override',
    HOME: 'env_file',
  });
  assert.deepEqual(Object.fromEntries(leftOut.map(({ name, because }) => [name, because])), {
    X: 'exclude',
    PATH: 'never comes',
    NODE_ENV: 'set locally',
    U: 'unset',
  });
});

test("no name can reach the object's prototype", () => {
  assert.equal(Object.getPrototypeOf(variables(['__proto__=x', 'A=1'])), Object.prototype);
});
