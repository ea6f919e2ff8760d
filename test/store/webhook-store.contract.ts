import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { doctorId, epochMs } from '../../src/engine/index.ts';
import type {
  AdminChange,
  StoredDelivery,
  StoredLag,
  StoredWebhook,
  WebhookProgress,
} from '../../src/store/index.ts';
import { NOW } from '../support/engine/clinic.ts';
import type { DatabaseUnderTest } from '../support/store/database-under-test.ts';
import { adminChange, Desk, type OpenDatabase } from '../support/store/desk.ts';
import { eventually } from '../support/eventually.ts';

const LEASE_MS = 60_000;
const ALL = { status: null, behind: null, limit: 100 };

const webhook = (more: Partial<StoredWebhook> = {}): StoredWebhook => ({
  ...{ id: 'ward', url: 'https://ward.example/opd', types: ['token.booked', 'slot.closed'] },
  ...{ doctorIds: [doctorId('rao'), doctorId('a:b@c')], secret: 'whsec_a' },
  ...{ previousSecret: 'whsec_0', previousUntil: epochMs(NOW + 1), createdAt: NOW },
  ...{ disabledAt: null, disabledReason: null, deletedAt: null },
  ...{ revision: 1, cursor: 'c0', succeededAt: null, ...more },
});

const lag = (more: Partial<StoredLag> = {}): StoredLag => ({
  ...{ webhookId: 'ward', doctorId: doctorId('rao'), cursor: 'c1', tries: 2 },
  ...{ failingSince: NOW, nextAt: epochMs(NOW + 5_000), ...more },
});

const delivery = (more: Partial<StoredDelivery> = {}): StoredDelivery => ({
  ...{ webhookId: 'ward', eventId: 'e1', type: 'token.booked', doctorId: doctorId('rao') },
  ...{ status: 'retrying', tries: 2, at: NOW, nextAt: epochMs(NOW + 5_000) },
  ...{ httpStatus: 500, answer: 'oh "no"', error: null, ...more },
});

let acts = 0;
/** An act that is not on record yet. */
const act = (): AdminChange => adminChange({ id: `act ${(acts += 1)}` });

const progress = (more: Partial<WebhookProgress> = {}): WebhookProgress => ({
  ...{ webhookId: 'ward', processId: 'one', revision: 1, cursor: 'c5', succeededAt: NOW },
  ...{ disabled: null, lags: [], caughtUp: [], deliveries: [], ...more },
});

