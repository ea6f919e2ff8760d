import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inFreshProcess } from '../lib/child.ts';
import { median, ratio } from '../lib/format.ts';
import { parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import type { Report } from '../lib/report.ts';
import { required } from '../lib/required.ts';
import { grouped } from '../lib/statistics.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import type { Calls, ClinicDay } from './calls-task.ts';
import { measureDays, type Measured } from './clinic-day-http.ts';
import type { EndingResult, EndingSlots } from './ending-task.ts';

const CALLS_TASK = fileURLToPath(new URL('./calls-task.ts', import.meta.url));
const ENDING_TASK = fileURLToPath(new URL('./ending-task.ts', import.meta.url));

const SMALL = { slots: 4, length: 10 };

/** Measures a call in the engine alone, in microseconds for each doctor, in the small and in the large day. */
async function engineCalls(large: typeof SMALL): Promise<{ us: number[][]; checked: number }> {
  const doctors = parameter('DAY_ENGINE_DOCTORS', 2, 8);
  const days: ClinicDay[] = [
    { ...SMALL, doctors: (doctors * large.length) / SMALL.length },
    { ...large, doctors },
  ];
  const rounds: Calls[] = [];
  for (let round = 0; round < parameter('DAY_ROUNDS', 1, 5); round += 1)
    rounds.push(await inFreshProcess<Calls>(CALLS_TASK, days));
  return {
    us: days.map((_, index) =>
      rounds.flatMap(({ callNs }) => required(callNs[index]).map((ns) => ns / 1_000)),
    ),
    checked: rounds.reduce((sum, { checked }) => sum + checked, 0),
  };
}

/** Measures the end of many slots at the same instant; some of them have a waiting token. */
async function ending(): Promise<{ slots: EndingSlots; result: EndingResult }> {
  const directory = temporaryDirectory();
  try {
    const slots: EndingSlots = {
      path: join(directory.path, 'opd.db'),
      doctors: parameter('ENDING_DOCTORS', 2, 1_000),
      slotsADoctor: parameter('ENDING_SLOTS', 10, 100),
      oneIn: 10,
      idleTicks: parameter('ENDING_IDLE_TICKS', 2, 31),
    };
    return { slots, result: await inFreshProcess<EndingResult>(ENDING_TASK, slots) };
  } finally {
    directory.remove();
  }
}

/** Writes microseconds with one decimal. */
const microseconds = (value: number): string => value.toFixed(1);

function comparison(name: string, [small, large]: readonly (readonly number[])[]): string[] {
  const [of, to] = [median(required(small)), median(required(large))];
  return [name, microseconds(of), microseconds(to), ratio(to, of)];
}

const httpRows = (measured: readonly Measured[]): string[][] => [
  comparison(
    'call-next over HTTP, durable',
    measured.map(({ calls }) => calls.map((ms) => ms * 1_000)),
  ),
  comparison(
    '/schedule over HTTP, a token',
    measured.map(({ schedules, tokensASchedule }) =>
      schedules.map((ms) => (ms * 1_000) / tokensASchedule),
    ),
  ),
  comparison(
    '/schedule over HTTP, all of it',
    measured.map(({ schedules }) => schedules.map((ms) => ms * 1_000)),
  ),
];

/** Measures calls and schedules of a busy doctor, and the end of a hundred thousand slots. */
export async function clinicDayBench(onStep: OnStep): Promise<Report> {
  const large = {
    slots: parameter('DAY_SLOTS', 8, 200),
    length: parameter('DAY_SLOT_TOKENS', 20, 100),
  };
  const doctors = parameter('DAY_DOCTORS', 1, 4);
  const calls = doctors * large.length;
  const schedules = parameter('DAY_SCHEDULES', 2, 40);
  const sizes = { calls, schedules };
  const days = [
    { ...SMALL, doctors: calls / SMALL.length },
    { ...large, doctors },
  ];
  onStep('step', 1, 3);
  const measured = await measureDays(days, sizes);
  onStep('step', 2, 3);
  const engine = await engineCalls(large);
  onStep('step', 3, 3);
  const { slots, result } = await ending();
  return {
    title: 'The clinic day',
    remarks: [
      `Microseconds, medians. Small day: a doctor with ${SMALL.slots} slots and ${SMALL.slots * SMALL.length} tokens. Large day: a doctor with ${large.slots} slots of today and ${grouped(large.slots * large.length)} tokens. Both alternately on one server with SQLite, one request at a time; ${grouped(calls)} calls and ${schedules} schedules of each. Only patients of the last slot are checked in, so a call searches all slots before it.`,
      'Target: call-next, and /schedule for each token, take in the large day at most 2 times as long as in the small one.',
      `${grouped(slots.doctors * slots.slotsADoctor)} slots of ${grouped(slots.doctors)} doctors in memory: a tick without work takes ${median(result.idleMs).toFixed(2)} ms (median of ${result.idleMs.length}). When all slots end at the same instant, one tick expires ${grouped(result.waiters)} waiting tokens and stores that in ${result.endingMs.toFixed(0)} ms; the process is blocked for ${result.blockedMs.toFixed(0)} ms at most.`,
    ],
    head: ['microseconds', 'small day', 'large day', 'ratio'],
    rows: [comparison('call-next in the engine', engine.us), ...httpRows(measured)],
    checked: `${grouped(2 * calls)} calls over HTTP, each of a patient of the last slot; ${grouped(engine.checked)} calls in the engine, in the order of rank; every slot in the order of the rules; the last change record of every waiting token is its expiry.`,
  };
}
