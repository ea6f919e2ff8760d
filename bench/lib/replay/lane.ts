import type { BookingView, CancelView, ScheduleView } from '../../../src/http/resources/index.ts';
import { bodyOf, codeOf, type HttpAnswer } from '../client.ts';
import { ModelSlot } from '../model.ts';
import { ToolError } from '../tool.ts';
import type { InTurn } from './in-turn.ts';
import { shifted, type LoggedEvent, type LoggedSlot } from './input.ts';
import type { Tally } from './tally.ts';

/** Events of a doctor after which the whole of the doctor is read back. */
const READ_BACK_EVERY = 200;

export interface LaneDeps {
  readonly client: InTurn;
  readonly tally: Tally;
  readonly priorities: ReadonlyMap<string, number>;
  /** Days by which every date lies later than in the log. */
  readonly shiftDays: number;
}

interface LaneSlot {
  readonly facts: LoggedSlot;
  readonly model: ModelSlot;
  readonly tokenOfPatient: Map<string, string>;
  hasOutcomes: boolean;
}

interface Accepted {
  readonly id: string;
  readonly slot: LaneSlot;
  readonly patient: string;
}

/**
 * One doctor's part of the log. Its events are sent one after another, so the answer to each can be told beforehand
 * by the model; other lanes run beside it, for doctors never interact.
 */
export class Lane {
  readonly #deps: LaneDeps;
  readonly #doctorId: string;
  readonly #slots: ReadonlyMap<string, LaneSlot>;
  readonly #accepted = new Map<string, Accepted>();
  #events = 0;

