import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Change } from '../../src/engine/index.ts';
import type { BookingView } from '../../src/http/resources/index.ts';
import { found } from '../support/engine/clinic.ts';
import { DayLedger } from '../support/process/day-ledger.ts';
import { eventually } from '../support/eventually.ts';
import {
  DOCTORS,
  histories,
  HISTORY_RULES,
  NAME,
  SLOTS,
  type Action,
} from '../support/model/history.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { rerun, seed } from '../support/seed.ts';
import { startServer, type ServerProcess } from '../support/process/server-process.ts';
import { runTool } from '../support/process/tool.ts';
import { compared, recordedCommands } from './recorded-history.ts';

const PROCESSES = 3;
const ROUNDS = 3;
const HOUR_MS = 3_600_000;

/** Several processes on a new database. Any of them may be killed at any time. */
class Processes {
  readonly url: string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #servers: ServerProcess[] = [];

  constructor(url: string, settings: Readonly<Record<string, string>> = {}) {
    this.url = url;
    this.#settings = settings;
  }

  static async start(settings?: Readonly<Record<string, string>>): Promise<Processes> {
    const processes = new Processes((await createDatabase()).url, settings);
    while (processes.all.length < PROCESSES) await processes.startOne();
    return processes;
  }

  get all(): readonly ServerProcess[] {
    return this.#servers;
  }

