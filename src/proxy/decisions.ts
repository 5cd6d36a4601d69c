// Which path is the pod's, for native layers of a session whose configuration has patterns: they are JavaScript's
// regular expressions, so the answer comes from the one place that has their engine.

import { createPathPolicy, type PathPolicy, type PathRules } from '../policy/paths.ts';
import type { ReplyOf, RequestOf } from '../protocol/schema.ts';

/** In the order of the numbers on the wire. */
const answers = ['local', 'remote', 'notFound'] as const;

/** @returns the answer to `decidePath`; latin1 keeps each byte of a name that is not UTF-8, there and back */
export function createDecisions(rules: PathRules): (request: RequestOf<'decidePath'>) => ReplyOf<'decidePath'> {
  const policies = new Map<string, PathPolicy>();

  const policyFor = ({ home, temporary, roots }: RequestOf<'decidePath'>): PathPolicy => {
    const places = {
      home: home.toString('latin1'),
      temporary: temporary.toString('latin1'),
      roots: roots.map((root) => root.toString('latin1')),
    };
    const key = JSON.stringify(places);
    let policy = policies.get(key);
    if (policy === undefined) {
      policy = createPathPolicy(rules, places);
      policies.set(key, policy);
    }
    return policy;
  };

  return (request) => {
    const decision = policyFor(request)(request.path.toString('latin1'), request.write ? 'write' : 'read');
    return { where: answers.indexOf(decision.where), path: Buffer.from(decision.path, 'latin1') };
  };
}
