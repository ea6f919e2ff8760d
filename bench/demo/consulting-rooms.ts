import type { DoctorQueueView, QueueTokenView, QueueView } from '../../src/http/resources/queue.ts';
import type { Client } from '../lib/client.ts';
import type { Random } from '../lib/random.ts';
import { EMERGENCY } from '../simulation/reference-model.ts';
import { DOCTORS, MINUTE_MS, paceOf, type DemoDoctor } from './hospital.ts';

/** A consultation takes from 0.5 to 1.4 of the doctor's pace. */
const LENGTH = { min: 0.5, range: 0.9 };
/** Share of the called patients who are not there, and the minutes for which the doctor waits for them. */
const MISSED = { share: 0.04, minutes: 2 };

/** What the demo plans for a called patient. */
interface Consultation {
  /** In milliseconds since the epoch. */
  readonly endsAt: number;
  /** Whether the patient has not come into the room. */
  readonly isMissed: boolean;
}

interface ConsultingRoomsDeps {
  readonly client: Client;
  readonly random: Random;
  /** Called when a patient was skipped. */
  readonly onSkipped: (tokenId: string, now: number) => void;
}

/** The doctors of the demo: each calls the next patient into each room as soon as the consultation before has ended. */
export class ConsultingRooms {
  readonly #deps: ConsultingRoomsDeps;
  readonly #planned = new Map<string, Consultation>();

  constructor(deps: ConsultingRoomsDeps) {
    this.#deps = deps;
  }

  openDay(): void {
    this.#planned.clear();
  }

  /** @param now the time of the service, in milliseconds since the epoch */
  async step({ doctors }: QueueView, now: number): Promise<void> {
    for (const doctor of DOCTORS) {
      const queue = doctors.find(({ doctor_id }) => doctor_id === doctor.id);
      if (queue === undefined) continue;
      for (const room of doctor.rooms) await this.#stepRoom(doctor, room, queue, now);
    }
  }

  async #stepRoom(
    doctor: DemoDoctor,
    room: string,
    queue: DoctorQueueView,
    now: number,
  ): Promise<void> {
    const isHere = (token: QueueTokenView): boolean =>
      doctor.rooms.length === 1 || token.room === room;
    const current = queue.in_consultation.find(isHere);
    if (current === undefined) {
      if (mayCall(queue, now)) await this.#send('/call-next', { doctor_id: doctor.id, room });
      return;
    }
    const { id = '' } = current;
    const { endsAt, isMissed } = this.#planOf(id, doctor, now);
    if (endsAt > now) return;
    const isEnded = mayCall(queue, now)
      ? await this.#send('/call-next', {
          ...{ doctor_id: doctor.id, room },
          [isMissed ? 'skip_current' : 'complete_current']: true,
        })
      : await this.#send(isMissed ? '/skip' : '/complete', { token_id: id });
    if (isEnded && isMissed) this.#deps.onSkipped(id, now);
  }

  /** The plan for a patient who is with a doctor, also if the person who watches has called the patient. */
  #planOf(id: string, doctor: DemoDoctor, now: number): Consultation {
    const known = this.#planned.get(id);
    if (known !== undefined) return known;
    const { random } = this.#deps;
    const isMissed = random.chance(MISSED.share);
    const minutes = isMissed
      ? MISSED.minutes
      : paceOf(doctor) * (LENGTH.min + LENGTH.range * random.next());
    const plan = { endsAt: now + minutes * MINUTE_MS, isMissed };
    this.#planned.set(id, plan);
    return plan;
  }

  /** Whether the command succeeds. A refused one is not repeated: the next step decides anew. */
  async #send(path: string, body: object): Promise<boolean> {
    return (await this.#deps.client.post(path, body)).status === 200;
  }
}

/** Whether the doctor calls a patient now: the slot of a checked-in patient has begun, and there is no break. */
function mayCall({ calling_order, slots, break_until }: DoctorQueueView, now: number): boolean {
  if (break_until !== null && Date.parse(break_until) > now) return false;
  const next = calling_order.find(({ status }) => status === 'CHECKED_IN');
  const slot = slots.find(({ slot_id }) => slot_id === next?.slot_id);
  if (next === undefined || slot === undefined) return false;
  return (
    next.type === EMERGENCY || Date.parse(slot.start_time) + slot.delay_minutes * MINUTE_MS <= now
  );
}