  any(random: () => number): ServerProcess {
    return found(this.#servers[Math.floor(random() * this.#servers.length)]);
  }

  async startOne(): Promise<ServerProcess> {
    const server = await startServer({ DATABASE_URL: this.url, ...this.#settings });
    this.#servers.push(server);
    return server;
  }

  /** Kills the process. It gets no more requests. */
  async kill(server: ServerProcess): Promise<void> {
    this.#servers.splice(this.#servers.indexOf(server), 1);
    expect(await server.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  }
}

async function expectVerified(DATABASE_URL: string, settings = {}): Promise<void> {
  const { code, output } = await runTool('src/cli/verify.ts', [], { DATABASE_URL, ...settings });
  expect(output).toMatch(/\nclean\n$/);
  expect(code).toBe(0);
}

it(`every answer of three processes stays true when some of them are killed ${rerun}`, async () => {
  const random = randomFrom(seed);
  const processes = await Processes.start();
  const day = new DayLedger(random);
  const clients: Promise<void>[] = [];
  const join = (server: ServerProcess): void => {
    clients.push(day.client(server), day.client(server));
  };
  await day.open(processes.any(random), 8);
  for (const server of processes.all) join(server);
  for (let round = 0; round < ROUNDS; round += 1) {
    const enough = day.acknowledged + 40 + Math.floor(random() * 60);
    await eventually(() => day.acknowledged >= enough);
    await processes.kill(processes.any(random));
    // The other processes still serve requests meanwhile.
    join(await processes.startOne());
    await day.open(processes.any(random), 2);
  }
  await day.reachEveryKind(processes.any(random));
  await Promise.all([...processes.all].map((server) => processes.kill(server)));
  await Promise.all(clients);
  while (processes.all.length < PROCESSES) await processes.startOne();
  expect(await day.faults(processes.any(random))).toEqual([]);
  await expectVerified(processes.url);
});

const RULES = {
  SLOT_GRACE_MINUTES: String(HISTORY_RULES.graceMinutes),
  WAITLIST_MAX: String(HISTORY_RULES.waitlistMax),
};

/** One round of random histories. It has its own doctors and slots, whose ids have the round's ending. */
class Round {
  readonly ending: string;
  readonly #processes: Processes;
  readonly #random: () => number;
  /** The id of the token that was booked last under each token name of the histories. */
  readonly #tokens = new Map<string, string>();
  /** The tokens of the acknowledged bookings. */
  readonly booked: string[] = [];
  answers = 0;

  constructor(ending: string, processes: Processes, random: () => number) {
    this.ending = ending;
    this.#processes = processes;
    this.#random = random;
  }

  /** Creates the doctors and slots of the reference model. The slots of its first day have begun. */
  async open(): Promise<void> {
    for (const { id, rooms } of DOCTORS) {
      const doctor = { name: 'Dr. R', time_zone: 'UTC', rooms, sessions: [] };
      expect(await this.#send('PUT', `/doctors/${id}${this.ending}`, doctor)).toBe(201);
    }
    const first = Math.min(...SLOTS.map(({ startTime }) => startTime));
    const opening = Date.now() - HOUR_MS;
    const instant = (time: number) => new Date(opening + time - first).toISOString();
    for (const { id, doctorId, startTime, endTime, capacity } of SLOTS) {
      const times = { start_time: instant(startTime), end_time: instant(endTime + HOUR_MS) };
      const ids = { id: this.#named(id), doctor_id: this.#named(doctorId) };
      expect(await this.#send('POST', '/slots', { ...ids, ...times, capacity })).toBe(201);
    }
  }

  /** Sends the steps of a history, each to a random process. A step is skipped when a killed process does not answer. */
  async play(history: readonly Action[]): Promise<void> {
    for (const action of history) {
      const request = this.#requestOf(action);
      if (request === undefined) continue;
      const [method, path, body] = request;
      const status = await this.#send(method, path, body, action).catch(() => undefined);
      if (status === undefined) continue;
      this.answers += 1;
      expect([200, 201, 404, 409]).toContain(status);
    }
  }

  async #send(method: string, path: string, body: object, action?: Action): Promise<number> {
    const response = await fetch(this.#processes.any(this.#random).url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (action !== undefined && path === '/book' && response.status === 201) {
      const { id } = JSON.parse(text) as BookingView;
      this.#tokens.set(action.token, id);
      this.booked.push(id);
    }
    return response.status;
  }

  /** The request of a step; undefined when the step has no request in this test (see `actionOf`). */
  #requestOf(action: Action): readonly [method: string, path: string, body: object] | undefined {
    const token = { token_id: this.#tokens.get(action.token) ?? 'nobody' };
    switch (action.kind) {
      case 'book': {
        const { doctorId, id } = found(SLOTS[action.slot]);
        const slotFields = { doctor_id: this.#named(doctorId), slot_id: this.#named(id) };
        const patient = action.patient === null ? {} : { patient_id: `p${action.patient}` };
        const patientFields = { patient_name: NAME, patient_type: action.type, ...patient };
        return ['POST', '/book', { ...slotFields, ...patientFields }];
      }
      case 'cancel':
        return ['POST', '/cancel', token];
      case 'checkIn':
        return ['POST', '/check-in', token];
      case 'complete':
        return ['POST', '/complete', token];
      case 'skip':
        return ['POST', '/skip', token];
      case 'undo':
        return ['POST', '/undo', { ...token, reason: 'a wrong click' }];
      case 'correct': {
        const { name: patient_name, patient } = action;
        const patient_id = patient === undefined ? undefined : `p${patient}`;
        if (patient_name === undefined && patient_id === undefined) return undefined;
        const body = { patient_name, patient_id, reason: 'a misspelt name' };
        return ['PATCH', `/tokens/${token.token_id}`, body];
      }
      case 'noShow':
        return ['POST', '/no-show', { ...token, force: true }];
      case 'move':
        return ['POST', '/move', { ...token, slot_id: this.#slot(action.slot) }];
      case 'reclassify':
        return ['POST', '/reclassify', { ...token, patient_type: action.type, reason: 'triage' }];
      case 'callNext': {
        const doctor_id = this.#named(found(DOCTORS[action.doctor]).id);
        const { room, current } = action;
        const field = current === 'skipped' ? 'skip_current' : 'complete_current';
        const named = room === null ? {} : { room };
        return ['POST', '/call-next', { doctor_id, ...named, [field]: current !== null }];
      }
      case 'reviseSlot': {
        const { capacity, delayMinutes: delay_minutes, intake } = action;
        const body = { capacity, delay_minutes, intake };
        if (Object.values(body).every((value) => value === undefined)) return undefined;
        return ['PATCH', `/slots/${this.#slot(action.slot)}`, body];
      }
      case 'closeSlot': {
        const move_to = action.moveTo === null ? undefined : this.#slot(action.moveTo);
        // Only one slot may be closed, because many clients together would close them all.
        if (action.slot !== SLOTS.length - 1) return undefined;
        return ['POST', `/slots/${this.#slot(action.slot)}/close`, { reason: 'ill', move_to }];
      }
      case 'reopenSlot':
        return ['POST', `/slots/${this.#slot(action.slot)}/reopen`, { reason: 'well again' }];
      case 'delayDay': {
        const { id } = found(DOCTORS[action.doctor]);
        const date = new Date().toISOString().slice(0, 10);
        return ['POST', `/doctors/${this.#named(id)}/delay`, { date, minutes: action.minutes }];
      }
      case 'setBreak': {
        const { id } = found(DOCTORS[action.doctor]);
        return ['POST', `/doctors/${this.#named(id)}/break`, { minutes: action.minutes }];
      }
      case 'start':
      case 'advanceTime':
        return undefined;
    }
  }

  #slot(place: number): string {
    return this.#named(found(SLOTS[place]).id);
  }

  #named(id: string): string {
    return `${id}${this.ending}`;
  }
}

/** The kinds of change that the histories must reach. */
const MUST_COME_UP: readonly Change['kind'][] = [
  'booked',
  'bumped',
  'promoted',
  'checked_in',
  'started',
  'skipped',
  'undone',
  'moved_in',
  'corrected',
  'slot_set',
];

it(`the change records of three processes that are killed and restarted are those of the model ${rerun}`, async () => {
  const random = randomFrom(seed);
  const processes = await Processes.start(RULES);
  const clients = 8;
  const kinds = new Set<Change['kind']>();
  const isMissing = () => MUST_COME_UP.some((kind) => !kinds.has(kind));
  // The rounds go on until every kind has come up, because a few random histories may lack one.
  for (let round = 0; round < ROUNDS || isMissing(); round += 1) {
    const current = new Round(`.r${round}`, processes, random);
    await current.open();
    const own = fc.sample(histories, { seed: seed + round, numRuns: clients });
    const done = Promise.all(own.map((history) => current.play(history)));
    const enough = Math.floor((random() * own.flat().length) / 3);
    await eventually(() => current.answers >= enough);
    await processes.kill(processes.any(random));
    await Promise.all([done, processes.startOne()]);

    const commands = await recordedCommands(processes.url, current.ending);
    for (const { action, recorded, expected } of compared(commands))
      expect({ action, ...recorded }).toEqual({ action, ...expected });
    const changes = commands.flat();
    const tokens = new Set(changes.map((change) => 'tokenId' in change && change.tokenId));
    expect(current.booked.filter((id) => !tokens.has(id as never))).toEqual([]);
    for (const { kind } of changes) kinds.add(kind);
  }
  await expectVerified(processes.url, RULES);
});
