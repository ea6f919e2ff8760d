import type { ScheduleView, SlotView } from '../../src/http/resources/index.ts';
import { Random } from '../lib/random.ts';
import {
  bodyOf,
  faultOf,
  faultOfUnknown,
  type AnswerFault,
  type FuzzAnswer,
} from './answer-check.ts';
import { curlOf, netcatOf } from './commands.ts';
import type { Findings } from './findings.ts';
import { KnownValues } from './known-values.ts';
import { isSuccess, operationsIn, type Operation } from './operations.ts';
import { answersIn, malformed } from './raw-requests.ts';
import { Requests, type FuzzRequest, type Kind } from './requests.ts';
import { smallest } from './smallest.ts';
import { Values } from './values.ts';

/** A service that gets the requests. */
export interface FuzzTarget {
  /** The time of its clock, in milliseconds since the epoch. */
  readonly now: number;
  advance(ms: number): Promise<void>;
  /** @throws HangError when there is no answer in time */
  send(request: FuzzRequest): Promise<FuzzAnswer>;
  read(url: string): Promise<FuzzAnswer>;
  /** Sends bytes on a connection of their own; returns what came until it was closed, or undefined if it was not. */
  exchange(bytes: Buffer, ends: boolean): Promise<string | undefined>;
  /** The faults of its database, one sentence each. */
  verify(): Promise<readonly string[]>;
}

/** The first times of the clock: days of a change of clocks, a leap day, and the ends of a year and of a month. */
export const STARTS = [
  ...[
    '2026-11-23T08:00:00Z',
    '2026-03-28T20:00:00Z',
    '2026-10-31T23:30:00Z',
    '2028-02-28T12:00:00Z',
  ],
  ...['2026-12-31T06:00:00Z', '2026-10-03T10:00:00Z', '2026-03-08T05:00:00Z'],
].map((text) => Date.parse(text));

/** How often an operation is sent, if not once: more often where a day needs it, and seldom where it ends everything. */
const WEIGHTS: Readonly<Record<string, number>> = {
  ...{ book: 6, checkIn: 4, start: 3, callNext: 3, complete: 2, undo: 2, move: 2, addSlot: 2 },
  ...{ readSchedule: 3, putDoctor: 2, reopenSlot: 2, reviseSlot: 2 },
  ...{ takeLeave: 0.7, putHolidays: 0.4, retireDoctor: 0.1, closeSlot: 0.4 },
  ...{ readHealth: 0.3, readReadiness: 0.3, listPatientTypes: 0.3, listHolidays: 0.3 },
};
const KIND_WEIGHTS: readonly (readonly [Kind, number])[] = [
  ['valid', 0.5],
  ['near-valid', 0.25],
  ['hostile', 0.25],
];

/** The share of the requests that are malformed, each on a connection of its own. */
const MALFORMED_SHARE = 0.04;

/** Requests that are sometimes sent at the same time; the others go one after another. */
const TOGETHER_MAX = 6;

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;

/** A request, its answer if there was one, and what is wrong with it. */
interface Sent {
  readonly request: FuzzRequest;
  readonly answer?: FuzzAnswer;
  readonly fault: AnswerFault | undefined;
}

/** Sends random requests to a service, and checks every answer and, at the end, the state. */
export class Round {
  readonly #target: FuzzTarget;
  readonly #findings: Findings;
  readonly #random: Random;
  readonly #known: KnownValues;
  readonly #requests: Requests;
  readonly operations: readonly Operation[];

