import type { Status } from '../../src/engine/index.ts';
import type { ChangeView } from '../../src/service/index.ts';
import type { Breaches } from '../lib/breaches.ts';
import type { Priorities } from './clinic.ts';
import type { Deed, Ledger, SlotChange, Told } from './ledger.ts';
import { holdsSeat, type Ward, type WardSlot, type WardToken } from './ward.ts';

/** A change record of a token, and its places in the token's history and in the doctor's order. */
export interface Recorded {
  readonly tokenId: string;
  readonly change: ChangeView;
  /** 0 for the token's first. */
  readonly nth: number;
  readonly version: number;
}

/** One command at work: what it has done to others so far, and what is looked at when it is over. */
interface Turn {
  /** The place of its first change. */
  readonly at: string;
  readonly slot: WardSlot;
  /** The token whose command it is; null of a slot's. */
  readonly token: string | null;
  readonly bumped: WardToken[];
  readonly promoted: WardToken[];
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
  readonly ward: Ward;
  readonly ledger: Ledger;
  readonly priorities: Priorities;
  readonly breaches: Breaches;
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
  #turn: Turn | null = null;
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
    const { ward } = this.#deps;
    const { kind } = change;
    const slot = ward.slots.get(change.slot_id);
    if (slot !== undefined && kind === 'booked') this.#book(tokenId, slot, change);
    const token = ward.tokens.get(tokenId);
    if (slot === undefined || token === undefined) {
      this.#add(`${tokenId} was never booked, or is in ${change.slot_id}, which is not ours`);
      return;
    }
    token.played += 1;
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

  #book(id: string, slot: WardSlot, change: ChangeView): void {
    const { ward, ledger, priorities } = this.#deps;
    const told = ledger.toldOf('booked', id);
    const known = ledger.tokens.get(id);
    if (told === undefined || known === undefined) {
      this.#add(`${id}: nobody was told of it`);
      return;
    }
    const { type, number } = known.booking;
    const token: WardToken = {
      id,
      patientId: known.patient.patientId,
      type,
      priority: priorities.get(type) ?? NaN,
      arrival: (this.#arrival += 1),
      number,
      status: 'WAITING',
      isPresent: false,
      slot,
      played: 0,
      had: new Set(),
    };
    ward.tokens.set(id, token);
    this.#same('R10: number', number, this.#nextNumber(slot));
    this.#enter(token, slot, change, told);
  }

