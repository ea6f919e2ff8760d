import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  AllocationEngine,
  DEFAULT_CLASSES,
  doctorId,
  epochMs,
  slotId,
} from '../../src/engine/index.ts';
import { webhookBodyOf } from '../../src/http/resources/webhook.ts';
import { createService, demoRoster } from '../../src/service/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { Webhooks } from '../../src/webhooks/index.ts';
import { median } from '../lib/format.ts';
import { parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import type { Report } from '../lib/report.ts';
import { grouped } from '../lib/statistics.ts';
import { temporaryDirectory } from '../lib/temporary.ts';

const RECEIVER = fileURLToPath(new URL('./receiver.ts', import.meta.url));
const COLUMNS = ['webhooks/s', 'processor µs'];

interface Rate {
  readonly perSecond: number;
  /** Microseconds of processor time of the service for each delivery. */
  readonly cpuUs: number;
}

interface Count {
  readonly received: number;
  readonly isInOrder: boolean;
}

/** Books patients of several doctors, then measures how fast a webhook is told of them. */
async function measure(url: string, events: number, doctors: number): Promise<Rate> {
  const child = fork(RECEIVER);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const clock = () => epochMs(Date.now());
  const rules = { classes: DEFAULT_CLASSES, graceMinutes: 30, waitlistMax: 1_000_000 };
  const engine = new AllocationEngine(rules);
  const database = openDatabase(url, engine);
  const service = createService({ ...database, engine, clock, horizonDays: 2 });
  const webhooks = new Webhooks({
    ...{ database, clock, bodyOf: webhookBodyOf, version: 'bench' },
    allowsPrivate: true,
  });
  const [model] = demoRoster('UTC');
  if (model === undefined) throw new Error('the demo roster has no doctor');
  const roster = Array.from({ length: doctors }, (_, n) => ({
    ...model,
    id: doctorId(`doctor-${n}`),
    sessions: model.sessions.map((session) => ({ ...session, id: slotId(`s${n}-${session.id}`) })),
  }));
  await service.start(() => ({ doctors: roster as never, slots: [] }));
  const input = { url: `http://127.0.0.1:${port}/`, types: [], doctorIds: [] };
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
  const before = process.cpuUsage();
  const start = performance.now();
  webhooks.start();
  const count = await new Promise<Count>((resolve) =>
    child.on('message', (message: Count) => {
      if (message.received >= events) resolve(message);
    }),
  );
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(before);
  await webhooks.stop();
  await database.store.close();
  child.disconnect();
  if (count.received !== events || !count.isInOrder)
    throw new Error('The events did not come once each and in the order of each doctor.');
  return { perSecond: events / seconds, cpuUs: (user + system) / events };
}

/** Measures how fast a webhook is told of events that are in the record. */
export async function webhooksBench(onStep: OnStep): Promise<Report> {
  const events = parameter('WEBHOOKS_EVENTS', 20, 2_000);
  const rounds = parameter('WEBHOOKS_ROUNDS', 1, 3);
  const doctors = parameter('WEBHOOKS_DOCTORS', 2, 50);
  const directory = temporaryDirectory();
  const kinds = ['memory', 'sqlite'] as const;
  const rates = new Map<string, Rate[]>();
  try {
    for (let round = 0; round < rounds; round += 1)
      for (const [index, kind] of kinds.entries()) {
        onStep('round', round * kinds.length + index + 1, rounds * kinds.length);
        const path = join(directory.path, `${round}.db`);
        const rate = await measure(
          kind === 'memory' ? 'memory:' : `sqlite:${path}`,
          events,
          doctors,
        );
        rates.set(kind, [...(rates.get(kind) ?? []), rate]);
      }
  } finally {
    directory.remove();
  }
  return {
    title: 'Webhooks',
    remarks: [
      `${grouped(events)} bookings of ${doctors} doctors are in the record; one webhook is told of them, four at a time.`,
      'The receiver is a process of its own on the same machine and answers at once. Medians of the rounds.',
    ],
    head: ['one webhook', ...COLUMNS],
    rows: kinds.map((kind) => [
      kind === 'memory' ? 'memory' : 'durable',
      grouped(median((rates.get(kind) ?? []).map(({ perSecond }) => perSecond))),
      grouped(median((rates.get(kind) ?? []).map(({ cpuUs }) => cpuUs))),
    ]),
    checked: `${grouped(events * rounds * kinds.length)} events came once each, in the order of each doctor.`,
  };
}
