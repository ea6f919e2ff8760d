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
import type {
  Database,
  Decision,
  Scope,
  AdminChange,
  KeyWrite,
  StoredKey,
  StoredResponse,
} from '../../../src/store/index.ts';
import { doctorFacts, NOW, RAO, RULES, slotFacts } from '../engine/clinic.ts';

/** Opens a database for an engine. All calls of one such function open the same database. */
export type OpenDatabase = (engine: AllocationEngine) => Database;

interface Extra {
  readonly actor?: string;
  readonly reason?: string | null;
  readonly response?: StoredResponse | null;
}

/** The decision of a command with this outcome, built as the service builds it. */
export const decided = <T>(outcome: Outcome<T>, extra: Extra = {}): Decision<Outcome<T>> => ({
  changes: outcome.ok ? outcome.changes : [],
  answer: outcome,
  origin: { actor: extra.actor ?? 'desk', reason: extra.reason ?? null },
  response: extra.response ?? null,
});

export const storedResponse = (response: Partial<StoredResponse> = {}): StoredResponse => ({
  caller: 'anonymous',
  key: 'k1',
  requestHash: 'hash',
  answer: '{"ok":true}',
  at: NOW,
  ...response,
});

/** A stored access key with these differences. */
export const storedKey = (more: Partial<StoredKey> = {}): StoredKey => ({
  ...{ name: 'desk', id: '0123456789ab', hash: 'h1', role: 'desk', doctorIds: [] },
  ...{ createdAt: NOW, expiresAt: null, revokedAt: null, lastUsedAt: null, ...more },
});

/** What goes on record of a webhook that was made, with these differences. */
export const adminChange = (more: Partial<AdminChange> = {}): AdminChange => ({
  ...{ id: 'change', at: NOW, kind: 'webhook_created', name: 'ward', role: '' },
  ...{ url: 'https://ward.example/opd', actor: 'boss', ...more },
});

/** Sets a key, and records it as made by `boss`. */
export const keyWrite = (set: StoredKey, more: Partial<AdminChange> = {}): KeyWrite => ({
  set,
  change: adminChange({
    ...{ id: `change of ${set.name}`, kind: 'key_created', name: set.name },
    ...{ role: set.role, url: null, ...more },
  }),
});

/** An engine and its database, with commands for tests. The tests choose the token ids, as in `Clinic`. */
export class Desk {
  readonly engine: AllocationEngine;
  readonly store: Database['store'];
  readonly archive: Database['archive'];
  readonly changeLog: Database['changeLog'];
  readonly keys: Database['keys'];
  readonly webhooks: Database['webhooks'];

  constructor(open: OpenDatabase, rules: Partial<EngineRules> = {}) {
    this.engine = new AllocationEngine({ ...RULES, ...rules });
    const { store, archive, changeLog, keys, webhooks } = open(this.engine);
    this.store = store;
    this.archive = archive;
    this.changeLog = changeLog;
    this.keys = keys;
    this.webhooks = webhooks;
  }

  /** Loads the engine from the database, with this instant as the present time. */
  async load(now: EpochMs = NOW): Promise<this> {
    await this.store.load(() => ({ now, todayIn: (timeZone) => localDateAt(now, timeZone) }));
    return this;
  }

  run<T>(scope: Scope, command: () => Outcome<T>, extra?: Extra): Promise<Outcome<T>> {
    return this.store.transact(scope, () => decided(command(), extra));
  }

  /** Adds or changes a doctor and these slots. */
  put(facts: Partial<DoctorFacts>, slots: readonly Partial<SlotFacts>[] = []) {
    const doctor = doctorFacts(facts);
    const planned = slots.map((slot) => slotFacts({ ...slot, doctorId: doctor.id }));
    const scope = { doctorIds: [doctor.id], isSetup: true };
    return this.run(scope, () => this.engine.putDoctor(doctor, planned, NOW));
  }

  /** Adds a single slot, which belongs to no session. */
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

/** The names of these promises in the order in which they settle, fulfilled or rejected. */
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
