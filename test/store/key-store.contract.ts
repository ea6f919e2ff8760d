import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { doctorId, epochMs } from '../../src/engine/index.ts';
import { NOW } from '../support/engine/clinic.ts';
import type { DatabaseUnderTest } from '../support/store/database-under-test.ts';
import { Desk, storedKey, type OpenDatabase } from '../support/store/desk.ts';

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
      await opened.keys.writeKeys([{ set: FULL }, { set: storedKey() }]);
      expect(await opened.keys.accessKeys()).toEqual([storedKey(), FULL]);
    });

    it('a key that is set replaces the key of the same name', async () => {
      await opened.keys.writeKeys([{ set: storedKey() }]);
      const changed = storedKey({ id: 'bbbbbbbbbbbb', role: 'admin', revokedAt: NOW });
      await opened.keys.writeKeys([{ set: changed }]);
      expect(await opened.keys.accessKeys()).toEqual([changed]);
    });

    it('a use changes the last use alone, and only of the key with this secret', async () => {
      await opened.keys.writeKeys([{ set: storedKey() }, { set: FULL }]);
      const at = epochMs(NOW + 60_000);
      const stale = { used: { id: 'cccccccccccc', at } };
      await opened.keys.writeKeys([{ used: { id: storedKey().id, at } }, stale]);
      expect(await opened.keys.accessKeys()).toEqual([storedKey({ lastUsedAt: at }), FULL]);
    });

    it.runIf(whyNotDurable === null)('a restart loses no key', async () => {
      await opened.keys.writeKeys([{ set: FULL }]);
      await opened.store.close();
      expect(await (await open()).accessKeys()).toEqual([FULL]);
    });
  });
}
