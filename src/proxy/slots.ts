// Where layers meet their proxy: a private folder with prepared *slots*. A slot is a pair of FIFOs; a
// layer takes one by renaming its folder, and the FIFO's end of file says when the layer is gone, however
// it ended. FIFOs, because a synchronous call blocks on them with plain read and write (measured: 21 µs a
// call against 59 µs for a worker with Atomics).

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { freeSlots, sessionName, sessionParent, takenSlots } from '../policy/layer-settings.ts';

/** Slots that wait ready, so that a burst of new processes finds one each. */
const spareSlots = 8;

const retryMs = 100;

/** The proxy's ends of one slot. */
export interface Slot {
  readonly id: number;
  /** Frames from the layer; ends when the layer is gone. */
  readonly calls: net.Socket;
  /** Frames to the layer. */
  readonly answers: net.Socket;
  close(): void;
}

/**
 * Makes the session's folder, mode 0700. On a memory file system where there is one: layers also keep
 * their copies of small files in it.
 */
export function makeSessionFolder(): string {
  const parent = [sessionParent, os.tmpdir()].find(isWritableFolder) ?? os.tmpdir();
  sweep(parent);
  const folder = path.join(parent, `mirrord-${pidNamespace()}-${process.pid}-${randomBytes(8).toString('hex')}`);
  fs.mkdirSync(folder, { mode: 0o700 });
  fs.mkdirSync(path.join(folder, freeSlots));
  fs.mkdirSync(path.join(folder, takenSlots));
  return folder;
}

/** Containers can share the folder and not the pids: a pid means something in its namespace only. */
function pidNamespace(): string {
  try {
    return /\d+/.exec(fs.readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

/** Removes what proxies have left that were killed: the folder's name has their pid. */
function sweep(parent: string): void {
  for (const name of fs.readdirSync(parent)) {
    const [, namespace, pid] = sessionName.exec(name) ?? [];
    if (namespace !== pidNamespace() || isRunning(Number(pid))) continue;
    try {
      fs.rmSync(path.join(parent, name), { recursive: true, force: true });
    } catch {
      // another user's
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function isWritableFolder(folder: string): boolean {
  try {
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK);
    return fs.statSync(folder).isDirectory();
  } catch {
    return false;
  }
}

/** Keeps spare slots in the session's folder and hands over each one whose layer speaks. */
export class Slots {
  #folder: string;
  #onTaken: (slot: Slot) => void;
  #open = new Map<number, Slot>();
  #spare = 0;
  #nextId = 1;
  #refilling: Promise<void> | undefined;
  #closed = false;

  /** @param onTaken gets each slot when its layer's first bytes are there to be read */
  constructor(folder: string, onTaken: (slot: Slot) => void) {
    this.#folder = folder;
    this.#onTaken = onTaken;
  }

  /** Makes spare slots up to their number. */
  refill(): Promise<void> {
    this.#refilling ??= this.#make(spareSlots - this.#spare).finally(() => {
      this.#refilling = undefined;
    });
    return this.#refilling;
  }

  close(): void {
    this.#closed = true;
    for (const slot of this.#open.values()) slot.close();
  }

  #refillLater(): void {
    if (this.#closed) return;
    // What can be missing for a moment (processes, room) is asked for again: without a slot a program waits.
    this.refill().catch(() => setTimeout(() => this.#refillLater(), retryMs).unref());
  }

  async #make(count: number): Promise<void> {
    const ids = Array.from({ length: Math.max(count, 0) }, () => this.#nextId++);
    // Prepared beside the free ones and renamed into place, so that a layer never finds half a slot.
    const made = ids.map((id) => ({ id, folder: path.join(this.#folder, `making-${id}`) }));
    for (const { folder } of made) fs.mkdirSync(folder);
    const fifos = made.flatMap(({ folder }) => [path.join(folder, 'call'), path.join(folder, 'answer')]);
    if (fifos.length > 0) await makeFifos(fifos);
    if (this.#closed) return;
    for (const { id, folder } of made) {
      this.#watch(id, folder);
      fs.renameSync(folder, path.join(this.#folder, freeSlots, String(id)));
      this.#spare++;
    }
  }

  #watch(id: number, folder: string): void {
    // Without a writer yet, and non-blocking: Linux reports an end of file only after a writer was there.
    const { O_RDONLY, O_RDWR, O_NONBLOCK } = fs.constants;
    const calls = new net.Socket({ fd: fs.openSync(path.join(folder, 'call'), O_RDONLY | O_NONBLOCK) });
    // Read-write, since opening for writing alone fails while the layer has not opened its end.
    const answers = new net.Socket({
      fd: fs.openSync(path.join(folder, 'answer'), O_RDWR | O_NONBLOCK),
      readable: false,
      writable: true,
    });
    const slot: Slot = {
      id,
      calls,
      answers,
      close: () => {
        this.#open.delete(id);
        calls.destroy();
        answers.destroy();
        fs.rmSync(path.join(this.#folder, takenSlots, String(id)), { recursive: true, force: true });
      },
    };
    this.#open.set(id, slot);
    calls.on('error', () => slot.close());
    answers.on('error', () => slot.close());
    calls.once('readable', () => {
      this.#spare--;
      this.#refillLater();
      this.#onTaken(slot);
    });
  }
}

async function makeFifos(paths: readonly string[]): Promise<void> {
  // Detached: a Ctrl-C in the terminal is for the program.
  const child = spawn('mkfifo', ['-m', '600', ...paths], { detached: true, stdio: 'ignore' });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`mkfifo has ended with ${code}`);
}
