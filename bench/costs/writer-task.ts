import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import {
  AllocationEngine,
  DEFAULT_CLASSES,
  NEW_DOCTOR,
  NEW_SLOT,
  doctorId,
  epochMs,
  localDate,
  slotId,
  type SlotFacts,
} from '../../src/engine/index.ts';
import { createTokenIds } from '../../src/service/ids.ts';
import { openDatabase, type Decision } from '../../src/store/index.ts';
import { anyClass } from '../lib/classes.ts';
import { serveTask } from '../lib/child.ts';
import { accepted } from '../lib/engine-clinic.ts';
import { Random } from '../lib/random.ts';
import { required } from '../lib/required.ts';
import { temporaryDirectory } from '../lib/temporary.ts';

/** Bookings that are given to the store at once, so that they are one batch of the writer. */
const PER_BATCH = 32;
const NOW = epochMs(Date.UTC(2026, 0, 5, 8));
const HOUR_MS = 3_600_000;
const SEED = 20_260_105;

/** What the writer is given. */
export interface WriterWork {
  readonly doctors: number;
  readonly slotsPerDoctor: number;
  /** Batches before the measurement, and in it. */
  readonly warmUp: number;
  readonly batches: number;
}

/** What the writer thread needs. */
export interface WriterCost {
  /** Microseconds of the thread's processor time for each booking. */
  readonly usPerBooking: number;
  /** Milliseconds from a batch to its answer; the median. */
  readonly msPerBatch: number;
}

const factsOf = (doctor: number, nth: number): SlotFacts => ({
  ...NEW_SLOT,
  id: slotId(`doctor-${doctor}-${nth}`),
  doctorId: doctorId(`doctor-${doctor}`),
  sessionId: null,
  date: localDate('2026-01-06'),
  startTime: epochMs(NOW + 24 * HOUR_MS + nth),
  endTime: epochMs(NOW + 25 * HOUR_MS + nth),
  capacity: 25,
});

/** Books into random slots, without HTTP and service, and measures the thread that writes. */
async function measureWriter(work: WriterWork): Promise<WriterCost> {
  const directory = temporaryDirectory();
  const started = Promise.withResolvers<Worker>();
  process.once('worker', started.resolve);
  const rules = { classes: DEFAULT_CLASSES, graceMinutes: 30, waitlistMax: 1_000_000 };
  const engine = new AllocationEngine(rules);
  const { store } = openDatabase(`sqlite:${join(directory.path, 'opd.db')}`, engine);
  await store.load(() => ({ now: NOW, todayIn: () => localDate('2026-01-05') }));
  const worker = await started.promise;
  const slots = await openSlots(work, engine, store);
  const book = bookingsOf(engine, store, slots);
  const batch = (): Promise<unknown> => Promise.all(Array.from({ length: PER_BATCH }, book));
  for (let nth = 0; nth < work.warmUp; nth += 1) await batch();
  const before = await worker.cpuUsage();
  const times: number[] = [];
  for (let nth = 0; nth < work.batches; nth += 1) {
    const start = performance.now();
    await batch();
    times.push(performance.now() - start);
  }
  const { user, system } = await worker.cpuUsage(before);
  await store.close();
  directory.remove();
  return {
    usPerBooking: (user + system) / (work.batches * PER_BATCH),
    msPerBatch: required(times.sort((a, b) => a - b)[times.length >> 1]),
  };
}

type Store = ReturnType<typeof openDatabase>['store'];

const decisionOf = (changes: Decision<unknown>['changes']): Decision<null> => ({
  ...{ changes, answer: null, response: null },
  origin: { actor: 'anonymous', reason: null },
});

async function openSlots(
  { doctors, slotsPerDoctor }: WriterWork,
  engine: AllocationEngine,
  store: Store,
): Promise<SlotFacts[]> {
  const all: SlotFacts[] = [];
  for (let index = 0; index < doctors; index += 1) {
    const id = doctorId(`doctor-${index}`);
    const facts = { ...NEW_DOCTOR, id, name: `Dr. ${index}`, department: null, timeZone: 'UTC' };
    const slots = Array.from({ length: slotsPerDoctor }, (_, nth) => factsOf(index, nth));
    await store.transact({ doctorIds: [id] }, () => {
      const outcome = engine.putDoctor({ ...facts, sessions: [] }, slots, NOW);
      accepted(outcome);
      return decisionOf(outcome.ok ? outcome.changes : []);
    });
    all.push(...slots);
  }
  return all;
}

/** Returns a function that books one patient. */
function bookingsOf(engine: AllocationEngine, store: Store, slots: readonly SlotFacts[]) {
  const newId = createTokenIds();
  const random = new Random(SEED);
  const start = performance.now();
  let patients = 0;
  return (): Promise<null> => {
    const { doctorId: id, id: slot } = random.pick(slots);
    const at = epochMs(Math.floor(NOW + performance.now() - start));
    const patient = { patientName: `Patient ${(patients += 1)}`, patientId: null };
    const patientType = anyClass(random).type;
    return store.transact({ doctorIds: [id] }, () => {
      const booking = { doctorId: id, slotId: slot, tokenId: newId(at), ...patient };
      const outcome = engine.book({ ...booking, patientType, at });
      accepted(outcome);
      return decisionOf(outcome.ok ? outcome.changes : []);
    });
  };
}

if (process.send !== undefined && import.meta.main) serveTask(measureWriter);
