// The way to the cluster: the kubeconfig's chosen context as API clients. Nothing is asked of the server
// here; the first call finds out whether it answers.

import {
  AppsV1Api,
  BatchV1Api,
  type Configuration,
  CoreV1Api,
  CustomObjectsApi,
  createConfiguration,
  type KubeConfig,
  ServerConfiguration,
} from '@kubernetes/client-node';
import type { SessionConfig } from '../config/session-config.ts';
import { keptAliveHttp } from './http.ts';
import { loadKubeconfig } from './kubeconfig.ts';

export type Cluster = {
  readonly context: string;
  /** The API server's URL, without a slash at the end. */
  readonly server: string;
  /** The context's namespace, `default` if it has none. */
  readonly namespace: string;
  readonly kubeConfig: KubeConfig;
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly batch: BatchV1Api;
  readonly custom: CustomObjectsApi;
};

/** @throws MirrordError `KUBECONFIG_MISSING` or `KUBECONFIG_INVALID` */
export function openCluster(
  config: Pick<SessionConfig, 'kubeconfig' | 'kubeContext' | 'acceptInvalidCertificates'>,
  env: NodeJS.ProcessEnv = process.env,
): Cluster {
  const kubeConfig = loadKubeconfig({
    path: config.kubeconfig,
    context: config.kubeContext,
    acceptInvalidCertificates: config.acceptInvalidCertificates,
    env,
  });
  const context = kubeConfig.getCurrentContext();
  const server = (kubeConfig.getCurrentCluster()?.server ?? '').replace(/\/+$/, '');
  const configuration: Configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: kubeConfig },
    httpApi: keptAliveHttp(),
  });
  return {
    context,
    server,
    namespace: kubeConfig.getContextObject(context)?.namespace?.trim() || 'default',
    kubeConfig,
    core: new CoreV1Api(configuration),
    apps: new AppsV1Api(configuration),
    batch: new BatchV1Api(configuration),
    custom: new CustomObjectsApi(configuration),
  };
}
