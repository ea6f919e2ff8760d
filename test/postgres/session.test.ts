import { expect, it } from 'vitest';
import { Servers } from '../../src/store/postgres/servers.ts';
import { Session, type SessionOptions } from '../../src/store/postgres/session.ts';
import { sessionsOf } from '../support/postgres/pg-hospital.ts';
import { startPgProxy, type Act } from '../support/postgres/pg-proxy.ts';
import { createDatabase, emptyTables } from '../support/postgres/postgres.ts';
import { isThorough } from '../support/seed.ts';

/**
 * The messages that the server sends to a session of these tests: some 20 at the login, 4 for each statement that it
 * parses, 3 or 4 for each that it executes.
 */
const MESSAGES_MIN = 100;
const MESSAGES_MAX = 150;
/** The number is odd, so that the messages of different statements are interrupted at different steps. */
const STEP = isThorough ? 1 : 5;
/** Milliseconds without a response after which a session of these tests counts as lost. */
const SILENCE_MS = 200;

/** Sends what a transaction sends, without waiting for the connection or for any result. */
const sendAll = (session: Session): Promise<unknown>[] => [
  session.prepare(),
  session.run('begin'),
  session.run('versions', '{doc1}'),
  session.run('commit'),
];

/** The statuses of these statements, when each of them has settled. */
const statusesOf = async (results: readonly Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(results)).map(({ status }) => status);

it.each<[string, Act, SessionOptions]>([
  ['is closed', (link) => link.cut(), {}],
  ['breaks with an error', (link) => link.reset(), {}],
  ['becomes silent', (link) => link.hold(), { responseTimeoutMs: SILENCE_MS }],
])(
  'every statement settles when the connection %s, after whichever message of the server',
  async (_, act, options) => {
    const proxy = await startPgProxy(await emptyTables());
    let interrupted = 0;
    const settleAfter = async (messages: number): Promise<void> => {
      const session = new Session(new Servers(proxy.url), options);
      const statuses = await statusesOf(sendAll(session));
      // Pipelined statements are answered in order, so no statement succeeds behind one that fails.
      expect(statuses, `after ${messages} messages`).toEqual(statuses.toSorted());
      if (statuses.includes('rejected')) interrupted += 1;
      await session.close();
    };
    const counts = Array.from({ length: MESSAGES_MAX / STEP }, (_each, place) => place * STEP);
    for (const messages of counts) proxy.interrupt(messages, act);
    await Promise.all(counts.map(settleAfter));
    expect(interrupted).toBeGreaterThan(MESSAGES_MIN / STEP);
  },
);

it('every statement fails with the reason when the server refuses the login', async () => {
  const { url } = await createDatabase();
  const missing = new URL(url);
  missing.pathname += '_missing';
  const session = new Session(new Servers(missing.href));
  const results = sendAll(session);
  for (const result of await Promise.allSettled(results))
    expect(result).toMatchObject({ status: 'rejected', reason: { code: '3D000' } });
  expect(session.isDestroyed).toBe(true);
});

it('every statement settles when the session is closed after the login and before its first result', async () => {
  const proxy = await startPgProxy(await emptyTables());
  const session = new Session(new Servers(proxy.url));
  const closed = proxy.whenSent(/pg_is_in_recovery/, () => void session.close());
  const results = sendAll(session);
  expect(await statusesOf(results)).toEqual(results.map(() => 'rejected'));
  await closed;
});

it('a session never connects again', async () => {
  const { url } = await createDatabase();
  const proxy = await startPgProxy(url);
  proxy.isOpen = false;
  const session = new Session(new Servers(proxy.url));
  expect(await statusesOf(sendAll(session))).not.toContain('fulfilled');
  proxy.isOpen = true;
  await expect(session.run('ping')).rejects.toMatchObject({ code: 'OPD_CONNECTION_LOST' });
  expect(await sessionsOf(url)).toBe(0);
});
