// What can be wrong before a program runs: the terminal says what and what to do, and nothing is left behind.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { kubectl, kubectlWith, namespace, noAgentLeft, pods } from './support/cluster.ts';
import { kubeconfigWith, type Rule, unreachableKubeconfig } from './support/kubeconfigs.ts';
import { type Ended, exec, type Options, Running } from './support/mirrord.ts';
import { nextProtocolCli } from './support/other-protocol.ts';

const node = ['--', 'node', '-e', 'console.log("ran")'];
const shop = ['-t', 'deployment/shop'];

/** Runs a program that must not run, and returns what the terminal said. */
async function refused(args: readonly string[], options: Options = {}): Promise<string> {
  return terminalOf(await exec([...args, ...node], options).ended);
}

function terminalOf({ code, stdout, stderr }: Ended): string {
  assert.deepEqual([code, stdout], [1, ''], stderr);
  return stderr;
}

afterEach(() => noAgentLeft());

describe('the cluster', () => {
  test('without a kubeconfig, it says where it looked', async () => {
    const env = { KUBECONFIG: undefined, HOME: '/nonexistent' };
    const said = await refused(shop, { env });
    assert.match(said, /no kubeconfig: KUBECONFIG is not set and \/nonexistent\/\.kube\/config does not exist/);
    assert.match(said, /\[KUBECONFIG_MISSING\]\n +Set KUBECONFIG/);
  });

  test('with a kubeconfig that is not there, it names it', async () => {
    const said = await refused(shop, { env: { KUBECONFIG: '/nonexistent/config' } });
    assert.match(said, /\/nonexistent\/config.*does not exist.*\[KUBECONFIG_MISSING\]/);
  });

  test('with a context that is not there, it names those that are', async () => {
    const said = await refused([...shop, '--context', 'nowhere']);
    assert.match(said, /no context "nowhere".*\[KUBECONFIG_INVALID\]\n +There are: /);
  });

  test('with an API server that does not answer, it says which', async () => {
    const said = await refused(shop, { env: { KUBECONFIG: await unreachableKubeconfig() } });
    assert.match(said, /https:\/\/127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED.*\[CLUSTER_UNREACHABLE\]/);
  });
});

describe('the target', () => {
  test('a mistyped name gets the nearest ones', async () => {
    assert.match(await refused(['-t', 'deployment/shp']), /\[TARGET_NOT_FOUND\]\n +Did you mean shop/);
  });

  test('a name of the other kind gets that kind', async () => {
    assert.match(await refused(['-t', 'pod/shop']), /\[TARGET_NOT_FOUND\]\n +There is a deployment of that name/);
  });

  test('a mistyped namespace gets the nearest one', async () => {
    const said = await refused(['-n', namespace.slice(0, -1), ...shop]);
    assert.match(said, new RegExp(`\\[NAMESPACE_NOT_FOUND\\]\\n +Did you mean .*${namespace}`));
  });

  test('a pod that has ended is named with its exit code', async () => {
    assert.match(
      await refused(['-t', 'pod/crasher']),
      /pod\/crasher is not running .*exit code 1.*\[TARGET_NOT_RUNNING\]/,
    );
  });

  test('a container that is not there gets those that are', async () => {
    const said = await refused(['-t', 'deployment/multi/container/nobody']);
    assert.match(said, /no container "nobody".*\[CONTAINER_NOT_FOUND\]\n +Its containers: app, sidecar/);
  });

  test('of several containers the first is taken, and the terminal says how to choose', async () => {
    const who = ['--', 'node', '-p', 'process.env.WHO'];
    const first = await exec(['-t', 'deployment/multi', ...who]).ended;
    assert.equal(first.stdout, 'app\n');
    assert.match(first.stderr, /The pod also has sidecar: -t deployment\/multi\/container\/NAME chooses/);
    const chosen = await exec(['-t', 'deployment/multi/container/sidecar', ...who]).ended;
    assert.equal(chosen.stdout, 'sidecar\n');
    assert.doesNotMatch(chosen.stderr, /also has/);
  });

  test('what is no target is shown how to write one', async () => {
    assert.match(await refused(['-t', 'shop']), /\[TARGET_INVALID\]/);
  });
});

