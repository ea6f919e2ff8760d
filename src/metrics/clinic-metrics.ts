import { Counter, Gauge } from 'prom-client';
import { Tally } from './tally.ts';
import type { Watch } from './watch.ts';

/** The seats of some slots, and how they are used. */
interface Seats {
  readonly seats: number;
  /** Tokens that hold a seat. */
  readonly seated: number;
  /** Tokens on a waitlist. */
  readonly waiting: number;
}

const OCCUPANCY_GAUGES = [
  {
    name: 'opd_seats',
    help: 'Seats of the open slots, free and taken, by day: today or later.',
    field: 'seats',
  },
  {
    name: 'opd_seated_tokens',
    help: 'Tokens that hold a seat of an open slot, by day: today or later.',
    field: 'seated',
  },
  {
    name: 'opd_waiting_tokens',
    help: 'Tokens on the waitlist of an open slot, by day: today or later.',
    field: 'waiting',
  },
] as const;

export interface ClinicSources {
  /** The seats of all open slots by day: `today`, `later`. */
  readonly occupancy: () => Promise<Readonly<Record<string, Seats>>>;
}

/**
 * What happens to patients, in numbers. The labels are kinds of changes, classes and days. No label is a doctor or a
 * slot, because each value of a label is a series of its own, and a hospital may have any number of them.
 */
export function watchClinic({ registry, listen }: Watch, { occupancy }: ClinicSources): void {
  const registers = [registry];
  const changed = new Tally<string, string>();
  new Counter({
    name: 'opd_token_changes_total',
    help: 'Durable changes of tokens by kind, for example booked, bumped, promoted or no_show, and by class.',
    labelNames: ['kind', 'class'],
    registers,
    collect() {
      changed.flush((kind, patientType, count) => this.inc({ kind, class: patientType }, count));
    },
  });
  listen('opd:decision', (decision) => {
    for (const { kind, patientType } of decision.changes)
      if (patientType !== null) changed.add(kind, patientType);
  });
  let counting: ReturnType<typeof occupancy> | undefined;
  // A scrape collects all gauges at once, so that one count serves the three of them.
  const count = () => (counting ??= occupancy().finally(() => (counting = undefined)));
  for (const { name, help, field } of OCCUPANCY_GAUGES)
    new Gauge({
      name,
      help,
      labelNames: ['day'],
      registers,
      async collect() {
        for (const [day, seats] of Object.entries(await count())) this.set({ day }, seats[field]);
      },
    });
}
