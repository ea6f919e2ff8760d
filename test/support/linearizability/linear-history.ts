import type {
  BookingView,
  BumpedView,
  CalledView,
  CancelView,
  ClosedView,
  NoShowView,
  ReopenedView,
  ScheduleView,
  SlotView,
  TokenView,
  UndoneView,
} from '../../../src/http/resources/index.ts';
import type { QueueView } from '../../../src/http/resources/queue.ts';
import { found } from '../engine/clinic.ts';
import { DoctorModel } from './linear-doctor.ts';
import type { DoctorRequest, LinearDay } from './linear-request.ts';
import { words } from './linear-words.ts';
import { faultOf, type Operation } from './linearizability.ts';

// Turns recorded requests and answers into the texts of the model.

/** A request and its answer, as recorded. */
export interface Exchange {
  readonly client: number;
  /** The time before it was sent, in milliseconds of one clock for all clients. */
  readonly invoked: number;
  readonly request: DoctorRequest<string>;
  /** Null when the effect is unknown: there was no answer, or a failure of the service. */
  readonly answered: { readonly at: number; readonly status: number; readonly text: string } | null;
}

/** Why a history of one doctor's day is not linearizable; empty when it is. */
export function historyFaults(exchanges: readonly Exchange[], day: LinearDay): string[] {
  const tokens = new Tokens();
  for (const { answered } of exchanges) if (answered !== null) tokens.note(answered.text);
  if (tokens.faults.size > 0) return [...tokens.faults];
  const operations = exchanges.map((exchange) => operationOf(exchange, tokens));
  const fault = faultOf(operations, new DoctorModel(day));
  return fault === null ? [] : [fault];
}

interface Shown {
  readonly id: string;
  readonly number: number;
  readonly patient_name?: string;
}

const isToken = (value: unknown): value is Shown =>
  typeof value === 'object' && value !== null && 'id' in value && 'number' in value;

/** The tokens that any answer shows: an id, its number and its patient never change (R10). */
class Tokens {
  readonly faults = new Set<string>();
  readonly #numbers = new Map<string, number>();
  readonly #ids = new Map<number, string>();
  readonly #names = new Map<number, string>();

  /** Notes the tokens at any depth of an answer. */
  note(answer: string): void {
    JSON.parse(answer, (_, value: unknown) => {
      if (isToken(value)) this.#noteToken(value);
      return value;
    });
  }

  /** The number of a token; 0, which no token has, when no answer shows it. */
  numberOf(id: string): number {
    return this.#numbers.get(id) ?? 0;
  }

  #noteToken({ id, number, patient_name: name }: Shown): void {
    this.#pair(this.#numbers, id, number);
    this.#pair(this.#ids, number, id);
    if (name !== undefined) this.#pair(this.#names, number, name);
  }

  #pair<Key, Value>(pairs: Map<Key, Value>, key: Key, value: Value): void {
    const first = pairs.get(key) ?? value;
    if (first !== value) this.faults.add(`${String(key)} is ${String(first)} and ${String(value)}`);
    pairs.set(key, first);
  }
}

function operationOf(exchange: Exchange, tokens: Tokens): Operation<DoctorRequest> {
  const { client, invoked, request: sent, answered } = exchange;
  const request = 'token' in sent ? { ...sent, token: tokens.numberOf(sent.token) } : sent;
  if (answered === null) return { client, invoked, request, answered };
  const { at, status, text } = answered;
  const body = JSON.parse(text) as unknown;
  const words = status < 300 ? doneAnswer(request, status, body) : refusal(body as Problem, tokens);
  return { client, invoked, request, answered: { at, text: words } };
}

function doneAnswer(request: DoctorRequest, status: number, body: unknown): string {
  switch (request.kind) {
    case 'schedule':
      return words.schedule((body as ScheduleView).slots.map(slotOf));
    case 'queue':
      return queueOf(body as QueueView);
    case 'slot':
      return words.done(status, slotOf(body as SlotView));
    case 'closeSlot': {
      const closed = body as ClosedView;
      const affected = closed.affected.map(({ outcome, token }) => `${outcome} ${tokenOf(token)}`);
      return words.done(status, slotOf(closed), { affected, bumped: closed.bumped.map(bumpedOf) });
    }
    // The list of the tokens that the closing had moved or cancelled is not compared, see DESIGN.md.
    case 'reopenSlot':
      return words.done(status, slotOf(body as ReopenedView));
    case 'cancel': {
      const { promoted } = body as CancelView;
      const list = { promoted: listOf(promoted, tokenOf) };
      return words.done(status, words.cancelled(request.token), list);
    }
    default: {
      const token = body as TokenAnswer;
      return words.done(status, tokenOf(token), {
        undone: listOf(token.undone, (kind) => kind),
        completed: listOf(token.completed, tokenOf),
        skipped: listOf(token.skipped, tokenOf),
        bumped: listOf(token.bumped, bumpedOf),
        promoted: listOf(token.promoted, tokenOf),
        free: token.alternatives?.map(({ id, seats_left: left }) => words.free({ id, left })),
      });
    }
  }
}

/** A token with whatever the commands add to it. */
type TokenAnswer = TokenView &
  Partial<Pick<BookingView, 'bumped' | 'alternatives'>> &
  Partial<Pick<CalledView, 'completed' | 'skipped'>> &
  Partial<Pick<NoShowView, 'promoted'>> &
  Partial<Pick<UndoneView, 'undone'>>;

/** A field of an answer as a list: undefined when the answer does not have it, empty when it is null. */
const listOf = <Value extends object | string>(
  value: Value | null | undefined,
  textOf: (value: Value) => string,
): string[] | undefined =>
  value === undefined ? undefined : value === null ? [] : [textOf(value)];

interface Problem {
  readonly code: string;
  readonly token_id?: string;
  readonly from?: string;
  readonly last_change?: string;
}

const refusal = ({ code, token_id, from, last_change }: Problem, tokens: Tokens): string =>
  words.refused({
    ...{ code, from, lastChange: last_change },
    number: token_id === undefined ? undefined : tokens.numberOf(token_id),
  });

const tokenOf = (token: TokenView): string =>
  words.token({
    ...token,
    name: token.patient_name,
    patient: token.patient_id ?? null,
    slot: token.slot_id,
    position: token.waitlist_position,
    room: token.room ?? null,
  });

const bumpedOf = ({ waitlist_position: position, ...bumped }: BumpedView): string =>
  words.bumped({ ...bumped, position });

const slotOf = ({ seats_left: left, tokens, waitlist, ...slot }: SlotView): string =>
  words.slot({ ...slot, left, seated: tokens.map(tokenOf), waiting: waitlist.map(tokenOf) });

function queueOf({ doctors }: QueueView): string {
  const queue = found(doctors[0]);
  const lists = [queue.in_consultation, queue.calling_order, queue.skipped, queue.waiting];
  return words.queue(
    lists.map((list) =>
      list.map(({ slot_id: slot, waitlist_position: position, ...token }) =>
        words.queued({ ...token, slot, position }),
      ),
    ),
  );
}
