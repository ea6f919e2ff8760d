import { isDeepStrictEqual } from 'node:util';
import {
  AllocationEngine,
  InvariantError,
  STATUSES,
  type Change,
  type Doctor,
  type DoctorFacts,
  type DoctorId,
  type EngineRules,
  type LocalDate,
  type Slot,
  type SlotFacts,
  type TokenId,
} from '../engine/index.ts';
import { beginsCommand, faultOfClaim } from './claims.ts';
import { foldToken, isTokenChange, type TokenChange } from './fold.ts';
import type { StoredToken } from './store.ts';

/** A doctor's rows as the tables have them, apart from the tokens. */
export interface KeptDoctor {
  readonly facts: DoctorFacts;
  readonly version: number;
  readonly lastArrival: number;
  readonly lastNumbers: readonly (readonly [LocalDate, number])[];
  readonly slots: readonly SlotFacts[];
}

/** What is verified: one consistent view of a store, stopped or live. */
export interface VerifySource {
  doctorIds(): readonly DoctorId[];
  /** All change records: doctor after doctor, each doctor's in the order of their versions. */
  changes(): Iterable<Change>;
  doctor(id: DoctorId): KeptDoctor | undefined;
  token(id: TokenId): StoredToken | undefined;
  /** Tokens that no change record speaks of. */
  strayTokens(): Iterable<TokenId>;
}

export interface VerifyReport {
  readonly doctors: number;
  readonly slots: number;
  readonly tokens: number;
  readonly changes: number;
  /** In the order in which they were found; empty when all is well. */
  readonly faults: readonly string[];
}

/**
 * Replays every doctor's change records and compares what comes of them with the tables, row by row; checks on the
 * way that versions and arrivals count up without gaps, numbers too (R10), that every step is one of the status table
 * and the one that the rules make of the state before it (R2-R6, R15, R17; R8 follows), and that R1 and R5 hold after.
 */
export function verify(source: VerifySource, rules: EngineRules): VerifyReport {
  const report = { doctors: 0, slots: 0, tokens: 0, changes: 0 };
  const faults: string[] = [];
  const unheard = new Set(source.doctorIds());
  for (const [id, replay] of replays(source.changes(), rules)) {
    unheard.delete(id);
    report.doctors += 1;
    report.changes += replay.changes;
    report.tokens += replay.tokens.size;
    report.slots += replay.engine.doctor(id)?.slots.length ?? 0;
    faults.push(...replay.faults, ...differences(id, replay, source));
  }
  for (const id of unheard) faults.push(`doctor ${id} has no change record`);
  for (const id of source.strayTokens()) faults.push(`token ${id} has no change record`);
  return { ...report, faults };
}

/** Each doctor's replay, one in memory at a time. */
function* replays(changes: Iterable<Change>, rules: EngineRules): Generator<[DoctorId, Replay]> {
  let current: [DoctorId, Replay] | undefined;
  for (const [change, next] of withNext(changes)) {
    if (current?.[0] !== change.doctorId) {
      if (current !== undefined) yield finished(current);
      current = [change.doctorId, new Replay(rules)];
    }
    current[1].apply(change, next);
  }
  if (current !== undefined) yield finished(current);
}

/** Each change with the one read after it: a bump names the booking that follows. */
function* withNext(changes: Iterable<Change>): Generator<[Change, Change | undefined]> {
  let change: Change | undefined;
  for (const next of changes) {
    if (change !== undefined) yield [change, next];
    change = next;
  }
  if (change !== undefined) yield [change, undefined];
}

function finished(current: [DoctorId, Replay]): [DoctorId, Replay] {
  current[1].finish();
  return current;
}

/** One doctor's life, from its change records alone. */
class Replay {
  readonly engine: AllocationEngine;
  readonly tokens = new Map<TokenId, StoredToken>();
  readonly faults: string[] = [];
  changes = 0;
  #previous: Change | undefined;
  /** The latest change that is no promotion. */
  #before: Change | undefined;

  constructor(rules: EngineRules) {
    this.engine = new AllocationEngine(rules);
  }

