import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import type { DoctorId } from '../../src/engine/index.ts';
import type { SharedEvents } from '../../src/service/event-batch.ts';
import { EventFeed, type Subscriber } from '../../src/service/event-feed.ts';
import { EventLog, type PublicEvent } from '../../src/service/events.ts';
import { Lifecycle } from '../../src/service/lifecycle.ts';
import { RAO, SEN } from '../support/engine/clinic.ts';
import { eventually } from '../support/eventually.ts';
import { casesOf, rerun, seed } from '../support/seed.ts';
import { MEMORY } from '../support/store/database-under-test.ts';
import { FrontDesk } from '../support/store/front-desk.ts';

/** A subscriber that keeps what it gets. It is busy now and then, as a slow connection. */
class Recorder implements Subscriber {
  readonly events: PublicEvent[] = [];
  readonly doctorIds: ReadonlySet<DoctorId> | null;
  readonly isAllowed = true;
  resets = 0;
  begins = '';
  hasEnded = false;
  readonly #feed: EventFeed;
  #turn = 0;

  constructor(feed: EventFeed, doctorIds: ReadonlySet<DoctorId> | null) {
    this.#feed = feed;
    this.doctorIds = doctorIds;
  }

  get isReady(): boolean {
    this.#turn += 1;
    const isReady = this.#turn % 3 !== 0;
    if (!isReady) setImmediate(() => this.#feed.ready(this));
    return isReady;
  }

  begin(cursor: string): void {
    this.begins = cursor;
  }

  take({ events }: SharedEvents): void {
    this.events.push(...events);
  }

  rest(): void {
    // It has nothing to write to.
  }

  reset(): void {
    this.resets += 1;
  }

  end(): void {
    this.hasEnded = true;
  }
}

async function openFeed(): Promise<{ desk: FrontDesk; log: EventLog; feed: EventFeed }> {
  const desk = await new FrontDesk(await MEMORY.database()).load();
  await desk.openSlots();
  const log = new EventLog(desk.changeLog);
  const lifecycle = new Lifecycle(desk.store);
  lifecycle.run();
  const feed = new EventFeed({ log, lifecycle });
  onTestFinished(() => feed.stop());
  return { desk, log, feed };
}

async function allEvents(log: EventLog): Promise<PublicEvent[]> {
  const { events, isEnd } = await log.since(log.beginning, 100_000);
  expect(isEnd).toBe(true);
  return [...events];
}

const DOCTORS = [null, new Set([RAO]), new Set([SEN]), new Set([RAO, SEN])];

/** A number of commands, then a subscriber that begins at a share of the record, or with the next event. */
const step = fc.record({
  commands: fc.integer({ min: 0, max: 40 }),
  doctors: fc.nat(DOCTORS.length - 1),
  after: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
});

it(`from any cursor a subscriber gets the rest of the record, each event once and in order ${rerun}`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const { desk, log, feed } = await openFeed();
      const recorders: Recorder[] = [];
      let booked = 0;
      for (const { commands, doctors, after } of steps) {
        for (let count = 0; count < commands; count += 1) {
          booked += 1;
          await desk.admit(booked % 3 === 0 ? 'other' : 'nine', `W${booked}`);
          if (booked % 4 === 0) await desk.leave(`W${booked}`);
        }
        const known = await allEvents(log);
        const cursor = after === null ? null : known[Math.floor(after * (known.length - 1))]?.id;
        const recorder = new Recorder(feed, DOCTORS[doctors] ?? null);
        recorders.push(recorder);
        const subscribed = feed.subscribe(recorder, cursor ?? null);
        // Commands go on while the subscriber is added.
        booked += 1;
        await desk.admit('nine', `W${booked}`);
        expect(await subscribed).toMatchObject({ ok: true });
      }
      booked += 2;
      await desk.admit('nine', `W${booked - 1}`);
      await desk.admit('other', `W${booked}`);
      const record = await allEvents(log);
      for (const { begins, doctorIds, events, resets } of recorders) {
        const from = record.findIndex(({ id }) => id === begins) + 1;
        const rest = record
          .slice(from)
          .filter(({ doctorId }) => doctorIds === null || doctorIds.has(doctorId));
        await eventually(() => events.length >= rest.length);
        expect(events).toEqual(rest);
        expect(resets).toBe(0);
      }
      feed.stop();
      expect(recorders.every(({ hasEnded }) => hasEnded)).toBe(true);
    }),
    { numRuns: casesOf(40), seed },
  );
});

it('a subscriber that is ahead of the feed, because it comes from another process, gets no event twice', async () => {
  const { desk, log, feed } = await openFeed();
  const first = new Recorder(feed, null);
  await feed.subscribe(first, null);
  await desk.admit('nine', 'W1 W2 W3');
  // The feed reads after a pause, so it has not read these events yet.
  const ahead = new Recorder(feed, null);
  await feed.subscribe(ahead, await log.end());
  await desk.admit('nine', 'W4');
  await eventually(() => first.events.length >= 4 && ahead.events.length >= 1);
  await desk.admit('nine', 'W5');
  await eventually(() => first.events.length >= 5 && ahead.events.length >= 2);
  expect(ahead.events.map(({ tokenId }) => tokenId)).toEqual(['W4', 'W5']);
});

it('nothing is read while nobody subscribes', async () => {
  const { desk, log, feed } = await openFeed();
  const recorder = new Recorder(feed, null);
  await feed.subscribe(recorder, null);
  feed.unsubscribe(recorder);
  let reads = 0;
  const since = log.since.bind(log);
  log.since = (...args) => {
    reads += 1;
    return since(...args);
  };
  await desk.admit('nine', 'W1');
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(reads).toBe(0);
  await feed.subscribe(recorder, null);
  await desk.admit('nine', 'W2');
  await eventually(() => recorder.events.length > 0);
  expect(recorder.events.map(({ tokenId }) => tokenId)).toEqual(['W2']);
});
