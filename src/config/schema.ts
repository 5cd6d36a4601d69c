// The settings of a configuration file that this version supports, with mirrord's names, shapes and
// shorthands. What a value must be is the schema's error text: "feature.fs.mode" must be TEXT.
// (zod/mini: bundled, it costs no measurable time at start; zod itself costs 20 ms.)

import * as z from 'zod/mini';
import { parseAddressEntry } from '../policy/addresses.ts';

const text = z.string('a string');
const flag = z.boolean('true or false');
const strings = z.record(z.string(), text, 'an object of strings');
const list = z.pipe(
  z.union([text, z.array(text)], 'a string or an array of strings'),
  z.transform((value: string | string[]) => (typeof value === 'string' ? [value] : value)),
);
const port = z.int('a port number').check(z.gte(1, 'a port number'), z.lte(65535, 'a port number'));
const ports = z.array(port, 'an array of port numbers');
/** One-to-one: no port twice on either side. */
const portPairs = z
  .array(z.tuple([port, port], 'a pair of port numbers'), 'an array of pairs of port numbers')
  .check(
    z.refine(
      (pairs) => [0, 1].every((side) => new Set(pairs.map((pair) => pair[side])).size === pairs.length),
      'pairs that name no port twice',
    ),
  );

const pattern = text.check(
  z.refine(isPattern, 'a regular expression'),
  // These mean something else in mirrord's dialect than in JavaScript's, without being an error here.
  z.refine((value) => !/\[\[:|\\[AzZhH]/.test(value), later('this syntax in a regular expression')),
);
const patterns = z.pipe(list, z.array(pattern));
const patternMap = z.record(pattern, text, 'an object of strings');
const replacements = z.record(
  pattern,
  text.check(z.refine((value) => !value.includes('${'), later('a group in braces (write $1)'))),
  'an object of strings',
);

/** Marks an issue as "mirrord has this, this version does not". */
function later(what: string) {
  return { error: what, params: { later: true } };
}

/** A setting that may be named, but only with the value that says what this version does anyway. */
function only(value: boolean) {
  return z.optional(z.unknown().check(z.refine((given) => given === value, later('that value'))));
}

/** A setting that can be written as `true`, `false` or a word instead of an object. */
function shorthand<Schema extends z.ZodMiniType>(
  expand: (value: boolean | string) => Record<string, unknown> | undefined,
  schema: Schema,
) {
  return z.pipe(
    z.transform((value: unknown) =>
      typeof value === 'boolean' || typeof value === 'string' ? (expand(value) ?? value) : value,
    ),
    schema,
  );
}

const env = shorthand(
  (value) => (typeof value === 'string' ? undefined : value ? {} : { exclude: '*' }),
  z.strictObject(
    {
      include: z.optional(list),
      exclude: z.optional(list),
      override: z.optional(strings),
      unset: z.optional(list),
      mapping: z.optional(patternMap),
      env_file: z.optional(text),
      load_from_process: z.optional(flag),
    },
    'true, false or an object',
  ),
);

const fs = shorthand(
  (value) => ({ mode: typeof value === 'string' ? value : value ? 'read' : 'local' }),
  z.strictObject(
    {
      mode: z.optional(
        z.enum(['read', 'write', 'local', 'localwithoverrides'], '"read", "write", "local" or "localwithoverrides"'),
      ),
      read_write: z.optional(patterns),
      read_only: z.optional(patterns),
      local: z.optional(patterns),
      not_found: z.optional(patterns),
      mapping: z.optional(replacements),
      readonly_file_buffer: z.optional(
        z
          .int('a number of bytes')
          .check(z.gte(0, 'a number of bytes'), z.lte(15 * 1024 * 1024, 'at most 15728640 bytes (15 MiB)')),
      ),
    },
    'true, false, a mode or an object',
  ),
);

/** Compiled where it is used, with the agent's own engine (src/session/check-filter.ts). */
const bodyFilter = z.strictObject({ body: z.literal('json', '"json"'), query: text, matches: text }, 'an object');
const condition = z.union(
  [z.strictObject({ header: text }), z.strictObject({ path: text }), z.strictObject({ method: text }), bodyFilter],
  'an object with "header", "path", "method", or "body", "query" and "matches"',
);
/** mirrord's `{ query }` is a jq program. */
const notJq = z
  .unknown()
  .check(
    z.refine(
      (item) => !(typeof item === 'object' && item !== null && 'query' in item && !('body' in item)),
      later('jq'),
    ),
  );
const conditions = z
  .array(z.pipe(notJq, condition), 'an array of conditions')
  .check(z.refine((list) => list.length > 0, 'at least one condition'));

const httpFilter = z.strictObject(
  {
    header_filter: z.optional(text),
    path_filter: z.optional(text),
    method_filter: z.optional(text),
    body_filter: z.optional(bodyFilter),
    all_of: z.optional(conditions),
    any_of: z.optional(conditions),
    ports: z.optional(ports),
  },
  'an object',
);

const incoming = shorthand(
  // `true` is the default, which is to mirror.
  (value) => ({ mode: typeof value === 'string' ? value : value ? 'mirror' : 'off' }),
  z.strictObject(
    {
      mode: z.optional(z.enum(['mirror', 'steal', 'off'], '"mirror", "steal" or "off"')),
      http_filter: z.optional(httpFilter),
      /** Ours, not mirrord's: the kubelet's probes come to the program too. */
      probes: z.optional(flag),
      ports: z.optional(ports),
      ignore_ports: z.optional(ports),
      ignore_localhost: z.optional(flag),
      port_mapping: z.optional(portPairs),
      listen_ports: z.optional(portPairs),
      on_concurrent_steal: z.optional(z.enum(['abort', 'continue', 'override'], '"abort", "continue" or "override"')),
    },
    'true, false, a mode or an object',
  ),
);

/** What is on one side; all else is on the other. @param must what an entry has to be */
function filter(must: string, isEntry: (entry: string) => boolean) {
  const entries = z
    .pipe(list, z.array(text.check(z.refine(isEntry, must))))
    .check(z.refine((given: string[]) => given.length > 0, 'a list that is not empty'));
  const either = '{ "remote": [ … ] } or { "local": [ … ] }';
  return z
    .strictObject({ remote: z.optional(entries), local: z.optional(entries) }, either)
    .check(z.refine(({ remote, local }) => (remote === undefined) !== (local === undefined), either));
}

const connections = filter('[tcp://|udp://]NAME|IP|IP/BITS[:PORT]', (entry) => parseAddressEntry(entry) !== undefined);
const names = filter('NAME|IP|IP/BITS[:PORT]', (entry) => {
  const parsed = parseAddressEntry(entry);
  return parsed !== undefined && parsed.protocol === undefined;
});

const outgoing = shorthand(
  (value) => (typeof value === 'boolean' ? { tcp: value, udp: value } : undefined),
  z.strictObject(
    {
      tcp: z.optional(flag),
      udp: z.optional(flag),
      ignore_localhost: z.optional(flag),
      filter: z.optional(connections),
      unix_streams: z.optional(patterns),
    },
    'true, false or an object',
  ),
);

const dns = shorthand(
  (value) => (typeof value === 'boolean' ? { enabled: value } : undefined),
  z.strictObject({ enabled: z.optional(flag), filter: z.optional(names) }, 'true, false or an object'),
);

const network = shorthand(
  (value) => {
    if (typeof value === 'string') return undefined;
    return value ? {} : { incoming: false, outgoing: false, dns: false };
  },
  z.strictObject(
    {
      incoming: z.optional(incoming),
      outgoing: z.optional(outgoing),
      dns: z.optional(dns),
      /** Ours: mirrord has no such switch. */
      interfaces: z.optional(flag),
    },
    'true, false or an object',
  ),
);

const image = z.pipe(
  z.union([text, z.strictObject({ registry: text, tag: z.optional(text) })], 'a string or { "registry", "tag" }'),
  z.transform((value: string | { registry: string; tag?: string | undefined }) =>
    typeof value === 'string' ? { reference: value } : value,
  ),
);

const toleration = z.strictObject(
  {
    key: z.optional(text),
    operator: z.optional(z.enum(['Exists', 'Equal'], '"Exists" or "Equal"')),
    value: z.optional(text),
    effect: z.optional(text),
    tolerationSeconds: z.optional(z.int('a number of seconds')),
  },
  'an object',
);

const agent = z.strictObject(
  {
    namespace: z.optional(text),
    image: z.optional(image),
    image_pull_policy: z.optional(z.enum(['IfNotPresent', 'Always', 'Never'], '"IfNotPresent", "Always" or "Never"')),
    image_pull_secrets: z.optional(
      z.array(z.strictObject({ name: text }, 'an object with a "name"'), 'an array of { "name" }'),
    ),
    startup_timeout: z.optional(z.int('a number of seconds').check(z.gte(1, 'at least 1 second'))),
    labels: z.optional(strings),
    annotations: z.optional(strings),
    service_account: z.optional(text),
    priority_class: z.optional(text),
    tolerations: z.optional(z.array(toleration, 'an array of tolerations')),
    resources: z.optional(z.strictObject({ requests: z.optional(strings), limits: z.optional(strings) }, 'an object')),
    log_level: z.optional(
      z.enum(['off', 'error', 'warn', 'info', 'debug', 'trace'], 'off, error, warn, info, debug or trace'),
    ),
    flush_connections: z.optional(flag),
    http_detection_timeout: z.optional(z.number('a number of seconds').check(z.gte(0, 'a number of seconds'))),
    max_body_buffer_size: z.optional(
      z.int('a number of bytes').check(z.gte(0, 'a number of bytes'), z.lte(16_777_216, 'at most 16777216 bytes')),
    ),
    max_body_buffer_timeout: z.optional(
      z.int('a number of milliseconds').check(z.gte(0, 'a number of milliseconds'), z.lte(60_000, 'at most 60000 ms')),
    ),
    ephemeral: only(false),
    privileged: only(false),
    json_log: only(false),
  },
  'an object',
);

export const fileSchema = z.strictObject(
  {
    /** Read by target.ts. */
    target: z.optional(z.unknown()),
    key: z.optional(text.check(z.minLength(1, 'a text'))),
    kubeconfig: z.optional(text),
    kube_context: z.optional(text),
    accept_invalid_certificates: z.optional(flag),
    skip_processes: z.optional(list),
    agent: z.optional(agent),
    feature: z.optional(
      z.strictObject(
        {
          env: z.optional(env),
          fs: z.optional(fs),
          network: z.optional(network),
          hostname: z.optional(flag),
          copy_target: only(false),
        },
        'an object',
      ),
    ),
    // We have no telemetry, operator or session monitor.
    telemetry: only(false),
    operator: only(false),
    api: only(false),
  },
  'an object',
);

/** A configuration file's settings, shorthands written out. */
export type FileSettings = z.output<typeof fileSchema>;

function isPattern(value: string): boolean {
  try {
    return new RegExp(value, 'i') instanceof RegExp;
  } catch {
    return false;
  }
}
