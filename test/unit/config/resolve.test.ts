import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Flags, resolveConfig, type SessionConfig } from '../../../src/config/resolve.ts';
import { variableNotes } from '../../../src/config/unsupported-variables.ts';
import { temporaryFolder } from './temporary-folder.ts';

function resolve(flags: Flags, env: NodeJS.ProcessEnv = {}, file?: unknown): SessionConfig {
  const cwd = temporaryFolder();
  if (file !== undefined) writeFileSync(join(cwd, 'm.json'), JSON.stringify(file));
  const configFile = file === undefined ? {} : { configFile: 'm.json' };
  return resolveConfig({ flags: { target: 'deployment/shop', ...flags, ...configFile }, env, cwd });
}

test("the defaults are mirrord's", () => {
  const { agent, feature } = resolve({});
  assert.equal(agent.startupTimeoutSeconds, 60);
  assert.equal(agent.imagePullPolicy, 'IfNotPresent');
  assert.deepEqual(agent.tolerations, [{ operator: 'Exists' }]);
  assert.equal(feature.fs.mode, 'read');
  assert.equal(feature.fs.readonlyFileBuffer, 128_000);
  assert.deepEqual(feature.network, {
    incoming: {
      mode: 'mirror',
      httpFilter: { filter: undefined, ports: undefined },
      probes: false,
      ports: undefined,
      ignorePorts: [],
      ignoreLocalhost: false,
      portMapping: [],
      listenPorts: [],
      onConcurrentSteal: 'abort',
    },
    outgoing: { tcp: true, udp: true, ignoreLocalhost: false, filter: undefined, unixStreams: [], debuggerPorts: [] },
    dns: { enabled: true, filter: undefined },
    interfaces: false,
  });
  assert.equal(feature.hostname, true);
  assert.equal(feature.env.loadFromProcess, false);
});

test('a flag beats a variable, a variable beats the file, the file beats the default', () => {
  const file = { kube_context: 'file' };
  assert.equal(resolve({ context: 'flag' }, { MIRRORD_KUBE_CONTEXT: 'env' }, file).kubeContext, 'flag');
  assert.equal(resolve({}, { MIRRORD_KUBE_CONTEXT: 'env' }, file).kubeContext, 'env');
  assert.equal(resolve({}, {}, file).kubeContext, 'file');
  assert.equal(resolve({}).kubeContext, undefined);
});

test('the target comes from -t, MIRRORD_IMPERSONATED_TARGET or the file', () => {
  const env = { MIRRORD_IMPERSONATED_TARGET: 'pod/from-env', MIRRORD_TARGET_NAMESPACE: 'eu' };
  const file = { target: { path: 'pod/from-file', namespace: 'us' } };
  assert.deepEqual(resolve({}, env, file).target, { kind: 'deployment', name: 'shop' });
  assert.deepEqual(resolve({ target: undefined }, env, file).target, { kind: 'pod', name: 'from-env' });
  assert.deepEqual(resolve({ target: undefined }, {}, file).target, { kind: 'pod', name: 'from-file' });
  assert.equal(resolve({ targetNamespace: 'flag' }, env, file).targetNamespace, 'flag');
  assert.equal(resolve({}, {}, file).targetNamespace, 'us');
});

test("without a target the cluster's network is used, nothing can be stolen, and files are local but for patterns", () => {
  const without = resolve({ target: undefined });
  assert.deepEqual(without.target, { kind: 'targetless' });
  assert.equal(without.feature.fs.mode, 'localwithoverrides');
  assert.equal(resolve({ target: undefined, fsMode: 'local' }).feature.fs.mode, 'local');
  assert.throws(() => resolve({ target: 'targetless', steal: true }), { code: 'CONFIG_INVALID' });
  const joined = resolve({ target: undefined }, { MIRRORD_CONNECT_TCP: '[::1]:61337' });
  assert.deepEqual(joined.connectTcp, { host: '::1', port: 61337 });
  assert.throws(() => resolve({}, { MIRRORD_CONNECT_TCP: 'localhost' }), { code: 'CONFIG_INVALID' });
});

