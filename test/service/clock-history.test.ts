import fc from 'fast-check';
import { expect, inject, it } from 'vitest';
import { AllocationEngine, DEFAULT_CLASSES, WEEKDAYS } from '../../src/engine/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { durableDatabase } from '../support/app/app-database.ts';
import { openApp, type AppOptions, type TestApp } from '../support/app/app.ts';
import { doctorInput, session } from '../support/app/doctor-input.ts';
import { casesOf, rerun, seed } from '../support/seed.ts';

// Memory is a cache of what is stored. Two services get the same requests at the same times: one evicts, loads and
// restarts as the program does, the other keeps everything in memory. Their answers must be the same.

const HOUR_MS = 3_600_000;
const START_MS = Date.parse('2026-11-23T08:00:00Z');
const hoursLater = (hours: number): string => new Date(START_MS + hours * HOUR_MS).toISOString();
const dateAfter = (days: number): string => hoursLater(24 * days).slice(0, 10);

class NeverEvictingEngine extends AllocationEngine {
  override evictPast(): void {
    // This engine keeps everything in memory.
  }
}

/** A request. `$3` in its text is the id of the token that was booked three bookings ago. */
interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly url: string;
  readonly payload?: object;
}
type Step =
  { readonly minutes: number } | { readonly hoursWrong: number } | 'tick' | 'restart' | Request;

const DOCTORS = ['a', 'b'] as const;
const doctor = fc.constantFrom(...DOCTORS);
const date = fc.integer({ min: -1, max: 3 }).map(dateAfter);
const slot = fc.oneof(
  { arbitrary: fc.constantFrom('single', 'late', 'extra', 'extra@2026-11-26'), weight: 2 },
  { arbitrary: fc.constantFrom('a_am', 'a_pm', 'b_day'), weight: 2 },
  fc.tuple(fc.constantFrom('a_am', 'a_pm', 'b_day'), date).map((parts) => parts.join('@')),
);
const token = fc.nat(5).map((ago) => `$${ago}`);
const sessions = fc.subarray([
  session('a_am', { end: '10:00' }),
  session('a_pm', { start: '19:00', end: '23:30', capacity: 2 }),
  session('extra', { start: '12:00', end: '13:00', weekdays: [...WEEKDAYS] }),
]);
const zone = fc.constantFrom('UTC', 'Asia/Kolkata', 'America/Los_Angeles', 'Pacific/Auckland');

const post = (url: string, body: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Request> =>
  fc.record(body).map((payload) => ({ method: 'POST', url, payload }));
const get = (url: string): Request => ({ method: 'GET', url });

const requests: readonly [weight: number, arbitrary: fc.Arbitrary<Request>][] = [
  [
    12,
    post('/book', {
      doctor_id: doctor,
      slot_id: slot,
      patient_name: fc.constant('somebody'),
      patient_type: fc.constantFrom(...DEFAULT_CLASSES.map(({ type }) => type)),
      patient_id: fc.option(fc.constantFrom('p1', 'p2', 'p3'), { nil: undefined }),
    }),
  ],
  [10, post('/check-in', { token_id: token })],
  [3, post('/start', { token_id: token })],
  [3, post('/complete', { token_id: token })],
  [3, post('/cancel', { token_id: token })],
  [2, post('/no-show', { token_id: token, force: fc.boolean() })],
  [4, post('/move', { token_id: token, slot_id: slot })],
  [
    2,
    post('/reclassify', {
      token_id: token,
      patient_type: fc.constantFrom('EMERGENCY', 'WALK_IN'),
      reason: fc.constant('triage'),
    }),
  ],
  [8, post('/call-next', { doctor_id: doctor, complete_current: fc.boolean() })],
  [2, post('/call-next', { doctor_id: doctor, slot_id: slot })],
  [
    6,
    fc
      .record({
        doctor_id: doctor,
        id: fc.constantFrom('single', 'late', 'extra', 'extra@2026-11-26'),
        from: fc.integer({ min: -4, max: 60 }),
        hours: fc.constantFrom(1, 2, 12),
        capacity: fc.constantFrom(1, 2),
      })
      .map(({ from, hours, ...facts }) => {
        const times = { start_time: hoursLater(from), end_time: hoursLater(from + hours) };
        return { method: 'POST', url: '/slots', payload: { ...facts, ...times } };
      }),
  ],
  [
    4,
    fc.tuple(zone, sessions).map(([time_zone, sessions]) => ({
      method: 'PUT',
      url: '/doctors/a',
      payload: doctorInput({ time_zone, sessions }),
    })),
  ],
  [
    2,
    doctor.chain((id) => post(`/doctors/${id}/delay`, { date, minutes: fc.constantFrom(0, 90) })),
  ],
  [
    2,
    fc.tuple(slot, fc.constantFrom(1, 3)).map(([id, capacity]) => ({
      method: 'PATCH',
      url: `/slots/${id}`,
      payload: { capacity },
    })),
  ],
  [
    2,
    fc.tuple(slot, slot, fc.boolean()).map(([id, move_to, isDryRun]) => ({
      method: 'POST',
      url: `/slots/${id}/close${isDryRun ? '?dry_run=true' : ''}`,
      payload: { reason: 'ill', move_to },
    })),
  ],
  [3, token.map((id) => get(`/tokens/${id}`))],
  [3, fc.tuple(doctor, date).map(([id, day]) => get(`/schedule?doctor_id=${id}&date=${day}`))],
  [1, fc.tuple(doctor, date).map(([id, day]) => get(`/reports/day?doctor_id=${id}&date=${day}`))],
];

const steps: fc.Arbitrary<Step> = fc.oneof(
  ...requests.map(([weight, arbitrary]) => ({ weight, arbitrary })),
  { weight: 8, arbitrary: fc.record({ minutes: fc.constantFrom(1, 20, 60, 300, 1_000) }) },
  {
    weight: 14,
    arbitrary: fc.record({
      hoursWrong: fc.constantFrom(0, 0, 0, 0, -30, 14, 48, 40 * 24, 400 * 24),
    }),
  },
  { weight: 14, arbitrary: fc.constant('tick' as const) },
  { weight: 2, arbitrary: fc.constant('restart' as const) },
);

/** A service, the tokens that were booked at it, and how it starts again. */
class Hospital {
  #opd: TestApp;
  readonly #restarted: (before: TestApp) => Promise<TestApp>;
  readonly #booked: string[] = [];

  constructor(opd: TestApp, restarted: (before: TestApp) => Promise<TestApp>) {
    this.#opd = opd;
    this.#restarted = restarted;
  }

  /** Takes a step at this instant. Returns the answer to a request, with every id of a token replaced by its place. */
  async take(step: Step, now: string): Promise<string> {
    this.#opd.now = now;
    if (step === 'tick') await this.#opd.service.tick();
    if (step === 'restart') this.#opd = await this.#restarted(this.#opd);
    return typeof step === 'object' && 'url' in step ? this.#send(step) : '';
  }

  /** Reads everything about both doctors. */
  async readAll(now: string): Promise<string[]> {
    const days = DOCTORS.flatMap((id) => {
      const query = `doctor_id=${id}&from=${dateAfter(-3)}&to=${dateAfter(8)}`;
      return [get(`/schedule?${query}`), get(`/doctors/${id}`)];
    });
    const tokens = this.#booked.flatMap((id) => [
      get(`/tokens/${id}`),
      get(`/tokens/${id}/history`),
    ]);
    const answers: string[] = [];
    for (const request of [...days, ...tokens]) answers.push(await this.take(request, now));
    return answers;
  }

  close(): Promise<void> {
    return this.#opd.store.close();
  }

  async #send(request: Request): Promise<string> {
    const resolved = JSON.stringify(request).replaceAll(
      /\$(\d)/g,
      (_, ago: string) => this.#booked.at(-1 - Number(ago)) ?? 'nobody',
    );
    const { status, body } = await this.#opd.send<Record<string, unknown>>(
      JSON.parse(resolved) as Request,
    );
    if (request.url === '/book' && status === 201) this.#booked.push(String(body['id']));
    const text = JSON.stringify({ status, ...body, instance: null });
    return this.#booked.reduce((rest, id, nth) => rest.replaceAll(id, `T${nth}`), text);
  }
}

