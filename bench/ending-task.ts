import {
  AllocationEngine,
  DEFAULT_CLASSES,
  doctorId,
  epochMs,
  slotId,
  tokenId,
  type EpochMs,
} from '../src/engine/index.ts';
import { bookingOf } from '../src/http/resources/booking.ts';
import { createService, type Service, type SlotInput } from '../src/service/index.ts';
import { createStore } from '../src/store/index.ts';
import { collectGarbage, serveTask } from './lib/child.ts';
import { must } from './lib/clinic.ts';
import { forEachConcurrently } from './lib/pool.ts';

/** Slots of one seat that all end at the same instant, with a waiter in some. */
export interface Evening {
  /** Of the SQLite file. */
  readonly path: string;
  readonly doctors: number;
  /** Slots of each doctor. */
  readonly slots: number;
  /** Of how many slots one has a waiter. */
  readonly oneIn: number;
  readonly idleTicks: number;
}

export interface EveningResult {
  readonly waiters: number;
  /** Milliseconds of each tick in which nothing is due, with all slots in memory. */
  readonly idleMs: readonly number[];
  /** Of the tick that ends them, until it is on disk. */
  readonly endingMs: number;
  /** The longest time that the process answered nobody meanwhile. */
  readonly blockedMs: number;
}

const START = epochMs(Date.UTC(2026, 0, 5, 9));
const HOUR_MS = 3_600_000;
const GRACE_MINUTES = 30;
const CONCURRENCY = 512;
const IDENTITY = { name: 'bench' };
const CONTEXT = { identity: IDENTITY, idempotency: null };

/** Books one patient more than there are seats into some slots. */
async function book(service: Service, slots: readonly SlotInput[]): Promise<string[]> {
  const waiting: string[] = [];
  await forEachConcurrently(slots, CONCURRENCY, async ({ id, doctor_id }) => {
    for (const patient_name of ['Seated', 'Waiting']) {
      const patient = { patientName: patient_name, patientId: null, patientType: 'WALK_IN' };
      const command = { doctorId: doctorId(doctor_id), slotId: slotId(id), ...patient };
      const { result } = await service.tokens.book(command, CONTEXT, bookingOf);
      const booking = result.ok ? result.value : undefined;
      if (must(booking).status === 'WAITING') waiting.push(must(booking).id);
    }
  });
  return waiting;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Runs the work and measures the longest time between two turns of the event loop meanwhile. */
async function blockedBy(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  await work();
  longest = Math.max(longest, performance.now() - last);
  clearInterval(beat);
  return longest;
}

/** Every waiter is expired, by the program itself. */
async function check(service: Service, waiters: readonly string[]): Promise<void> {
  await forEachConcurrently(waiters, CONCURRENCY, async (id) => {
    const history = await service.reads.history({ identity: IDENTITY, tokenId: tokenId(id) });
    const last = history.ok ? history.value.at(-1) : undefined;
    if (last?.kind !== 'expired' || last.actor !== 'system')
      throw new Error(`The waiter ${id} is not expired.`);
  });
}

/** Fills the slots, lets their time pass, ends them. */
export async function endSlots(evening: Evening): Promise<EveningResult> {
  const { path, oneIn, idleTicks } = evening;
  let now: EpochMs = START;
  const rules = { classes: DEFAULT_CLASSES, graceMinutes: GRACE_MINUTES, waitlistMax: 1_000 };
  const engine = new AllocationEngine(rules);
  const store = createStore(`sqlite:${path}`, engine);
  const service = createService({ engine, store, clock: () => now, horizonDays: 0 });
  const doctors = Array.from({ length: evening.doctors }, (_, index) => ({
    id: doctorId(`doctor-${index}`),
    name: `Dr. ${index}`,
    department: null,
    timeZone: 'UTC',
    sessions: [],
  }));
  const end = epochMs(START + HOUR_MS);
  const slots = doctors.flatMap(({ id }) =>
    Array.from({ length: evening.slots }, (_, index) => ({
      id: `${id}-${index}`,
      doctor_id: id,
      start_time: new Date(START).toISOString(),
      end_time: new Date(end).toISOString(),
      capacity: 1,
    })),
  );
  await service.start(() => ({ doctors, slots }));
  const used = slots.filter((_, index) => index % oneIn === 0);
  const waiters = await book(service, used);
  collectGarbage();
  const idleMs: number[] = [];
  for (let tick = 0; tick < idleTicks; tick += 1) idleMs.push(await timed(() => service.tick()));
  now = epochMs(end + GRACE_MINUTES * 60_000);
  let endingMs = 0;
  const blockedMs = await blockedBy(async () => {
    endingMs = await timed(() => service.tick());
  });
  await check(service, waiters);
  service.stop();
  await store.close();
  return { waiters: waiters.length, idleMs, endingMs, blockedMs };
}

if (process.send !== undefined && import.meta.main) serveTask(endSlots);
