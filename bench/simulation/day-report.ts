import { bodyOf, type Client } from '../lib/client.ts';
import type { Violations } from '../lib/violations.ts';

import type { Audit } from './audit.ts';
import { holdsSeat, type ReferenceModel } from './reference-model.ts';

const EVENTS = [
  'booked',
  'moved_in',
  'moved_out',
  'bumped',
  'promoted',
  'checked_in',
  'skipped',
  'completed',
  'cancelled',
  'no_show',
  'expired',
] as const;

type Row = Readonly<Record<(typeof EVENTS)[number] | 'seated' | 'waiting', number>>;

interface DayReport {
  readonly slots: number;
  readonly offered: number;
  readonly total: Row;
  readonly by_class: readonly (Row & { readonly type: string })[];
  readonly empty_seat_minutes: number;
}

/** Reads the report of each doctor and date; its numbers must be those of the audit, and its sums must agree. */
export async function checkDayReports(
  client: Client,
  model: ReferenceModel,
  audit: Audit,
  violations: Violations,
): Promise<void> {
  const days = Map.groupBy(
    model.slots.values(),
    ({ doctorId, date }) => `/reports/day?doctor_id=${doctorId}&date=${date}`,
  );
  for (const [path, slots] of days) {
    const report = bodyOf(await client.get(path), path) as DayReport;
    const { total, by_class: rows } = report;
    const { doctorId = '', date = '' } = slots[0] ?? {};
    const events = audit.eventsOf(doctorId, date);
    for (const name of EVENTS) {
      violations.same(`${path}: ${name}`, total[name], events.get(name) ?? 0);
      const sum = rows.reduce((counted, row) => counted + row[name], 0);
      violations.same(`${path}: ${name} of all classes`, sum, total[name]);
    }
    for (const row of [total, ...rows]) {
      const left = row.moved_out + row.cancelled + row.no_show + row.expired;
      const live = row.booked + row.moved_in - left;
      violations.same(`${path}: seated and waiting`, row.seated + row.waiting, live);
    }
    const open = slots.filter(({ isClosed }) => !isClosed);
    const seats = open.reduce((sum, { capacity }) => sum + capacity, 0);
    const seated = slots.flatMap(({ tokens }) => tokens.filter(holdsSeat)).length;
    violations.same(`${path}: slots`, report.slots, slots.length);
    violations.same(`${path}: offered`, report.offered, seats);
    violations.same(`${path}: seated`, total.seated, seated);
    violations.same(`R5: ${path}: empty_seat_minutes`, report.empty_seat_minutes, 0);
  }
}
