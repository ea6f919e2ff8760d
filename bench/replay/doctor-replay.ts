import type { BookingView, CancelView, ScheduleView } from '../../src/http/resources/index.ts';
import { bodyOf, codeOf, type HttpAnswer } from '../lib/client.ts';
import { ModelSlot } from '../lib/model.ts';
import { ToolError } from '../lib/tool.ts';
import { shifted, type LoggedEvent, type LoggedSlot } from './input.ts';
import type { ReplayCounts } from './replay-counts.ts';
import type { RoundRobinClient } from './round-robin-client.ts';

/** After this many events of a doctor, all slots of the doctor are read back. */
const READ_BACK_EVERY = 200;

/** The parts that the replays of all doctors share. */
export interface ReplayDeps {
  readonly client: RoundRobinClient;
  readonly counts: ReplayCounts;
  readonly priorities: ReadonlyMap<string, number>;
  /** Days by which every date is later than in the log. */
  readonly shiftDays: number;
}

/** A slot of the log and the state that the model expects. */
interface ReplaySlot {
  readonly facts: LoggedSlot;
  readonly model: ModelSlot;
  /** The live token of each patient. */
  readonly tokenOfPatient: Map<string, string>;
  /** Whether a no-show of the slot was replayed. */
  hasNoShows: boolean;
}

/** A booking that the server has accepted. */
interface Accepted {
  readonly id: string;
  readonly slot: ReplaySlot;
  readonly patient: string;
}

/**
 * Replays the log of one doctor. Its events are sent one after another, so the model can predict each answer. The logs
 * of several doctors are replayed at the same time, because doctors do not affect each other.
 */
export class DoctorReplay {
  readonly #deps: ReplayDeps;
  readonly #doctorId: string;
  readonly #slots: ReadonlyMap<string, ReplaySlot>;
  readonly #accepted = new Map<string, Accepted>();
  #events = 0;

