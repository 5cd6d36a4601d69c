// The sandbox pod as the demo's target: its agent is a process of this machine, joined on a local port.

import type { Closers } from './closers.ts';
import { answerer, type DemoTarget } from './demo-target.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

/** @throws MirrordError when this machine cannot make one, or the agent does not start */
export async function sandboxTarget(closers: Closers): Promise<DemoTarget> {
  console.error('Making the sandbox pod …');
  const sandbox = await startSandbox();
  await closers.add(sandbox.stop);
  const agent = await sandbox.startAgent();
  return {
    description: 'a sandbox pod, made from Linux namespaces on this machine',
    otherWay: 'A pod of your cluster instead: npm run demo -- --context NAME',
    flags: ['-t', 'pod/shop-0'],
    environment: { MIRRORD_CONNECT_TCP: `127.0.0.1:${agent.port}` },
    askPod: () => askFromCluster(sandbox),
  };
}

async function askFromCluster({ exec, podIp }: Sandbox): Promise<string> {
  const ask = `fetch('http://${podIp}:8080/').then((response) => response.text()).then(console.log)`;
  return answerer(JSON.parse(await exec([process.execPath, '-e', ask])));
}
