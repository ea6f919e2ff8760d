import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { Temporal } from 'temporal-polyfill';
import ts from 'typescript';
import { expect, it, onTestFinished } from 'vitest';
import { openDemo } from '../../bench/demo/open-demo.ts';
import type { QueueView } from '../../src/http/resources/queue.ts';
import { eventually } from '../support/eventually.ts';
import { readDocument } from '../support/markdown.ts';
import { runTool } from '../support/process/tool.ts';
import { isThorough } from '../support/seed.ts';

const DEMO = 'bench/demo/demo.ts';
const ROOT = new URL('../../', import.meta.url);

it('the demo prints links to pages that change, names a port that is in use, and ends with Ctrl+C', async () => {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, [DEMO, '--port', '0'], {
    cwd: fileURLToPath(ROOT),
    env: { PATH, NODE_COMPILE_CACHE },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close');
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  await eventually(() => output.includes('Ctrl+C ends the demo.') || child.exitCode !== null);

  const links = output.match(/http:\S+/g) ?? [];
  expect(links.map((link) => /\/(board|desk|room|t|reports)\b|\/$/.exec(link)?.[0])).toEqual([
    '/board',
    '/desk',
    '/room',
    '/t',
    '/reports',
    '/',
  ]);
  for (const link of links) expect([link, (await fetch(link)).status]).toEqual([link, 200]);
  const [board = '', , , patient = ''] = links;
  expect((await fetch(`${patient}/status`)).status).toBe(200);
  const times = new Set<string | null>();
  // The clock of the service makes steps of 15 seconds, so two of these times are at least so far apart.
  await eventually(async () => {
    times.add((await fetch(new URL('/queue', board))).headers.get('date'));
    return times.size === 2;
  });
  const [first = 0, second = 0] = Array.from(times, (time) => Date.parse(time ?? ''));
  expect(second - first).toBeGreaterThanOrEqual(15_000);

  const { port } = new URL(board);
  const other = await runTool(DEMO, ['--port', port]);
  expect(other.errors).toBe(
    `127.0.0.1:${port} is in use: stop the program that listens there, or choose another port: npm run demo -- --port ${Number(port) + 1}\n`,
  );
  expect(other.code).toBe(1);

  child.kill('SIGINT');
  await ended;
  expect([child.exitCode, errors]).toEqual([0, '']);
  expect(output).toMatch(/The demo has ended\.\n$/);
});

it('on a day of the demo, patients book, come, are called and seen, and the hospital keeps its agenda', async () => {
  const news: string[] = [];
  const demo = await openDemo({
    ...{ port: 0, seed: 1, date: Temporal.PlainDate.from('2027-01-18'), timeZone: 'Asia/Kolkata' },
    logger: pino({ level: 'silent' }),
    onNews: (time, sentence) => news.push(`${time} ${sentence}`),
  });
  onTestFinished(() => demo.close());
  const queue = async (): Promise<QueueView> =>
    (await (await fetch(`${demo.url}/queue`)).json()) as QueueView;
  const statusesOf = ({ doctors }: QueueView): Set<string> =>
    new Set(doctors.flatMap(({ calling_order }) => calling_order.map(({ status }) => status)));

  // A quarter past nine.
  for (let step = 0; step < 4 * 30; step += 1) await demo.days.step();
  const { doctors } = await queue();
  const late = doctors.filter(({ slots }) => slots[0]?.delay_minutes === 20);
  expect(late.map(({ name }) => name)).toEqual(['Dr. Lakshmi Iyer']);
  for (const doctor of doctors)
    expect([doctor.name, doctor.in_consultation.length]).toEqual([
      doctor.name,
      late.includes(doctor) ? 0 : doctor.rooms,
    ]);
  expect(statusesOf({ doctors })).toEqual(new Set(['BOOKED', 'CHECKED_IN']));
  expect(news[0]).toMatch(/^08:50 The boards say/);
  expect(news.at(-1)).toMatch(/^09:00 \d+ patients seen, .* A patient's page: http:\S+\/t\/\S+$/);

  if (!isThorough) return;
  while (!(news.at(-1) ?? '').includes('The next morning begins')) await demo.days.step();
  expect(news.at(-1)).toMatch(/^1[78]:\d\d The day is over: \d{3} patients seen/);
  const morning = await queue();
  expect(morning.doctors.map(({ date }) => date)).toEqual(doctors.map(() => '2027-01-19'));
  expect(statusesOf(morning)).toEqual(new Set(['BOOKED']));
});

/** What a file imports when it runs: not its types. */
function importsOf(file: URL): string[] {
  const { statements } = ts.createSourceFile(
    '',
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.Latest,
  );
  return statements.flatMap((statement) => {
    const from =
      (ts.isImportDeclaration(statement) && statement.importClause?.phaseModifier === undefined) ||
      (ts.isExportDeclaration(statement) && !statement.isTypeOnly)
        ? statement.moduleSpecifier
        : undefined;
    return from !== undefined && ts.isStringLiteral(from) ? [from.text] : [];
  });
}

it('the demo needs no package that `npm ci --omit=dev` leaves out', () => {
  const { dependencies } = JSON.parse(readDocument('package.json')) as { dependencies: object };
  const files = [new URL(DEMO, ROOT).href];
  const packages = new Set<string>();
  // The list grows while it is read.
  for (const file of files)
    for (const specifier of importsOf(new URL(file))) {
      const imported = new URL(specifier, file).href;
      if (specifier.startsWith('node:')) continue;
      if (!specifier.startsWith('.')) packages.add(packageOf(specifier));
      else if (!files.includes(imported)) files.push(imported);
    }
  expect(files.length).toBeGreaterThan(100);
  expect(packages).toContain('fastify');
  expect([...packages].filter((name) => !Object.hasOwn(dependencies, name))).toEqual([]);
});

/** The name of the package of a specifier, which may name a file of it too. */
const packageOf = (specifier: string): string =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
