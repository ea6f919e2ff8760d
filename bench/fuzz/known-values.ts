import type { Random } from '../lib/random.ts';

/** Kinds of values that only an answer can give. */
export type KnownKind =
  | 'doctor'
  | 'session'
  | 'slot'
  | 'overSlot'
  | 'token'
  | 'overToken'
  | 'leave'
  | 'cursor'
  | 'patient'
  | 'key';

/** Values of a kind that are remembered; a new one replaces a random one. Few, so that commands meet at the same tokens. */
const REMEMBERED: Readonly<Record<KnownKind, number>> = {
  doctor: 8,
  session: 20,
  slot: 20,
  overSlot: 5,
  token: 24,
  overToken: 6,
  leave: 8,
  cursor: 8,
  patient: 12,
  key: 6,
};

/** The name of the access key with which the fuzzer sends requests. No request names it. */
export const FUZZER_KEY = 'the-fuzzer-itself';

type Json = Readonly<Record<string, unknown>>;

/** What the answers of the service have shown: the ids that later requests can name. */
export class KnownValues {
  readonly #random: Random;
  readonly #values = new Map<KnownKind, string[]>();
  readonly #doctorOf = new Map<string, string>();
  readonly #secretOf = new Map<string, string>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** A random value of one of these kinds; undefined when no answer has shown one. */
  pick(...kinds: readonly KnownKind[]): string | undefined {
    const values = kinds.flatMap((kind) => this.#values.get(kind) ?? []);
    return values.length === 0 ? undefined : this.#random.pick(values);
  }

  /** The doctor of a slot, a session or a leave. */
  doctorOf(id: string): string | undefined {
    return this.#doctorOf.get(id);
  }

  /** The secret of a random access key that was not revoked; undefined when no answer has shown one. */
  secret(): string | undefined {
    const secrets = [...this.#secretOf.values()];
    return secrets.length === 0 ? undefined : this.#random.pick(secrets);
  }

  /** Remembers the ids in an answer. An object is recognised by the members that it has. */
  learn(answer: unknown): void {
    if (Array.isArray(answer)) for (const item of answer) this.learn(item);
    else if (typeof answer === 'object' && answer !== null) {
      this.#learnObject(answer as Json);
      for (const member of Object.values(answer)) this.learn(member);
    }
  }

  #learnObject(object: Json): void {
    const { id, doctor_id: doctorId } = object;
    if ('patient_name' in object) this.#move(isOver(object), 'token', 'overToken', id);
    if ('patient_id' in object) this.#add('patient', object['patient_id']);
    if ('revoked_at' in object) this.#learnKey(object);
    if ('next_cursor' in object) this.#add('cursor', object['next_cursor']);
    if ('capacity' in object && 'doctor_id' in object) {
      this.#move(isOver(object), 'slot', 'overSlot', id);
      this.#setDoctor(id, doctorId);
    }
    if ('from' in object && 'to' in object && 'reason' in object) this.#add('leave', id);
    if (Array.isArray(object['leaves']))
      for (const leave of object['leaves'] as Json[]) this.#setDoctor(leave['id'], id);
    if ('time_zone' in object && Array.isArray(object['sessions'])) {
      this.#add('doctor', id);
      for (const session of object['sessions'] as Json[]) {
        this.#add('session', session['id']);
        this.#setDoctor(session['id'], id);
      }
    }
  }

  #learnKey({ name, secret, revoked_at: revokedAt }: Json): void {
    if (typeof name !== 'string' || name === FUZZER_KEY) return;
    this.#add('key', name);
    if (typeof secret === 'string') this.#secretOf.set(name, secret);
    if (revokedAt !== null) this.#secretOf.delete(name);
  }

  #setDoctor(id: unknown, doctorId: unknown): void {
    if (typeof id === 'string' && typeof doctorId === 'string') this.#doctorOf.set(id, doctorId);
  }

  /** Remembers an id among those that can still change, or among those that cannot. */
  #move(isOver: boolean, live: KnownKind, over: KnownKind, id: unknown): void {
    const [kind, other] = isOver ? [over, live] : [live, over];
    this.#values.set(
      other,
      (this.#values.get(other) ?? []).filter((value) => value !== id),
    );
    this.#add(kind, id);
  }

  #add(kind: KnownKind, value: unknown): void {
    if (typeof value !== 'string') return;
    const values = this.#values.get(kind) ?? [];
    this.#values.set(kind, values);
    if (values.includes(value)) return;
    if (values.length < REMEMBERED[kind]) values.push(value);
    else values[this.#random.below(values.length)] = value;
  }
}

const OVER = ['COMPLETED', 'CANCELLED', 'NO_SHOW', 'EXPIRED', 'CLOSED', 'ENDED'];

/** Whether a token or a slot has a status after which most commands are refused. */
const isOver = ({ status }: Json): boolean => OVER.includes(String(status));
