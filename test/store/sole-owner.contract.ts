import { expect, it } from 'vitest';
import { slotId, tokenId } from '../../src/engine/index.ts';
import { NOW, RAO, SEN } from '../support/engine/clinic.ts';
import { storedResponse, orderOf, type Desk } from '../support/store/desk.ts';

/** Tests of a store whose database no other process writes to: it decides without waiting for the database. */
export function soleOwnerTests(desk: () => Desk): void {
  it('a command is decided synchronously', async () => {
    const { engine } = desk();
    const answered = desk().book('a');
    expect(engine.token(tokenId('a'))).toBeDefined();
    await answered;
  });

  it("a refusal does not wait for another doctor's commands in flight", async () => {
    const booked = desk().book('a');
    const refused = desk().book('b', { doctorId: SEN, slotId: slotId('unknown') });
    expect(await orderOf({ booked, refused })).toEqual(['refused', 'booked']);
  });

  it('a read sees the earlier command and resolves when it is durable', async () => {
    const { store, archive, engine } = desk();
    const answered = desk().book('a');
    const seen = await store.read(RAO, () => engine.token(tokenId('a'))?.status);
    expect(seen).toBe('BOOKED');
    expect(await archive.token(tokenId('a'))).toMatchObject({ status: 'BOOKED' });
    await answered;
  });

  it('a read waits for a stored response, although nothing else changes', async () => {
    const { store, archive } = desk();
    const stored = storedResponse();
    const answered = desk().book('b', { slotId: slotId('unknown') }, { response: stored });
    await store.read(RAO, () => null);
    expect(await archive.storedResponse(stored.caller, stored.key, NOW)).toEqual(stored);
    await answered;
  });
}