  constructor(doctorId: string, slots: readonly LoggedSlot[], deps: ReplayDeps) {
    this.#deps = deps;
    this.#doctorId = doctorId;
    this.#slots = new Map(
      slots.map((facts) => [
        facts.slot_id,
        {
          facts,
          model: new ModelSlot(facts.capacity),
          tokenOfPatient: new Map<string, string>(),
          hasNoShows: false,
        },
      ]),
    );
  }

  /** Adds the doctor, without sessions, and for each slot of the log a slot of a whole day. */
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

  /** Sends an event and checks the answer. */
  async play(event: LoggedEvent): Promise<void> {
    const slot = this.#slots.get(event.slot_id);
    if (slot === undefined) throw new Error(`${event.slot_id} is a slot of another doctor`);
    if (event.op === 'book') await this.#book(event, slot);
    else await this.#noShow(event, slot);
    this.#events += 1;
    if (this.#events % READ_BACK_EVERY === 0) await this.readBack();
  }

  /** Reads every slot of the doctor and compares it with the model. */
  async readBack(): Promise<void> {
    for (const slot of this.#slots.values()) {
      const date = shifted(slot.facts.date, this.#deps.shiftDays);
      const path = `/schedule?doctor_id=${this.#doctorId}&date=${date}`;
      const { slots } = bodyOf(await this.#deps.client.get(path), path) as ScheduleView;
      this.#checkSlot(
        slot,
        slots.find(({ id }) => id === slot.facts.slot_id),
      );
    }
    this.#deps.counts.readBacks += 1;
  }

  /** Adds the tokens of the final slots to the totals; a slot without no-shows also counts as after the bookings alone. */
  finish(): void {
    const { counts } = this.#deps;
    for (const slot of this.#slots.values()) {
      if (!slot.hasNoShows) this.#countBookings(slot);
      counts.totals.seated += slot.model.seated.length;
      counts.totals.waiting += slot.model.waiting.length;
    }
  }

  async #book(event: LoggedEvent, slot: ReplaySlot): Promise<void> {
    const { client, counts } = this.#deps;
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
    if (slot.hasNoShows) counts.isMixed = true;
    const first = slot.tokenOfPatient.get(patient_ref);
    if (answer.status === 201) this.#accept(event, slot, answer.body as BookingView, first);
    else this.#refuse(event, answer, first);
  }

  #accept(
    event: LoggedEvent,
    slot: ReplaySlot,
    token: BookingView,
    first: string | undefined,
  ): void {
    const { counts, priorities } = this.#deps;
    const place = slot.model.add({
      id: token.id,
      priority: priorities.get(event.patient_type) ?? 0,
      arrival: this.#events,
    });
    slot.tokenOfPatient.set(event.patient_ref, token.id);
    this.#accepted.set(event.ref, { id: token.id, slot, patient: event.patient_ref });
    counts.totals.accepted += 1;
    if (token.bumped !== null) counts.totals.bumps += 1;
    const at = `booking ${event.ref} in ${event.slot_id}`;
    counts.violations.expect(first === undefined, `R15: ${at} is the patient's second live token`);
    counts.violations.same(`${at}: status`, token.status, place.status);
    counts.violations.same(`${at}: waitlist_position`, token.waitlist_position, place.position);
    counts.violations.same(`${at}: bumped`, token.bumped?.id ?? null, place.bumped);
  }

  #refuse(event: LoggedEvent, answer: HttpAnswer, first: string | undefined): void {
    const { counts } = this.#deps;
    const at = `booking ${event.ref} in ${event.slot_id}`;
    if (codeOf(answer) !== 'duplicate_booking') {
      counts.violations.add(`${at} is answered ${answer.status} ${codeOf(answer)}`);
      return;
    }
    counts.totals.duplicates += 1;
    const { token_id: named } = answer.body as { readonly token_id?: string };
    counts.violations.same(`R15: ${at}: token_id of the first`, named, first);
  }

  async #noShow(event: LoggedEvent, slot: ReplaySlot): Promise<void> {
    const { client, counts } = this.#deps;
    if (!slot.hasNoShows) this.#countBookings(slot);
    slot.hasNoShows = true;
    const accepted = this.#accepted.get(event.ref);
    if (accepted === undefined) {
      counts.skipped += 1;
      return;
    }
    const answer = await client.post('/cancel', { token_id: accepted.id });
    const at = `outcome ${event.ref} in ${event.slot_id}`;
    if (answer.status !== 200) {
      counts.violations.add(`${at} is answered ${answer.status} ${codeOf(answer)}`);
      return;
    }
    const { promoted } = answer.body as CancelView;
    counts.cancelled += 1;
    if (promoted !== null) counts.totals.promotions += 1;
    slot.tokenOfPatient.delete(accepted.patient);
    counts.violations.same(
      `R5: ${at}: promoted`,
      promoted?.id ?? null,
      slot.model.remove(accepted.id),
    );
  }

  #countBookings({ model }: ReplaySlot): void {
    this.#deps.counts.seatedByBookings += model.seated.length;
    this.#deps.counts.waitingByBookings += model.waiting.length;
  }

  #checkSlot({ facts, model }: ReplaySlot, slot: ScheduleView['slots'][number] | undefined): void {
    const { counts } = this.#deps;
    const { slot_id: id, capacity } = facts;
    if (slot === undefined) {
      counts.violations.add(`slot ${id} is not in the schedule`);
      return;
    }
    const seated = slot.tokens.map((token) => token.id);
    counts.violations.expect(
      seated.length <= capacity,
      `R1: slot ${id} seats ${seated.length} of ${capacity}`,
    );
    counts.violations.same(`slot ${id}: seated`, seated.join(' '), idsOf(model.seated));
    const waiting = slot.waitlist.map((token) => token.id);
    counts.violations.same(`slot ${id}: waitlist`, waiting.join(' '), idsOf(model.waiting));
  }
}

const idsOf = (tokens: readonly { readonly id: string }[]): string =>
  tokens.map(({ id }) => id).join(' ');
