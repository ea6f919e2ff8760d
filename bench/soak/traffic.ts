import { setTimeout as pause } from 'node:timers/promises';
import { codeOf, type Client, type HttpAnswer } from '../lib/client.ts';
import { ToolError } from '../lib/tool.ts';
import type { Violations } from '../lib/violations.ts';
import type { Expectations } from './expectations.ts';
import type { Gate } from './gate.ts';
import type { Ledger } from './ledger.ts';
import type { Tally } from './tally.ts';
import type { Phase, Timeline } from './timeline.ts';

/** A request of a polite client. */
export interface Call {
  /** As in the description of the service, such as `PATCH /slots/{id}`. */
  readonly operation: string;
  readonly path: string;
  readonly body?: object;
  /** The idempotency key; a POST without one is not repeated when its answer is lost. */
  readonly key?: string;
}

/** An answered command with a key, to be repeated at the end. */
export interface Keyed {
  readonly call: Call;
  readonly answer: HttpAnswer;
}

/** The pause before a request is repeated, in milliseconds; it grows with each repeat, up to the maximum. */
const REPEAT_MS = 200;
const REPEAT_MS_MAX = 1_000;
/** How often it is looked whether requests are still repeated, in milliseconds. */
const POLL_MS = 10;
/** The number of commands that are repeated at the end. */
const KEYED_MAX = 500;
const IN_PROGRESS = 'idempotency_in_progress';

/** The parts that all clients of a soak share. */
export interface TrafficDeps {
  readonly client: Client;
  readonly gate: Gate;
  readonly timeline: Timeline;
  readonly expectations: Expectations;
  readonly ledger: Ledger;
  readonly tally: Tally;
  readonly violations: Violations;
}

/** Sends requests, judges every answer by the phase of the run, and records what the answers show. */
export class Traffic {
  readonly deps: TrafficDeps;
  /** The latest commands with a key. The service must repeat their answers. */
  readonly keyed: Keyed[] = [];
  /** When the commands with a key were forgotten, on the clock of `performance`. */
  #forgottenAt = 0;
  #repeated = 0;

  constructor(deps: TrafficDeps) {
    this.deps = deps;
  }

  /**
   * Sends a request and repeats it as long as it gets no lasting answer: a read always, a POST only with its key.
   * @param client the name of the sender
   * @returns null when a POST without a key was lost
   */
  async send(client: string, call: Call): Promise<HttpAnswer | null> {
    let nth = 0;
    const sentAt = performance.now();
    const attempt = () => this.deps.gate.pass(() => this.#attempt(client, call, nth));
    let answer = await attempt();
    const isRepeatable = call.key !== undefined || !call.operation.startsWith('POST');
    if (answer === null && !isRepeatable) return null;
    if (answer === null || isTemporary(answer)) {
      this.#repeated += 1;
      while (answer === null || isTemporary(answer)) {
        nth += 1;
        await pause(Math.min(nth * REPEAT_MS, REPEAT_MS_MAX));
        answer = await attempt();
      }
      this.#repeated -= 1;
    }
    if (call.key !== undefined && sentAt > this.#forgottenAt) this.#keep({ call, answer });
    return answer;
  }

  /** Resolves when no client repeats a request any more. */
  async untilSettled(): Promise<void> {
    while (this.#repeated > 0) await pause(POLL_MS);
  }

  /** Sends a command again with its key. */
  async replay({ call }: Keyed): Promise<HttpAnswer | null> {
    return this.#exchange(call);
  }

  /** Forgets the commands with a key that were sent until now, whether they are answered or not. */
  forgetKeyed(): void {
    this.keyed.length = 0;
    this.#forgottenAt = performance.now();
  }

  #keep(keyed: Keyed): void {
    this.keyed.push(keyed);
    if (this.keyed.length > KEYED_MAX) this.keyed.shift();
  }

  async #attempt(client: string, call: Call, nth: number): Promise<HttpAnswer | null> {
    const { timeline, expectations, ledger, tally, violations } = this.deps;
    const sentAt = performance.now();
    const { phase } = timeline;
    const answer = await this.#exchange(call);
    const shown = answer === null ? null : `${answer.status} ${codeOf(answer)}`.trim();
    tally.add(call.operation, shown, phase, performance.now() - sentAt);
    const phases = timeline.since(sentAt);
    // A repeated request may arrive before the one that lost its connection is answered.
    const isRight =
      (nth > 0 && shown === `409 ${IN_PROGRESS}`) ||
      expectations.allows(call.operation, shown, phases);
    violations.expect(isRight, `${sentenceOf(call, shown)} ${whenOf(phases)}`);
    // A dry run shows what would be.
    if (answer !== null && !call.path.endsWith('?dry_run=true')) ledger.seeAll(client, answer.body);
    return answer;
  }

  async #exchange({ operation, path, body, key }: Call): Promise<HttpAnswer | null> {
    const [method = ''] = operation.split(' ');
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    const text = body === undefined ? undefined : JSON.stringify(body);
    try {
      return await this.deps.client.send(method, path, text, headers);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      return null;
    }
  }
}

const isTemporary = (answer: HttpAnswer): boolean =>
  answer.status === 503 || codeOf(answer) === IN_PROGRESS;

const sentenceOf = ({ operation, path, body }: Call, answer: string | null): string =>
  `${operation} (${path} ${JSON.stringify(body ?? {})}) got ${answer ?? 'no answer'}`;

/** Names the phases that a request has met, for a violation. */
export const whenOf = (phases: ReadonlySet<Phase>): string => `(phase: ${[...phases].join(', ')})`;