/** Tests what the port `WebhookStore` promises. Every adapter runs them. */
export function webhookStoreContract(
  name: string,
  { database, whyNotDurable, isSoleOwner }: DatabaseUnderTest,
) {
  describe(`${name}: the webhook store contract`, () => {
    let openDatabase: OpenDatabase;
    let opened: Desk;
    const open = async () => {
      opened = await new Desk(openDatabase).load();
      return opened.webhooks;
    };
    /** Sets the webhook and takes it for the process `one`. */
    const started = async () => {
      await opened.webhooks.setWebhook(webhook(), false, act());
      await opened.webhooks.takeShare('one', LEASE_MS);
      return opened.webhooks;
    };

    beforeEach(async () => {
      openDatabase = await database();
      await open();
    });
    afterEach(() => opened.store.close());

    it('gives back webhooks as they were set, in the order of their ids', async () => {
      const [other, deleted] = [
        webhook({ id: 'app', types: [], doctorIds: [], previousSecret: null, previousUntil: null }),
        webhook({ id: 'old', deletedAt: NOW, disabledAt: NOW, disabledReason: 'gone' }),
      ];
      for (const each of [webhook(), deleted, other])
        expect(await opened.webhooks.setWebhook(each, false, act())).toBe(true);
      expect(await opened.webhooks.webhooks()).toEqual([other, deleted, webhook()]);
    });

    it('a webhook is set only by one who knows its latest revision', async () => {
      const store = await started();
      expect(await store.setWebhook(webhook({ secret: 'whsec_b' }), false, act())).toBe(false);
      expect(await store.setWebhook(webhook({ secret: 'whsec_b', revision: 3 }), true, act())).toBe(
        false,
      );
      expect(await store.webhooks()).toEqual([webhook()]);
      expect(
        await store.setWebhook(webhook({ url: 'https://b.example', revision: 2 }), true, act()),
      ).toBe(true);
      expect(await store.webhooks()).toEqual([webhook({ url: 'https://b.example', revision: 2 })]);
    });

    it('one who sets a webhook while another write of it is in flight reads it again until he knows it', async () => {
      const { webhooks: store } = opened;
      /** As the registry does: it never waits for anything but the store. */
      const set = async (url: string): Promise<void> => {
        for (;;) {
          const [before] = await store.webhooks();
          const revision = (before?.revision ?? 0) + 1;
          if (await store.setWebhook(webhook({ url, revision }), false, act())) return;
        }
      };
      await Promise.all(['a', 'b', 'c'].map((name) => set(`https://${name}.example`)));
      expect(await store.webhooks()).toMatchObject([{ revision: 3 }]);
    });

    it('progress moves the cursor, sets and ends lags, and notes deliveries', async () => {
      const store = await started();
      const [other, again] = [lag({ doctorId: doctorId('iyer') }), lag({ tries: 3 })];
      await store.writeProgress(progress({ lags: [lag(), other], deliveries: [delivery()] }));
      await store.writeProgress(
        progress({ succeededAt: null, lags: [again], deliveries: [delivery({ tries: 3 })] }),
      );
      expect(await store.webhooks()).toEqual([webhook({ cursor: 'c5', succeededAt: NOW })]);
      expect(await store.lags('ward')).toEqual([other, again]);
      expect(await store.lags('other')).toEqual([]);
      expect(await store.deliveries('ward', ALL)).toEqual([delivery({ tries: 3 })]);
      await store.writeProgress(progress({ caughtUp: [doctorId('iyer')] }));
      expect(await store.lags('ward')).toEqual([again]);
    });

    it('a webhook that is set keeps its place, or gets a new one without lags', async () => {
      const store = await started();
      await store.writeProgress(progress({ lags: [lag()] }));
      await store.setWebhook(webhook({ revision: 2 }), true, act());
      expect(await store.webhooks()).toEqual([
        webhook({ revision: 2, cursor: 'c5', succeededAt: NOW }),
      ]);
      expect(await store.lags('ward')).toEqual([lag()]);
      await store.setWebhook(webhook({ revision: 3 }), false, act());
      expect(await store.webhooks()).toEqual([webhook({ revision: 3 })]);
      expect(await store.lags('ward')).toEqual([]);
    });

    it('progress of an earlier revision changes nothing', async () => {
      const store = await started();
      await store.setWebhook(webhook({ revision: 2 }), true, act());
      const late = progress({ lags: [lag()], deliveries: [delivery()] });
      expect(await store.writeProgress(late)).toBe(false);
      expect(await store.webhooks()).toEqual([webhook({ revision: 2 })]);
      expect(await store.lags('ward')).toEqual([]);
      expect(await store.deliveries('ward', ALL)).toEqual([]);
      expect(await store.writeProgress({ ...late, revision: 2 })).toBe(true);
    });

    it('progress may disable the webhook', async () => {
      const store = await started();
      await store.writeProgress(
        progress({
          disabled: {
            reason: 'gone',
            change: adminChange({ id: 'gone', kind: 'webhook_disabled' }),
          },
        }),
      );
      expect(await store.webhooks()).toMatchObject([{ disabledAt: NOW, disabledReason: 'gone' }]);
      expect(await store.takeShare('one', LEASE_MS)).toEqual(new Set());
    });

    it('each act goes on record once, with the act and only with it', async () => {
      const store = await started();
      const recorded = async () => {
        const all = { actor: null, kind: null, from: null, to: null };
        return opened.keys.adminChanges(all, null, 9);
      };
      const moved = webhook({ url: 'https://b.example', revision: 2 });
      const [two, three, four] = [
        adminChange({ id: 'change 2', kind: 'webhook_changed', url: 'https://b.example' }),
        adminChange({ id: 'change 3', kind: 'webhook_tested' }),
        adminChange({ id: 'change 4', kind: 'webhook_disabled', actor: 'system' }),
      ];
      expect(await store.setWebhook(moved, true, two)).toBe(true);
      const [late, refused] = [
        { ...moved, url: 'https://c.example' },
        adminChange({ id: 'change 5' }),
      ];
      expect(await store.setWebhook(late, true, refused)).toBe(false);
      expect(await store.setWebhook(late, false, refused)).toBe(false);
      const disabled = (given: AdminChange) =>
        ({ disabled: { reason: 'gone', change: given } }) as const;
      expect(await store.writeProgress(progress(disabled(refused)))).toBe(false);
      await store.writeDelivery(delivery(), three);
      expect(await recorded()).toMatchObject([three, two, { kind: 'webhook_created' }]);
      expect(await store.writeProgress(progress({ revision: 2, ...disabled(four) }))).toBe(true);
      expect(await recorded()).toMatchObject([four, three, two, { kind: 'webhook_created' }]);
    });

    it('deliveries are listed from the latest back, page by page and by status', async () => {
      const store = await started();
      const [first, second, third] = [
        delivery({ status: 'delivered', nextAt: null }),
        delivery({ eventId: 'e2' }),
        delivery({ eventId: 'e0', type: 'webhook.test', doctorId: null, at: epochMs(NOW + 1) }),
      ];
      await store.writeProgress(progress({ deliveries: [first, second] }));
      await store.writeDelivery(third, act());
      expect(await store.deliveries('ward', { ...ALL, limit: 2 })).toEqual([third, second]);
      const behind = { at: second.at, eventId: second.eventId };
      expect(await store.deliveries('ward', { ...ALL, behind })).toEqual([first]);
      expect(await store.deliveries('ward', { ...ALL, status: 'delivered' })).toEqual([first]);
    });

    it('old deliveries are deleted some at a time, and then the webhooks that were deleted', async () => {
      const store = await started();
      const deliveries = ['a', 'b', 'c'].map((eventId, n) =>
        delivery({ eventId, at: epochMs(NOW + n) }),
      );
      await store.writeProgress(progress({ deliveries }));
      await store.prune({ before: epochMs(NOW + 2), countMax: 1 });
      expect(await store.deliveries('ward', ALL)).toHaveLength(2);
      await store.prune({ before: epochMs(NOW + 2), countMax: 10 });
      expect(await store.deliveries('ward', ALL)).toEqual(deliveries.slice(2));
      await store.setWebhook(webhook({ revision: 2, deletedAt: NOW }), true, act());
      await store.prune({ before: epochMs(NOW + 2), countMax: 10 });
      expect(await store.webhooks()).toHaveLength(1);
      await store.prune({ before: epochMs(NOW + 3), countMax: 10 });
      expect(await store.webhooks()).toEqual([]);
    });

    it('the share of the only process is every webhook that is neither deleted nor disabled', async () => {
      const store = await started();
      await store.setWebhook(
        webhook({ id: 'off', disabledAt: NOW, disabledReason: 'gone' }),
        false,
        act(),
      );
      await store.setWebhook(webhook({ id: 'old', deletedAt: NOW }), false, act());
      await store.setWebhook(webhook({ id: 'app' }), false, act());
      expect(await store.takeShare('one', LEASE_MS)).toEqual(new Set(['app', 'ward']));
    });

    it.runIf(whyNotDurable === null)('a restart loses nothing', async () => {
      const store = await started();
      await store.writeProgress(progress({ lags: [lag()], deliveries: [delivery()] }));
      await opened.store.close();
      const next = await open();
      expect(await next.webhooks()).toEqual([webhook({ cursor: 'c5', succeededAt: NOW })]);
      expect(await next.lags('ward')).toEqual([lag()]);
      expect(await next.deliveries('ward', ALL)).toEqual([delivery()]);
      expect(await next.setWebhook(webhook({ revision: 2 }), true, act())).toBe(true);
    });

    describe.runIf(!isSoleOwner)('with several processes', () => {
      const IDS = Array.from({ length: 20 }, (_, n) => `w${n}`);
      const setAll = async () => {
        for (const id of IDS) await opened.webhooks.setWebhook(webhook({ id }), false, act());
        return opened.webhooks;
      };

      it('a webhook belongs to one process at a time, and each gets a part of them', async () => {
        const store = await setAll();
        expect((await store.takeShare('one', LEASE_MS)).size).toBe(20);
        expect(await store.takeShare('two', LEASE_MS)).toEqual(new Set());
        const kept = await store.takeShare('one', LEASE_MS);
        expect(kept.size).toBeGreaterThan(0);
        expect(kept.size).toBeLessThan(20);
        await store.leaveShare('one');
        const taken = await store.takeShare('two', LEASE_MS);
        expect(taken.size).toBe(20);
      });

      it('two processes share all webhooks as soon as the leases of the first have ended', async () => {
        const store = await setAll();
        await store.takeShare('one', 50);
        let shares: ReadonlySet<string>[] = [];
        await eventually(async () => {
          // On a busy machine all leases of the first have ended here. Then the second has all webhooks for a second.
          shares = [await store.takeShare('two', 1_000), await store.takeShare('one', 1_000)];
          const hasEach = shares.every(({ size }) => size > 0);
          return hasEach && shares.flatMap((share) => [...share]).length === 20;
        });
        expect(new Set(shares.flatMap((share) => [...share])).size).toBe(20);
      });

      it('a process that is silent for the time of its lease loses its webhooks, and its progress does not count', async () => {
        const store = await started();
        await store.takeShare('one', 1);
        await eventually(async () => (await store.takeShare('two', LEASE_MS)).has('ward'));
        expect(await store.writeProgress(progress({ lags: [lag()] }))).toBe(false);
        expect(await store.webhooks()).toEqual([webhook()]);
        expect(await store.lags('ward')).toEqual([]);
        expect(await store.writeProgress(progress({ processId: 'two' }))).toBe(true);
      });
    });
  });
}
