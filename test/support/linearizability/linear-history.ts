import type {
  BookingView,
  CancelView,
  ScheduleView,
  TokenView,
} from '../../../src/service/index.ts';
import { words, type DoctorRequest, type LinearDay } from './linear-doctor.ts';
import { dayFaultOf } from './linear-evidence.ts';
import type { Operation } from './linearizability.ts';

// What went over the wire, in the words of the model.

/** A request as it was sent, and its answer as it came. */
export interface Exchange {
  readonly client: number;
  /** Before it was sent; milliseconds of one clock for all clients. */
  readonly invoked: number;
  readonly request: DoctorRequest<string>;
  /** Null when nobody knows what became of it: no answer, or one that the service failed. */
  readonly answered: { readonly at: number; readonly status: number; readonly text: string } | null;
}

/** Where a history of one doctor's day is no history of one service: nothing when it is linearizable. */
export function historyFaults(exchanges: readonly Exchange[], day: LinearDay): string[] {
  const tokens = new Tokens();
  for (const { answered } of exchanges) if (answered !== null) tokens.note(answered.text);
  if (tokens.faults.size > 0) return [...tokens.faults];
  const operations = exchanges.map((exchange) => operationOf(exchange, tokens));
  const fault = dayFaultOf(operations, day);
  return fault === null ? [] : [fault];
}

interface Shown {
  readonly id: string;
  readonly number: number;
  readonly patient_name?: string;
}

const isToken = (value: unknown): value is Shown =>
  typeof value === 'object' && value !== null && 'id' in value && 'number' in value;

/** The tokens that any answer shows: one id, one number and one patient belong together for good (R10). */
class Tokens {
  readonly faults = new Set<string>();
  readonly #numbers = new Map<string, number>();
  readonly #ids = new Map<number, string>();
  readonly #names = new Map<number, string>();

  /** Looks for tokens at any depth of an answer. */
  note(answer: string): void {
    JSON.parse(answer, (_, value: unknown) => {
      if (isToken(value)) this.#noteToken(value);
      return value;
    });
  }

  /** The number of a token; 0, which nobody has, when no answer shows it. */
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
  return {
    client,
    invoked,
    request,
    answered: { at, text: answerOf(request, status, text, tokens) },
  };
}

function answerOf(request: DoctorRequest, status: number, text: string, tokens: Tokens): string {
  const body = JSON.parse(text) as unknown;
  if (status >= 300) return refusalOf(status, body as Problem, tokens);
  switch (request.ask) {
    case 'book':
      return bookingOf(body as BookingView);
    case 'cancel': {
      const { promoted } = body as CancelView;
      return words.left(promoted === null ? null : tokenOf(promoted));
    }
    case 'token': {
      const token = body as TokenView;
      return token.status === 'CANCELLED' ? words.over(token.number) : words.live(tokenOf(token));
    }
    case 'schedule':
      return words.schedule((body as ScheduleView).slots.map(slotOf));
  }
}

interface Problem {
  readonly code: string;
  readonly token_id?: string;
}

const refusalOf = (status: number, { code, token_id }: Problem, tokens: Tokens): string =>
  token_id === undefined ? `${status} ${code}` : words.duplicate(tokens.numberOf(token_id));

const bookingOf = ({ bumped, alternatives, ...token }: BookingView): string =>
  words.booked(
    tokenOf(token),
    bumped === null ? null : words.bumped({ ...bumped, position: bumped.waitlist_position }),
    alternatives?.map(({ id, seats_left: left }) => words.free({ id, left })) ?? null,
  );

const tokenOf = (token: TokenView): string =>
  words.token({
    ...token,
    name: token.patient_name,
    patient: token.patient_id ?? null,
    slot: token.slot_id,
    position: token.waitlist_position,
  });

const slotOf = ({ seats_left: left, tokens, waitlist, ...slot }: ScheduleView['slots'][number]) =>
  words.slot({ ...slot, left, seated: tokens.map(tokenOf), waiting: waitlist.map(tokenOf) });
