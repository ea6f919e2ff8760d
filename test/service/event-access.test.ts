import { expect, it } from 'vitest';
import { epochMs } from '../../src/engine/index.ts';
import type { AccessKeys } from '../../src/service/access-keys.ts';
import { EventAccess } from '../../src/service/event-access.ts';
import type { Tickets } from '../../src/service/tickets.ts';
import { NOW } from '../support/engine/clinic.ts';

it('a stream and its ticket end with the token of the identity provider', async () => {
  const keys = { state: 'some', validKey: () => undefined } as unknown as AccessKeys;
  const tickets = {
    sign: (_purpose: string, text: string) => Promise.resolve(text),
    textOf: (_purpose: string, text: string) => Promise.resolve(text),
  } as unknown as Tickets;
  let now = NOW;
  const access = new EventAccess(keys, tickets, () => now);
  const identity = {
    ...{ name: 'oidc:u-7', actor: 'oidc:u-7', role: 'desk' as const, doctorIds: null },
    expiresAt: epochMs(NOW + 60_000),
  };
  const grant = access.grantOf(identity);
  const { ticket } = await access.issue(identity);
  const opened = await access.grantOfTicket(ticket);
  expect([grant.isValid(), opened?.isValid()]).toEqual([true, true]);
  now = epochMs(NOW + 60_000);
  expect([grant.isValid(), opened?.isValid()]).toEqual([false, false]);
  expect(await access.grantOfTicket(ticket)).toBeUndefined();
});