  constructor(doctorId: string, slots: readonly LoggedSlot[], deps: LaneDeps) {
    this.#deps = deps;
    this.#doctorId = doctorId;
    this.#slots = new Map(
      slots.map((facts) => [
        facts.slot_id,
        {
          facts,
          model: new ModelSlot(facts.capacity),
          tokenOfPatient: new Map<string, string>(),
          hasOutcomes: false,
        },
      ]),
    );
  }

  /** Adds the doctor, without sessions, and a slot of a whole day for each of the log's. */
  async open(): Promise<void> {
    const { client, shiftDays } = this.#deps;
    const doctor = { name: this.#doctorId, time_zone: 'UTC', sessions: [] };
    const answer = await client.put(`/doctors/${this.#doctorId}`, doctor);
    bodyOf(answer, `Doctor ${this.#doctorId}`);
    for (const { facts } of this.#slots.values()) {
      const date = shifted(facts.date, shiftDays);
      const slot = {
        id: facts.slot_id,
        doctor_id: this.#doctorId,
        start_time: `${date}T00:00:00.000Z`,
        end_time: `${date}T23:59:00.000Z`,
        capacity: facts.capacity,
      };
      const opened = await client.post('/slots', slot);
      if (codeOf(opened) === 'id_taken')
        throw new ToolError(`${client.urls} has slot ${slot.id} already: replay into a fresh one.`);
      bodyOf(opened, `Slot ${slot.id}`);
    }
  }

  async play(event: LoggedEvent): Promise<void> {
    const slot = this.#slots.get(event.slot_id);
    if (slot === undefined) throw new Error(`${event.slot_id} is a slot of another lane`);
    if (event.op === 'book') await this.#book(event, slot);
    else await this.#leave(event, slot);
    this.#events += 1;
    if (this.#events % READ_BACK_EVERY === 0) await this.readBack();
  }

  /** Compares every slot, read back, with what the answers so far have said. */
  async readBack(): Promise<void> {
    for (const slot of this.#slots.values()) {
      const date = shifted(slot.facts.date, this.#deps.shiftDays);
      const path = `/schedule?doctor_id=${this.#doctorId}&date=${date}`;
      const { slots } = bodyOf(await this.#deps.client.get(path), path) as ScheduleView;
      this.#judgeSlot(
        slot,
        slots.find(({ id }) => id === slot.facts.slot_id),
      );
    }
    this.#deps.tally.readBacks += 1;
  }

  /** Adds where everybody is now; slots that had no outcome yet count as after the bookings too. */
  finish(): void {
    const { tally } = this.#deps;
    for (const slot of this.#slots.values()) {
      if (!slot.hasOutcomes) this.#tallyBookings(slot);
      tally.totals.seated += slot.model.seated.length;
      tally.totals.waiting += slot.model.waiting.length;
    }
  }

  async #book(event: LoggedEvent, slot: LaneSlot): Promise<void> {
    const { client, tally } = this.#deps;
    const { slot_id, patient_ref, patient_type, ref } = event;
    const answer = await client.post(
      '/book',
      {
        doctor_id: this.#doctorId,
        slot_id,
        patient_name: `Patient ${patient_ref}`,
        patient_type,
        patient_id: patient_ref,
      },
      { 'idempotency-key': ref },
    );
    if (slot.hasOutcomes) tally.isMixed = true;
    const first = slot.tokenOfPatient.get(patient_ref);
    if (answer.status === 201) this.#seat(event, slot, answer.body as BookingView, first);
    else this.#refuse(event, answer, first);
  }

  #seat(event: LoggedEvent, slot: LaneSlot, token: BookingView, first: string | undefined): void {
    const { tally, priorities } = this.#deps;
    const place = slot.model.add({
      id: token.id,
      priority: priorities.get(event.patient_type) ?? 0,
      arrival: this.#events,
    });
    slot.tokenOfPatient.set(event.patient_ref, token.id);
    this.#accepted.set(event.ref, { id: token.id, slot, patient: event.patient_ref });
    tally.totals.accepted += 1;
    if (token.bumped !== null) tally.totals.bumps += 1;
    const at = `booking ${event.ref} in ${event.slot_id}`;
    tally.breaches.expect(first === undefined, `R15: ${at} is the patient's second live token`);
    tally.breaches.same(`${at}: status`, token.status, place.status);
    tally.breaches.same(`${at}: waitlist_position`, token.waitlist_position, place.position);
    tally.breaches.same(`${at}: bumped`, token.bumped?.id ?? null, place.bumped);
  }

  #refuse(event: LoggedEvent, answer: HttpAnswer, first: string | undefined): void {
    const { tally } = this.#deps;
    const at = `booking ${event.ref} in ${event.slot_id}`;
    if (codeOf(answer) !== 'duplicate_booking') {
      tally.breaches.add(`${at} is answered ${answer.status} ${codeOf(answer)}`);
      return;
    }
    tally.totals.duplicates += 1;
    const { token_id: named } = answer.body as { readonly token_id?: string };
    tally.breaches.same(`R15: ${at}: token_id of the first`, named, first);
  }

  async #leave(event: LoggedEvent, slot: LaneSlot): Promise<void> {
    const { client, tally } = this.#deps;
    if (!slot.hasOutcomes) this.#tallyBookings(slot);
    slot.hasOutcomes = true;
    const accepted = this.#accepted.get(event.ref);
    if (accepted === undefined) {
      tally.skipped += 1;
      return;
    }
    const answer = await client.post('/cancel', { token_id: accepted.id });
    const at = `outcome ${event.ref} in ${event.slot_id}`;
    if (answer.status !== 200) {
      tally.breaches.add(`${at} is answered ${answer.status} ${codeOf(answer)}`);
      return;
    }
    const { promoted } = answer.body as CancelView;
    tally.cancelled += 1;
    if (promoted !== null) tally.totals.promotions += 1;
    slot.tokenOfPatient.delete(accepted.patient);
    tally.breaches.same(
      `R5: ${at}: promoted`,
      promoted?.id ?? null,
      slot.model.remove(accepted.id),
    );
  }

  #tallyBookings({ model }: LaneSlot): void {
    this.#deps.tally.seatedByBookings += model.seated.length;
    this.#deps.tally.waitingByBookings += model.waiting.length;
  }

  #judgeSlot({ facts, model }: LaneSlot, slot: ScheduleView['slots'][number] | undefined): void {
    const { tally } = this.#deps;
    const { slot_id: id, capacity } = facts;
    if (slot === undefined) {
      tally.breaches.add(`slot ${id} is not in the schedule`);
      return;
    }
    const seated = slot.tokens.map((token) => token.id);
    tally.breaches.expect(
      seated.length <= capacity,
      `R1: slot ${id} seats ${seated.length} of ${capacity}`,
    );
    tally.breaches.same(`slot ${id}: seated`, seated.join(' '), model.seated.join(' '));
    const waiting = slot.waitlist.map((token) => token.id);
    tally.breaches.same(`slot ${id}: waitlist`, waiting.join(' '), model.waiting.join(' '));
  }
}
