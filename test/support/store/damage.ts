import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { DEFAULT_CLASSES, slotId } from '../../../src/engine/index.ts';
import { verifyDatabase, type VerifyReport } from '../../../src/audit/index.ts';
import { openDatabase } from '../../../src/store/index.ts';
import { SqliteAuditSource } from '../../../src/store/sqlite/audit-source.ts';
import { verify } from '../../../src/audit/verify.ts';
import { clock, RAO } from '../engine/clinic.ts';
import { FrontDesk } from './front-desk.ts';
import { tempDir } from '../process/temp-dir.ts';

const RULES = { classes: DEFAULT_CLASSES, graceMinutes: 30, waitlistMax: Infinity };

export const faultsOf = async (path: string): Promise<readonly string[]> =>
  (await verifyAt(path)).faults;

/** The report on a database. It must be the same when the source reads the change records one by one. */
export async function verifyAt(path: string): Promise<VerifyReport> {
  const report = await verifyDatabase(`sqlite:${path}`, RULES);
  const source = new OneChangePerBatch(path);
  expect(await verify(source, RULES).finally(() => source.close())).toEqual(report);
  return report;
}

/** A source that reads one change per batch. */
class OneChangePerBatch extends SqliteAuditSource {
  override *changes(): ReturnType<SqliteAuditSource['changes']> {
    for (const batch of super.changes()) for (const change of batch) yield [change];
  }
}

/** A desk that is open, and the path of its database. */
export interface Day {
  readonly desk: FrontDesk;
  readonly path: string;
}

export async function dayOf(play: (desk: FrontDesk) => Promise<void>): Promise<Day> {
  const path = join(tempDir(), 'opd.db');
  const desk = await new FrontDesk(
    (engine) => openDatabase(`sqlite:${path}`, engine),
    RULES,
  ).load();
  await play(desk);
  return { desk, path };
}

/**
 * A day with a bump, promotions, a cancelled waiting token and a no-show in a slot of three seats. At the end W1, W3
 * and E2 have the seats, and W4 waits.
 */
export async function threeSeats(desk: FrontDesk): Promise<void> {
  const ten = { id: slotId('ten'), startTime: clock(10), endTime: clock(11) };
  await desk.put({ id: RAO }, [{ capacity: 3 }, ten]);
  await desk.admit('nine', 'W1 W2 W3 E1 W4 W5');
  await desk.leave('W5');
  await desk.noShow('E1');
  await desk.leave('W2');
  await desk.admit('nine', 'E2');
}

export function tamper(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

/** Plays a day, closes its database, tampers with it by SQL and returns the faults that are found then. */
export async function faultsAfter(
  play: (desk: FrontDesk) => Promise<void>,
  sql: string,
): Promise<string> {
  const { desk, path } = await dayOf(play);
  await desk.store.close();
  const before = await faultsOf(path);
  if (before.length > 0) throw new Error(`it was not clean: ${before.join()}`);
  tamper(path, sql);
  return (await faultsOf(path)).join('\n');
}

/** Makes the versions consecutive again, in the order of the positions, and adapts the doctors' rows. */
export const RENUMBER = `;UPDATE changes SET version = (SELECT count(*) FROM changes c
    WHERE c.doctor_id = changes.doctor_id AND c.position <= changes.position);
  UPDATE doctors SET version = (SELECT max(version) FROM changes WHERE doctor_id = doctors.id);`;

/** Deletes change records and leaves no gap in the versions. */
export const withoutChanges = (condition: string): string =>
  `DELETE FROM changes WHERE ${condition} ${RENUMBER}`;

export const setChanges = (condition: string, values: string): string =>
  `UPDATE changes SET ${values} WHERE ${condition};`;

/** Sets a JSON field of change records. */
export const setData = (condition: string, field: string, value: string): string =>
  setChanges(condition, `data = json_set(data, '$.${field}', ${value})`);

export const setToken = (name: string, values: string): string =>
  `UPDATE tokens SET ${values} WHERE id = '${name}';`;