describe('the rights', () => {
  const find: readonly Rule[] = [
    ['apps', 'deployments', ['get']],
    ['', 'pods', ['get', 'list']],
  ];
  const all: readonly Rule[] = [
    ...find,
    ['batch', 'jobs', ['create', 'delete']],
    ['', 'pods/portforward', ['get', 'create']],
  ];
  const as = async (account: string, rules: readonly Rule[]): Promise<Options> => ({
    env: { KUBECONFIG: await kubeconfigWith(account, rules) },
  });

  test('without any, the first one that is needed is named', async () => {
    const said = await refused(shop, await as('no-rights', []));
    assert.match(said, /system:serviceaccount:\S+:no-rights may not get deployments in namespace/);
    assert.match(said, /\[FORBIDDEN\]\n.*apiGroups: \["apps"\], resources: \["deployments"\], verbs: \["get"\]/);
  });

  test('without that to create an agent, it is named', async () => {
    const said = await refused(shop, await as('reader', find));
    assert.match(
      said,
      /may not create jobs .*\[FORBIDDEN\]\n.*\["batch"\], resources: \["jobs"\], verbs: \["create"\]/,
    );
  });

  test('without that to reach it, it is named, and the agent is removed', async () => {
    const said = await refused(shop, await as('no-portforward', all.slice(0, -1)));
    assert.match(said, /may not \w+ pods\/portforward .*\[FORBIDDEN\]/);
  });

  test('with these few a session works', async () => {
    const { code, stdout, stderr } = await exec([...shop, ...node], await as('developer', all)).ended;
    assert.deepEqual([code, stdout], [0, 'ran\n'], stderr);
  });
});

describe('the agent', () => {
  const restricted = `${namespace}-restricted`;
  before(async () => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: restricted, labels } };
    await kubectlWith(JSON.stringify(manifest), 'apply', '-f', '-');
  });
  after(() => kubectl('delete', 'namespace', restricted, '--wait=false'));
  afterEach(() => noAgentLeft({ in: restricted }));

  /** Within 5 s, says the issue; the machine may be slow. */
  const limitMs = 8_000;

  test("in a namespace that refuses it, its Job's own event is told within seconds", async (t) => {
    const beginMs = Date.now();
    const said = await refused([...shop, '-a', restricted]);
    const tookMs = Date.now() - beginMs;
    t.diagnostic(`told after ${tookMs} ms`);
    assert.match(said, /did not start: .*violates PodSecurity.*\[AGENT_FAILED\]\n.*agent\.namespace \(-a\)/);
    assert.ok(tookMs < limitMs, `${tookMs} ms`);
  });

  test("with an image that cannot be had, the node's reason is told within seconds", async (t) => {
    const beginMs = Date.now();
    const said = await refused([...shop, '-i', 'localhost/no-such-agent:1']);
    const tookMs = Date.now() - beginMs;
    t.diagnostic(`told after ${tookMs} ms`);
    assert.match(
      said,
      /cannot get the agent's image localhost\/no-such-agent:1 .*\[AGENT_IMAGE_MISSING\]\n.*agent\.image \(-i\)/,
    );
    assert.ok(tookMs < limitMs, `${tookMs} ms`);
    await noAgentLeft({ limitMs: 20_000 }); // kubelet is slow to let go of a pod whose image it tries to get
  });

  test('with an image that is no agent, what it said is told', async () => {
    const [pod] = await pods('app=prices');
    const image = await kubectl('get', 'pod', pod?.name ?? '', '-o', 'jsonpath={.spec.containers[0].image}');
    const said = await refused([...shop, '-i', image]);
    assert.match(said, /runs but cannot be connected to.*\[AGENT_FAILED\]\n.*belong to this version/);
  });

  test('with an old protocol, both versions and the older side are named', async () => {
    const args = [nextProtocolCli(), 'exec', '-n', namespace, ...shop, ...node];
    const said = terminalOf(await new Running(process.execPath, args).ended);
    assert.match(said, /agent \S+ speaks protocol 1\.\d+, the proxy \S+ speaks 2\.\d+: the agent is the older one/);
    assert.match(said, /\[PROTOCOL_MISMATCH\]\n +Use the agent image of this version/);
  });
});

describe('the command line', () => {
  test('a flag that is not there', async () => {
    assert.match(await refused([...shop, '--stael']), /unknown option '--stael'.*--steal/s);
  });

  test('no program', async () => {
    assert.match(terminalOf(await exec(shop).ended), /missing required argument 'program'/);
  });

  test('a program that is not there, when everything else is', async () => {
    const said = terminalOf(await exec([...shop, '--', 'no-such-program']).ended);
    assert.match(said, /"no-such-program" is no program in the PATH\. \[COMMAND_NOT_FOUND\]/);
  });

  test('a configuration file that is not there', async () => {
    assert.match(
      await refused([...shop, '-f', '/nonexistent/mirrord.json']),
      /\/nonexistent\/mirrord\.json.*\[CONFIG_NOT_FOUND\]/,
    );
  });

  test('steal without a target', async () => {
    assert.match(await refused(['--steal']), /\[CONFIG_INVALID\]/);
  });
});
