import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Calls, ClinicDay } from './calls-task.ts';
import { measureDays, type Measured } from './clinic-day-http.ts';
import type { Evening, EveningResult } from './ending-task.ts';
import { inFreshProcess } from '../lib/child.ts';
import { must } from '../lib/engine-clinic.ts';
import { median, ratio } from '../lib/format.ts';
import { parameter } from '../lib/parameter.ts';
import type { Report } from '../lib/report.ts';
import { grouped } from '../lib/statistics.ts';
import { temporaryDirectory } from '../lib/temporary.ts';

const CALLS_TASK = fileURLToPath(new URL('./calls-task.ts', import.meta.url));
const ENDING_TASK = fileURLToPath(new URL('./ending-task.ts', import.meta.url));

const SMALL = { slots: 4, length: 10 };

/** Microseconds of a call in the engine alone, by doctor: in the small day and in the large one. */
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
      rounds.flatMap(({ callNs }) => must(callNs[index]).map((ns) => ns / 1_000)),
    ),
    checked: rounds.reduce((sum, { checked }) => sum + checked, 0),
  };
}

/** Slots with waiters in some that end at the same instant. */
async function ending(): Promise<{ evening: Evening; result: EveningResult }> {
  const directory = temporaryDirectory();
  try {
    const evening: Evening = {
      path: join(directory.path, 'opd.db'),
      doctors: parameter('ENDING_DOCTORS', 2, 1_000),
      slots: parameter('ENDING_SLOTS', 10, 100),
      oneIn: 10,
      idleTicks: parameter('ENDING_IDLE_TICKS', 2, 31),
    };
    return { evening, result: await inFreshProcess<EveningResult>(ENDING_TASK, evening) };
  } finally {
    directory.remove();
  }
}

/** Microseconds, with one decimal. */
const microseconds = (value: number): string => value.toFixed(1);

function comparison(name: string, [small, large]: readonly (readonly number[])[]): string[] {
  const [of, to] = [median(must(small)), median(must(large))];
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

/** What a busy doctor's day costs, and the end of a hundred thousand slots. */
export async function clinicDayBench(): Promise<Report> {
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
  const measured = await measureDays(days, sizes);
  const engine = await engineCalls(large);
  const { evening, result } = await ending();
  const slots = evening.doctors * evening.slots;
  return {
    title: 'The clinic day',
    remarks: [
      `Microseconds, medians: a doctor with ${SMALL.slots} slots and ${SMALL.slots * SMALL.length} tokens against one with ${large.slots} slots of today and ${grouped(large.slots * large.length)} tokens, by turns on one server with SQLite, one request at a time; ${grouped(calls)} calls and ${schedules} schedules of each. Only patients of the last slot are at the desk: the longest way to look.`,
      'Target: call-next, and /schedule per token, of the large day within 2 times of the small one.',
      `${grouped(slots)} slots of ${grouped(evening.doctors)} doctors in memory: an idle tick takes ${median(result.idleMs).toFixed(2)} ms (median of ${result.idleMs.length}); when all end at the same instant, ${grouped(result.waiters)} waiters are expired on disk by one tick in ${result.endingMs.toFixed(0)} ms, and the process answers nobody for ${result.blockedMs.toFixed(0)} ms at most.`,
    ],
    head: ['microseconds', 'small day', 'large day', 'ratio'],
    rows: [comparison('call-next in the engine', engine.us), ...httpRows(measured)],
    checked: `${grouped(2 * calls)} calls over HTTP each of the last slot, ${grouped(engine.checked)} in the engine by rank, every board as the one sentence has it, every waiter's last change an expiry.`,
  };
}
