import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { doctorId, slotId } from '../../src/engine/index.ts';
import { demoRoster } from '../../src/service/index.ts';
import { clock, openService, usedMicroseconds } from '../http/in-process.ts';
import { median } from '../lib/format.ts';
import { parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import type { Report } from '../lib/report.ts';
import { grouped } from '../lib/statistics.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import { bookingCosts, type BookingCost } from './booking-cost.ts';
import { startReceiver } from './start-receiver.ts';

/** Milliseconds between two questions to the receiver. */
const POLL_MS = 10;

interface Rate {
  readonly perSecond: number;
  /** Microseconds of processor time of the service for each delivery. */
  readonly cpuUs: number;
}

/** Books patients of several doctors, then measures how fast a webhook is told of them. */
async function measure(url: string, events: number, doctors: number): Promise<Rate> {
  const receiver = await startReceiver();
  const { engine, database, service, webhooks } = openService(url);
  const [model] = demoRoster('UTC');
  if (model === undefined) throw new Error('the demo roster has no doctor');
  const roster = Array.from({ length: doctors }, (_, n) => ({
    ...model,
    id: doctorId(`doctor-${n}`),
    sessions: model.sessions.map((session) => ({ ...session, id: slotId(`s${n}-${session.id}`) })),
  }));
  await service.start(() => ({ doctors: roster as never, slots: [] }));
  const input = { url: receiver.url, types: [], doctorIds: [] };
  await webhooks.registry.put('bench', input, 'bench');
  const slots = [...engine.doctors].flatMap((doctor) => doctor.slots.slice(-1));
  for (let n = 0; n < events; n += 1) {
    const slot = slots[n % slots.length];
    if (slot === undefined) throw new Error('a doctor has no slot');
    await database.store.transact({ doctorIds: [slot.facts.doctorId] }, () => {
      const booked = engine.book({
        ...{ doctorId: slot.facts.doctorId, slotId: slot.facts.id, tokenId: `t${n}` as never },
        ...{ patientName: 'A', patientId: null, patientType: 'WALK_IN', at: clock() },
      });
      if (!booked.ok) throw new Error(booked.refusal.code);
      const origin = { actor: 'bench', reason: null };
      return { changes: booked.changes, answer: null, origin, response: null };
    });
  }
  const before = usedMicroseconds();
  const start = performance.now();
  webhooks.start();
  let count = await receiver.count();
  while (count.received < events) {
    await delay(POLL_MS);
    count = await receiver.count();
  }
  const seconds = (performance.now() - start) / 1_000;
  const cpuUs = (usedMicroseconds() - before) / events;
  await webhooks.stop();
  await database.store.close();
  receiver.stop();
  if (count.received !== events || !count.isInOrder)
    throw new Error('The events did not come once each and in the order of each doctor.');
  return { perSecond: events / seconds, cpuUs };
}

const KINDS = ['memory', 'durable'] as const;
type Kind = (typeof KINDS)[number];

/** Measures how fast a webhook is told of events that are in the record. */
async function messageRates(onStep: OnStep, events: number, rounds: number, doctors: number) {
  const directory = temporaryDirectory();
  const rates = new Map<Kind, Rate[]>(KINDS.map((kind) => [kind, []]));
  try {
    for (let round = 0; round < rounds; round += 1)
      for (const [kind, values] of rates) {
        onStep('deliver, round', round + 1, rounds);
        const path = join(directory.path, `${round}.db`);
        const url = kind === 'memory' ? 'memory:' : `sqlite:${path}`;
        values.push(await measure(url, events, doctors));
      }
  } finally {
    directory.remove();
  }
  return rates;
}

const messageRow = ([kind, rates]: readonly [Kind, readonly Rate[]]): string[] => [
  `a message, ${kind}`,
  grouped(median(rates.map(({ perSecond }) => perSecond))),
  grouped(median(rates.map(({ cpuUs }) => cpuUs))),
  '',
];

const bookingRow = ({ webhooks, us, more, perSecond }: BookingCost): string[] => [
  `a booking, ${webhooks === 1 ? 'one webhook' : `${webhooks} webhooks`}`,
  grouped(perSecond),
  us.toFixed(1),
  `${(more * 100).toFixed(1)} %`,
];

/** Measures how fast a webhook is told of events, and what webhooks cost a booking. */
export async function webhooksBench(onStep: OnStep): Promise<Report> {
  const events = parameter('WEBHOOKS_EVENTS', 20, 2_000);
  const rounds = parameter('WEBHOOKS_ROUNDS', 1, 3);
  const doctors = parameter('WEBHOOKS_DOCTORS', 2, 50);
  const rates = await messageRates(onStep, events, rounds, doctors);
  const costs = await bookingCosts(onStep);
  return {
    title: 'Webhooks: how fast they are told of events, and what they cost a booking',
    remarks: [
      `A message: ${grouped(events)} bookings of ${doctors} doctors are in the record; one webhook is told of them, four at a time.`,
      'A booking: at full load on SQLite, 64 requests in flight, without a webhook and with some on all events, in turn. Processor time of all threads of the process. Target: 10 % more at most.',
      'The receiver is a process of its own on the same machine and answers at once. Medians of the rounds.',
    ],
    head: ['what', 'webhooks/s', 'processor µs', 'more'],
    rows: [...Array.from(rates, messageRow), ...costs.map(bookingRow)],
    checked: `${grouped(events * rounds * KINDS.length)} events came once each, in the order of each doctor; every booking a success.`,
  };
}
