import type { Status } from '../../src/engine/index.ts';
import type { ChangeView } from '../../src/service/index.ts';
import type { Violations } from '../lib/violations.ts';
import type { Priorities } from './clinic.ts';
import type { TokenCommand, Ledger, SlotChange, ReportedEffect } from './ledger.ts';
import { holdsSeat, type ReferenceModel, type ReferenceSlot, type ReferenceToken } from './reference-model.ts';

/** A change record of a token, and its places in the token's history and in the doctor's order. */
export interface Recorded {
  readonly tokenId: string;
  readonly change: ChangeView;
  /** 0 for the token's first. */
  readonly nth: number;
  readonly version: number;
}

/** One command at work: what it has done to others so far, and what is looked at when it is over. */
interface RunningCommand {
  /** The place of its first change. */
  readonly at: string;
  readonly slot: ReferenceSlot;
  /** The token whose command it is; null of a slot's. */
  readonly token: string | null;
  readonly bumped: ReferenceToken[];
  readonly promoted: ReferenceToken[];
  /** Whether the slot itself was set by it. */
  isSet: boolean;
  end: () => void;
}

const OVER = { cancelled: 'CANCELLED', no_show: 'NO_SHOW' } as const;
/** What a step of the visit starts from, and where it leads. */
const STEPS = {
  checked_in: { from: ['BOOKED'], to: 'CHECKED_IN' },
  started: { from: ['BOOKED', 'CHECKED_IN'], to: 'IN_CONSULTATION' },
  completed: { from: ['IN_CONSULTATION'], to: 'COMPLETED' },
} as const satisfies Record<string, { from: readonly Status[]; to: Status }>;

/** What the audits of all doctors share: patients move between them. */
export interface AuditDeps {
  readonly model: ReferenceModel;
  readonly ledger: Ledger;
  readonly priorities: Priorities;
  readonly violations: Violations;
}

/**
 * Plays a doctor's change records through the rules: every record must be the one that the rules give at that very
 * moment, every cause the token that they name, every answer what was true then.
 */
export class DoctorRules {
  readonly #deps: AuditDeps;
  readonly #doctorId: string;
  readonly #numbers = new Map<string, number>();
  #arrival = 0;
  #running: RunningCommand | null = null;
  #at = '';
  #following: Recorded | undefined;

  constructor(doctorId: string, deps: AuditDeps) {
    this.#doctorId = doctorId;
    this.#deps = deps;
  }

  /** @param following the doctor's next record: a bump comes before the newcomer who caused it */
  play(record: Recorded, following: Recorded | undefined): void {
    this.#at = record.change.id;
    this.#following = following;
    this.#play(record);
  }

