import { Temporal } from 'temporal-polyfill';
import { openLog } from '../../src/cli/log.ts';
import { runProgram } from '../../src/cli/program.ts';
import { required } from '../lib/required.ts';
import { print, seedOf, ToolError, wholeNumber } from '../lib/tool.ts';
import type { ClinicDays } from './clinic-days.ts';
import { DOCTORS } from './hospital.ts';
import { openDemo } from './open-demo.ts';
import { play, SPEED } from './play.ts';

const HELP = `npm run demo -- [options]

Starts the service with simulated clinic days that run at ${SPEED} times speed: an hour takes a minute. Four doctors see
patients who book, come, wait, are called, cancel or do not come. Prints the links to the pages. No access key is needed.
Everything is in memory and is forgotten at the end; Ctrl+C ends the demo. A day takes about nine minutes, and then the
next one begins.

  --port N            the port of 127.0.0.1 (8080); 0 takes a free one
  --seed N            repeats the choices of patients and doctors
  --help              prints this text
  --version           prints the version
`;

/** The lines that lead a visitor to the pages. */
async function linesFor(url: string, days: ClinicDays): Promise<string[]> {
  const { id, rooms } = required(DOCTORS[0]);
  const rows = [
    ['waiting room', `${url}/board`],
    ['front desk', `${url}/desk`],
    ['a doctor', `${url}/room?doctor_id=${id}&room=${required(rooms[0])}`],
    ['a patient', (await days.patientLink()) ?? ''],
    ['reports', `${url}/reports`],
    ['all pages', `${url}/`],
  ];
  return [
    '',
    `A clinic day at ${SPEED} times speed: an hour takes a minute. Open these pages in a browser:`,
    '',
    ...rows.map(([name = '', link = '']) => `  ${name.padEnd(14)}${link}`),
    '',
    'Everything is in memory and is forgotten at the end. Ctrl+C ends the demo.',
    '',
  ];
}

async function run(portGiven: string, seedGiven: string | undefined): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const timeZone = Temporal.Now.timeZoneId();
  const demo = await openDemo({
    port: wholeNumber('port', portGiven, 0, 65_535),
    seed: seedOf(seedGiven),
    date: Temporal.Now.plainDateISO(timeZone),
    timeZone,
    logger: openLog('warn').logger,
    onNews: (time, sentence) => print(`${time}  ${sentence}`),
  });
  for (const line of await linesFor(demo.url, demo.days)) print(line);
  await play(demo.days, stopping.signal);
  await demo.close();
  print('The demo has ended.');
}

await runProgram({
  help: HELP,
  usage: 'npm run demo takes no argument beside its options. --help lists them.',
  argumentCount: [0, 0],
  options: { port: { type: 'string' }, seed: { type: 'string' } },
  failures: [ToolError],
  async run({ options: { port = '8080', seed } }) {
    await run(String(port), seed === undefined ? undefined : String(seed));
    return undefined;
  },
});
