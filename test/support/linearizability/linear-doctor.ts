import type { SequentialModel } from './linearizability.ts';

// One doctor's day, from the words of the rules: sort a slot's tokens by rank; the first `capacity` are seated, the rest
// wait. Nobody checks in here. A token goes by its number, which nobody else ever has (R10).

/** Highest first: the index is the rank. */
export const CLASSES = [
  'EMERGENCY',
  'PAID_PRIORITY',
  'FOLLOW_UP',
  'ONLINE_BOOKING',
  'WALK_IN',
] as const;

/** What a client asks of the service; a token goes by its number, or by its id where that is not known. */
export type DoctorRequest<Token = number> =
  | {
      readonly ask: 'book';
      readonly slot: string;
      /** No two bookings of a history have the same. */
      readonly name: string;
      readonly type: (typeof CLASSES)[number];
      readonly patient: string | null;
    }
  | { readonly ask: 'cancel'; readonly token: Token }
  | { readonly ask: 'token'; readonly token: Token }
  | { readonly ask: 'schedule' };

/** A slot of the day. */
export interface LinearSlot {
  readonly id: string;
  readonly capacity: number;
}

/** The slots of one doctor on one day, in the order in which they start, and how many may wait in each. */
export interface LinearDay {
  readonly slots: readonly LinearSlot[];
  readonly waitlistMax: number;
}

/** Slots so small that few requests meet in them. */
export const SMALL_DAY: LinearDay = {
  slots: [
    { id: 'one', capacity: 1 },
    { id: 'two', capacity: 2 },
    { id: 'three', capacity: 3 },
    { id: 'five', capacity: 5 },
  ],
  waitlistMax: 8,
};

/** A token as answers show it. */
interface ToldToken {
  readonly number: number;
  readonly name: string;
  readonly patient: string | null;
  readonly type: string;
  readonly slot: string;
  readonly status: string;
  readonly position: number | null;
}

interface ToldSlot extends LinearSlot {
  readonly left: number;
  readonly seated: readonly string[];
  readonly waiting: readonly string[];
}

/** The answers in words; the model's and the service's are compared as these. */
export const words = {
  token: ({ number, name, patient, type, slot, status, position }: ToldToken): string => {
    const who = patient === null ? name : `${name}/${patient}`;
    const place = position === null ? status : `${status} ${position}`;
    return `#${number} ${who} ${type} in ${slot} ${place}`;
  },
  bumped: ({ number, type, position }: Pick<ToldToken, 'number' | 'type' | 'position'>): string =>
    `#${number} ${type} ${position ?? 'nowhere'}`,
  free: ({ id, left }: Pick<ToldSlot, 'id' | 'left'>): string => `${left} in ${id}`,
  booked: (token: string, bumped: string | null, free: readonly string[] | null): string =>
    `201 ${token}, bumped ${bumped ?? 'nobody'}${free === null ? '' : `, free ${free.join(' ')}`}`,
  left: (promoted: string | null): string => `200 promoted ${promoted ?? 'nobody'}`,
  live: (token: string): string => `200 ${token}`,
  over: (number: number): string => `200 #${number} CANCELLED`,
  slot: ({ id, capacity, left, seated, waiting }: ToldSlot): string =>
    `${id} ${left}/${capacity} left: ${[...seated, '|', ...waiting].join(', ')}`,
  schedule: (slots: readonly string[]): string => `200 ${slots.join('; ')}`,
  duplicate: (number: number): string => `409 duplicate_booking #${number}`,
} as const;

