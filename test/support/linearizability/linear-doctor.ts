import type { SequentialModel } from './linearizability.ts';

// A model of one doctor's day by the plain rule: sort a slot's tokens by rank; the first `capacity` are seated, the
// rest wait. No patient checks in here. The model identifies a token by its number, because a number is never reused
// (R10).

/** Highest first: the index is the rank. */
export const CLASSES = [
  'EMERGENCY',
  'PAID_PRIORITY',
  'FOLLOW_UP',
  'ONLINE_BOOKING',
  'WALK_IN',
] as const;

/** A request of a client. It names a token by its number, or by its id where the number is not known yet. */
export type DoctorRequest<Token = number> =
  | {
      readonly ask: 'book';
      readonly slot: string;
      /** Unique in a history. */
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

/** The slots of one doctor on one day, in the order of their starts, and the limit of each waitlist. */
export interface LinearDay {
  readonly slots: readonly LinearSlot[];
  readonly waitlistMax: number;
}

/** Slots so small that a few requests fill them. */
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
interface ShownToken {
  readonly number: number;
  readonly name: string;
  readonly patient: string | null;
  readonly type: string;
  readonly slot: string;
  readonly status: string;
  readonly position: number | null;
}

interface ShownSlot extends LinearSlot {
  readonly left: number;
  readonly seated: readonly string[];
  readonly waiting: readonly string[];
}

/** Answers as short texts. The answers of the model and of the service are compared in this form. */
export const words = {
  token: ({ number, name, patient, type, slot, status, position }: ShownToken): string => {
    const nameAndPatient = patient === null ? name : `${name}/${patient}`;
    const place = position === null ? status : `${status} ${position}`;
    return `#${number} ${nameAndPatient} ${type} in ${slot} ${place}`;
  },
  bumped: ({ number, type, position }: Pick<ShownToken, 'number' | 'type' | 'position'>): string =>
    `#${number} ${type} ${position ?? 'nowhere'}`,
  free: ({ id, left }: Pick<ShownSlot, 'id' | 'left'>): string => `${left} in ${id}`,
  booked: (token: string, bumped: string | null, free: readonly string[] | null): string =>
    `201 ${token}, bumped ${bumped ?? 'nobody'}${free === null ? '' : `, free ${free.join(' ')}`}`,
  left: (promoted: string | null): string => `200 promoted ${promoted ?? 'nobody'}`,
  live: (token: string): string => `200 ${token}`,
  over: (number: number): string => `200 #${number} CANCELLED`,
  slot: ({ id, capacity, left, seated, waiting }: ShownSlot): string =>
    `${id} ${left}/${capacity} left: ${[...seated, '|', ...waiting].join(', ')}`,
  schedule: (slots: readonly string[]): string => `200 ${slots.join('; ')}`,
  duplicate: (number: number): string => `409 duplicate_booking #${number}`,
} as const;

/** The live tokens with a name in an answer text. */
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

/** A slot and its claims in rank order. */
class SlotState {
  readonly slot: LinearSlot;
  readonly claims: readonly Claim[];

  constructor(slot: LinearSlot, claims: readonly Claim[]) {
    this.slot = slot;
    this.claims = claims;
  }

  get left(): number {
    return Math.max(this.slot.capacity - this.claims.length, 0);
  }

  /** The text of the claim at this place; null when there is none. */
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
  /** The number printed last. */
  readonly last: number;
  readonly slotStates: readonly SlotState[];
}

type Step = ReturnType<DoctorModel['apply']>;
type Booking = Extract<DoctorRequest, { ask: 'book' }>;

/** How many slots with free seats the answer to a waiting booking names at most. */
const ALTERNATIVES_MAX = 3;

/** One doctor's day, as a service that handles one request after another. */
export class DoctorModel implements SequentialModel<DoctorState, DoctorRequest> {
  readonly initial: DoctorState;
  readonly #waitlistMax: number;
  readonly #names: ReadonlyMap<number, string>;
  readonly #keys = new Map<string, number>();
  readonly #words = new WeakMap<SlotState, string>();

  /** @param names the name of the booking for each number that an answer shows: no other booking gets this number */
  constructor({ slots, waitlistMax }: LinearDay, names: ReadonlyMap<number, string> = new Map()) {
    this.initial = { last: 0, slotStates: slots.map((slot) => new SlotState(slot, [])) };
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
        return {
          state,
          answer: words.schedule(state.slotStates.map((each) => this.#wordsOf(each))),
        };
    }
  }

  keyOf({ last, slotStates }: DoctorState): string {
    const keys = slotStates.map((slotState) => {
      const text = this.#wordsOf(slotState);
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

  #wordsOf(slotState: SlotState): string {
    const known = this.#words.get(slotState);
    if (known !== undefined) return known;
    this.#words.set(slotState, slotState.words);
    return slotState.words;
  }

  #book(state: DoctorState, { slot: id, name, type, patient }: Booking): Step {
    const slotState = state.slotStates.find(({ slot }) => slot.id === id);
    if (slotState === undefined) throw new Error(`no slot ${id}`);
    const { claims, slot } = slotState;
    const first = patient === null ? undefined : claims.find((claim) => claim.patient === patient);
    if (first !== undefined) return { state, answer: words.duplicate(first.number) };
    const weaker = claims.findIndex((claim) => rankOf(claim.type) > rankOf(type));
    const place = weaker === -1 ? claims.length : weaker;
    const isWaiting = place >= slot.capacity;
    if (isWaiting && claims.length - slot.capacity >= this.#waitlistMax)
      return { state, answer: '409 waitlist_full' };
    const number = state.last + 1;
    if ((this.#names.get(number) ?? name) !== name) return null;
    const after = claims.toSpliced(place, 0, { number, name, patient, type });
    const filled = new SlotState(slot, after);
    const slotStates = state.slotStates.map((each) => (each === slotState ? filled : each));
    const bumped = isWaiting ? undefined : after[slot.capacity];
    const answer = words.booked(
      filled.wordsAt(place) ?? '',
      bumped === undefined ? null : words.bumped({ ...bumped, position: 1 }),
      isWaiting ? freeIn(slotStates) : null,
    );
    return { state: { last: number, slotStates }, answer };
  }
}

const rankOf = (type: Claim['type']): number => CLASSES.indexOf(type);

const freeIn = (slotStates: readonly SlotState[]): string[] =>
  slotStates
    .filter(({ left }) => left > 0)
    .slice(0, ALTERNATIVES_MAX)
    .map(({ slot: { id }, left }) => words.free({ id, left }));

/** The slot of a token and its place there; undefined when the token is over or was never booked. */
function find({ slotStates }: DoctorState, token: number): [SlotState, number] | undefined {
  for (const slotState of slotStates) {
    const place = slotState.claims.findIndex(({ number }) => number === token);
    if (place !== -1) return [slotState, place];
  }
  return undefined;
}

const isBooked = ({ last }: DoctorState, token: number): boolean => token > 0 && token <= last;

function cancelled(state: DoctorState, token: number): Step {
  const found = find(state, token);
  if (found === undefined) {
    const code = isBooked(state, token) ? 'token_already_cancelled' : 'token_not_found';
    return { state, answer: `404 ${code}` };
  }
  const [slotState, place] = found;
  const { slot, claims } = slotState;
  const rest = new SlotState(slot, claims.toSpliced(place, 1));
  const slotStates = state.slotStates.map((each) => (each === slotState ? rest : each));
  const isPromoting = place < slot.capacity && claims.length > slot.capacity;
  const promoted = isPromoting ? rest.wordsAt(slot.capacity - 1) : null;
  return { state: { ...state, slotStates }, answer: words.left(promoted) };
}

function tokenAnswer(state: DoctorState, token: number): string {
  const [slotState, place] = find(state, token) ?? [];
  if (slotState !== undefined) return words.live(slotState.wordsAt(place ?? 0) ?? '');
  return isBooked(state, token) ? words.over(token) : '404 token_not_found';
}
