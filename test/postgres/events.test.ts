import { expect, it, onTestFinished } from 'vitest';
import type { EventView } from '../../src/http/resources/event.ts';
import { EventReader, Follower } from '../support/app/event-reader.ts';
import { found } from '../support/engine/clinic.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import { eventually } from '../support/eventually.ts';
import {
  bookAt,
  DOCTORS,
  openSlot,
  startOne,
  startTwo,
  stop,
} from '../support/postgres/pg-hospital.ts';
import { Load } from '../support/postgres/pg-load.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';
import { casesOf, rerun, seed } from '../support/seed.ts';
import { runSql } from '../support/store/run-sql.ts';

const FOLLOWERS = 10;
const ROUNDS = casesOf(4);
const BOOKINGS_PER_ROUND = 60;

/** The versions of a doctor's changes on record, from one on. */
async function versionsFrom(url: string, doctor: string, from: number): Promise<number[]> {
  const rows = await runSql(
    url,
    `SELECT version FROM changes WHERE doctor_id = '${doctor}' AND version >= ${from} ORDER BY version`,
  );
  return rows.map(({ version }) => Number(version));
}

const versionsOf = (events: readonly EventView[], doctor: string): number[] =>
  events.filter(({ doctor_id }) => doctor_id === doctor).map(({ version }) => version);

it(`readers that change between three processes, some of which are killed, get each event of their doctors once and in order ${rerun}`, async () => {
  const random = randomFrom(seed);
  const { url } = await createDatabase();
  const servers = [await startOne(url)];
  const start = async (): Promise<ServerProcess> => {
    const server = await startServer({ DATABASE_URL: url });
    servers.push(server);
    return server;
  };
  await Promise.all([start(), start()]);
  const any = <T>(of: readonly T[]): T => found(of[Math.floor(random() * of.length)]);
  const first = new Map<string, number>();
  for (const doctor of DOCTORS) first.set(doctor, (await versionsFrom(url, doctor, 1)).length + 1);
  const followers = Array.from({ length: FOLLOWERS }, (_, index) => {
    const doctors = DOCTORS.filter((_doctor, place) => index % 3 !== place || index % 2 === 0);
    const query = doctors.map((doctor) => `doctor_id=${doctor}`).join('&');
    return { doctors, follower: new Follower(() => any(servers).url, query) };
  });
  const end = () => Promise.all(followers.map(({ follower }) => follower.end()));
  onTestFinished(async () => {
    await end();
  });
  await Promise.all(followers.map(({ follower }) => follower.start()));
  const load = new Load();
  const clients = servers.map((server) => load.client(server));
  for (let round = 0; round < ROUNDS; round += 1) {
    const enough = load.booked + BOOKINGS_PER_ROUND;
    // At least one reader changes in each round, however fast the bookings are.
    any(followers).follower.drop();
    await eventually(() => {
      if (random() < 0.3) any(followers).follower.drop();
      return load.booked >= enough;
    });
    const [killed] = servers.splice(Math.floor(random() * servers.length), 1);
    await killed?.stop('SIGKILL');
    clients.push(load.client(await start()));
  }
  load.end();
  await Promise.all(clients);
  const expected = new Map<string, number[]>();
  for (const doctor of DOCTORS)
    expected.set(doctor, await versionsFrom(url, doctor, first.get(doctor) ?? 1));
  for (const { doctors, follower } of followers) {
    const count = doctors.reduce((sum, doctor) => sum + found(expected.get(doctor)).length, 0);
    await eventually(() => follower.events.length >= count);
    for (const doctor of DOCTORS)
      expect(versionsOf(follower.events, doctor)).toEqual(
        doctors.includes(doctor) ? expected.get(doctor) : [],
      );
    expect(follower.resets).toBe(0);
  }
  expect(followers.reduce((sum, { follower }) => sum + follower.connections, 0)).toBeGreaterThan(
    FOLLOWERS,
  );
  await end();
  await stop(...servers);
});

it('a client that is told of a promotion reads it from any process', async () => {
  const { url } = await createDatabase();
  const [server, other] = await startTwo(url);
  await openSlot(server, 'doc1', 1, 'single');
  const reader = await EventReader.open(`${other.url}/events?types=token.promoted`);
  const slot = { doctor_id: 'doc1', slot_id: 'single', patient_type: 'WALK_IN' };
  const book = async (patient_name: string): Promise<string> => {
    const answer = await server.post('/book', { ...slot, patient_name });
    return ((await answer.json()) as { id: string }).id;
  };
  let seated = await book('first');
  for (let turn = 0; turn < 5; turn += 1) {
    const waiting = await book(`patient ${turn}`);
    // The other process reads the token before, so its memory is older than the promotion.
    expect(await (await other.get(`/tokens/${waiting}`)).json()).toMatchObject({
      status: 'WAITING',
    });
    await server.post('/cancel', { token_id: seated });
    const { data } = found((await reader.until(turn + 1))[turn]);
    expect(data).toMatchObject({ token_id: waiting, new_status: 'BOOKED', cause: seated });
    for (const each of [server, other])
      expect(await (await each.get(`/tokens/${waiting}`)).json()).toMatchObject({
        status: 'BOOKED',
      });
    seated = waiting;
  }
  // A ticket of one process is valid in the other one, also when both need the secret for the first time.
  const tickets = await Promise.all(
    [server, other].map(
      async (each) => (await (await each.post('/events/ticket', {})).json()) as { ticket: string },
    ),
  );
  for (const { ticket } of tickets)
    for (const each of [server, other]) {
      const stream = await EventReader.open(`${each.url}/events?ticket=${ticket}`);
      expect(stream.status).toBe(200);
      stream.close();
    }
  reader.close();
  expect((await bookAt(server, 'doc1', 'last')).status).toBe(201);
  await stop(server, other);
});
