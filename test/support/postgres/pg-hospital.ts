import postgres from 'postgres';
import { expect, onTestFinished } from 'vitest';
import type { BookingView } from '../../../src/http/resources/index.ts';
import { eventually } from '../eventually.ts';
import { startPgProxy } from './pg-proxy.ts';
import { createDatabase } from './postgres.ts';
import { runSql } from '../store/run-sql.ts';
import { startServer, type ServerProcess } from '../process/server-process.ts';

/** Doctors of the demo roster. Each has one slot, which does not end while a test runs. */
export const DOCTORS = ['doc1', 'doc2', 'doc3'] as const;
export type DoctorName = (typeof DOCTORS)[number];

const SEATS = 5;

/** Starts a process of the service on an empty database and opens each doctor's slot. */
export async function startOne(url: string): Promise<ServerProcess> {
  const server = await startServer({ DATABASE_URL: url });
  for (const doctor of DOCTORS) await openSlot(server, doctor, SEATS);
  return server;
}

/** Starts two processes of the service on one empty database. Each may have its own URL of it. */
export async function startTwo(url: string, other = url): Promise<[ServerProcess, ServerProcess]> {
  return Promise.all([startOne(url), startServer({ DATABASE_URL: other })]);
}

/** Starts two processes of the service on a new database. The first one connects through a proxy. */
export async function startProxied() {
  const { url } = await createDatabase();
  const proxy = await startPgProxy(url);
  const [server, other] = await startTwo(proxy.url, url);
  return { url, proxy, server, other };
}

/** Stops processes and checks that each exits without an error. */
export async function stop(...servers: readonly ServerProcess[]): Promise<void> {
  const exits = await Promise.all(servers.map((server) => server.stop()));
  expect(exits).toEqual(servers.map(() => ({ code: 0, signal: null })));
}

/** Opens a slot that starts in two hours. */
export async function openSlot(
  server: ServerProcess,
  doctor: DoctorName,
  capacity: number,
  id: string = slotIdAt(doctor),
): Promise<void> {
  const hours = (from: number) => new Date(Date.now() + from * 3_600_000).toISOString();
  const [start_time, end_time] = [hours(2), hours(3)];
  const slot = { doctor_id: doctor, id, start_time, end_time, capacity };
  const { status } = await server.post('/slots', slot);
  if (status !== 201) throw new Error(`slot ${id} is refused: ${status}`);
}

/** The id of the doctor's slot. */
export const slotIdAt = (doctor: DoctorName): string => `room_of_${doctor}`;

/** The answer to a booking. */
export interface Booked {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: BookingView & { readonly code?: string };
}

export async function bookAt(
  server: ServerProcess,
  doctor: DoctorName,
  name: string,
  key?: string,
): Promise<Booked> {
  const body = {
    doctor_id: doctor,
    slot_id: slotIdAt(doctor),
    patient_name: name,
    patient_type: 'WALK_IN',
  };
  const answer = await server.post(
    '/book',
    body,
    key === undefined ? {} : { 'idempotency-key': key },
  );
  return {
    status: answer.status,
    retryAfter: answer.headers.get('retry-after'),
    body: (await answer.json()) as Booked['body'],
  };
}

/** The refusal which promises that nothing was changed. */
export const NOT_DURABLE = { status: 503, retryAfter: '2', body: { code: 'not_durable' } };

/** The ids of the stored tokens, by the patient's name. */
export async function tokensByName(url: string): Promise<ReadonlyMap<string, string[]>> {
  const rows = await runSql(url, 'SELECT patient_name AS name, id FROM tokens');
  const ids = new Map<string, string[]>();
  for (const { name, id } of rows as { name: string; id: string }[])
    ids.set(name, [...(ids.get(name) ?? []), id]);
  return ids;
}

/** The ids of the stored tokens of one patient. */
export const tokensOf = async (url: string, name: string): Promise<string[]> =>
  (await tokensByName(url)).get(name) ?? [];

/** Describes each breach of what must always be true of a database. */
export async function databaseFaults(url: string): Promise<string[]> {
  const rows = await runSql(
    url,
    `SELECT format('slot %s is oversold', slot_id) AS fault
       FROM tokens JOIN slots ON slots.doctor_id = tokens.doctor_id AND slots.id = slot_id
       WHERE status IN ('BOOKED', 'CHECKED_IN', 'IN_CONSULTATION', 'COMPLETED')
       GROUP BY slot_id, capacity HAVING count(*) > capacity
     UNION ALL SELECT format('%s is on record twice', patient_name)
       FROM tokens GROUP BY patient_name HAVING count(*) > 1
     UNION ALL SELECT format('%s has number %s twice', tokens.doctor_id, number)
       FROM tokens JOIN slots ON slots.doctor_id = tokens.doctor_id AND slots.id = slot_id
       GROUP BY tokens.doctor_id, date, number HAVING count(*) > 1
     UNION ALL SELECT format('%s is at version %s after %s changes up to %s', id, doctors.version,
         count(changes), max(changes.version))
       FROM doctors LEFT JOIN changes ON doctor_id = id GROUP BY id
       HAVING doctors.version <> count(changes) OR doctors.version <> max(changes.version)`,
  );
  return rows.map(({ fault }) => fault as string);
}

/** The number of the service's sessions on this database. */
export async function sessionsOf(url: string): Promise<number> {
  const rows = await runSql(
    url,
    `SELECT FROM pg_stat_activity WHERE datname = current_database()
       AND application_name = 'opd-token-allocation'`,
  );
  return rows.length;
}

/** Opens a session of another client, in a transaction that ends at the latest when the test ends. */
export async function otherSession(url: string): Promise<postgres.Sql> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => undefined });
  onTestFinished(() => sql.end({ timeout: 0 }));
  await sql.unsafe('BEGIN');
  return sql;
}

/**
 * Makes transactions that write change records fail with a SQLSTATE.
 * @param doctor whose changes fail; by default all fail
 * @param times how often; by default until the returned function is called
 */
export async function failChanges(
  url: string,
  code: string,
  { doctor, times }: { readonly doctor?: DoctorName; readonly times?: number },
) {
  const fails = times === undefined ? 'TRUE' : `nextval('failures') <= ${times}`;
  const isMeant = doctor === undefined ? 'TRUE' : `NEW.doctor_id = '${doctor}'`;
  await runSql(
    url,
    `CREATE SEQUENCE failures;
     CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF ${fails} THEN RAISE SQLSTATE '${code}'; END IF;
       RETURN NULL;
     END $$;
     CREATE TRIGGER fail AFTER INSERT ON changes
       FOR EACH ROW WHEN (${isMeant}) EXECUTE FUNCTION fail()`,
  );
  return () => runSql(url, 'DROP FUNCTION fail CASCADE; DROP SEQUENCE failures');
}

/** Locks the rows of these doctors. Returns a function that releases them. */
export async function lockRows(url: string, ...doctors: readonly DoctorName[]) {
  const sql = await otherSession(url);
  for (const doctor of doctors)
    await sql.unsafe(`SELECT FROM doctors WHERE id = '${doctor}' FOR UPDATE`);
  return () => sql.unsafe('ROLLBACK');
}

/** Resolves when so many sessions of the service, or more, wait for a lock. */
export const untilWaiting = (url: string, sessions: number): Promise<void> =>
  eventually(async () => {
    const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database()
      AND application_name = 'opd-token-allocation' AND wait_event_type = 'Lock'`;
    return (await runSql(url, waiting)).length >= sessions;
  });
