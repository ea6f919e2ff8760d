import { join } from 'node:path';
import type { CalledView, ScheduleView } from '../src/http/resources/index.ts';
import { bodyOf, Client } from './lib/client.ts';
import { must } from './lib/clinic.ts';
import { ROOMY } from './lib/contestants.ts';
import { bookingsOf, checkBoards } from './lib/hospital.ts';
import { startLoadGenerator, type LoadGenerator } from './lib/load.ts';
import { forEachConcurrently } from './lib/pool.ts';
import { Random } from './lib/random.ts';
import { startServer } from './lib/server.ts';
import { temporaryDirectory } from './lib/temporary.ts';

/** A doctor's day as a server has it. */
export interface Day {
  readonly slots: number;
  /** Tokens of each slot; the last one seats them all, and all of them are at the desk. */
  readonly length: number;
  /** Equal doctors: each gives as many calls as the last slot has tokens. */
  readonly doctors: number;
}

export interface Measured {
  /** Milliseconds of each call for the next patient. */
  readonly calls: readonly number[];
  /** Milliseconds of each schedule, until its last byte. */
  readonly schedules: readonly number[];
  readonly tokensASchedule: number;
}

const SEED = 20_260_105;
/** Each sends as many bookings as the others. */
const CONNECTIONS = 16;
const CONCURRENCY = 16;
const DAY_MS = 86_400_000;

/** One size of doctors on the server. */
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

  /** Opens the slots, which all go on now, each a moment later than the one before; books them full. */
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

  /** Everybody of the last slot arrives. */
  async arrive(): Promise<void> {
    await forEachConcurrently(this.ids, CONCURRENCY, async (id) => {
      const { slots } = await this.#schedule(id);
      for (const token of must(slots.at(-1)).tokens)
        bodyOf(await this.#client.post('/check-in', { token_id: token.id }), 'a check-in');
    });
  }

  /** Reads a schedule and calls a patient, each while nothing else goes on; checks both. */
  async measure(round: number): Promise<void> {
    const { length, slots } = this.day;
    const id = must(this.ids[Math.floor(round / length)]);
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

  async measureSchedule(nth: number): Promise<void> {
    const id = must(this.ids[nth % this.ids.length]);
    const path = this.#path(id);
    const { ms, text } = await this.#client.timedText(path);
    this.schedules.push(ms);
    const { slots } = JSON.parse(text) as ScheduleView;
    checkBoards(slots, this.day.slots * this.day.length);
  }

  #path(id: string): string {
    const date = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
    const from = this.#start.getTime();
    // The slots of a day that ends meanwhile are of two.
    return `/schedule?doctor_id=${id}&from=${date(from)}&to=${date(from + DAY_MS)}`;
  }

  async #schedule(id: string): Promise<ScheduleView> {
    return bodyOf(await this.#client.get(this.#path(id)), 'a schedule') as ScheduleView;
  }
}

/** Calls and schedules of doctors of each size, by turns on one server with SQLite, one request at a time. */
export async function measureDays(
  days: readonly Day[],
  { calls, schedules }: { readonly calls: number; readonly schedules: number },
): Promise<Measured[]> {
  const directory = temporaryDirectory();
  const settings = { ...ROOMY, LOG_LEVEL: 'warn' };
  const url = `sqlite:${join(directory.path, 'opd.db')}`;
  const server = await startServer({ ...settings, DATABASE_URL: url });
  const client = new Client(server.url, CONCURRENCY);
  const generator = startLoadGenerator();
  try {
    const start = new Date(Date.now() - 3_600_000);
    const all = days.map((day, index) => new Doctors(`size-${index}`, day, start, client));
    for (const doctors of all) await doctors.open(client, generator);
    // Before anybody has checked in, the board is what the one sentence says.
    for (let nth = 0; nth < schedules; nth += 1)
      for (const doctors of nth % 2 === 0 ? all : all.toReversed())
        await doctors.measureSchedule(nth);
    for (const doctors of all) await doctors.arrive();
    for (let round = 0; round < calls; round += 1)
      for (const doctors of round % 2 === 0 ? all : all.toReversed()) await doctors.measure(round);
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
