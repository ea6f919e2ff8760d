import type { ScheduleView, TokenView } from '../../../src/http/resources/index.ts';
import { found } from '../engine/clinic.ts';
import { lockRows, openSlot, untilWaiting } from './pg-hospital.ts';
import { runSql } from '../store/run-sql.ts';
import type { ServerProcess } from '../process/server-process.ts';

/** Highest first: the index is the rank. */
const CLASSES = ['EMERGENCY', 'PAID_PRIORITY', 'FOLLOW_UP', 'ONLINE_BOOKING', 'WALK_IN'] as const;

const CLIENTS_EACH = 12;
const COMMANDS_EACH = 10;

/** The result of a race: many clients of several processes use one slot at the same time. */
export interface RaceResult {
  /** Commands that were not answered with success. */
  readonly refused: number;
  /** How often, in the stored order, a booking of one process follows a booking of another process. */
  readonly turns: number;
  readonly seated: number;
  /** Each difference between the rules, applied to the commands in the stored order, and the records or a process. */
  readonly faults: readonly string[];
}

/**
 * Clients of all processes book and cancel in one new slot of the first doctor at the same time. The test locks the
 * doctor's row before, and releases it when every process waits for it.
 */
export async function race(
  servers: readonly ServerProcess[],
  url: string,
  seats: number,
  random: () => number,
): Promise<RaceResult> {
  const slot = `room_with_${seats}`;
  await openSlot(found(servers[0]), 'doc1', seats, slot);
  const unlock = await lockRows(url, 'doc1');
  const owners = new Map<string, ServerProcess>();
  let refused = 0;
  const client = async (server: ServerProcess, name: number): Promise<void> => {
    const mine: string[] = [];
    for (let count = 0; count < COMMANDS_EACH; count += 1) {
      const isCancel = mine.length > 0 && random() < 0.3;
      const sent = isCancel
        ? server.post('/cancel', { token_id: mine.shift() })
        : server.post('/book', bookingOf(slot, `${slot} ${name}.${count}`, random));
      const id = await sent.then(idIn).catch(() => undefined);
      if (id === undefined) refused += 1;
      else if (!isCancel) {
        owners.set(id, server);
        mine.push(id);
      }
    }
  };
  const clients = Array.from({ length: CLIENTS_EACH * servers.length }, (_, name) =>
    client(found(servers[name % servers.length]), name),
  );
  await untilWaiting(url, servers.length);
  await unlock();
  await Promise.all(clients);
  const records = await recordsOf(url, slot);
  const order = records
    .filter(({ kind }) => kind === 'booked')
    .map(({ token }) => owners.get(token));
  const turns = order.filter((server, place) => place > 0 && server !== order[place - 1]).length;
  const [line, faults] = replayed(records, seats);
  for (const server of servers) {
    const shown = await shownBy(server, slot).catch(() => ['nothing']);
    if (shown.join() !== line.join())
      faults.push(`a process shows ${shown.join()}, not ${line.join()}`);
  }
  return { refused, turns, seated: await seatedIn(url, slot), faults };
}

/** The id of the token in a successful answer. */
const idIn = async (answer: Response): Promise<string | undefined> =>
  answer.ok ? ((await answer.json()) as { id: string }).id : undefined;

const bookingOf = (slot_id: string, patient_name: string, random: () => number) => ({
  doctor_id: 'doc1',
  slot_id,
  patient_name,
  patient_type: CLASSES[Math.floor(random() * CLASSES.length)],
});

interface Recorded {
  readonly command: string;
  readonly kind: string;
  readonly token: string;
  readonly to: string;
  readonly type: (typeof CLASSES)[number];
}

async function recordsOf(url: string, slot: string): Promise<Recorded[]> {
  const rows = await runSql(
    url,
    `SELECT command_id AS command, kind, token_id AS token, to_status AS to, data->>'patientType' AS type
     FROM changes WHERE slot_id = '${slot}' AND token_id IS NOT NULL ORDER BY version, position`,
  );
  return rows as unknown as Recorded[];
}

/**
 * The reference: after every command the line is sorted by rank, and the first `seats` tokens are seated. Bookings and
 * cancellations are the input; all other records must follow from them.
 * @returns the line at the end, and the commands after which the stored statuses differ from the reference
 */
function replayed(records: readonly Recorded[], seats: number): [line: string[], faults: string[]] {
  const faults: string[] = [];
  const statuses = new Map<string, string>();
  let line: Recorded[] = [];
  for (const [place, record] of records.entries()) {
    statuses.set(record.token, record.to);
    // The sort is stable, so equals stay in the order of their arrival.
    if (record.kind === 'booked') line = [...line, record].sort((a, b) => rankOf(a) - rankOf(b));
    if (record.kind === 'cancelled') line = line.filter(({ token }) => token !== record.token);
    if (records[place + 1]?.command === record.command) continue;
    const isRight = line.every(
      ({ token }, index) => statuses.get(token) === (index < seats ? 'BOOKED' : 'WAITING'),
    );
    if (!isRight)
      faults.push(`after record ${place} the seated tokens are not those that the rules give`);
  }
  return [line.map(({ token }) => token), faults];
}

const rankOf = ({ type }: Recorded): number => CLASSES.indexOf(type);

async function shownBy(server: ServerProcess, slot: string): Promise<string[]> {
  const answer = await server.get('/schedule?doctor_id=doc1');
  const { slots } = (await answer.json()) as ScheduleView;
  const shown = found(slots.find(({ id }) => id === slot));
  return [...shown.tokens, ...shown.waitlist].map(({ id }: TokenView) => id);
}

async function seatedIn(url: string, slot: string): Promise<number> {
  const seated = `SELECT FROM tokens WHERE slot_id = '${slot}' AND status = 'BOOKED'`;
  return (await runSql(url, seated)).length;
}