  #play(record: Recorded): void {
    const { change, tokenId } = record;
    const { model } = this.#deps;
    const { kind } = change;
    const slot = model.slots.get(change.slot_id);
    if (slot !== undefined && kind === 'booked') this.#book(tokenId, slot, change);
    const token = model.tokens.get(tokenId);
    if (slot === undefined || token === undefined) {
      this.#add(`${tokenId} was never booked, or is in ${change.slot_id}, which is not ours`);
      return;
    }
    token.recordsPlayed += 1;
    if (kind !== 'booked' && kind !== 'moved_in') {
      this.#same('from', change.from, token.status);
      this.#same('slot', slot.id, token.slot.id);
    }
    if (kind === 'moved_in') this.#moveIn(token, slot, change);
    if (kind === 'moved_out') this.#moveOut(token, change);
    if (kind === 'bumped') this.#bump(token, change);
    if (kind === 'promoted') this.#promote(token, change);
    if (kind === 'reclassified') this.#reclassify(token, change);
    if (kind === 'cancelled' || kind === 'no_show') this.#leave(token, kind, change);
    if (kind === 'checked_in' || kind === 'started' || kind === 'completed')
      this.#step(token, kind, change);
    if (kind === 'expired') this.#add(`R11: ${token.id} is expired in a slot that goes on`);
  }

  #book(id: string, slot: ReferenceSlot, change: ChangeView): void {
    const { model, ledger, priorities } = this.#deps;
    const effect = ledger.takeEffect('booked', id);
    const known = ledger.tokens.get(id);
    if (effect === undefined || known === undefined) {
      this.#add(`${id}: nobody was effect of it`);
      return;
    }
    const { type, number } = known.booking;
    const token: ReferenceToken = {
      id,
      patientId: known.patient.patientId,
      type,
      priority: priorities.get(type) ?? NaN,
      arrival: (this.#arrival += 1),
      number,
      status: 'WAITING',
      hasCheckedIn: false,
      slot,
      recordsPlayed: 0,
      statusesInPhase: new Set(),
    };
    model.tokens.set(id, token);
    this.#same('R10: number', number, this.#nextNumber(slot));
    this.#enter(token, slot, change, effect);
  }

  #moveIn(token: ReferenceToken, slot: ReferenceSlot, change: ChangeView): void {
    const { ledger } = this.#deps;
    const old = token.slot;
    const closing = ledger.closings.get(change.reason ?? '');
    const effect = closing === undefined ? ledger.takeEffect('moved', token.id) : undefined;
    const affected = closing?.answer.affected.find((each) => each.token.id === token.id);
    const shown = effect?.token ?? affected?.token;
    if (shown === undefined) this.#add(`R13: ${token.id} was moved, and nobody was effect`);
    this.#same('R13: slot moved to', slot.id, shown?.slot_id ?? slot.id);
    // The hospital's move within a doctor keeps the arrival, every other is a new one.
    if (closing === undefined || old.doctorId !== slot.doctorId) token.arrival = this.#arrival += 1;
    const isSameDay = old.doctorId === slot.doctorId && old.date === slot.date;
    const number = isSameDay ? token.number : this.#nextNumber(slot);
    this.#same('R10: number of the moved', shown?.number ?? number, number);
    token.number = number;
    token.hasCheckedIn &&= old.date === slot.date;
    if (affected !== undefined) this.#same('R13: outcome', affected.outcome, 'moved');
    this.#enter(token, slot, change, effect);
    if (affected !== undefined) this.#same('R13: seated', affected.seated, holdsSeat(token));
  }

  /** R2-R4: on a free seat, on the seat of whom it has just bumped, or on the waitlist. */
  #enter(token: ReferenceToken, slot: ReferenceSlot, change: ChangeView, effect?: ReportedEffect): void {
    const isBumping = this.#running?.token === token.id && this.#running.slot === slot;
    const running = isBumping && this.#running !== null ? this.#running : this.#begin(slot, token.id);
    this.#expect(!slot.isClosed, `${token.id} enters ${slot.id}, which is closed`);
    const isSeated = !slot.isFull;
    if (!isSeated) {
      const victim = slot.victimOf(token);
      this.#same('R3: bumped recorded', null, victim?.id ?? null);
    }
    token.slot = slot;
    this.#become(token, isSeated ? (token.hasCheckedIn ? 'CHECKED_IN' : 'BOOKED') : 'WAITING', change);
    slot.enter(token);
    if (effect !== undefined) running.end = () => this.#checks(token, effect, running.bumped[0]);
  }

  #bump(token: ReferenceToken, change: ChangeView): void {
    const { slot } = token;
    const following = this.#following;
    if (change.cause === null) {
      const running = this.#shrinking(slot) ?? this.#begin(slot, null);
      this.#same('R12: bumped', token.id, slot.weakest?.id ?? null);
      running.bumped.push(token);
    } else {
      const isNewcomer =
        following?.tokenId === change.cause && following.change.slot_id === slot.id;
      this.#expect(isNewcomer, `R17: ${token.id} is bumped by ${change.cause}, who took no seat`);
      const cause = this.#deps.model.tokens.get(change.cause) ?? this.#newcomer(change.cause);
      const isWaiter = following?.change.kind === 'promoted';
      const running = isWaiter && this.#running?.slot === slot ? this.#running : this.#begin(slot, cause.id);
      this.#expect(slot.isFull, `R2: ${token.id} is bumped beside a free seat`);
      const victim = slot.victimOf(cause);
      if (token.status === 'CHECKED_IN' && cause.type !== 'EMERGENCY')
        this.#add(`presence: ${token.id}, checked in, is bumped by ${cause.type} ${cause.id}`);
      this.#same('R3: bumped recorded', token.id, victim?.id ?? null);
      running.bumped.push(token);
    }
    this.#become(token, 'WAITING', change);
  }

  /** Who is booked by the next record. */
  #newcomer(id: string): Pick<ReferenceToken, 'id' | 'type' | 'priority'> {
    const type = this.#deps.ledger.typeOf(id);
    return { id, type, priority: this.#deps.priorities.get(type) ?? NaN };
  }

  #promote(token: ReferenceToken, change: ChangeView): void {
    const { slot } = token;
    const running = this.#running?.slot === slot ? this.#running : this.#begin(slot, null);
    // Who was bumped by a change of class has made room; otherwise who left has.
    const cause = running.token !== null && running.bumped[0] ? running.bumped[0].id : running.token;
    this.#same('R5: cause of the promotion', change.cause, cause);
    this.#expect(!slot.isFull, `R1: ${token.id} is promoted without a free seat`);
    this.#expect(!slot.isClosed, `R5: ${token.id} is promoted in ${slot.id}, which is closed`);
    this.#same('R5: promoted recorded', token.id, slot.waiting[0]?.id ?? null);
    running.promoted.push(token);
    this.#become(token, token.hasCheckedIn ? 'CHECKED_IN' : 'BOOKED', change);
  }

  #moveOut(token: ReferenceToken, change: ChangeView): void {
    const { ledger } = this.#deps;
    const { slot } = token;
    const running = this.#begin(slot, token.id);
    slot.leave(token);
    this.#same('to', change.to, null);
    if (ledger.closings.has(change.reason ?? '')) return;
    // The other half of the move takes the answer away.
    const effect = ledger.peekEffect('moved', token.id);
    running.end = () => {
      const [promoted] = running.promoted;
      this.#same('R5, R13: promoted answered', effect?.promoted ?? null, promoted?.id ?? null);
    };
  }

  #leave(token: ReferenceToken, kind: keyof typeof OVER, change: ChangeView): void {
    const { ledger } = this.#deps;
    const { slot } = token;
    const running = this.#begin(slot, token.id);
    this.#expect(kind === 'cancelled' || holdsSeat(token), `${token.id} held no seat to miss`);
    slot.leave(token);
    this.#become(token, OVER[kind], change);
    const closing = ledger.closings.get(change.reason ?? '');
    if (closing === undefined) {
      const effect = this.#takeEffect(kind, token.id);
      running.end = () => {
        const [promoted] = running.promoted;
        this.#same('R5, R6: promoted answered', effect?.promoted ?? null, promoted?.id ?? null);
      };
      return;
    }
    const affected = closing.answer.affected.find((each) => each.token.id === token.id);
    this.#same('R13: outcome', affected?.outcome, 'cancelled_by_hospital');
    const mayStay = closing.moveTo !== null && token.patientId === null;
    this.#expect(!mayStay, `R13: ${token.id} is cancelled though it could be moved`);
  }

  #reclassify(token: ReferenceToken, change: ChangeView): void {
    const { slot } = token;
    const running = this.#begin(slot, token.id);
    const effect = this.#takeEffect('reclassified', token.id);
    this.#same('R14: class', change.type, effect?.token?.type ?? null);
    slot.leave(token);
    token.type = change.type ?? token.type;
    token.priority = this.#deps.priorities.get(token.type) ?? NaN;
    slot.enter(token);
    this.#become(token, token.status, change);
    if (effect === undefined) return;
    const other = (touched: ReferenceToken | undefined) => (touched === token ? undefined : touched);
    running.end = () => {
      this.#checks(token, effect, other(running.bumped[0]));
      const promoted = other(running.promoted[0])?.id ?? null;
      this.#same('R14: promoted answered', effect.promoted, promoted);
    };
  }

  #step(token: ReferenceToken, kind: keyof typeof STEPS, change: ChangeView): void {
    const { from, to } = STEPS[kind];
    const { slot } = token;
    this.#begin(slot, token.id);
    const effect = this.#takeEffect(kind, token.id);
    this.#expect(
      (from as readonly Status[]).includes(token.status),
      `${kind} from ${token.status}`,
    );
    if (kind === 'started') {
      const busy = this.#deps.model
        .slotsOf(this.#doctorId)
        .flatMap(({ tokens }) => tokens.filter(({ status }) => status === 'IN_CONSULTATION'));
      this.#expect(busy.length === 0, `${token.id} is called while ${busy[0]?.id ?? ''} is in`);
      if (effect?.call !== undefined) this.#called(token, effect.call.slotId);
    }
    if (kind === 'checked_in') token.hasCheckedIn = true;
    if (to === 'IN_CONSULTATION') token.hasCheckedIn = true;
    this.#become(token, to, change);
    this.#same('status answered', effect?.token?.status, to);
  }

  /** Of those checked in the one of best rank, in the first slot that has any; never an absent one. */
  #called(token: ReferenceToken, slotId: string | null): void {
    const slots = this.#deps.model.slotsOf(this.#doctorId);
    const first = slots.find(({ id, nextCheckedIn }) =>
      slotId === null ? nextCheckedIn !== undefined : id === slotId,
    );
    this.#same('call-next: patient', token.id, first?.nextCheckedIn?.id ?? null);
  }

  /** Plays a change of a slot itself; fewer seats have bumped before it. */
  setSlot(at: string, change: SlotChange): void {
    this.#at = at;
    const slot = this.#deps.model.slots.get(change.slotId);
    if (slot === undefined) return;
    const running = this.#shrinking(slot) ?? this.#begin(slot, null);
    running.isSet = true;
    if (running.bumped.length > 0)
      this.#same('R12: seated after the bumps', slot.seated.length, change.capacity);
    slot.capacity = change.capacity;
    slot.delayMinutes = change.delayMinutes;
    this.#expect(slot.seated.length <= slot.capacity, `R1: ${slot.id} has too few seats`);
    if (change.closing !== null) this.#close(slot, change);
    running.end = () => {
      this.#same('R12: bumped answered', change.bumped.join(' '), idsOf(running.bumped));
      this.#same('R12: promoted answered', change.promoted.join(' '), idsOf(running.promoted));
    };
  }

  /** The command that bumps because seats become fewer, while it is at work. */
  #shrinking(slot: ReferenceSlot): RunningCommand | undefined {
    const running = this.#running;
    return running?.slot === slot && running.token === null && !running.isSet ? running : undefined;
  }

  /** Every patient who has not been seen is listed, in rank order; who is in consultation stays. */
  #close(slot: ReferenceSlot, { closing }: SlotChange): void {
    slot.isClosed = true;
    const listed = closing?.answer.affected.map(({ token }) => token.id).join(' ');
    const live = slot.tokens.filter(({ status }) => status !== 'COMPLETED');
    this.#same(`R13: patients of ${slot.id} in its closing`, listed, idsOf(live));
    for (const { token, outcome } of closing?.answer.affected ?? []) {
      const stays = live.some(({ id, status }) => id === token.id && status === 'IN_CONSULTATION');
      this.#same(`R13: ${token.id} stays`, outcome === 'stays', stays);
    }
  }

  /** An answer about where a token has landed, against what the rules say once its command is done. */
  #checks(token: ReferenceToken, effect: ReportedEffect, bumped: ReferenceToken | undefined): void {
    this.#same('R2-R4: status answered', effect.token?.status, token.status);
    const position = token.slot.positionOf(token);
    this.#same('R4: waitlist_position', effect.token?.waitlist_position, position);
    this.#same('R3: bumped answered', effect.bumped?.id ?? null, bumped?.id ?? null);
    if (bumped === undefined || effect.bumped === null) return;
    this.#same('R3: number of the bumped', effect.bumped.number, bumped.number);
    const place = bumped.slot.positionOf(bumped);
    this.#same('R7: position of the bumped', effect.bumped.waitlist_position, place);
  }

  #takeEffect(command: TokenCommand, id: string): ReportedEffect | undefined {
    const effect = this.#deps.ledger.takeEffect(command, id);
    if (effect === undefined) this.#add(`${command} of ${id} is on record, and nobody was effect`);
    return effect;
  }

  #nextNumber({ date }: ReferenceSlot): number {
    const number = (this.#numbers.get(date) ?? 0) + 1;
    this.#numbers.set(date, number);
    return number;
  }

  #become(token: ReferenceToken, status: Status, change: ChangeView): void {
    this.#same('status recorded', change.to, status);
    token.status = status;
    token.statusesInPhase.add(status);
  }

  /** The next command begins: the one before is over, and the rules hold. */
  #begin(slot: ReferenceSlot, token: string | null): RunningCommand {
    const at = this.#at;
    this.end();
    this.#at = at;
    this.#running = { at, slot, token, bumped: [], promoted: [], isSet: false, end: () => undefined };
    return this.#running;
  }

  /** The command that was played last is over. */
  end(): void {
    if (this.#running === null) return;
    const { at, slot, token, bumped, isSet, end } = this.#running;
    this.#at = at;
    if (bumped.length > 0 && token === null && !isSet)
      this.#add(`R17: ${idsOf(bumped)} bumped by nobody, and no seats became fewer`);
    if (slot.fault !== undefined) this.#add(slot.fault);
    end();
    this.#running = null;
  }

  #same<T>(what: string, actual: T, expected: T): void {
    this.#deps.violations.same(`${what} (${this.#at})`, actual, expected);
  }

  #expect(holds: boolean, what: string): void {
    if (!holds) this.#add(what);
  }

  #add(what: string): void {
    this.#deps.violations.add(`${what} (${this.#at})`);
  }
}

const idsOf = (tokens: readonly ReferenceToken[]): string => tokens.map(({ id }) => id).join(' ');