  #moveIn(token: WardToken, slot: WardSlot, change: ChangeView): void {
    const { ledger } = this.#deps;
    const old = token.slot;
    const closing = ledger.closings.get(change.reason ?? '');
    const told = closing === undefined ? ledger.toldOf('moved', token.id) : undefined;
    const affected = closing?.answer.affected.find((each) => each.token.id === token.id);
    const shown = told?.token ?? affected?.token;
    if (shown === undefined) this.#add(`R13: ${token.id} was moved, and nobody was told`);
    this.#same('R13: slot moved to', slot.id, shown?.slot_id ?? slot.id);
    // The hospital's move within a doctor keeps the arrival, every other is a new one.
    if (closing === undefined || old.doctorId !== slot.doctorId) token.arrival = this.#arrival += 1;
    const isSameDay = old.doctorId === slot.doctorId && old.date === slot.date;
    const number = isSameDay ? token.number : this.#nextNumber(slot);
    this.#same('R10: number of the moved', shown?.number ?? number, number);
    token.number = number;
    token.isPresent &&= old.date === slot.date;
    if (affected !== undefined) this.#same('R13: outcome', affected.outcome, 'moved');
    this.#enter(token, slot, change, told);
    if (affected !== undefined) this.#same('R13: seated', affected.seated, holdsSeat(token));
  }

  /** R2-R4: on a free seat, on the seat of whom it has just bumped, or on the waitlist. */
  #enter(token: WardToken, slot: WardSlot, change: ChangeView, told?: Told): void {
    const isBumping = this.#turn?.token === token.id && this.#turn.slot === slot;
    const turn = isBumping && this.#turn !== null ? this.#turn : this.#begin(slot, token.id);
    this.#expect(!slot.isClosed, `${token.id} enters ${slot.id}, which is closed`);
    const isSeated = !slot.isFull;
    if (!isSeated) {
      const victim = slot.victimOf(token);
      this.#same('R3: bumped recorded', null, victim?.id ?? null);
    }
    token.slot = slot;
    this.#become(token, isSeated ? (token.isPresent ? 'CHECKED_IN' : 'BOOKED') : 'WAITING', change);
    slot.enter(token);
    if (told !== undefined) turn.end = () => this.#judge(token, told, turn.bumped[0]);
  }

  #bump(token: WardToken, change: ChangeView): void {
    const { slot } = token;
    const following = this.#following;
    if (change.cause === null) {
      const turn = this.#shrinking(slot) ?? this.#begin(slot, null);
      this.#same('R12: bumped', token.id, slot.weakest?.id ?? null);
      turn.bumped.push(token);
    } else {
      const isNewcomer =
        following?.tokenId === change.cause && following.change.slot_id === slot.id;
      this.#expect(isNewcomer, `R17: ${token.id} is bumped by ${change.cause}, who took no seat`);
      const cause = this.#deps.ward.tokens.get(change.cause) ?? this.#newcomer(change.cause);
      const isWaiter = following?.change.kind === 'promoted';
      const turn = isWaiter && this.#turn?.slot === slot ? this.#turn : this.#begin(slot, cause.id);
      this.#expect(slot.isFull, `R2: ${token.id} is bumped beside a free seat`);
      const victim = slot.victimOf(cause);
      if (token.status === 'CHECKED_IN' && cause.type !== 'EMERGENCY')
        this.#add(`presence: ${token.id}, checked in, is bumped by ${cause.type} ${cause.id}`);
      this.#same('R3: bumped recorded', token.id, victim?.id ?? null);
      turn.bumped.push(token);
    }
    this.#become(token, 'WAITING', change);
  }

  /** Who is booked by the next record. */
  #newcomer(id: string): Pick<WardToken, 'id' | 'type' | 'priority'> {
    const type = this.#deps.ledger.typeOf(id);
    return { id, type, priority: this.#deps.priorities.get(type) ?? NaN };
  }

  #promote(token: WardToken, change: ChangeView): void {
    const { slot } = token;
    const turn = this.#turn?.slot === slot ? this.#turn : this.#begin(slot, null);
    // Who was bumped by a change of class has made room; otherwise who left has.
    const cause = turn.token !== null && turn.bumped[0] ? turn.bumped[0].id : turn.token;
    this.#same('R5: cause of the promotion', change.cause, cause);
    this.#expect(!slot.isFull, `R1: ${token.id} is promoted without a free seat`);
    this.#expect(!slot.isClosed, `R5: ${token.id} is promoted in ${slot.id}, which is closed`);
    this.#same('R5: promoted recorded', token.id, slot.waiting[0]?.id ?? null);
    turn.promoted.push(token);
    this.#become(token, token.isPresent ? 'CHECKED_IN' : 'BOOKED', change);
  }

  #moveOut(token: WardToken, change: ChangeView): void {
    const { ledger } = this.#deps;
    const { slot } = token;
    const turn = this.#begin(slot, token.id);
    slot.leave(token);
    this.#same('to', change.to, null);
    if (ledger.closings.has(change.reason ?? '')) return;
    // The other half of the move takes the answer away.
    const told = ledger.peek('moved', token.id);
    turn.end = () => {
      const [promoted] = turn.promoted;
      this.#same('R5, R13: promoted answered', told?.promoted ?? null, promoted?.id ?? null);
    };
  }

  #leave(token: WardToken, kind: keyof typeof OVER, change: ChangeView): void {
    const { ledger } = this.#deps;
    const { slot } = token;
    const turn = this.#begin(slot, token.id);
    this.#expect(kind === 'cancelled' || holdsSeat(token), `${token.id} held no seat to miss`);
    slot.leave(token);
    this.#become(token, OVER[kind], change);
    const closing = ledger.closings.get(change.reason ?? '');
    if (closing === undefined) {
      const told = this.#toldOf(kind, token.id);
      turn.end = () => {
        const [promoted] = turn.promoted;
        this.#same('R5, R6: promoted answered', told?.promoted ?? null, promoted?.id ?? null);
      };
      return;
    }
    const affected = closing.answer.affected.find((each) => each.token.id === token.id);
    this.#same('R13: outcome', affected?.outcome, 'cancelled_by_hospital');
    const mayStay = closing.moveTo !== null && token.patientId === null;
    this.#expect(!mayStay, `R13: ${token.id} is cancelled though it could be moved`);
  }

  #reclassify(token: WardToken, change: ChangeView): void {
    const { slot } = token;
    const turn = this.#begin(slot, token.id);
    const told = this.#toldOf('reclassified', token.id);
    this.#same('R14: class', change.type, told?.token?.type ?? null);
    slot.leave(token);
    token.type = change.type ?? token.type;
    token.priority = this.#deps.priorities.get(token.type) ?? NaN;
    slot.enter(token);
    this.#become(token, token.status, change);
    if (told === undefined) return;
    const other = (touched: WardToken | undefined) => (touched === token ? undefined : touched);
    turn.end = () => {
      this.#judge(token, told, other(turn.bumped[0]));
      const promoted = other(turn.promoted[0])?.id ?? null;
      this.#same('R14: promoted answered', told.promoted, promoted);
    };
  }

  #step(token: WardToken, kind: keyof typeof STEPS, change: ChangeView): void {
    const { from, to } = STEPS[kind];
    const { slot } = token;
    this.#begin(slot, token.id);
    const told = this.#toldOf(kind, token.id);
    this.#expect(
      (from as readonly Status[]).includes(token.status),
      `${kind} from ${token.status}`,
    );
    if (kind === 'started') {
      const busy = this.#deps.ward
        .slotsOf(this.#doctorId)
        .flatMap(({ tokens }) => tokens.filter(({ status }) => status === 'IN_CONSULTATION'));
      this.#expect(busy.length === 0, `${token.id} is called while ${busy[0]?.id ?? ''} is in`);
      if (told?.call !== undefined) this.#called(token, told.call.slotId);
    }
    if (kind === 'checked_in') token.isPresent = true;
    if (to === 'IN_CONSULTATION') token.isPresent = true;
    this.#become(token, to, change);
    this.#same('status answered', told?.token?.status, to);
  }

  /** Of those checked in the one of best rank, in the first slot that has any; never an absent one. */
  #called(token: WardToken, slotId: string | null): void {
    const slots = this.#deps.ward.slotsOf(this.#doctorId);
    const first = slots.find(({ id, nextCheckedIn }) =>
      slotId === null ? nextCheckedIn !== undefined : id === slotId,
    );
    this.#same('call-next: patient', token.id, first?.nextCheckedIn?.id ?? null);
  }

  /** Plays a change of a slot itself; fewer seats have bumped before it. */
  setSlot(at: string, change: SlotChange): void {
    this.#at = at;
    const slot = this.#deps.ward.slots.get(change.slotId);
    if (slot === undefined) return;
    const turn = this.#shrinking(slot) ?? this.#begin(slot, null);
    turn.isSet = true;
    if (turn.bumped.length > 0)
      this.#same('R12: seated after the bumps', slot.seated.length, change.capacity);
    slot.capacity = change.capacity;
    slot.delayMinutes = change.delayMinutes;
    this.#expect(slot.seated.length <= slot.capacity, `R1: ${slot.id} has too few seats`);
    if (change.closing !== null) this.#close(slot, change);
    turn.end = () => {
      this.#same('R12: bumped answered', change.bumped.join(' '), idsOf(turn.bumped));
      this.#same('R12: promoted answered', change.promoted.join(' '), idsOf(turn.promoted));
    };
  }

  /** The command that bumps because seats become fewer, while it is at work. */
  #shrinking(slot: WardSlot): Turn | undefined {
    const turn = this.#turn;
    return turn?.slot === slot && turn.token === null && !turn.isSet ? turn : undefined;
  }

  /** Every patient who has not been seen is listed, in rank order; who is in consultation stays. */
  #close(slot: WardSlot, { closing }: SlotChange): void {
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
  #judge(token: WardToken, told: Told, bumped: WardToken | undefined): void {
    this.#same('R2-R4: status answered', told.token?.status, token.status);
    const position = token.slot.positionOf(token);
    this.#same('R4: waitlist_position', told.token?.waitlist_position, position);
    this.#same('R3: bumped answered', told.bumped?.id ?? null, bumped?.id ?? null);
    if (bumped === undefined || told.bumped === null) return;
    this.#same('R3: number of the bumped', told.bumped.number, bumped.number);
    const place = bumped.slot.positionOf(bumped);
    this.#same('R7: position of the bumped', told.bumped.waitlist_position, place);
  }

  #toldOf(deed: Deed, id: string): Told | undefined {
    const told = this.#deps.ledger.toldOf(deed, id);
    if (told === undefined) this.#add(`${deed} of ${id} is on record, and nobody was told`);
    return told;
  }

  #nextNumber({ date }: WardSlot): number {
    const number = (this.#numbers.get(date) ?? 0) + 1;
    this.#numbers.set(date, number);
    return number;
  }

  #become(token: WardToken, status: Status, change: ChangeView): void {
    this.#same('status recorded', change.to, status);
    token.status = status;
    token.had.add(status);
  }

  /** The next command begins: the one before is over, and the rules hold. */
  #begin(slot: WardSlot, token: string | null): Turn {
    const at = this.#at;
    this.end();
    this.#at = at;
    this.#turn = { at, slot, token, bumped: [], promoted: [], isSet: false, end: () => undefined };
    return this.#turn;
  }

  /** The command that was played last is over. */
  end(): void {
    if (this.#turn === null) return;
    const { at, slot, token, bumped, isSet, end } = this.#turn;
    this.#at = at;
    if (bumped.length > 0 && token === null && !isSet)
      this.#add(`R17: ${idsOf(bumped)} bumped by nobody, and no seats became fewer`);
    if (slot.fault !== undefined) this.#add(slot.fault);
    end();
    this.#turn = null;
  }

  #same<T>(what: string, actual: T, expected: T): void {
    this.#deps.breaches.same(`${what} (${this.#at})`, actual, expected);
  }

  #expect(holds: boolean, what: string): void {
    if (!holds) this.#add(what);
  }

  #add(what: string): void {
    this.#deps.breaches.add(`${what} (${this.#at})`);
  }
}

const idsOf = (tokens: readonly WardToken[]): string => tokens.map(({ id }) => id).join(' ');
