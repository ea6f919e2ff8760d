import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { EventView } from '../../src/http/resources/event.ts';
import { EventReader, Follower } from '../support/app/event-reader.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../../bench/lib/free-port.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { book, openHospital, SLOTS } from '../support/store/hospital.ts';

const ROUNDS = 2;

interface Page {
  readonly events: readonly EventView[];
  readonly cursor: string;
}

const pageOf = async (server: ServerProcess, query = ''): Promise<Page> =>
  (await (await server.get(`/changes?${query}`)).json()) as Page;

/** Books until the process is killed, after so many answers. */
async function bookAndKill(server: ServerProcess, answers: number): Promise<void> {
  let acknowledged = 0;
  const client = async (): Promise<void> => {
    while (!server.hasExited) {
      const answer = await book(server, 'patient', SLOTS[0]).catch(() => null);
      if (answer?.status === 201) acknowledged += 1;
    }
  };
  const clients = [client(), client(), client()];
  await eventually(() => acknowledged >= answers);
  await server.stop('SIGKILL');
  await Promise.all(clients);
}

it('a reader misses nothing and gets nothing twice when the service is killed and started again', async () => {
  // The follower goes on asking at this port while no process listens there.
  const PORT = await freePort();
  const settings = { DATABASE_URL: `sqlite:${join(tempDir(), 'opd.db')}`, PORT };
  let server = await openHospital(settings);
  const { cursor: start } = await pageOf(server);
  const follower = new Follower(() => server.url, 'doctor_id=doc1');
  onTestFinished(() => follower.end());
  await follower.start();
  for (let round = 0; round < ROUNDS; round += 1) {
    // The follower reads from each of the processes.
    await eventually(() => follower.connections > round);
    await bookAndKill(server, 30);
    server = await startServer(settings);
  }
  const recorded: EventView[] = [];
  for (let page = await pageOf(server, `after=${start}`); page.events.length > 0;) {
    recorded.push(...page.events.filter(({ doctor_id }) => doctor_id === 'doc1'));
    page = await pageOf(server, `after=${page.cursor}`);
  }
  expect(recorded.length).toBeGreaterThanOrEqual(ROUNDS * 30);
  await eventually(() => follower.events.length >= recorded.length);
  expect(follower.events).toEqual(recorded);
  await eventually(() => follower.connections > ROUNDS);
  expect(follower.resets).toBe(0);
  // A ticket of before a restart is valid after it.
  const { ticket } = (await (await server.post('/events/ticket', {})).json()) as { ticket: string };
  await server.stop('SIGKILL');
  server = await startServer(settings);
  const reader = await EventReader.open(`${server.url}/events?ticket=${ticket}`);
  expect(reader.status).toBe(200);
  // Streams end at once, so they do not delay the stop.
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  await eventually(() => reader.isOver);
  expect(server.log).not.toContain('Requests are still unfinished');
  expect(server.log).not.toContain(ticket);
  await follower.end();
});
