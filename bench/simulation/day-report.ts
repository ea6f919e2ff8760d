import { bodyOf, type Client } from '../lib/client.ts';
import type { Breaches } from '../lib/breaches.ts';
import type { Audit } from './audit.ts';
import { holdsSeat, type Ward } from './ward.ts';

const EVENTS = [
  'booked',
  'moved_in',
  'moved_out',
  'bumped',
  'promoted',
  'checked_in',
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

/** Reads the report of each doctor's days: it must tell what the audit has counted, and balance. */
export async function judgeReports(
  client: Client,
  ward: Ward,
  audit: Audit,
  breaches: Breaches,
): Promise<void> {
  const days = Map.groupBy(
    ward.slots.values(),
    ({ doctorId, date }) => `/reports/day?doctor_id=${doctorId}&date=${date}`,
  );
  for (const [path, slots] of days) {
    const report = bodyOf(await client.get(path), path) as DayReport;
    const { total, by_class: rows } = report;
    const { doctorId = '', date = '' } = slots[0] ?? {};
    const events = audit.eventsOf(doctorId, date);
    for (const name of EVENTS) {
      breaches.same(`${path}: ${name}`, total[name], events.get(name) ?? 0);
      const sum = rows.reduce((counted, row) => counted + row[name], 0);
      breaches.same(`${path}: ${name} of all classes`, sum, total[name]);
    }
    for (const row of [total, ...rows]) {
      const left = row.moved_out + row.cancelled + row.no_show + row.expired;
      const live = row.booked + row.moved_in - left;
      breaches.same(`${path}: seated and waiting`, row.seated + row.waiting, live);
    }
    const open = slots.filter(({ isClosed }) => !isClosed);
    const seats = open.reduce((sum, { capacity }) => sum + capacity, 0);
    const seated = slots.flatMap(({ tokens }) => tokens.filter(holdsSeat)).length;
    breaches.same(`${path}: slots`, report.slots, slots.length);
    breaches.same(`${path}: offered`, report.offered, seats);
    breaches.same(`${path}: seated`, total.seated, seated);
    breaches.same(`R5: ${path}: empty_seat_minutes`, report.empty_seat_minutes, 0);
  }
}
