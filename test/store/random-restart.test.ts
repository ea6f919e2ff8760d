import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type AllocationEngine,
  type DoctorId,
  isTokenChange,
  slotIdOf,
  type TokenChange,
} from '../../src/engine/index.ts';
import { foldToken } from '../../src/store/fold.ts';
import { verifyDatabase } from '../../src/audit/index.ts';
import { openDatabase, type StoredToken } from '../../src/store/index.ts';
import { found, NOW } from '../support/engine/clinic.ts';
import { Desk } from '../support/store/desk.ts';
import {
  DOCTORS,
  histories,
  HISTORY_RULES,
  opened,
  perform,
  play,
  SLOTS,
  type Action,
} from '../support/model/history.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { casesOf, rerun, seed } from '../support/seed.ts';
import { snapshotOf, type Snapshot } from '../support/engine/snapshot.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { allOf } from '../support/store/pages.ts';

/** Both doctors, because a history does not say to which doctor a token belongs. */
const SCOPE = { doctorIds: DOCTORS.map(({ id }) => id) };

const open = (url: string): Promise<Desk> =>
  new Desk((engine) => openDatabase(url, engine), HISTORY_RULES).load(NOW);

async function setUp(desk: Desk): Promise<void> {
  for (const doctor of DOCTORS)
    await desk.put(
      doctor,
      SLOTS.filter(({ doctorId }) => doctorId === doctor.id),
    );
}

/** Commands in flight at once. */
const inFlight = fc.integer({ min: 1, max: 30 });

/** Plays a history with up to `inFlight` commands in flight at once. */
async function playConcurrently(
  desk: Desk,
  history: readonly Action[],
  inFlight: number,
): Promise<void> {
  for (let from = 0; from < history.length; from += inFlight)
    await Promise.all(
      history
        .slice(from, from + inFlight)
        .map((action) => desk.run(SCOPE, () => perform(desk.engine, action))),
    );
}

/** The state of a doctor in an engine. */
const stateOf = (engine: AllocationEngine, id: DoctorId): Snapshot =>
  found(snapshotOf(engine).find(({ doctor }) => doctor.facts.id === id));

/** Checks that every doctor has the same state in the store as in an engine without a store. */
async function expectSameState(
  { store, engine }: Desk,
  reference: AllocationEngine,
): Promise<void> {
  for (const { id } of DOCTORS)
    expect(await store.read(id, () => stateOf(engine, id))).toEqual(stateOf(reference, id));
}

const nameOf = ({ doctorId, version, kind }: Pick<TokenChange, 'doctorId' | 'version' | 'kind'>) =>
  `${doctorId}:${version} ${kind}`;

/** Checks that the stored records of every token and slot are the changes that an engine without a store gives. */
async function expectSameRecords({ archive }: Desk, history: readonly Action[]): Promise<void> {
  const { engine, changes } = opened();
  changes.push(...play(engine, history));
  for (const [id, expected] of Map.groupBy(
    changes.filter(isTokenChange),
    (change) => change.tokenId,
  )) {
    expect((await allOf(archive.history(id))).map(nameOf)).toEqual(expected.map(nameOf));
    const token = expected.reduce<StoredToken | undefined>(foldToken, undefined);
    expect(await archive.token(id)).toEqual(token);
  }
  for (const { id } of SLOTS) {
    const expected = changes.filter((change) => slotIdOf(change) === id);
    expect(await allOf(archive.slotChanges(id))).toEqual(expected);
  }
}

const DATABASES = [
  {
    name: 'sqlite',
    newUrl: () => Promise.resolve(`sqlite:${join(tempDir(), 'opd.db')}`),
    numRuns: casesOf(60),
  },
  { name: 'postgres', newUrl: async () => (await createDatabase()).url, numRuns: casesOf(15) },
] as const;

it.each(DATABASES)(
  `$name: a restart at a random point of a random history changes nothing ${rerun}`,
  async ({ newUrl, numRuns }) => {
    const example = fc.record({ history: histories, point: fc.nat(80), inFlight });
    const property = fc.asyncProperty(example, async ({ history, point, inFlight }) => {
      const url = await newUrl();
      const before = await open(url);
      await setUp(before);
      await playConcurrently(before, history.slice(0, point), inFlight);
      await before.store.close();
      const after = await open(url);
      await playConcurrently(after, history.slice(point), inFlight);
      const { engine } = opened();
      play(engine, history);
      await expectSameState(after, engine);
      await expectSameRecords(after, history);
      await after.store.close();
      expect((await verifyDatabase(url, HISTORY_RULES)).faults).toEqual([]);
    });
    await fc.assert(property, { seed, numRuns });
  },
);

/** The number of actions in a row for one of two stores, and whether the other store is checked after them. */
const turns = fc.array(
  fc.record({ length: fc.integer({ min: 1, max: 20 }), which: fc.nat(1), isChecked: fc.boolean() }),
  { minLength: 80, maxLength: 80 },
);

interface Turns {
  readonly history: readonly Action[];
  readonly turns: typeof turns extends fc.Arbitrary<infer T> ? T : never;
  readonly inFlight: number;
}

/** Plays a history on two stores in turn. At each check a store has the same state as an engine without a store. */
async function takeTurns(
  desks: readonly Desk[],
  { history, turns, inFlight }: Turns,
): Promise<void> {
  await setUp(found(desks[0]));
  const { engine } = opened();
  let from = 0;
  for (const { length, which, isChecked } of turns) {
    const stretch = history.slice(from, (from += length));
    await playConcurrently(found(desks[which]), stretch, inFlight);
    play(engine, stretch);
    if (isChecked && stretch.length > 0) await expectSameState(found(desks[1 - which]), engine);
  }
  for (const desk of desks) await expectSameState(desk, engine);
}

it(`postgres: two stores that are used in turn have the same state as one engine ${rerun}`, async () => {
  const example = fc.record({ history: histories, turns, inFlight });
  const property = fc.asyncProperty(example, async ({ history, turns, inFlight }) => {
    const { url } = await createDatabase();
    const desks = await Promise.all([open(url), open(url)]);
    try {
      await takeTurns(desks, { history, turns, inFlight });
      for (const desk of desks) await expectSameRecords(desk, history);
      expect((await verifyDatabase(url, HISTORY_RULES)).faults).toEqual([]);
    } finally {
      for (const { store } of desks) await store.close();
    }
  });
  // The first counterexample is reported, because the search for a smaller one takes longer than a test may.
  await fc.assert(property, { seed, numRuns: casesOf(15), endOnFailure: true });
});