  private constructor(
    target: FuzzTarget,
    { seed, findings, description }: { seed: number; findings: Findings; description: object },
  ) {
    this.#target = target;
    this.#findings = findings;
    this.operations = operationsIn(description);
    this.#random = new Random(seed);
    this.#known = new KnownValues(this.#random);
    const values = new Values(this.#random, this.#known, () => target.now);
    this.#requests = new Requests(this.#random, values, this.#known);
  }

  /** Begins a round: it reads the description, and the first ids. */
  static async begin(
    target: FuzzTarget,
    { seed, findings }: { readonly seed: number; readonly findings: Findings },
  ): Promise<Round> {
    const description = bodyOf(await target.read('/openapi.json')) as object;
    const round = new Round(target, { seed, findings, description });
    round.#known.learn(bodyOf(await target.read('/doctors')));
    return round;
  }

  /** Sends that many requests, some of them malformed, then checks the state. */
  async run(requests: number): Promise<void> {
    const malformedCount = Math.ceil(requests * MALFORMED_SHARE);
    for (let left = requests - malformedCount; left > 0;) {
      const together = Math.min(left, this.#random.chance(0.1) ? TOGETHER_MAX : 1);
      await this.#step(together);
      left -= together;
    }
    // They go at the same time, because the service waits for the rest of some of them.
    await Promise.all(Array.from({ length: malformedCount }, () => this.#sendMalformed()));
    await this.#checkState();
  }

  /** A random request of a random operation. */
  next(): FuzzRequest {
    const operation = this.#weighted(
      this.operations.map((each) => [each, WEIGHTS[each.id] ?? 1] as const),
    );
    return this.#requests.make(operation, this.#weighted(KIND_WEIGHTS));
  }

  #weighted<T>(items: readonly (readonly [T, number])[]): T {
    let left = this.#random.next() * items.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    throw new RangeError('an item is picked from an empty list');
  }

  /** Lets some time pass, then sends requests at the same time. They are made before, so that a seed repeats them. */
  async #step(together: number): Promise<void> {
    if (this.#random.chance(0.05)) await this.#target.advance(this.#random.below(600) * SECOND_MS);
    if (this.#random.chance(0.003)) await this.#target.advance(this.#random.below(30) * HOUR_MS);
    const requests = Array.from({ length: together }, () => this.next());
    const sent = await Promise.all(requests.map((request) => this.#sent(request)));
    for (const { request, answer, fault } of sent) {
      this.#findings.count(request, answer?.status ?? 0);
      if (answer !== undefined && isSuccess(answer.status)) this.#known.learn(bodyOf(answer));
      if (fault !== undefined) await this.#report(request, fault);
    }
  }

  async #report(request: FuzzRequest, { rule, detail }: AnswerFault): Promise<void> {
    const finding = this.#findings.add(request.operation.id, rule, detail);
    if (finding === undefined) return;
    const least = await smallest(
      request,
      async (smaller) => (await this.#sent(smaller)).fault?.rule === rule,
    );
    finding.command = curlOf(least);
  }

  async #sent(request: FuzzRequest): Promise<Sent> {
    try {
      const answer = await this.#target.send(request);
      return { request, answer, fault: faultOf(request, answer) };
    } catch (error) {
      return { request, fault: { rule: 'there is no answer', detail: String(error) } };
    }
  }

  async #sendMalformed(): Promise<void> {
    // The connection of a stream stays open.
    const operation = this.#random.pick(this.operations.filter(({ isStream }) => !isStream));
    const bytes = malformed(this.#requests.make(operation, 'valid'), this.#random);
    const text = await this.#target.exchange(bytes, this.#random.chance(0.3));
    const { status, fault } = outcomeOf(text);
    this.#findings.countMalformed(status);
    if (fault === undefined) return;
    const finding = this.#findings.add('malformed HTTP', fault.rule, fault.detail);
    if (finding !== undefined) finding.command = netcatOf(bytes);
  }

  /** The service still runs, every slot is as the rules say, and the database agrees with its change records. */
  async #checkState(): Promise<void> {
    const add = (where: string, rule: string, detail: string): unknown =>
      this.#findings.add(where, rule, detail);
    for (const url of ['/health', '/ready']) {
      const { status, text } = await this.#target.read(url);
      if (status !== 200) add(url, 'the service does not run after the requests', text);
    }
    const { doctors } = bodyOf(await this.#target.read('/doctors')) as {
      readonly doctors: readonly { readonly id: string }[];
    };
    for (const { id } of doctors) {
      const answer = await this.#target.read(`/schedule?doctor_id=${id}`);
      for (const slot of (bodyOf(answer) as ScheduleView).slots)
        if (!isRight(slot))
          add('/schedule', 'a slot is not as the rules say', JSON.stringify(slot));
    }
    for (const fault of await this.#target.verify())
      add('npm run verify', 'the database is not clean', fault);
  }
}

/** Whether a slot has no more patients than seats (R1), and no patient waits beside a free seat (R5). */
const isRight = (slot: SlotView): boolean =>
  slot.seated <= slot.capacity &&
  slot.seated === slot.tokens.length &&
  slot.waiting === slot.waitlist.length &&
  slot.waitlist.every(({ waitlist_position: position }, nth) => position === nth + 1) &&
  (slot.status !== 'OPEN' || slot.waiting === 0 || slot.seats_left === 0);

/** The status of the last answer on a connection, 0 without one, and what is wrong with the answers. */
function outcomeOf(text: string | undefined): { status: number; fault: AnswerFault | undefined } {
  if (text === undefined)
    return { status: 0, fault: { rule: 'the connection stays open', detail: '' } };
  try {
    const answers = answersIn(text);
    const fault = answers.map(faultOfUnknown).find((each) => each !== undefined);
    return { status: answers.at(-1)?.status ?? 0, fault };
  } catch (error) {
    return { status: 0, fault: { rule: 'the answer is not HTTP', detail: String(error) } };
  }
}