test('stealing is asked for by --steal, by MIRRORD_AGENT_TCP_STEAL_TRAFFIC or by the file', () => {
  const modeOf = (...given: Parameters<typeof resolve>) => resolve(...given).feature.network.incoming.mode;
  const file = { feature: { network: { incoming: 'steal' } } };
  assert.equal(modeOf({ steal: true }), 'steal');
  assert.equal(modeOf({}, { MIRRORD_AGENT_TCP_STEAL_TRAFFIC: 'true' }), 'steal');
  assert.equal(modeOf({}, {}, file), 'steal');
  assert.equal(modeOf({}, { MIRRORD_AGENT_TCP_STEAL_TRAFFIC: 'false' }, file), 'mirror');
  assert.equal(modeOf({}, { MIRRORD_AGENT_TCP_STEAL_TRAFFIC: 'off' }, file), 'off');
  assert.equal(modeOf({ target: undefined }), 'off');
});

test('network: false keeps everything local', () => {
  const { network } = resolve({}, {}, { feature: { network: false } }).feature;
  assert.equal(network.incoming.mode, 'off');
  assert.equal(network.outgoing.tcp, false);
  assert.equal(network.dns.enabled, false);
});

test('filters of connections and names are weighed together, and refused when they are none', () => {
  const networkOf = (network: unknown) => resolve({}, {}, { feature: { network } }).feature.network;
  const { outgoing, dns } = networkOf({ outgoing: { filter: { local: ['db.internal:5432', '10.0.0.0/8'] } } });
  assert.deepEqual(outgoing.filter, { side: 'local', entries: ['db.internal:5432', '10.0.0.0/8'] });
  assert.deepEqual(dns.filter, { side: 'local', entries: ['db.internal:5432'] });
  assert.deepEqual(networkOf({ dns: { filter: { remote: 'prices' } } }).dns.filter, {
    side: 'remote',
    entries: ['prices'],
  });
  for (const filter of [
    {},
    { local: [] },
    { local: ['a'], remote: ['b'] },
    { local: ['http://x'] },
    { other: ['x'] },
  ]) {
    assert.throws(() => networkOf({ outgoing: { filter } }), { code: 'CONFIG_INVALID' }, JSON.stringify(filter));
  }
  assert.throws(() => networkOf({ dns: { filter: { local: ['tcp://x'] } } }), {
    code: 'CONFIG_INVALID',
    message: /"feature\.network\.dns\.filter\.local\.0" must be NAME\|IP\|IP\/BITS\[:PORT\], not "tcp:\/\/x"/,
  });
});

test('unix sockets come from MIRRORD_OUTGOING_REMOTE_UNIX_STREAMS or the file', () => {
  const file = { feature: { network: { outgoing: { unix_streams: '\\.sock$' } } } };
  const streamsOf = (env: NodeJS.ProcessEnv) => resolve({}, env, file).feature.network.outgoing.unixStreams;
  assert.deepEqual(streamsOf({}), ['\\.sock$']);
  assert.deepEqual(streamsOf({ MIRRORD_OUTGOING_REMOTE_UNIX_STREAMS: '^/a;^/b' }), ['^/a', '^/b']);
});

test("debuggers' ports come from MIRRORD_IGNORE_DEBUGGER_PORTS", () => {
  const portsOf = (MIRRORD_IGNORE_DEBUGGER_PORTS: string) =>
    resolve({}, { MIRRORD_IGNORE_DEBUGGER_PORTS }).feature.network.outgoing.debuggerPorts;
  assert.deepEqual(portsOf('9229, 9300-9310'), [
    [9229, 9229],
    [9300, 9310],
  ]);
  assert.deepEqual(portsOf(''), []);
  for (const wrong of ['x', '9310-9300', '70000']) assert.throws(() => portsOf(wrong), { code: 'CONFIG_INVALID' });
});

test('env: false takes no variable of the pod', () => {
  assert.deepEqual(resolve({}, {}, { feature: { env: false } }).feature.env.exclude, ['*']);
});

test('settings that exclude each other are refused, wherever they come from', () => {
  assert.throws(() => resolve({ overrideEnvVarsInclude: 'A' }, {}, { feature: { env: { exclude: 'B' } } }), {
    code: 'CONFIG_INVALID',
    message: /include.*exclude/,
  });
  const ports = { feature: { network: { incoming: { ports: [80], ignore_ports: [81] } } } };
  assert.throws(() => resolve({}, {}, ports), { code: 'CONFIG_INVALID' });
});

test('lists in flags and variables are separated by semicolons', () => {
  assert.deepEqual(resolve({ overrideEnvVarsInclude: 'A;B_*' }).feature.env.include, ['A', 'B_*']);
});

test('an image can be given whole or as registry and tag', () => {
  assert.equal(resolve({ agentImage: 'x/y:1' }).agent.image, 'x/y:1');
  assert.equal(resolve({}, {}, { agent: { image: { registry: 'r:5000/a', tag: 't' } } }).agent.image, 'r:5000/a:t');
  assert.match(resolve({}).agent.image, /^docker\.io\/mirrord\/node-agent:/);
});

