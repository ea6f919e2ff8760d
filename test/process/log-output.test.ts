import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { flood } from '../support/process/flood.ts';
import { fill } from '../support/process/full-disk.ts';
import { mountMemory, needsMount, noMount } from '../support/process/mount.ts';
import { Pipe } from '../support/process/pipe.ts';
import { freePort } from '../../bench/lib/free-port.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { runTool } from '../support/process/tool.ts';
import { needsTerminal, noTerminal, ServerOnTerminal } from '../support/process/terminal.ts';
import { book, openHospital, openSlots } from '../support/store/hospital.ts';

// The log only informs: no command waits for it or fails with it, and the process ends in time.

/** Requests whose log lines are more than a pipe or a terminal holds. */
const SOME_REQUESTS = 4_000;
/** Requests whose log lines are more than the service holds in memory. */
const MANY_REQUESTS = 16_000;
/** The characters of log lines that wait in memory at most, and those that are being written. */
const HELD_MAX = 2 * 2 * 1024 * 1024 + 1_000;
const CLEAN_EXIT = { code: 0, signal: null };

const settingsOn = async (file: string) => ({
  DATABASE_URL: `sqlite:${file}`,
  PORT: await freePort(),
});

const newFile = (): string => join(tempDir(), 'opd.db');

function open(path: string): number {
  const descriptor = openSync(path, 'a');
  onTestFinished(() => closeSync(descriptor));
  return descriptor;
}

/** Books a patient before and after these requests. */
async function expectService(server: ServerProcess, requests: number): Promise<void> {
  expect((await book(server, 'before')).status).toBe(201);
  await flood(server.url, requests);
  expect((await book(server, 'after')).status).toBe(201);
}

/** Checks that the log consists of whole lines and that each request has its line or is counted as dropped. */
function expectCounted(log: string): void {
  const lines = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; route?: string; lines?: number });
  const written = lines.filter(({ route }) => route === '/health').length;
  const dropped = lines.flatMap(({ msg, lines: count }) =>
    msg.startsWith('Log lines were dropped') ? [count ?? 0] : [],
  );
  expect(dropped.length).toBe(1);
  // The second booking came after the requests, so its line was dropped too.
  expect(written + (dropped[0] ?? 0)).toBe(MANY_REQUESTS + 1);
}

it('a log on a full device stops no booking, and the process ends with 0', async () => {
  const server = await openHospital(await settingsOn(newFile()), { output: open('/dev/full') });
  await expectService(server, MANY_REQUESTS);
  expect(await server.stop()).toEqual(CLEAN_EXIT);
  expect(server.errors).toBe('');
});

it.skipIf(noMount !== null)(
  `a log on a full disk stops no booking, and the dropped lines are counted when there is space${needsMount}`,
  async () => {
    const directory = mountMemory('size=16m');
    const file = join(directory, 'log');
    const server = await openHospital(await settingsOn(newFile()), { output: open(file) });
    const makeSpace = fill(directory);
    await expectService(server, MANY_REQUESTS);
    const before = readFileSync(file, 'utf8').length;
    makeSpace();
    await eventually(() => readFileSync(file, 'utf8').includes('Log lines were dropped'));
    expectCounted(readFileSync(file, 'utf8'));
    expect(readFileSync(file, 'utf8').length - before).toBeLessThan(HELD_MAX);
    expect(await server.stop()).toEqual(CLEAN_EXIT);
    expect(readFileSync(file, 'utf8')).toMatch(/"msg":"Stopped\."\}\n$/);
  },
);

it.each<[what: string, leave: (pipe: Pipe) => void]>([
  ['that nobody reads', () => undefined],
  ['whose reader has gone', (pipe) => pipe.close()],
])(
  'a log on a pipe %s stops no booking, and the dropped lines are counted when it is read again',
  async (_, leave) => {
    const pipe = new Pipe();
    const server = await openHospital(await settingsOn(newFile()), { output: pipe.writeEnd });
    pipe.read();
    leave(pipe);
    await expectService(server, MANY_REQUESTS);
    const before = pipe.read().length;
    await eventually(() => pipe.read().includes('Log lines were dropped'));
    expectCounted(pipe.read());
    expect(pipe.read().length - before).toBeLessThan(HELD_MAX);
    leave(pipe);
    await flood(server.url, SOME_REQUESTS);
    expect(await server.stop()).toEqual(CLEAN_EXIT);
    expect(server.errors).toBe('');
  },
);

/** Checks that the service has closed its database in order and kept both bookings. */
async function expectClosed(file: string): Promise<void> {
  expect(existsSync(`${file}-wal`)).toBe(false);
  const after = await startServer({ DATABASE_URL: `sqlite:${file}` });
  const schedule = await (await after.get('/schedule?doctor_id=doc1')).text();
  expect([schedule.includes('"before"'), schedule.includes('"after"')]).toEqual([true, true]);
  await after.stop();
}

it.skipIf(noTerminal !== null)(
  `a terminal that has gone stops no booking, and the process ends in order${needsTerminal}`,
  async () => {
    const file = newFile();
    const terminal = await ServerOnTerminal.start(await settingsOn(file), false);
    await openSlots(terminal.server);
    terminal.close();
    await expectService(terminal.server, SOME_REQUESTS);
    await terminal.stop();
    await expectClosed(file);
  },
);

it.skipIf(noTerminal !== null)(
  `a process whose terminal is closed ends in order${needsTerminal}`,
  async () => {
    const file = newFile();
    const terminal = await ServerOnTerminal.start(await settingsOn(file), true);
    await openSlots(terminal.server);
    await expectService(terminal.server, SOME_REQUESTS);
    terminal.close();
    await eventually(() => terminal.hasEnded);
    await expectClosed(file);
  },
);

it.skipIf(noTerminal !== null)(
  `a terminal that shows nothing more stops no booking, and the process ends in order${needsTerminal}`,
  async () => {
    const file = newFile();
    const terminal = await ServerOnTerminal.start(await settingsOn(file), false);
    await openSlots(terminal.server);
    terminal.pause();
    await expectService(terminal.server, SOME_REQUESTS);
    await terminal.stop();
    await expectClosed(file);
  },
);

it('each dropped line is counted once by the log and once by telemetry', async () => {
  const { output, errors } = await runTool('test/support/process/dropping-log.ts', []);
  const written = output.split('\n').filter((line) => line.startsWith('x'));
  const { events, told } = JSON.parse(errors) as { events: number; told: number };
  expect(told).toBeGreaterThan(0);
  expect([events, written.length + told]).toEqual([told, 3_000]);
  expect(output.trimEnd().split('\n').at(-1)).toBe('told');
});

it('a warning of Node is a line of the log, because standard error may be unwritable', async () => {
  const NODE_OPTIONS = `--import data:text/javascript,process.on('SIGUSR2',()=>process.emitWarning('of_the_test'))`;
  const server = await startServer({ DATABASE_URL: 'memory:', NODE_OPTIONS });
  process.kill(server.pid, 'SIGUSR2');
  await eventually(() => server.log.includes('of_the_test'));
  expect(await server.stop()).toEqual(CLEAN_EXIT);
  expect(server.log).toMatch(/"level":40,.*"message":"of_the_test".*"msg":"A warning of Node\."/);
  expect(server.errors).toBe('');
});
