import { join } from 'node:path';
import type { CalledView, ScheduleView } from '../../src/http/resources/index.ts';
import { bodyOf, Client } from '../lib/client.ts';
import { BENCH_SETTINGS, bookingsOf, checkBoards } from '../lib/hospital.ts';
import { startLoadGenerator, type LoadGenerator } from '../lib/load.ts';
import { forEachConcurrently } from '../lib/pool.ts';
import { Random } from '../lib/random.ts';
import { required } from '../lib/required.ts';
import { startServer } from '../lib/server.ts';
import { temporaryDirectory } from '../lib/temporary.ts';

/** A day of a doctor on a server. */
export interface Day {
  readonly slots: number;
  /** Tokens in each slot; the last slot seats all of its tokens, and all of them are checked in. */
  readonly length: number;
  /** Doctors with the same day; for each, as many patients are called as the last slot has tokens. */
  readonly doctors: number;
}

export interface Measured {
  /** Milliseconds of each call for the next patient. */
  readonly calls: readonly number[];
  /** Milliseconds of each schedule until its last byte. */
  readonly schedules: readonly number[];
  readonly tokensASchedule: number;
}

const SEED = 20_260_105;
/** Connections of the load generator; each sends the same number of bookings. */
const CONNECTIONS = 16;
const CONCURRENCY = 16;
const DAY_MS = 86_400_000;

/** The doctors of one size on the server. */
class Doctors {
  readonly day: Day;
  readonly ids: readonly string[];
  readonly calls: number[] = [];
  readonly schedules: number[] = [];
  readonly #client: Client;
  readonly #start: Date;

  constructor(name: string, day: Day, start: Date, client: Client) {
    this.day = day;
    this.ids = Array.from({ length: day.doctors }, (_, index) => `${name}-${index}`);
    this.#client = client;
    this.#start = start;
  }

  /** Adds the doctors and slots and books the slots. Every slot is running now; each starts a second after the one before. */
  async open({ url }: Client, generator: LoadGenerator): Promise<void> {
    const { slots, length } = this.day;
    const targets = this.ids.flatMap((doctorId) =>
      Array.from({ length: slots }, (_, index) => ({ doctorId, slotId: `${doctorId}-${index}` })),
    );
    await forEachConcurrently(this.ids, CONCURRENCY, async (id) => {
      const doctor = { name: id, time_zone: 'UTC', sessions: [] };
      bodyOf(await this.#client.put(`/doctors/${id}`, doctor), `Doctor ${id}`);
    });
    await forEachConcurrently(targets, CONCURRENCY, async ({ doctorId, slotId }) => {
      const nth = Number(slotId.slice(slotId.lastIndexOf('-') + 1));
      const start = this.#start.getTime() + nth * 1_000;
      const body = {
        id: slotId,
        doctor_id: doctorId,
        start_time: new Date(start).toISOString(),
        end_time: new Date(start + 12 * 3_600_000).toISOString(),
        capacity: nth === slots - 1 ? length : Math.ceil(length / 2),
      };
      bodyOf(await this.#client.post('/slots', body), `Slot ${slotId}`);
    });
    const random = new Random(SEED);
    const all = Array.from({ length }, () => targets).flat();
    const bookings = all.flatMap((target, first) =>
      bookingsOf([target], { random, first, count: 1 }),
    );
    await generator.send({ url, connections: CONNECTIONS, bookings, isMixed: false });
  }

  /** Checks in all patients of the last slot. */
  async checkIn(): Promise<void> {
    await forEachConcurrently(this.ids, CONCURRENCY, async (id) => {
      const { slots } = await this.#schedule(id);
      for (const token of required(slots.at(-1)).tokens)
        bodyOf(await this.#client.post('/check-in', { token_id: token.id }), 'a check-in');
    });
  }

  /** Calls a patient while no other request is in flight; measures and checks the answer. */
  async measureCall(round: number): Promise<void> {
    const { length, slots } = this.day;
    const id = required(this.ids[Math.floor(round / length)]);
    const last = `${id}-${slots - 1}`;
    const called = performance.now();
    const answer = await this.#client.post('/call-next', {
      doctor_id: id,
      complete_current: true,
    });
    this.calls.push(performance.now() - called);
    const { slot_id, completed } = bodyOf(answer, 'a call') as CalledView;
    const isRight = slot_id === last && (completed === null) === (round % length === 0);
    if (!isRight) throw new Error(`The call of ${id} was answered with a patient of ${slot_id}.`);
  }

  /** Reads a schedule while no other request is in flight; measures and checks the answer. */
  async measureSchedule(nth: number): Promise<void> {
    const id = required(this.ids[nth % this.ids.length]);
    const path = this.#path(id);
    const { ms, text } = await this.#client.timedText(path);
    this.schedules.push(ms);
    const { slots } = JSON.parse(text) as ScheduleView;
    checkBoards(slots, this.day.slots * this.day.length);
  }

  #path(id: string): string {
    const date = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
    const from = this.#start.getTime();
    // Two days, because the slots are of two dates when the run passes midnight.
    return `/schedule?doctor_id=${id}&from=${date(from)}&to=${date(from + DAY_MS)}`;
  }

  async #schedule(id: string): Promise<ScheduleView> {
    return bodyOf(await this.#client.get(this.#path(id)), 'a schedule') as ScheduleView;
  }
}

/** Measures calls and schedules of doctors of each size, alternately on one server with SQLite, one request at a time. */
export async function measureDays(
  days: readonly Day[],
  { calls, schedules }: { readonly calls: number; readonly schedules: number },
): Promise<Measured[]> {
  const directory = temporaryDirectory();
  const settings = { ...BENCH_SETTINGS, LOG_LEVEL: 'warn' };
  const url = `sqlite:${join(directory.path, 'opd.db')}`;
  const server = await startServer({ ...settings, DATABASE_URL: url });
  const client = new Client(server.url, CONCURRENCY);
  const generator = startLoadGenerator();
  try {
    const start = new Date(Date.now() - 3_600_000);
    const all = days.map((day, index) => new Doctors(`size-${index}`, day, start, client));
    for (const doctors of all) await doctors.open(client, generator);
    // The order of a slot is only checked before the first check-in, because the simple model knows no check-in.
    for (let nth = 0; nth < schedules; nth += 1)
      for (const doctors of nth % 2 === 0 ? all : all.toReversed())
        await doctors.measureSchedule(nth);
    for (const doctors of all) await doctors.checkIn();
    for (let round = 0; round < calls; round += 1)
      for (const doctors of round % 2 === 0 ? all : all.toReversed())
        await doctors.measureCall(round);
    return all.map((doctors) => ({
      calls: doctors.calls,
      schedules: doctors.schedules,
      tokensASchedule: doctors.day.slots * doctors.day.length,
    }));
  } finally {
    generator.stop();
    client.close();
    await server.stop();
    directory.remove();
  }
}
