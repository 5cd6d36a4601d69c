// Programs that are not Node, under their two layers: files of this machine and of the pod, requests, and starting a
// child. The same C program, linked to libc for the preload and static for the supervisor.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Bench } from './support/bench.ts';
import type { Figure } from './support/figure.ts';
import { openLink } from './support/link.ts';
import { localCopy } from './support/local-file.ts';
import { program } from './support/places.ts';
import { fileBytes, portForward } from './support/pods.ts';
import { inTurns, median } from './support/samples.ts';

/** How a layer's program is linked, and started in the session. */
type Layer = {
  readonly name: string;
  readonly of: string;
  readonly flags: readonly string[];
  readonly start: (bench: Bench, file: string) => (line: string) => Promise<readonly number[]>;
};

export const preloaded = figureOf({
  name: 'preload',
  of: 'a program with libc under the preload',
  flags: [],
  start: (bench, file) => bench.preloaded(file),
});

export const supervised = figureOf({
  name: 'static',
  of: 'a static program under the supervisor',
  flags: ['-static'],
  start: (bench, file) => bench.supervised(file),
});

function figureOf({ name, of, flags, start }: Layer): Figure {
  const measure: Figure['measure'] = async (bench) => {
    const file = build(bench, flags);
    const ours = start(bench, file);
    const plain = bench.here(file);
    const link = await openLink(bench.closers);
    const local = localCopy(bench.closers, fileBytes);
    const forward = await portForward(bench.closers, 'svc/prices', 80);
    const compare = async (
      rounds: number,
      a: () => Promise<readonly number[]>,
      b: () => Promise<readonly number[]>,
    ) => {
      const samples = await inTurns(rounds, { a, b });
      return { ours: median(samples.a), base: median(samples.b), unit: 'µs' } as const;
    };
    const both = (rounds: number, command: string) =>
      compare(
        rounds,
        () => ours(command),
        () => plain(command),
      );
    return [
      {
        what: 'open+read+close of a remote 4 KB',
        against: 'bare round trip',
        ...(await compare(
          20,
          () => ours('read /bench/file 40'),
          () => link.roundTrips(40),
        )),
      },
      {
        what: 'open+read+close of a local 4 KB',
        against: 'without the layer',
        ...(await both(20, `read ${local} 2000`)),
      },
      { what: 'stat of a local file', against: 'without the layer', ...(await both(20, `stat ${local} 2000`)) },
      {
        what: 'request to a service',
        against: 'kubectl port-forward',
        ...(await compare(
          20,
          () => ours('request prices 80 40'),
          () => plain(`request 127.0.0.1 ${forward} 40`),
        )),
      },
      { what: 'start of a child', against: 'without the layer', ...(await both(20, 'start 20')) },
    ];
  };
  return { name, title: `${of}: files, requests and children against the same without it`, measure };
}

function build({ closers }: Bench, flags: readonly string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mirrord-bench-'));
  closers.add(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'sampler');
  const args = ['-std=gnu11', '-O2', ...flags, program('native.c'), '-o', file];
  execFileSync(process.env.CC || 'cc', args, { stdio: ['ignore', 'inherit', 'ignore'] });
  return file;
}
