// What a run of the demo could leave on this machine: its processes, their namespaces (with these go their
// mounts and networks), the folder of its session, files in its temporary folder.

import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants } from '../../../demo/processes.ts';

const namespaceKinds = ['user', 'mnt', 'net', 'pid', 'ipc', 'uts'];
const ownNamespaces = namespacesOf('self');

export class Traces {
  readonly #mark = `DEMO_TEST_RUN=${process.hrtime.bigint()}`;
  readonly #temporary = mkdtempSync(join(tmpdir(), 'demo-test-'));
  readonly #namespaces = new Set<string>();
  readonly #sessionFolders = new Set<string>();

  constructor() {
    chmodSync(this.#temporary, 0o1777); // a test runs the demo as another user
  }

  /** For the demo's environment: every process below it carries the mark, but those of the pod itself. */
  get environment(): NodeJS.ProcessEnv {
    const [name = '', value] = this.#mark.split('=');
    return { [name]: value, TMPDIR: this.#temporary, TSX_DISABLE_CACHE: '1' };
  }

  /** Notes what is there now, to be missed later. Returns how many namespaces have been seen so far. */
  note(demo: number): number {
    for (const { pid } of descendants(demo)) {
      for (const each of namespacesOf(pid)) if (!ownNamespaces.includes(each)) this.#namespaces.add(each);
      const session = read(`/proc/${pid}/environ`).match(/(?:^|\0)MIRRORD_SESSION=([^\0]+)/)?.[1];
      if (session !== undefined) this.#sessionFolders.add(session);
    }
    return this.#namespaces.size;
  }

  /** What is still there after the time that the kernel may take to end the processes; empty when all is well. */
  async left(): Promise<string[]> {
    for (let tries = 0; tries < 100 && this.#left().length > 0; tries += 1) await sleep(100);
    return this.#left();
  }

  [Symbol.dispose](): void {
    rmSync(this.#temporary, { recursive: true, force: true });
  }

  #left(): string[] {
    const processes = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => this.#isOurs(pid) && !isZombie(pid))
      .map((pid) => `process ${pid} ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
    const held = [...this.#namespaces].filter((each) => read('/proc/self/mountinfo').includes(each));
    const folders = [...this.#sessionFolders].filter((folder) => existsSync(folder));
    const files = readdirSync(this.#temporary).filter((name) => !name.startsWith('tsx-'));
    return [...processes, ...held, ...folders, ...files];
  }

  #isOurs(pid: string): boolean {
    return (
      read(`/proc/${pid}/environ`).includes(this.#mark) ||
      namespacesOf(pid).some((namespace) => this.#namespaces.has(namespace))
    );
  }
}

/** It has ended, and waits for the machine's init to take note. */
const isZombie = (pid: string) => /^State:\s+Z/m.test(read(`/proc/${pid}/status`));

/** As `net:[4026531840]`; empty for a process that has ended. */
function namespacesOf(pid: string | number): string[] {
  return namespaceKinds.flatMap((kind) => {
    try {
      return [readlinkSync(`/proc/${pid}/ns/${kind}`)];
    } catch {
      return [];
    }
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
