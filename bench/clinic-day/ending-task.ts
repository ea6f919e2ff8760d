import {
  NEW_DOCTOR,
  AllocationEngine,
  DEFAULT_CLASSES,
  doctorId,
  epochMs,
  slotId,
  tokenId,
  type EpochMs,
} from '../../src/engine/index.ts';
import { bookingOf } from '../../src/http/resources/booking.ts';
import { ANONYMOUS, createService, type Service, type SlotInput } from '../../src/service/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { collectGarbage, serveTask } from '../lib/child.ts';
import { forEachConcurrently } from '../lib/pool.ts';
import { required } from '../lib/required.ts';

/** Slots with one seat that all end at the same instant; some have a waiting token. */
export interface EndingSlots {
  /** The SQLite file. */
  readonly path: string;
  readonly doctors: number;
  readonly slotsADoctor: number;
  /** One slot in this many has a waiting token. */
  readonly oneIn: number;
  /** Measured ticks without work. */
  readonly idleTicks: number;
}

export interface EndingResult {
  /** Number of waiting tokens. */
  readonly waiters: number;
  /** Milliseconds of each tick without work, with all slots in memory. */
  readonly idleMs: readonly number[];
  /** Milliseconds of the tick that ends the slots, until its changes are stored. */
  readonly endingMs: number;
  /** Milliseconds of the longest time during this tick in which the process could answer no request. */
  readonly blockedMs: number;
}

const START = epochMs(Date.UTC(2026, 0, 5, 9));
const HOUR_MS = 3_600_000;
const GRACE_MINUTES = 30;
const CONCURRENCY = 512;
const IDENTITY = { ...ANONYMOUS, actor: 'bench' };
const NEVER_ENDED = new AbortController().signal;
const CONTEXT = { identity: IDENTITY, idempotency: null };

/** Books two patients into each slot of one seat; returns the ids of the waiting tokens. */
async function book(service: Service, slots: readonly SlotInput[]): Promise<string[]> {
  const waiting: string[] = [];
  await forEachConcurrently(slots, CONCURRENCY, async ({ id, doctor_id }) => {
    for (const patient_name of ['Seated', 'Waiting']) {
      const patient = { patientName: patient_name, patientId: null, patientType: 'WALK_IN' };
      const command = { doctorId: doctorId(doctor_id), slotId: slotId(id), ...patient };
      const { result } = await service.tokens.book(command, CONTEXT, bookingOf);
      const booking = result.ok ? result.value : undefined;
      if (required(booking).status === 'WAITING') waiting.push(required(booking).id);
    }
  });
  return waiting;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Runs the work; returns the longest time, in milliseconds, during which the event loop was blocked. */
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

/** The last change record of every waiting token is its expiry, made by the service itself. */
async function check(service: Service, waiters: readonly string[]): Promise<void> {
  await forEachConcurrently(waiters, CONCURRENCY, async (id) => {
    const query = { identity: IDENTITY, ended: () => NEVER_ENDED, tokenId: tokenId(id) };
    const history = await service.reads.history(query);
    const changes = history.ok ? history.value.changes : [];
    const last = 'at' in changes ? changes.at(-1) : undefined;
    if (last?.kind !== 'expired' || last.actor !== 'system')
      throw new Error(`The waiting token ${id} is not expired.`);
  });
}

/** Fills the slots and ends them by setting the clock forward. */
export async function endSlots(ending: EndingSlots): Promise<EndingResult> {
  const { path, oneIn, idleTicks } = ending;
  let now: EpochMs = START;
  const rules = { classes: DEFAULT_CLASSES, graceMinutes: GRACE_MINUTES, waitlistMax: 1_000 };
  const engine = new AllocationEngine(rules);
  const { store, archive, changeLog, keys } = openDatabase(`sqlite:${path}`, engine);
  const service = createService({
    engine,
    store,
    archive,
    changeLog,
    keys,
    clock: () => now,
    horizonDays: 0,
  });
  const doctors = Array.from({ length: ending.doctors }, (_, index) => ({
    id: doctorId(`doctor-${index}`),
    name: `Dr. ${index}`,
    department: null,
    timeZone: 'UTC',
    ...NEW_DOCTOR,
    sessions: [],
  }));
  const end = epochMs(START + HOUR_MS);
  const slots = doctors.flatMap(({ id }) =>
    Array.from({ length: ending.slotsADoctor }, (_, index) => ({
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