  apply(change: Change, next: Change | undefined): void {
    if (this.faults.length === 0 && beginsCommand(change, this.#previous)) this.#checkRules();
    // What cannot be replayed from here on would only repeat the first fault.
    if (this.faults.length > 0) return;
    this.changes += 1;
    const fault = this.#faultOf(change, next);
    if (fault !== undefined) this.faults.push(`${nameOf(change)}: ${fault}`);
    this.#previous = change;
    if (change.kind !== 'promoted') this.#before = change;
  }

  finish(): void {
    if (this.faults.length === 0) this.#checkRules();
  }

  #faultOf(change: Change, next: Change | undefined): string | undefined {
    const doctor = this.engine.doctor(change.doctorId);
    if (change.version !== (doctor?.version ?? 0) + 1) return 'its version is not the next one';
    if (change.kind === 'booked') {
      const last = this.engine.slot(change.slotId)?.day.lastNumber ?? 0;
      if (change.arrival !== (doctor?.lastArrival ?? 0) + 1) return 'its arrival is not the next';
      if (change.number !== last + 1) return 'its number is not the next of the day (R10)';
    }
    const [engine, previous, before] = [this.engine, this.#previous, this.#before];
    try {
      if (isTokenChange(change)) {
        this.#fold(change);
        const fault = faultOfClaim(change, { engine, previous, before, next });
        if (fault !== undefined) return fault;
      }
      engine.apply(change);
    } catch (error) {
      if (error instanceof InvariantError) return `broken: ${error.message}`;
      throw error;
    }
    return undefined;
  }

  #fold(change: TokenChange): void {
    const token = this.tokens.get(change.tokenId);
    if (token !== undefined && !isStep(change, token.present))
      throw new InvariantError('a token goes where the status table lets it');
    this.tokens.set(change.tokenId, foldToken(token, change));
  }

  /** What holds after every command, in the slot that the last one touched. */
  #checkRules(): void {
    const change = this.#previous;
    if (change === undefined || !isTokenChange(change)) return;
    const slot = this.engine.slot(change.slotId);
    if (slot === undefined) return;
    const { endTime, delayMinutes, closedReason } = slot.facts;
    // Without the grace: what it was at the time is not on record, and today's setting may be a longer one.
    const promotes = closedReason === null && change.at < endTime + delayMinutes * 60_000;
    const next = slot.nextWaiting();
    if (promotes && slot.seatsLeft > 0 && next !== undefined)
      this.faults.push(`${nameOf(change)}: leaves a free seat beside token ${next.id} (R5)`);
  }
}

/** A promoted patient who has been at the desk comes back as `CHECKED_IN`; all else is in the status table. */
const isStep = (change: TokenChange, present: boolean): boolean =>
  change.kind === 'booked' ||
  (change.kind === 'promoted' && present && change.to === 'CHECKED_IN') ||
  (STATUSES[change.from].next as readonly string[]).includes(change.to);

const nameOf = (change: Change): string =>
  `${isTokenChange(change) ? `token ${change.tokenId}: ` : ''}change ${change.doctorId}:${change.version} (${change.kind})`;

/** Where the tables of a doctor and what its change records come to differ. */
function differences(id: DoctorId, replay: Replay, source: VerifySource): string[] {
  if (replay.faults.length > 0) return [];
  const faults: string[] = [];
  for (const [tokenId, token] of replay.tokens) {
    const kept = source.token(tokenId);
    if (isDeepStrictEqual(kept, token)) continue;
    faults.push(`token ${tokenId}: ${describeDifference(kept, token)}`);
  }
  const doctor = replay.engine.doctor(id);
  const kept = source.doctor(id);
  if (doctor === undefined || kept === undefined) return [...faults, `doctor ${id}: is not kept`];
  return [...faults, ...doctorDifferences(doctor, kept)];
}

function doctorDifferences(doctor: Doctor, kept: KeptDoctor): string[] {
  const name = `doctor ${doctor.facts.id}`;
  const { version, lastArrival, facts } = doctor;
  const faults: string[] = [];
  if (
    !isDeepStrictEqual([kept.facts, kept.version, kept.lastArrival], [facts, version, lastArrival])
  )
    faults.push(`${name}: its row or its sessions are not what its change records come to`);
  for (const day of new Set(doctor.slots.map((slot: Slot) => slot.day))) {
    const last = kept.lastNumbers.find(([date]) => date === day.date)?.[1] ?? 0;
    if (last !== day.lastNumber) faults.push(`${name}: the last number of ${day.date} is not kept`);
  }
  const slots = new Map(kept.slots.map((slot) => [slot.id, slot]));
  for (const slot of doctor.slots)
    if (!isDeepStrictEqual(slots.get(slot.facts.id), slot.facts))
      faults.push(`slot ${slot.facts.id}: is not what its change records come to`);
  if (slots.size !== doctor.slots.length) faults.push(`${name}: has a slot without change record`);
  return faults;
}

function describeDifference(kept: StoredToken | undefined, token: StoredToken): string {
  if (kept === undefined) return 'is missing from the table';
  const names = Object.keys(token) as (keyof StoredToken)[];
  const different = names.filter((name) => kept[name] !== token[name]);
  // A patient's name is told to nobody, not even here.
  const values = different.map((name) =>
    name === 'patientName' || name === 'patientId'
      ? name
      : `${name} is ${String(kept[name])}, by its change records ${String(token[name])}`,
  );
  return `differs from its change records: ${values.join('; ')}`;
}
