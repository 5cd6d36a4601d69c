// Kubeconfigs as other developers have them: with fewer rights, or of a cluster that is not there.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { kubectl, kubectlWith, namespace } from './cluster.ts';

interface Kubeconfig {
  readonly clusters: [{ readonly name: string; readonly cluster: object }];
}

/** A rule of a Role: groups, resources, verbs. */
export type Rule = readonly [group: string, resource: string, verbs: readonly string[]];

/** A kubeconfig of a ServiceAccount that may do what `rules` say. @returns its path */
export async function kubeconfigWith(account: string, rules: readonly Rule[]): Promise<string> {
  const metadata = { name: account, namespace };
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
  const items = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      ...rbac,
      kind: 'Role',
      metadata,
      rules: rules.map(([group, resource, verbs]) => ({ apiGroups: [group], resources: [resource], verbs })),
    },
    {
      ...rbac,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: account },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    },
  ];
  await kubectlWith(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-f', '-');
  const token = (await kubectl('create', 'token', account)).trim();
  return write(await withUser(account, { token }));
}

/** A kubeconfig of a cluster that answers nobody. @returns its path */
export async function unreachableKubeconfig(): Promise<string> {
  const config = await withUser('nobody', { token: 'none' });
  // Port 1 of this machine: nothing listens there.
  return write({ ...config, clusters: [{ name: 'gone', cluster: { server: 'https://127.0.0.1:1' } }] }, 'gone');
}

async function withUser(name: string, user: object): Promise<Kubeconfig> {
  const config = JSON.parse(await kubectl('config', 'view', '--raw', '--minify', '-o', 'json')) as Kubeconfig;
  return { ...config, ...{ users: [{ name, user }] } };
}

function write(
  config: Kubeconfig & { readonly users?: readonly { readonly name: string }[] },
  cluster = config.clusters[0].name,
) {
  const [user] = config.users ?? [];
  const context = { name: 'test', context: { cluster, user: user?.name } };
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mirrord-e2e-'));
  const file = path.join(folder, 'config');
  fs.writeFileSync(file, JSON.stringify({ ...config, contexts: [context], 'current-context': 'test' }), {
    mode: 0o600,
  });
  after(() => fs.rmSync(folder, { recursive: true }));
  return file;
}
