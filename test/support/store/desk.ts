import {
  AllocationEngine,
  patientId,
  slotId,
  tokenId,
  type Book,
  type Booked,
  type DoctorFacts,
  type EngineRules,
  type EpochMs,
  type Departure,
  type Outcome,
  type SlotFacts,
} from '../../../src/engine/index.ts';
import { localDateAt } from '../../../src/service/calendar.ts';
import type { Decision, StoredResponse, Scope, Store } from '../../../src/store/index.ts';
import { doctorFacts, found, NOW, RAO, RULES, slotFacts } from '../engine/clinic.ts';

/** Makes a store around an engine; every call of the same one opens the same database. */
export type OpenStore = (engine: AllocationEngine) => Store;

interface Extra {
  readonly actor?: string;
  readonly reason?: string | null;
  readonly kept?: StoredResponse | null;
}

/** What a command makes of an engine's outcome, as the service does. */
export const decided = <T>(outcome: Outcome<T>, extra: Extra = {}): Decision<Outcome<T>> => ({
  changes: outcome.ok ? outcome.changes : [],
  answer: outcome,
  origin: { actor: extra.actor ?? 'desk', reason: extra.reason ?? null },
  response: extra.kept ?? null,
});

export const keptAnswer = (answer: Partial<StoredResponse> = {}): StoredResponse => ({
  caller: 'anonymous',
  key: 'k1',
  requestHash: 'hash',
  answer: '{"ok":true}',
  at: NOW,
  ...answer,
});

/** An engine and its store, and the commands that tests give to them. Tokens are named as in `Clinic`: by the test. */
export class Desk {
  readonly engine: AllocationEngine;
  readonly store: Store;

  constructor(open: OpenStore, rules: Partial<EngineRules> = {}) {
    this.engine = new AllocationEngine({ ...RULES, ...rules });
    this.store = open(this.engine);
  }

  /** Everything is as the database has it at this instant. */
  async load(now: EpochMs = NOW): Promise<this> {
    await this.store.load(() => ({
      now,
      isPast: (slot) => {
        const { timeZone } = found(this.engine.doctor(slot.doctorId)).facts;
        return this.engine.isPast(slot, localDateAt(now, timeZone), now);
      },
    }));
    return this;
  }

  run<T>(scope: Scope, command: () => Outcome<T>, extra?: Extra): Promise<Outcome<T>> {
    return this.store.transact(scope, () => decided(command(), extra));
  }

  /** Adds a doctor with these slots, or revises both. */
  put(facts: Partial<DoctorFacts>, slots: readonly Partial<SlotFacts>[] = []) {
    const doctor = doctorFacts(facts);
    const planned = slots.map((slot) => slotFacts({ ...slot, doctorId: doctor.id }));
    const scope = { doctorIds: [doctor.id], isSetup: true };
    return this.run(scope, () => this.engine.putDoctor(doctor, planned, NOW));
  }

  /** Adds a slot outside the sessions, as it is given. */
  addSlot(slot: Partial<SlotFacts>) {
    const facts = slotFacts(slot);
    const scope = { doctorIds: [facts.doctorId], isSetup: true };
    return this.run(scope, () => this.engine.addSlot(facts, NOW));
  }

  book(name: string, command: Partial<Book> = {}, extra?: Extra): Promise<Outcome<Booked>> {
    const given: Book = {
      doctorId: RAO,
      slotId: slotId('nine'),
      tokenId: tokenId(name),
      patientName: `patient ${name}`,
      patientId: patientId(`p-${name}`),
      patientType: 'WALK_IN',
      at: NOW,
      ...command,
    };
    return this.run({ doctorIds: [given.doctorId] }, () => this.engine.book(given), extra);
  }

  cancel(
    name: string,
    scope: Scope = { doctorIds: [RAO] },
    extra?: Extra,
  ): Promise<Outcome<Departure>> {
    const command = { tokenId: tokenId(name), at: NOW };
    return this.run(scope, () => this.engine.cancel(command), extra);
  }
}

/** The names of these promises in the order in which they settle, fulfilled or not. */
export async function orderOf(
  waits: Readonly<Record<string, Promise<unknown>>>,
): Promise<string[]> {
  const order: string[] = [];
  const notes = Object.entries(waits).map(([name, wait]) =>
    Promise.allSettled([wait]).then(() => order.push(name)),
  );
  await Promise.all(notes);
  return order;
}