test('a wrong flag or variable is named', () => {
  assert.throws(() => resolve({ fsMode: 'writ' }), { code: 'CONFIG_INVALID', message: /--fs-mode/ });
  assert.throws(() => resolve({}, { MIRRORD_REMOTE_DNS: 'maybe' }), {
    code: 'CONFIG_INVALID',
    message: /MIRRORD_REMOTE_DNS/,
  });
  assert.throws(() => resolve({ agentStartupTimeout: '1m' }), { message: /--agent-startup-timeout/ });
});

test("a filter variable of mirrord is refused: without it, everybody's requests would be taken", () => {
  const env = { MIRRORD_HTTP_HEADER_FILTER_JQ: '.' };
  assert.throws(() => resolve({ steal: true }, env), {
    code: 'CONFIG_UNSUPPORTED',
    message: /MIRRORD_HTTP_HEADER_FILTER_JQ/,
  });
});

test('the result survives JSON', () => {
  const config = resolve(
    { steal: true },
    {},
    { feature: { env: { mapping: { A: 'b' } } }, agent: { namespace: 'tools' } },
  );
  const sent = JSON.parse(JSON.stringify(config)) as SessionConfig;
  assert.deepEqual(sent.target, config.target);
  assert.deepEqual(sent.agent.tolerations, config.agent.tolerations);
  assert.deepEqual(sent.feature.env.mapping, [['A', 'b']]);
  assert.deepEqual(sent.feature.fs, config.feature.fs);
});

test('ports are mapped and moved in pairs, each port once', () => {
  const incoming = { mode: 'steal', port_mapping: [[3000, 8080]], listen_ports: [[80, 8081]], ignore_localhost: true };
  const network = resolve({}, {}, { feature: { network: { incoming } } }).feature.network.incoming;
  assert.deepEqual(network.portMapping, [[3000, 8080]]);
  assert.deepEqual(network.listenPorts, [[80, 8081]]);
  assert.equal(network.ignoreLocalhost, true);
  const twice = {
    port_mapping: [
      [3000, 8080],
      [3001, 8080],
    ],
  };
  assert.throws(() => resolve({}, {}, { feature: { network: { incoming: twice } } }), {
    code: 'CONFIG_INVALID',
    message: /pairs that name no port twice/,
  });
});

test('what happens when somebody else has the port: the variable, the file, "abort"', () => {
  const choiceOf = (...given: Parameters<typeof resolve>) =>
    resolve(...given).feature.network.incoming.onConcurrentSteal;
  const file = { feature: { network: { incoming: { on_concurrent_steal: 'continue' } } } };
  assert.equal(choiceOf({}, {}, file), 'continue');
  assert.equal(choiceOf({}, { MIRRORD_OPERATOR_ON_CONCURRENT_STEAL: 'override' }, file), 'override');
  assert.throws(() => resolve({}, { MIRRORD_OPERATOR_ON_CONCURRENT_STEAL: 'fight' }), { code: 'CONFIG_INVALID' });
});

test('a variable of mirrord that this version does not have is refused, one that nobody has is named', () => {
  assert.throws(() => resolve({}, { MIRRORD_AGENT_TTL: '30' }), { code: 'CONFIG_UNSUPPORTED', message: /AGENT_TTL/ });
  assert.deepEqual(resolve({}, { MIRRORD_KUBE_CONTEX: 'x' }).notes, [
    'The variable MIRRORD_KUBE_CONTEX means nothing to mirrord; did you mean MIRRORD_KUBE_CONTEXT?',
  ]);
  assert.deepEqual(resolve({}, { MIRRORD_KUBE_CONTEXT: 'x', MIRRORD_SOMETHING_ELSE: '1' }).notes, []);
});

test('every variable that the source reads is known', () => {
  const read = readdirSync('src/config').map((file) => readFileSync(`src/config/${file}`, 'utf8'));
  const names = new Set(read.flatMap((text) => text.match(/\bMIRRORD_[A-Z_]*[A-Z]\b/g) ?? []));
  for (const name of ['MIRRORD_CONNECT_TCP', 'MIRRORD_LOG']) names.delete(name); // not mirrord's, not a setting
  for (const name of names) assert.match(variableNotes({ [`${name}_`]: '1' })[0] ?? '', new RegExp(`${name}\\?$`));
});
