import { setTimeout as pause } from 'node:timers/promises';
import { chromium, type CDPSession } from 'playwright-core';
import { Temporal } from 'temporal-polyfill';
import { openLog } from '../../src/cli/log.ts';
import { collectGarbage } from '../lib/child.ts';
import { CHROMIUM, CHROMIUM_FLAGS } from '../lib/chromium.ts';
import { print, runTool, seedOf, wholeNumber } from '../lib/tool.ts';
import { STEP_SECONDS } from './clinic-days.ts';
import { openDemo } from './open-demo.ts';
import { play, SPEED } from './play.ts';

const HELP = `node --expose-gc bench/demo/growth.ts [options]

Shows the demo on a board in Chromium (${CHROMIUM}) and measures at rest intervals, after a garbage collection, whether the
board or the service grows. The demo runs at ${SPEED} times speed and leaves the nights out, so that 24 minutes are 24 hours
in which doctors see patients.

  --minutes N         how long it runs (24)
  --every N           seconds between two measurements (120)
  --seed N            repeats the choices of patients and doctors
  --help              prints this text
  --version           prints the version`;

const MIB = 2 ** 20;
const COLUMNS = [
  'minute',
  'clinic hours',
  'nodes',
  'listeners',
  'heap MiB',
  'service heap MiB',
  'resident MiB',
];

/** What the board and the process of the service take now, after a garbage collection. */
async function measure(session: CDPSession): Promise<string[]> {
  await session.send('HeapProfiler.collectGarbage');
  const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return [
    ...[nodes, jsEventListeners].map(String),
    (usedSize / MIB).toFixed(2),
    ...[heapUsed + external, rss].map((bytes) => (bytes / MIB).toFixed(1)),
  ];
}

const line = (cells: readonly string[]): string =>
  cells.map((cell, index) => cell.padStart(COLUMNS[index]?.length ?? 0)).join('  ');

async function run(minutes: number, everySeconds: number, seed: number): Promise<number> {
  const timeZone = Temporal.Now.timeZoneId();
  const date = Temporal.Now.plainDateISO(timeZone);
  const { logger } = openLog('warn');
  const onNews = (): void => undefined;
  const demo = await openDemo({ port: 0, seed, date, timeZone, logger, onNews });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
  const page = await browser.newPage();
  await page.goto(`${demo.url}/board`);
  const session = await page.context().newCDPSession(page);
  print(`--seed ${seed}`);
  print(line(COLUMNS));
  const stopping = new AbortController();
  let hours = 0;
  const step = async (): Promise<void> => {
    await demo.days.step();
    hours += STEP_SECONDS / 3_600;
  };
  const playing = play({ step }, stopping.signal);
  for (let second = 0; second < minutes * 60; second += everySeconds) {
    await Promise.race([playing, pause(everySeconds * 1_000)]);
    const minute = ((second + everySeconds) / 60).toFixed(1);
    print(line([minute, hours.toFixed(1), ...(await measure(session))]));
  }
  stopping.abort();
  await playing;
  await browser.close();
  await demo.close();
  return 0;
}

await runTool({
  help: HELP,
  options: {
    minutes: { type: 'string', default: '24' },
    every: { type: 'string', default: '120' },
    seed: { type: 'string' },
  },
  run: ({ minutes, every, seed }) =>
    run(
      wholeNumber('minutes', minutes, 1, 10_000),
      wholeNumber('every', every, 1, 3_600),
      seedOf(seed),
    ),
});
