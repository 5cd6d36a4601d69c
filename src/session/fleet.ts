// The pods of a session. Files, names, variables and outgoing connections are the first one's; requests can come
// from all of them. Pods that come are joined, those that go are left, and when the first one goes, the next one
// takes its place.

import type { SessionConfig } from '../config/session-config.ts';
import { MirrordError } from '../errors.ts';
import { Links } from '../proxy/links.ts';
import { type AgentPlace, findAgentPlace, type PodPlace } from './agent-site.ts';
import { type JoinedAgent, joinAgent, leaveAgent } from './join-agent.ts';

/** So many agents are started at once. */
const maxJoining = 8;
/** A pod that could not be joined is tried again after this time, if it is still there. */
const againMs = 3_000;
/** Without any pod: how long another one may take to come. */
const noPodMs = 60_000;

export interface Share {
  readonly joined: number;
  readonly all: number;
}

export class Fleet {
  readonly links = new Links();
  /** Settles when no pod is left before `close`. */
  readonly lost: Promise<MirrordError>;

  #place: AgentPlace;
  /** How many pods are joined, at most. */
  #count: number;
  #report: (line: string) => void;
  /** Ends the starts that are on their way. */
  #closing = new AbortController();
  /** The pods that run, best first. */
  #pods: readonly PodPlace[];
  /** By the pod's id; undefined while it is being joined. */
  #members = new Map<string, JoinedAgent | undefined>();
  /** Pods that are not tried again yet. */
  #resting = new Set<string>();
  #joining = new Set<Promise<void>>();
  #told = new Set<string>();
  #ready = false;
  #timers = new Set<NodeJS.Timeout>();
  #noPod: NodeJS.Timeout | undefined;
  #unfollow: () => void = () => {};
  #settleLost: (error: MirrordError) => void = () => {};

  /** @throws MirrordError, or the signal's reason; nothing is left behind then */
  static async open(config: SessionConfig, report: (line: string) => void, signal: AbortSignal): Promise<Fleet> {
    const place = await findAgentPlace(config, report);
    const fleet = new Fleet(place, podCount(config), report);
    try {
      await fleet.#start(signal);
      return fleet;
    } catch (error) {
      await fleet.close();
      throw error;
    }
  }

  private constructor(place: AgentPlace, count: number, report: (line: string) => void) {
    this.#place = place;
    this.#pods = place.pods;
    this.#count = count;
    this.#report = report;
    this.lost = new Promise((settle) => {
      this.#settleLost = settle;
    });
  }

  /** The pods that requests come from, and those that there are. */
  get share(): Share {
    const joined = this.links.all.length;
    return { joined, all: Math.max(this.#pods.length, joined) };
  }

  /** Leaves all pods. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the session has ended'));
    this.#unfollow();
    clearTimeout(this.#noPod);
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#joining);
    const members = [...this.#members.values()];
    this.#members.clear();
    await Promise.all(members.map((agent) => agent && leaveAgent(agent)));
  }

  /** The first pod has to be joined; the others are told of when they cannot be. */
  async #start(signal: AbortSignal): Promise<void> {
    const stop = () => this.#closing.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const [first] = this.#place.pods;
    const joined = this.#join(first, this.#report);
    this.#fill();
    await joined;
    await Promise.all(this.#joining);
    signal.removeEventListener('abort', stop);
    signal.throwIfAborted();
    this.#ready = true;
    this.#unfollow =
      this.#place.follow?.((pods) => {
        this.#pods = pods;
        this.#fill();
      }) ?? this.#unfollow;
  }

  /** Joins pods until there are as many as there should be. */
  #fill(): void {
    for (const pod of this.#pods) {
      if (this.#closing.signal.aborted || this.#members.size >= this.#count || this.#joining.size >= maxJoining) return;
      if (this.#members.has(pod.id) || this.#resting.has(pod.id)) continue;
      const joining: Promise<void> = this.#join(pod, () => {})
        .catch((error: Error) => this.#failed(pod, error))
        .finally(() => {
          this.#joining.delete(joining);
          this.#fill();
        });
      this.#joining.add(joining);
    }
  }

  async #join(pod: PodPlace, report: (line: string) => void): Promise<void> {
    this.#members.set(pod.id, undefined);
    const agent = await joinAgent(pod, report, this.#closing.signal);
    this.#members.set(pod.id, agent);
    this.links.add(agent.link);
    void agent.link.closed.then((reason) => this.#gone(pod, agent, reason));
    if (!this.#ready) return;
    const wasAlone = this.#noPod !== undefined;
    clearTimeout(this.#noPod);
    this.#noPod = undefined;
    this.#report(
      wasAlone ? `Pod ${pod.name} takes its place.` : `Pod ${pod.name} has joined: ${shareText(this.share)}.`,
    );
  }

  #failed(pod: PodPlace, error: Error): void {
    this.#members.delete(pod.id);
    if (this.#closing.signal.aborted) return;
    this.#rest(pod);
    // A pod that goes just then says nothing of interest; one that is there the next time does.
    if (this.#told.has(pod.id)) this.#report(`Pod ${pod.name} is not joined: ${error.message}`);
    else this.#told.add(pod.id);
  }

  #gone(pod: PodPlace, { site, link }: JoinedAgent, reason: Error | undefined): void {
    const wasMain = this.links.all[0] === link;
    this.links.remove(link);
    this.#members.delete(pod.id);
    if (this.#closing.signal.aborted) return;
    const error = agentGone(site.name, reason);
    if (this.#place.follow === undefined) return this.#settleLost(error);
    this.#rest(pod);
    if (this.links.all.length === 0) {
      this.#noPod = setTimeout(() => this.#settleLost(error), noPodMs);
      this.#report(`Pod ${pod.name} has gone; another one is looked for.`);
    } else if (wasMain) {
      this.#report(
        `Pod ${pod.name} has gone; files and connections are another one's from here on: ${shareText(this.share)}.`,
      );
    } else {
      this.#report(`Pod ${pod.name} has gone: ${shareText(this.share)}.`);
    }
    this.#fill();
  }

  #rest({ id }: PodPlace): void {
    this.#resting.add(id);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#resting.delete(id);
      this.#fill();
    }, againMs);
    this.#timers.add(timer);
  }
}

/** `3 of 3 pods`. */
export function shareText({ joined, all }: Share): string {
  return `${joined} of ${all} pods`;
}

/** Only requests need more than one pod. */
function podCount({ feature, replicas }: SessionConfig): number {
  if (feature.network.incoming.mode === 'off') return 1;
  return replicas === 'all' ? Number.POSITIVE_INFINITY : replicas;
}

function agentGone(site: string, reason: Error | undefined): MirrordError {
  return new MirrordError('AGENT_GONE', `The connection to ${site} has ended: ${reason?.message ?? 'closed'}.`, {
    help: 'Calls to the pod fail from here on, and the pod answers its own requests again; start again for a new session.',
    cause: reason,
  });
}
