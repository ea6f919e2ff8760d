import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { foldToken, isTokenChange, type TokenChange } from '../../src/store/fold.ts';
import { createStore, verifyDatabase, type StoredToken } from '../../src/store/index.ts';
import { slotIdOf } from '../../src/store/verify/units.ts';
import { NOW } from '../support/clinic.ts';
import { Desk } from '../support/desk.ts';
import {
  DOCTORS,
  histories,
  HISTORY_RULES,
  opened,
  perform,
  play,
  SLOTS,
  type Action,
} from '../support/history.ts';
import { rerun, seed } from '../support/seed.ts';
import { snapshotOf } from '../support/snapshot.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Both doctors, since a history does not say whose token it means. */
const SCOPE = { doctorIds: DOCTORS.map(({ id }) => id) };

const open = (file: string): Promise<Desk> =>
  new Desk((engine) => createStore(`sqlite:${file}`, engine), HISTORY_RULES).load(NOW);

/** The part of a history from one place on, so many commands in flight at once. */
async function playAt(desk: Desk, history: readonly Action[], from: number, together: number) {
  let inFlight: Promise<unknown>[] = [];
  for (const action of history.slice(from)) {
    inFlight.push(desk.run(SCOPE, () => perform(desk.engine, action)));
    if (inFlight.length < together) continue;
    await Promise.all(inFlight);
    inFlight = [];
  }
  await Promise.all(inFlight);
}

const nameOf = ({ doctorId, version, kind }: Pick<TokenChange, 'doctorId' | 'version' | 'kind'>) =>
  `${doctorId}:${version} ${kind}`;

/** Whatever happened to every token and in every slot is on record as the engine without a store leaves it. */
async function expectSameRecords({ store }: Desk, history: readonly Action[]): Promise<void> {
  const { engine, changes } = opened();
  changes.push(...play(engine, history));
  for (const [id, expected] of Map.groupBy(
    changes.filter(isTokenChange),
    (change) => change.tokenId,
  )) {
    expect((await store.history(id)).map(nameOf)).toEqual(expected.map(nameOf));
    const token = expected.reduce<StoredToken | undefined>(foldToken, undefined);
    expect(await store.token(id)).toEqual(token);
  }
  for (const { id } of SLOTS) {
    const expected = changes.filter((change) => slotIdOf(change) === id);
    expect(await store.slotChanges(id)).toEqual(expected);
  }
}

it(`sqlite: a restart at a random point of a random history changes nothing ${rerun}`, async () => {
  const directory = tempDir();
  let files = 0;
  const example = fc.record({
    history: histories,
    point: fc.nat(80),
    together: fc.integer({ min: 1, max: 30 }),
  });
  const property = fc.asyncProperty(example, async ({ history, point, together }) => {
    const file = join(directory, `${(files += 1)}.db`);
    const before = await open(file);
    for (const doctor of DOCTORS)
      await before.put(
        doctor,
        SLOTS.filter(({ doctorId }) => doctorId === doctor.id),
      );
    await playAt(before, history.slice(0, point), 0, together);
    await before.store.close();
    const after = await open(file);
    await playAt(after, history, point, together);
    const { engine } = opened();
    play(engine, history);
    expect(snapshotOf(after.engine)).toEqual(snapshotOf(engine));
    await expectSameRecords(after, history);
    await after.store.close();
    expect((await verifyDatabase(`sqlite:${file}`, HISTORY_RULES)).faults).toEqual([]);
  });
  await fc.assert(property, { seed, numRuns: 60 });
});
