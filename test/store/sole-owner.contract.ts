import { expect, it } from 'vitest';
import { slotId, tokenId } from '../../src/engine/index.ts';
import { NOW, RAO, SEN } from '../support/engine/clinic.ts';
import { keptAnswer, orderOf, type Desk } from '../support/store/desk.ts';

/** What a store promises besides when nobody else writes to its database: it decides without asking anybody. */
export function decidesAtOnce(desk: () => Desk): void {
  it('decides at once', async () => {
    const { engine } = desk();
    const answered = desk().book('a');
    expect(engine.token(tokenId('a'))).toBeDefined();
    await answered;
  });

  it('does not hold a refusal back for what another doctor has in flight', async () => {
    const booked = desk().book('a');
    const refused = desk().book('b', { doctorId: SEN, slotId: slotId('unknown') });
    expect(await orderOf({ booked, refused })).toEqual(['refused', 'booked']);
  });

  it('sees what was commanded before, and tells it when it is durable', async () => {
    const { store, engine } = desk();
    const answered = desk().book('a');
    const seen = await store.read(RAO, () => engine.token(tokenId('a'))?.status);
    expect(seen).toBe('BOOKED');
    expect(await store.token(tokenId('a'))).toMatchObject({ status: 'BOOKED' });
    await answered;
  });

  it('waits for a kept answer, though nothing else changes', async () => {
    const { store } = desk();
    const kept = keptAnswer();
    const answered = desk().book('b', { slotId: slotId('unknown') }, { kept });
    await store.read(RAO, () => null);
    expect(await store.storedResponse(kept.caller, kept.key, NOW)).toEqual(kept);
    await answered;
  });

  it('tells of a slot only what is durable', async () => {
    const booked = desk().book('a');
    expect(await desk().store.slotChanges(slotId('nine'))).toHaveLength(1);
    await booked;
    expect(await desk().store.slotChanges(slotId('nine'))).toHaveLength(2);
  });
}
