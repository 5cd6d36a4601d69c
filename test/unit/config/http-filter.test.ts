import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { checkFilter } from '../../../src/session/check-filter.ts';
import { temporaryFolder } from './temporary-folder.ts';

function resolve(httpFilter: unknown, env: NodeJS.ProcessEnv = {}) {
  const cwd = temporaryFolder();
  const file = { feature: { network: { incoming: { mode: 'steal', http_filter: httpFilter } } } };
  writeFileSync(join(cwd, 'm.json'), JSON.stringify(file));
  return resolveConfig({ flags: { target: 'pod/shop', configFile: 'm.json' }, env, cwd });
}
const filterOf = (...given: Parameters<typeof resolve>) => resolve(...given).feature.network.incoming.httpFilter;

test('each kind of filter comes from its key', () => {
  const filter = (settings: unknown) => filterOf(settings).filter;
  assert.deepEqual(filter({ header_filter: 'x: y' }), { kind: 'header', pattern: 'x: y' });
  assert.deepEqual(filter({ path_filter: '^/a' }), { kind: 'path', pattern: '^/a' });
  assert.deepEqual(filter({ method_filter: 'get' }), { kind: 'method', method: 'get' });
  assert.deepEqual(filter({ body_filter: { body: 'json', query: '$.a', matches: 'b' } }), {
    kind: 'body',
    query: '$.a',
    pattern: 'b',
  });
  assert.deepEqual(filter({ all_of: [{ header: 'a' }, { path: 'b' }] }), {
    kind: 'all',
    of: [
      { kind: 'header', pattern: 'a' },
      { kind: 'path', pattern: 'b' },
    ],
  });
  assert.deepEqual(filter({ any_of: [{ method: 'GET' }] }), { kind: 'any', of: [{ kind: 'method', method: 'GET' }] });
  assert.equal(filter({}), undefined);
});

test('variables beat the file', () => {
  const env = { MIRRORD_HTTP_HEADER_FILTER: 'from: env', MIRRORD_HTTP_FILTER_PORTS: '80,8080' };
  assert.deepEqual(filterOf({ header_filter: 'from: file', ports: [1] }, env), {
    filter: { kind: 'header', pattern: 'from: env' },
    ports: [80, 8080],
  });
});

test('what cannot be a filter is refused, so that nobody takes everything by accident', () => {
  for (const wrong of [
    { header_filter: 'a', path_filter: 'b' },
    { header_filter: 'a', all_of: [{ path: 'b' }] },
    { all_of: [] },
    { any_of: [{}] },
    { any_of: [{ header: 'a', path: 'b' }] },
    { ports: [80] },
    { header_filter: 7 },
    { body_filter: { body: 'xml', query: '$', matches: 'a' } },
    { headers: 'a' },
  ]) {
    assert.throws(() => filterOf(wrong), { code: 'CONFIG_INVALID' }, JSON.stringify(wrong));
  }
  assert.throws(() => filterOf({ header_filter: 'a' }, { MIRRORD_HTTP_FILTER_PORTS: '80,x' }), /port numbers/);
});

test('a pattern or query that cannot be compiled is refused before anything starts', async () => {
  for (const wrong of [
    { header_filter: '(' },
    { path_filter: '(?!a)[' },
    { body_filter: { body: 'json', query: 'user', matches: 'a' } },
    { any_of: [{ header: 'a' }, { path: '*' }] },
  ]) {
    await assert.rejects(checkFilter(resolve(wrong)), { code: 'CONFIG_INVALID' }, JSON.stringify(wrong));
  }
  await checkFilter(resolve({ header_filter: '^x-user: (?!bob)' }));
  await checkFilter(resolve({}));
});
