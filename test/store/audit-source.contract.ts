import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { doctorId, slotId, tokenId, type Change, type TokenId } from '../../src/engine/index.ts';
import { ROWS_PER_BATCH, type AuditSource } from '../../src/store/audit-source.ts';
import { found, RAO, SEN, TODAY, TOMORROW } from '../support/engine/clinic.ts';
import type { OpenDatabase } from '../support/store/desk.ts';
import { FrontDesk } from '../support/store/front-desk.ts';
import { allOf } from '../support/store/pages.ts';

/** A new, empty database: how to open it for writing and for verification. */
export interface VerifiedDatabase {
  readonly open: OpenDatabase;
  readonly source: () => Promise<AuditSource>;
}

const ids = (names: string): TokenId[] => names.split(' ').map(tokenId);

async function batchesOf(source: AuditSource): Promise<(readonly Change[])[]> {
  const batches: (readonly Change[])[] = [];
  for await (const batch of source.changes()) batches.push(batch);
  return batches;
}

/** Tests what the port `AuditSource` promises to `verify`. Every adapter runs them. */
export function auditSourceContract(name: string, database: () => VerifiedDatabase): void {
  describe(`${name}: the audit source contract`, () => {
    let desk: FrontDesk;
    let open: () => Promise<AuditSource>;

    beforeEach(async () => {
      const { open: store, source } = database();
      desk = await new FrontDesk(store, { waitlistMax: Infinity }).load();
      onTestFinished(() => desk.store.close());
      await desk.openSlots();
      open = async () => {
        const opened = await source();
        onTestFinished(() => opened.close());
        return opened;
      };
    });

    it('all changes are read in batches, doctor by doctor in the order of the versions', async () => {
      const names = Array.from({ length: 2 * ROWS_PER_BATCH }, (_, index) => `W${index}`);
      await desk.admit('other', 'O1');
      await desk.admit('nine', names.join(' '));
      await desk.admit('other', 'O2');
      const batches = await batchesOf(await open());
      expect(batches.map(({ length }) => length <= ROWS_PER_BATCH)).not.toContain(false);
      const order = batches.flat().map(({ doctorId, version }) => `${doctorId}:${version}`);
      const expected = [RAO, SEN].flatMap((id) =>
        Array.from({ length: found(desk.engine.doctor(id)).version }, (_, n) => `${id}:${n + 1}`),
      );
      expect(order).toEqual(expected);
    });

    it('the changes of one doctor are read in the order of the versions', async () => {
      await desk.admit('other', 'O1');
      await desk.admit('nine', 'W1');
      const source = await open();
      const all = (await batchesOf(source)).flat();
      expect(await source.changesOf(SEN)).toEqual(all.filter(({ doctorId }) => doctorId === SEN));
      expect(await source.changesOf(doctorId('nobody'))).toEqual([]);
    });

    it('a change is read as the engine applied it', async () => {
      await desk.admit('nine', 'W1 W2 W3');
      await desk.move('W1', 'ten');
      const changes = (await batchesOf(await open())).flat();
      const inTen = changes.filter((change) => 'slotId' in change && change.slotId === 'ten');
      expect(inTen).toHaveLength(1);
      expect(inTen).toEqual(
        (await allOf(desk.archive.slotChanges(slotId('ten')))).filter(
          ({ kind }) => kind === 'moved_in',
        ),
      );
    });

    it('other reads between two batches do not disturb the reading of the changes', async () => {
      await desk.admit(
        'nine',
        Array.from({ length: ROWS_PER_BATCH + 1 }, (_, n) => `W${n}`).join(' '),
      );
      const source = await open();
      let count = 0;
      for await (const batch of source.changes()) {
        count += batch.length;
        expect(await source.tokens(ids('W1'))).toHaveLength(1);
        expect(await source.steps(ids('W1'))).toHaveLength(1);
        expect(await source.doctor(RAO)).toBeDefined();
      }
      // The changes are those of two doctors, four slots and the bookings.
      expect(count).toBe(2 + 4 + ROWS_PER_BATCH + 1);
    });

    it('the reading of the changes can be ended between two batches', async () => {
      await desk.admit(
        'nine',
        Array.from({ length: ROWS_PER_BATCH + 1 }, (_, n) => `W${n}`).join(' '),
      );
      const source = await open();
      for await (const batch of source.changes()) {
        expect(batch.length).toBeGreaterThan(0);
        break;
      }
      expect(await source.doctorIds()).toEqual([RAO, SEN]);
    });

    it('a source reads one snapshot: later writes are not in it', async () => {
      await desk.admit('nine', 'W1');
      const source = await open();
      const before = (await batchesOf(source)).flat().length;
      await desk.admit('nine', 'W2');
      await desk.leave('W1');
      expect((await batchesOf(source)).flat()).toHaveLength(before);
      expect(await source.tokens(ids('W1 W2'))).toMatchObject([{ id: 'W1', status: 'BOOKED' }]);
    });

    it('the stored ones of the given tokens are read, of any doctor and status', async () => {
      await desk.admit('nine', 'W1 W2');
      await desk.admit('other', 'W3');
      await desk.leave('W2');
      const tokens = await (await open()).tokens(ids('W3 W1 nobody W2'));
      const stored = await Promise.all(ids('W1 W2 W3').map((id) => desk.archive.token(id)));
      expect(tokens.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(stored);
    });

    it('the slots of a token are read in the order of its moves, with their days', async () => {
      await desk.admit('nine', 'W1 W2');
      // The versions of two doctors are independent, so they do not give the order of a token's moves between them.
      for (const slot of ['other', 'morrow', 'nine']) await desk.move('W1', slot);
      const steps = await (await open()).steps(ids('W1 nobody'));
      expect(steps.map(({ change, date }) => [change.kind, change.slotId, date])).toEqual([
        ['booked', 'nine', TODAY],
        ['moved_out', 'nine', TODAY],
        ['moved_in', 'other', TODAY],
        ['moved_out', 'other', TODAY],
        ['moved_in', 'morrow', TOMORROW],
        ['moved_out', 'morrow', TOMORROW],
        ['moved_in', 'nine', TODAY],
      ]);
      expect(new Set(steps.map(({ change }) => change.tokenId))).toEqual(new Set(['W1']));
    });

    it('a doctor is read as stored', async () => {
      await desk.admit('nine', 'W1 W2');
      await desk.move('W2', 'morrow');
      const source = await open();
      const stored = found(await source.doctor(RAO));
      const { facts, version, slots } = found(desk.engine.doctor(RAO));
      expect(stored).toMatchObject({ facts, version, lastArrival: 3 });
      expect(new Map(stored.lastNumbers)).toEqual(
        new Map([
          [TODAY, 2],
          [TOMORROW, 1],
        ]),
      );
      const bySlot = new Map(slots.map((slot) => [slot.facts.id, slot.facts]));
      expect(new Map(stored.slots.map((slot) => [slot.id, slot]))).toEqual(bySlot);
      expect(await source.doctor(doctorId('nobody'))).toBeUndefined();
      expect(await source.doctorIds()).toEqual([RAO, SEN]);
    });

    it('no token without a change record and no doubled number is found in a clean database', async () => {
      await desk.admit('nine', 'W1 W2');
      await desk.admit('morrow', 'W3');
      await desk.admit('other', 'W4');
      const source = await open();
      expect(await source.orphanTokens()).toEqual([]);
      expect(await source.doubledNumbers()).toEqual([]);
    });
  });
}
