import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DEFAULT_CLASSES } from '../../src/engine/index.ts';
import { found } from '../support/engine/clinic.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { rerun, seed } from '../support/seed.ts';
import { startServer } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { runTool } from '../support/process/tool.ts';

const DOCTORS = 6;
const DATES = ['2016-05-30', '2016-05-31'];
const BOOKINGS = 400;
const PATIENTS = 60;

/** A small week: it has more bookings than seats, patients who book twice, and no-shows for a third of its bookings. */
function smallWeek(random: () => number): { slots: object[]; events: object[] } {
  const pick = <T>(items: readonly T[]): T => found(items[Math.floor(random() * items.length)]);
  const slots = Array.from({ length: DOCTORS }, (_, index) => `clinic-${index}`).flatMap(
    (doctor_id) =>
      DATES.map((date) => ({ slot_id: `${doctor_id}-${date}`, doctor_id, date, capacity: 15 })),
  );
  const bookings = Array.from({ length: BOOKINGS }, (_, index) => {
    const { doctor_id, slot_id } = pick(slots);
    const patient_ref = `p${Math.floor(random() * PATIENTS)}`;
    const { type: patient_type } = pick(DEFAULT_CLASSES);
    return { op: 'book', doctor_id, slot_id, patient_ref, patient_type, ref: `r${index}` };
  });
  const outcomes = bookings
    .filter(() => random() < 0.3)
    .map((booking) => ({ ...booking, op: 'no_show' }));
  return { slots, events: [...bookings, ...outcomes] };
}

/** The totals in the output of a replay, without the times. */
const totalsOf = (output: string): string[] =>
  output
    .split('\n')
    .filter((line) => /^[a-z][a-z -]+ {2,}\d/.test(line) && !line.startsWith('rate'));

it(`a week replayed through two processes in turn has the same totals as on SQLite ${rerun}`, async () => {
  const { slots, events } = smallWeek(randomFrom(seed));
  const directory = tempDir();
  const files = Object.entries({ slots, events }).flatMap(([name, lines]) => {
    const path = join(directory, `${name}.ndjson`);
    writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n'));
    return [`--${name}`, path];
  });
  const onSqlite = await runTool('bench/replay/replay.ts', files);
  const { url: DATABASE_URL } = await createDatabase();
  const servers = [await startServer({ DATABASE_URL }), await startServer({ DATABASE_URL })];
  const inTurn = servers.flatMap(({ url }) => ['--url', url]);
  const onTwoProcesses = await runTool('bench/replay/replay.ts', [...files, ...inTurn]);

  for (const { code, output } of [onSqlite, onTwoProcesses]) {
    expect(output).toContain('Every answer was right.');
    expect(code).toBe(0);
  }
  const totals = totalsOf(onTwoProcesses.output);
  expect(totals).toEqual(totalsOf(onSqlite.output));
  // No total is 0, because two zeros would be equal without a proof.
  expect(totals).toHaveLength(8);
  for (const total of totals) expect(total).not.toMatch(/ 0\b/);
  for (const { log } of servers)
    expect(log.match(/\/book"/g)?.length).toBeGreaterThan(BOOKINGS / 3);
});
