import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { doctorId, epochMs } from '../../src/engine/index.ts';
import { NOW } from '../support/engine/clinic.ts';
import type { AdminChange } from '../../src/store/index.ts';
import type { DatabaseUnderTest } from '../support/store/database-under-test.ts';
import { Desk, keyWrite, storedKey, type OpenDatabase } from '../support/store/desk.ts';

const FULL = storedKey({
  ...{ name: 'rao', id: 'abcdef012345', hash: 'h2', role: 'doctor', lastUsedAt: NOW },
  doctorIds: [doctorId('rao'), doctorId('a:b@c')],
  ...{ expiresAt: epochMs(NOW + 1), revokedAt: epochMs(NOW + 2) },
});

/** Tests what the port `KeyStore` promises. Every adapter runs them. */
export function keyStoreContract(name: string, { database, whyNotDurable }: DatabaseUnderTest) {
  describe(`${name}: the key store contract`, () => {
    let openDatabase: OpenDatabase;
    let opened: Desk;
    const open = async () => {
      opened = await new Desk(openDatabase).load();
      return opened.keys;
    };

    beforeEach(async () => {
      openDatabase = await database();
      await open();
    });
    afterEach(() => opened.store.close());

    it('gives back keys as they were set, in the order of their names', async () => {
      await opened.keys.writeKeys([keyWrite(FULL), keyWrite(storedKey())]);
      expect(await opened.keys.accessKeys()).toEqual([storedKey(), FULL]);
    });

    it('a key that is set replaces the key of the same name', async () => {
      await opened.keys.writeKeys([keyWrite(storedKey())]);
      const changed = storedKey({ id: 'bbbbbbbbbbbb', role: 'admin', revokedAt: NOW });
      await opened.keys.writeKeys([keyWrite(changed)]);
      expect(await opened.keys.accessKeys()).toEqual([changed]);
    });

    it('a use changes the last use alone, and only of the key with this secret', async () => {
      await opened.keys.writeKeys([keyWrite(storedKey()), keyWrite(FULL)]);
      const at = epochMs(NOW + 60_000);
      const stale = { used: { id: 'cccccccccccc', at } };
      await opened.keys.writeKeys([{ used: { id: storedKey().id, at } }, stale]);
      expect(await opened.keys.accessKeys()).toEqual([storedKey({ lastUsedAt: at }), FULL]);
    });

    it('gives back the changes of keys, the latest first, by actor, kind, time and place', async () => {
      const changes: readonly Partial<AdminChange>[] = [
        { id: '3', kind: 'key_revoked', actor: 'boss/asha', at: epochMs(NOW + 2) },
        { id: '2', kind: 'key_rotated', actor: 'bosss', at: epochMs(NOW + 1) },
        { id: '1' },
      ];
      for (const change of changes.toReversed())
        await opened.keys.writeKeys([keyWrite(storedKey(), change)]);
      const all = { actor: null, kind: null, from: null, to: null };
      const idsOf = async (filter: object, before: string | null = null, limit = 9) => {
        const found = await opened.keys.adminChanges({ ...all, ...filter }, before, limit);
        return found.map(({ id }) => id);
      };
      expect(await opened.keys.adminChanges(all, null, 1)).toEqual([
        { ...changes[0], name: 'desk', role: 'desk', url: null },
      ]);
      expect(await idsOf({})).toEqual(['3', '2', '1']);
      expect(await idsOf({}, '3', 1)).toEqual(['2']);
      expect(await idsOf({ actor: 'boss' })).toEqual(['3', '1']);
      expect(await idsOf({ actor: 'boss/asha' })).toEqual(['3']);
      expect(await idsOf({ kind: 'key_rotated' })).toEqual(['2']);
      expect(await idsOf({ from: NOW + 1, to: NOW + 1 })).toEqual(['2']);
    });

    it.runIf(whyNotDurable === null)('a restart loses no key', async () => {
      await opened.keys.writeKeys([keyWrite(FULL)]);
      await opened.store.close();
      expect(await (await open()).accessKeys()).toEqual([FULL]);
    });
  });
}