const OPTIONS: AppOptions = { horizonDays: 2, roster: [], now: hoursLater(0) };

async function openBoth(): Promise<readonly [Hospital, Hospital]> {
  const store = await durableDatabase();
  const tested = new Hospital(await openApp({ ...OPTIONS, store }), async (before) => {
    await before.store.close();
    return openApp({ ...OPTIONS, store, now: before.clock });
  });
  const engine = (rules: AllocationEngine['rules']) => new NeverEvictingEngine(rules);
  const memory = (of: AllocationEngine) => openDatabase('memory:', of);
  const first = await openApp({ ...OPTIONS, engine, store: memory });
  const reference = new Hospital(first, (before) =>
    openApp({
      ...OPTIONS,
      engine: () => before.engine,
      store: () => before.database,
      now: before.clock,
    }),
  );
  return [tested, reference];
}

const SET_UP: readonly Request[] = [
  {
    method: 'PUT',
    url: '/doctors/a',
    payload: doctorInput({
      sessions: [session('a_am'), session('a_pm', { start: '19:00', end: '23:30' })],
    }),
  },
  {
    method: 'PUT',
    url: '/doctors/b',
    payload: doctorInput({ sessions: [session('b_day', { capacity: 1, end: '18:00' })] }),
  },
];

it(`a service whose clock jumps answers as one that never evicts ${rerun}`, async () => {
  const history = fc.array(steps, { minLength: 1, maxLength: 90, size: 'max' });
  const property = fc.asyncProperty(history, async (taken) => {
    const hospitals = await openBoth();
    let [hours, hoursWrong] = [0, 0];
    const both = async (step: Step): Promise<void> => {
      const now = hoursLater(hours + hoursWrong);
      const [tested, reference] = await Promise.all(hospitals.map((each) => each.take(step, now)));
      expect(tested).toEqual(reference);
    };
    for (const request of SET_UP) await both(request);
    for (const step of taken) {
      if (typeof step === 'object' && 'minutes' in step) hours += step.minutes / 60;
      else if (typeof step === 'object' && 'hoursWrong' in step) ({ hoursWrong } = step);
      else await both(step);
    }
    for (const now of [hoursLater(hours + hoursWrong), hoursLater(hours)]) {
      const [tested, reference] = await Promise.all(hospitals.map((each) => each.readAll(now)));
      expect(tested).toEqual(reference);
    }
    for (const each of hospitals) await each.close();
  });
  await fc.assert(property, {
    seed,
    numRuns: casesOf(inject('isPostgres') ? 12 : 40),
    // The first counterexample is reported, because the search for a smaller one takes longer than a test may.
    endOnFailure: true,
  });
});
