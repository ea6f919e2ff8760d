import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tokenId } from '../../src/engine/index.ts';
import { createStore } from '../../src/store/index.ts';
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

/** Both doctors, since a history's cancellations do not say whose token they mean. */
const SCOPE = { doctorIds: DOCTORS.map(({ id }) => id) };

const open = (file: string): Promise<Desk> =>
  new Desk((engine) => createStore(`sqlite:${file}`, engine), HISTORY_RULES).load(NOW);

/** The part of a history from one place to another, so many commands in flight at once. */
async function playAt(desk: Desk, history: readonly Action[], from: number, together: number) {
  let inFlight: Promise<unknown>[] = [];
  for (const [index, action] of history.entries()) {
    if (index < from) continue;
    inFlight.push(desk.run(SCOPE, () => perform(desk.engine, action, index)));
    if (inFlight.length < together) continue;
    await Promise.all(inFlight);
    inFlight = [];
  }
  await Promise.all(inFlight);
}

/** Every token that was ever booked is on record as the engine without a store leaves it. */
async function expectSameRecords(desk: Desk, history: readonly Action[]): Promise<void> {
  const { engine, changes } = opened();
  changes.push(...play(engine, history));
  for (const index of history.keys()) {
    const id = tokenId(`t${index}`);
    const expected = changes.filter((change) => 'tokenId' in change && change.tokenId === id);
    const told = await desk.store.history(id);
    expect(told.map(({ kind, version }) => [kind, version])).toEqual(
      expected.map(({ kind, version }) => [kind, version]),
    );
    const last = expected.at(-1);
    const status = last !== undefined && 'to' in last ? last.to : undefined;
    expect((await desk.store.token(id))?.status).toBe(status);
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
  });
  await fc.assert(property, { seed, numRuns: 60 });
});