/** The live tokens that an answer in words shows with their names. */
export const liveIn = (text: string): { number: number; name: string }[] =>
  Array.from(
    text.matchAll(/#(\d+) ([^ /]+)(?:\/\S+)? \w+ in \S+ (?:BOOKED|WAITING)/g),
    (match) => ({
      number: Number(match[1]),
      name: match[2] ?? '',
    }),
  );

interface Claim {
  readonly number: number;
  readonly name: string;
  readonly patient: string | null;
  readonly type: (typeof CLASSES)[number];
}

/** A slot and who is in it, by rank. */
class Sitting {
  readonly slot: LinearSlot;
  readonly claims: readonly Claim[];

  constructor(slot: LinearSlot, claims: readonly Claim[]) {
    this.slot = slot;
    this.claims = claims;
  }

  get left(): number {
    return Math.max(this.slot.capacity - this.claims.length, 0);
  }

  /** How a claim is told, by its place. */
  wordsAt(place: number): string | null {
    const claim = this.claims[place];
    if (claim === undefined) return null;
    const { id: slot, capacity } = this.slot;
    const isSeated = place < capacity;
    const status = isSeated ? 'BOOKED' : 'WAITING';
    const position = isSeated ? null : place - capacity + 1;
    return words.token({ ...claim, slot, status, position });
  }

  get words(): string {
    const all = this.claims.map((_, place) => this.wordsAt(place) ?? '');
    const { capacity } = this.slot;
    const seated = all.slice(0, capacity);
    return words.slot({ ...this.slot, left: this.left, seated, waiting: all.slice(capacity) });
  }
}

export interface DoctorState {
  /** The number given last. */
  readonly last: number;
  readonly sittings: readonly Sitting[];
}

type Step = ReturnType<DoctorModel['apply']>;
type Booking = Extract<DoctorRequest, { ask: 'book' }>;

/** Slots with free seats that one who waits is told of. */
const FREE_MAX = 3;

/** One doctor's day, one request after the other. */
export class DoctorModel implements SequentialModel<DoctorState, DoctorRequest> {
  readonly initial: DoctorState;
  readonly #waitlistMax: number;
  readonly #names: ReadonlyMap<number, string>;
  readonly #keys = new Map<string, number>();
  readonly #words = new WeakMap<Sitting, string>();

  /** @param names whose booking has which number, as far as any answer tells: others do not get it */
  constructor({ slots, waitlistMax }: LinearDay, names: ReadonlyMap<number, string> = new Map()) {
    this.initial = { last: 0, sittings: slots.map((slot) => new Sitting(slot, [])) };
    this.#waitlistMax = waitlistMax;
    this.#names = names;
  }

  apply(state: DoctorState, request: DoctorRequest): { state: DoctorState; answer: string } | null {
    switch (request.ask) {
      case 'book':
        return this.#book(state, request);
      case 'cancel':
        return cancelled(state, request.token);
      case 'token':
        return { state, answer: tokenAnswer(state, request.token) };
      case 'schedule':
        return { state, answer: words.schedule(state.sittings.map((each) => this.#wordsOf(each))) };
    }
  }

  keyOf({ last, sittings }: DoctorState): string {
    const keys = sittings.map((sitting) => {
      const text = this.#wordsOf(sitting);
      const key = this.#keys.get(text) ?? this.#keys.size;
      this.#keys.set(text, key);
      return key;
    });
    return `${last} ${keys.join()}`;
  }

  wordsOf(request: DoctorRequest): string {
    const facts = Object.values(request) as (string | number | null)[];
    return facts.filter((fact) => fact !== null).join(' ');
  }

  #wordsOf(sitting: Sitting): string {
    const known = this.#words.get(sitting);
    if (known !== undefined) return known;
    this.#words.set(sitting, sitting.words);
    return sitting.words;
  }

  #book(state: DoctorState, { slot: id, name, type, patient }: Booking): Step {
    const sitting = state.sittings.find(({ slot }) => slot.id === id);
    if (sitting === undefined) throw new Error(`there is no slot ${id}`);
    const { claims, slot } = sitting;
    const first = patient === null ? undefined : claims.find((claim) => claim.patient === patient);
    if (first !== undefined) return { state, answer: words.duplicate(first.number) };
    const weaker = claims.findIndex((claim) => rankOf(claim.type) > rankOf(type));
    const place = weaker === -1 ? claims.length : weaker;
    const waits = place >= slot.capacity;
    if (waits && claims.length - slot.capacity >= this.#waitlistMax)
      return { state, answer: '409 waitlist_full' };
    const number = state.last + 1;
    if ((this.#names.get(number) ?? name) !== name) return null;
    const after = claims.toSpliced(place, 0, { number, name, patient, type });
    const filled = new Sitting(slot, after);
    const sittings = state.sittings.map((each) => (each === sitting ? filled : each));
    const bumped = waits ? undefined : after[slot.capacity];
    const answer = words.booked(
      filled.wordsAt(place) ?? '',
      bumped === undefined ? null : words.bumped({ ...bumped, position: 1 }),
      waits ? freeIn(sittings) : null,
    );
    return { state: { last: number, sittings }, answer };
  }
}

const rankOf = (type: Claim['type']): number => CLASSES.indexOf(type);

const freeIn = (sittings: readonly Sitting[]): string[] =>
  sittings
    .filter(({ left }) => left > 0)
    .slice(0, FREE_MAX)
    .map(({ slot: { id }, left }) => words.free({ id, left }));

/** Where a token is: its slot and its place there; undefined when it is over or was never given. */
function find({ sittings }: DoctorState, token: number): [Sitting, number] | undefined {
  for (const sitting of sittings) {
    const place = sitting.claims.findIndex(({ number }) => number === token);
    if (place !== -1) return [sitting, place];
  }
  return undefined;
}

const isGiven = ({ last }: DoctorState, token: number): boolean => token > 0 && token <= last;

function cancelled(state: DoctorState, token: number): Step {
  const found = find(state, token);
  if (found === undefined) {
    const code = isGiven(state, token) ? 'token_already_cancelled' : 'token_not_found';
    return { state, answer: `404 ${code}` };
  }
  const [sitting, place] = found;
  const { slot, claims } = sitting;
  const rest = new Sitting(slot, claims.toSpliced(place, 1));
  const sittings = state.sittings.map((each) => (each === sitting ? rest : each));
  const isPromoting = place < slot.capacity && claims.length > slot.capacity;
  const promoted = isPromoting ? rest.wordsAt(slot.capacity - 1) : null;
  return { state: { ...state, sittings }, answer: words.left(promoted) };
}

function tokenAnswer(state: DoctorState, token: number): string {
  const [sitting, place] = find(state, token) ?? [];
  if (sitting !== undefined) return words.live(sitting.wordsAt(place ?? 0) ?? '');
  return isGiven(state, token) ? words.over(token) : '404 token_not_found';
}
