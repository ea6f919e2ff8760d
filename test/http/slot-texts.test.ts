import fc from 'fast-check';
import { expect, inject, it } from 'vitest';
import type { ScheduleView, SlotView } from '../../src/http/resources/index.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { casesOf, rerun, seed } from '../support/seed.ts';

// `GET /schedule` reuses the texts of slots. `GET /slots/{id}` does not, so it says what the texts must be.

const SLOTS = ['doc1_slot1@2026-11-23', 'doc1_slot2@2026-11-23', 'doc1_slot2@2026-11-24'] as const;
const START_MS = Date.parse('2026-11-23T08:00:00Z');

const schedule = (opd: TestApp) => opd.get<ScheduleView>('/schedule?doctor_id=doc1');

/** A step of a history: a command, a dry run, or time that passes. `ago` names a token by the bookings since its own. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      slot_id: fc.constantFrom(...SLOTS),
      patient_type: fc.constantFrom('WALK_IN', 'EMERGENCY'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      url: fc.constantFrom('/cancel', '/check-in', '/start', '/complete', '/skip'),
      ago: fc.nat(4),
    }),
  },
  { weight: 1, arbitrary: fc.record({ name: fc.constantFrom('Asha', 'Bina'), ago: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ breakMinutes: fc.constantFrom(0, 90) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      slot: fc.constantFrom(...SLOTS),
      capacity: fc.integer({ min: 1, max: 3 }),
      isDryRun: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ ms: fc.constantFrom(1, 60_000, 3_600_000, 28_800_000) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(opd: TestApp, ids: string[], taken: Step): Promise<void> {
  const id = 'ago' in taken ? (ids.at(-1 - taken.ago) ?? 'nobody') : '';
  if ('ms' in taken) opd.now = new Date(Date.parse(opd.clock) + taken.ms).toISOString();
  else if ('patient_type' in taken) {
    const booking = { doctor_id: 'doc1', patient_name: 'Carl', ...taken };
    const { body } = await opd.post<{ id?: string }>('/book', booking);
    if (body.id !== undefined) ids.push(body.id);
  } else if ('url' in taken) await opd.post(taken.url, { token_id: id });
  else if ('name' in taken)
    await opd.patch(`/tokens/${id}`, { patient_name: taken.name, reason: 'misspelt' });
  else if ('breakMinutes' in taken)
    await opd.post('/doctors/doc1/break', { minutes: taken.breakMinutes });
  else {
    const { slot, isDryRun, capacity } = taken;
    await opd.patch(`/slots/${slot}?dry_run=${isDryRun}`, { capacity });
  }
}

it(`a schedule shows each slot as the slot's own route does, in random histories ${rerun}`, async () => {
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 10, maxLength: 40 }),
    async (history) => {
      const opd = await openApp({ now: new Date(START_MS).toISOString() });
      const ids: string[] = [];
      for (const taken of history) {
        await take(opd, ids, taken);
        const { slots } = (await schedule(opd)).body;
        for (const slot of slots)
          expect(slot).toEqual((await opd.get<SlotView>(`/slots/${slot.id}`)).body);
      }
    },
  );
  await fc.assert(property, { seed, numRuns: casesOf(inject('isPostgres') ? 4 : 20) });
});

it('the texts of slots change with the clock alone', async () => {
  const opd = await openApp({ now: '2026-11-23T08:00:00Z' });
  await opd.book('W1');
  const shownAt = async (now: string): Promise<unknown> => {
    opd.now = now;
    const [slot] = (await schedule(opd)).body.slots;
    return [slot?.status, slot?.tokens.map((token) => token.estimated_time)];
  };
  const early = ['OPEN', ['2026-11-23T09:00:00.000Z']];
  expect(await shownAt('2026-11-23T08:00:00Z')).toEqual(early);
  expect(await shownAt('2026-11-23T08:59:00Z')).toEqual(early);
  expect(await shownAt('2026-11-23T09:12:34Z')).toEqual(['OPEN', ['2026-11-23T09:12:34.000Z']]);
  expect(await shownAt('2026-11-23T23:00:00Z')).toEqual(['ENDED', ['2026-11-23T23:00:00.000Z']]);
});

it('a role that sees no patients gets none, also after one that sees them', async () => {
  const opd = await openApp();
  const { patient_name } = await opd.book('W1');
  const desk = opd.as(await opd.key({ role: 'desk' }));
  const kiosk = opd.as(await opd.key({ role: 'kiosk' }));
  for (const [reader, sees] of [
    [desk, true],
    [kiosk, false],
    [desk, true],
  ] as const) {
    const { status, text } = await schedule(reader);
    expect([status, text.includes(patient_name)]).toEqual([200, sees]);
  }
});
