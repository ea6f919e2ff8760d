import { join } from 'node:path';
import { Client } from '../lib/client.ts';
import { cpuTimeOf } from '../lib/cpu-time.ts';
import { median } from '../lib/format.ts';
import { BENCH_SETTINGS, bookingsOf, openHospital, type HospitalSize } from '../lib/hospital.ts';
import { startLoadGenerator } from '../lib/load.ts';
import { isSmoke, parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import { Random } from '../lib/random.ts';
import { required } from '../lib/required.ts';
import { startServer } from '../lib/server.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import { startReceiver } from './start-receiver.ts';

const SEED = 20_261_128;
const CONNECTIONS = parameter('WEBHOOKS_LOAD_CONNECTIONS', 64, 64);
const SIZE: HospitalSize = isSmoke
  ? { doctors: 2, sessions: 2, capacity: 2 }
  : { doctors: 100, sessions: 4, capacity: 25 };

/** What a booking costs at full load while webhooks are told of it. */
export interface BookingCost {
  readonly webhooks: number;
  /** Microseconds of processor time of all threads of the server for each booking. */
  readonly us: number;
  /** How much more that is than without a webhook: 0.1 for 10 %. */
  readonly more: number;
  /** Messages that came in each second of the load. */
  readonly perSecond: number;
}

interface Round {
  readonly us: number;
  readonly perSecond: number;
}

/**
 * Books at full load on SQLite, in turn without a webhook and with some on all events. A webhook that is deleted gets nothing
 * more, so what a round leaves undelivered does not cost the next one.
 */
export async function bookingCosts(onStep: OnStep): Promise<BookingCost[]> {
  const rounds = parameter('WEBHOOKS_LOAD_ROUNDS', 1, 7);
  const requests =
    CONNECTIONS * Math.ceil(parameter('WEBHOOKS_LOAD_REQUESTS', 128, 6_400) / CONNECTIONS);
  const directory = temporaryDirectory();
  const [generator, receiver] = [startLoadGenerator(), await startReceiver()];
  const server = await startServer({
    ...{ ...BENCH_SETTINGS, LOG_LEVEL: 'warn', WEBHOOK_ALLOW_PRIVATE: 'true' },
    DATABASE_URL: `sqlite:${join(directory.path, 'opd.db')}`,
  });
  try {
    const client = new Client(server.url, 8);
    const targets = await openHospital(client, SIZE);
    const measured = new Map<number, Round[]>([0, 1, 4].map((webhooks) => [webhooks, []]));
    let booked = 0;
    for (let round = 0; round <= rounds; round += 1)
      for (const [webhooks, values] of measured) {
        onStep('book, round', round + 1, rounds + 1);
        const ids = Array.from({ length: webhooks }, (_, n) => `w${n}`);
        for (const id of ids) await client.put(`/webhooks/${id}`, { url: receiver.url });
        const random = new Random(SEED + booked);
        const bookings = bookingsOf(targets, { random, first: booked, count: requests });
        const [cpuBefore, before] = [cpuTimeOf(server.pid), (await receiver.count()).received];
        const load = { url: server.url, connections: CONNECTIONS, bookings, isMixed: false };
        const { seconds } = await generator.send(load);
        const us = (cpuTimeOf(server.pid) - cpuBefore) / requests;
        const { received } = await receiver.count();
        if (process.env['DBG'])
          console.error(
            webhooks,
            'bookings/s',
            Math.round(requests / seconds),
            'us',
            us.toFixed(0),
            'msg/s',
            Math.round((received - before) / seconds),
            'msg/bk',
            ((received - before) / requests).toFixed(3),
          );
        if (round > 0) values.push({ us, perSecond: (received - before) / seconds });
        booked += requests;
        for (const id of ids) await client.send('DELETE', `/webhooks/${id}`, undefined, {});
      }
    client.close();
    const base = required(measured.get(0));
    return Array.from(measured, ([webhooks, values]) => ({
      webhooks,
      us: median(values.map(({ us }) => us)),
      more: median(values.map(({ us }, round) => us / required(base[round]).us - 1)),
      perSecond: median(values.map(({ perSecond }) => perSecond)),
    }));
  } finally {
    generator.stop();
    receiver.stop();
    await server.stop();
    directory.remove();
  }
}
