import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSettings, readConfigFile, readEnvFile } from '../../../src/config/file.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('JSON, YAML and TOML say the same', () => {
  const expected = { target: 'pod/a', feature: { fs: { mode: 'local' } } };
  assert.deepEqual(parseSettings('{"target": "pod/a", "feature": {"fs": "local"}}', 'mirrord.json'), expected);
  assert.deepEqual(parseSettings('target: pod/a\nfeature:\n  fs: local\n', 'mirrord.yaml'), expected);
  assert.deepEqual(parseSettings('target = "pod/a"\n[feature]\nfs = "local"\n', 'mirrord.toml'), expected);
  assert.deepEqual(parseSettings('{"target": "pod/a", "feature": {"fs": "local"}}', 'mirrord'), expected);
});

test('a syntax error names file, line and column', () => {
  assert.throws(() => parseSettings('{\n  "a": ,\n}', 'm.json'), { code: 'CONFIG_INVALID', message: /^m\.json:2:8: / });
  assert.throws(() => parseSettings('a: [1\nb: 2', 'm.yaml'), { code: 'CONFIG_INVALID', message: /^m\.yaml:2:/ });
  assert.throws(() => parseSettings('a = 1\nb = = 2', 'm.toml'), { code: 'CONFIG_INVALID', message: /^m\.toml:2:/ });
});

test('a format that is not known is refused', () => {
  assert.throws(() => parseSettings('', 'mirrord.ini'), { code: 'CONFIG_INVALID', message: /"\.ini"/ });
});

test('a setting that mirrord has and this version does not is named in full', () => {
  const text = JSON.stringify({ feature: { network: { incoming: { mode: 'steal', tls_delivery: {} } } } });
  assert.throws(() => parseSettings(text, 'm.json'), {
    code: 'CONFIG_UNSUPPORTED',
    message: /"feature\.network\.incoming\.tls_delivery"/,
  });
});

test('a mistyped setting is named with the nearest that exists', () => {
  assert.throws(() => parseSettings('{"feature": {"fs": {"read_onyl": "x"}}}', 'm.json'), {
    code: 'CONFIG_INVALID',
    message: /"feature\.fs\.read_onyl"/,
    help: /"feature\.fs\.read_only"/,
  });
  assert.throws(() => parseSettings('{"agent": {"image": {"registy": "x"}}}', 'm.json'), {
    message: /agent\.image\.registy/,
  });
});

test('a value of the wrong kind is named with what it must be', () => {
  const wrong = { feature: { fs: { readonly_file_buffer: 16 * 1024 * 1024 } } };
  assert.throws(() => parseSettings(JSON.stringify(wrong), 'm.json'), {
    message: /readonly_file_buffer" must be at most/,
  });
  assert.throws(() => parseSettings('{"feature": {"env": 3}}', 'm.json'), {
    message: /"feature\.env" must be true, false or an object, not 3/,
  });
  assert.throws(() => parseSettings('{"feature": {"fs": {"local": ["("]}}}', 'm.json'), {
    message: /"feature\.fs\.local\.0" must be a regular expression/,
  });
  assert.throws(() => parseSettings('[]', 'm.json'), { message: /the file must be an object/ });
});

test('what mirrord has and this version does not is refused', () => {
  const unsupported = [
    { network: { incoming: { http_filter: { header_filter_jq: '.' } } } },
    { network: { incoming: { http_filter: { any_of: [{ query: '.' }] } } } },
    { fs: { local: ['[[:alpha:]]'] } },
  ];
  for (const feature of unsupported) {
    assert.throws(
      () => parseSettings(JSON.stringify({ feature }), 'm.json'),
      { code: 'CONFIG_UNSUPPORTED' },
      JSON.stringify(feature),
    );
  }
});

test('what says only what this version does anyway is accepted', () => {
  parseSettings(JSON.stringify({ telemetry: false, operator: false, agent: { ephemeral: false } }), 'm.json');
  assert.throws(() => parseSettings('{"operator": true}', 'm.json'), {
    code: 'CONFIG_UNSUPPORTED',
    message: /"operator" is true/,
  });
});

test('without -f and MIRRORD_CONFIG_FILE no file is read, and -f alone is .mirrord/mirrord.json', () => {
  const cwd = temporaryFolder();
  mkdirSync(join(cwd, '.mirrord'));
  writeFileSync(join(cwd, '.mirrord/mirrord.json'), '{"kube_context": "default-file"}');
  writeFileSync(join(cwd, 'other.json'), '{"kube_context": "other"}');
  const other = { MIRRORD_CONFIG_FILE: 'other.json' };
  assert.deepEqual(readConfigFile(undefined, undefined, cwd, {}).settings, {});
  assert.equal(readConfigFile(true, undefined, cwd, other).settings.kube_context, 'default-file');
  assert.equal(readConfigFile(undefined, undefined, cwd, other).settings.kube_context, 'other');
  assert.throws(() => readConfigFile('missing.json', undefined, cwd, {}), {
    code: 'CONFIG_NOT_FOUND',
    message: /missing\.json/,
  });
});

test('a dotenv file is read', () => {
  const path = join(temporaryFolder(), '.env');
  writeFileSync(path, '# comment\nA=1\nB="two words"\n');
  assert.deepEqual(readEnvFile(path), { A: '1', B: 'two words' });
});
