import type { AddressInfo } from 'node:net';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import pino from 'pino';
import { verifyDatabase } from '../../src/audit/index.ts';
import { AllocationEngine, DEFAULT_CLASSES, epochMs, WEEKDAYS } from '../../src/engine/index.ts';
import { buildApp } from '../../src/http/app.ts';
import { webhookBodyOf } from '../../src/http/resources/webhook.ts';
import { Webhooks } from '../../src/webhooks/index.ts';
import { createService, doctorFactsOf, type Service } from '../../src/service/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { shareCompilers } from '../../test/support/app/shared-compilers.ts';
import type { FuzzAnswer } from './answer-check.ts';
import { FUZZER_KEY } from './known-values.ts';
import { EVENT_STREAM } from './operations.ts';
import { exchange } from './raw-requests.ts';
import { bytesOf, resumes, urlOf, type FuzzRequest } from './requests.ts';

shareCompilers();

const RULES = { classes: DEFAULT_CLASSES, graceMinutes: 30, waitlistMax: 20 };
const HORIZON_DAYS = 14;

/** Bounds of a connection that are as short as the settings allow, because the fuzzer waits for their end. */
const CONNECTION_LIMITS = {
  connectionsMax: 1_000,
  headersMax: 100,
  headerBytesMax: 16_384,
  headerSeconds: 1,
  requestSeconds: 1,
  keepAliveSeconds: 1,
};
/** Requests come one at a time, so the service is never overloaded, and 503 would be a fault. */
const ADMISSION_LIMITS = { requestsMax: Infinity, turnMs: Infinity };

/** Milliseconds after which a connection counts as forgotten: all its bounds together take about five seconds. */
const CLOSE_MS = 40_000;
/** Milliseconds after which a request counts as hanging. */
const ANSWER_MS = 20_000;

const TIME_ZONES = ['UTC', 'America/New_York', 'Asia/Kolkata'];
const HOURS = [0, 3, 6, 9, 12, 15, 18, 21];

/** Doctors who sit all day, so that at any time some slot has begun and another one has not. */
const DOCTORS = TIME_ZONES.map((timeZone, index) => {
  const id = `doc${index + 1}`;
  const clockTime = (hour: number): string => `${String(hour).padStart(2, '0')}:00`;
  return doctorFactsOf(id, {
    ...{ name: `Dr. ${id}`, time_zone: timeZone, rooms: index + 1 },
    sessions: HOURS.map((hour) => ({
      id: `${id}_${hour}`,
      weekdays: [...WEEKDAYS],
      start: clockTime(hour),
      end: clockTime(hour + 3),
      capacity: 2 + index,
    })),
  });
});

/** What a fuzzed service is opened with. */
interface Facts {
  readonly time: { now: number };
  readonly databaseUrl: string;
  /** The header of the key with which it is called. */
  readonly authorization: string;
}

/** The service in this process, with a clock of its own. */
export class FuzzedService {
  readonly #app: FastifyInstance;
  readonly #service: Service;
  readonly #databaseUrl: string;
  readonly #close: () => Promise<void>;
  readonly #time: { now: number };
  readonly #authorization: string;

  private constructor(
    app: FastifyInstance,
    service: Service,
    close: () => Promise<void>,
    { time, databaseUrl, authorization }: Facts,
  ) {
    this.#app = app;
    this.#service = service;
    this.#close = close;
    this.#time = time;
    this.#databaseUrl = databaseUrl;
    this.#authorization = authorization;
  }

  /** @param startsAt the first time of its clock, in milliseconds since the epoch */
  static async open(databaseUrl: string, startsAt: number): Promise<FuzzedService> {
    const time = { now: startsAt };
    const clock = () => epochMs(time.now);
    const engine = new AllocationEngine(RULES);
    const database = openDatabase(databaseUrl, engine);
    const { store, archive, changeLog, keys } = database;
    const service = createService({
      ...{ engine, store, archive, changeLog, keys, clock },
      horizonDays: HORIZON_DAYS,
    });
    const webhooks = new Webhooks({
      ...{ database, clock, bodyOf: webhookBodyOf, version: 'fuzz' },
      allowsPrivate: false,
    });
    const app = await buildApp({
      ...{ service, webhooks, classes: DEFAULT_CLASSES, clock, version: 'fuzz', metrics: null },
      logger: pino({ level: 'silent' }),
      connectionLimits: CONNECTION_LIMITS,
      admissionLimits: ADMISSION_LIMITS,
      allowsAnonymous: true,
    });
    await service.start(() => ({ doctors: DOCTORS, slots: [] }));
    await app.listen({ host: '127.0.0.1', port: 0 });
    const close = async (): Promise<void> => {
      await app.close();
      await store.close();
    };
    const authorization = `Bearer ${await secretOf(service)}`;
    return new FuzzedService(app, service, close, { time, databaseUrl, authorization });
  }

  get now(): number {
    return this.#time.now;
  }

  /** Lets time pass: the clock goes on, and the work of each second is done once. */
  async advance(ms: number): Promise<void> {
    this.#time.now += ms;
    await this.#service.tick();
  }

  /**
   * Sends a request without a socket. Of a stream of events it takes the first frame, or the first two if the client
   * resumes, and closes it then.
   * @throws HangError when there is no answer in time
   */
  async send(request: FuzzRequest): Promise<FuzzAnswer> {
    const payload = bytesOf(request);
    const answered = this.#app.inject({
      method: request.method,
      url: urlOf(request),
      headers: {
        ...{ host: '127.0.0.1', authorization: this.#authorization },
        ...Object.fromEntries(request.headers),
      },
      ...(payload === undefined ? {} : { payload }),
      payloadAsStream: true,
    });
    return inTime(answered.then((response) => answerOf(response, resumes(request) ? 2 : 1)));
  }

  /** Reads a URL. */
  async read(url: string): Promise<FuzzAnswer> {
    const headersSent = { authorization: this.#authorization };
    const answered = this.#app.inject({ url, headers: headersSent });
    const { statusCode, headers, body } = await inTime(answered);
    return { status: statusCode, headers, text: body };
  }

  /** Sends bytes on a connection of their own; returns what came until it was closed, or undefined if it was not. */
  exchange(bytes: Buffer, ends: boolean): Promise<string | undefined> {
    const { port } = this.#app.server.address() as AddressInfo;
    return exchange(port, bytes, { ends, closeMs: CLOSE_MS });
  }

  /** The faults that `npm run verify` finds in the database; none in a database in memory, which it cannot read. */
  async verify(): Promise<readonly string[]> {
    if (this.#databaseUrl === 'memory:') return [];
    const { faults } = await verifyDatabase(this.#databaseUrl, { ...RULES, waitlistMax: Infinity });
    return faults;
  }

  close(): Promise<void> {
    return this.#close();
  }
}

/** @param frames after how many of them a stream of events is closed */
async function answerOf(response: LightMyRequestResponse, frames: number): Promise<FuzzAnswer> {
  const { statusCode, headers, raw } = response;
  const isStream = String(headers['content-type']).startsWith(EVENT_STREAM);
  let bytes = Buffer.of();
  for await (const chunk of response.stream() as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk]);
    if (isStream && bytes.toString().split('\n\n').length > frames) break;
  }
  if (isStream) raw.res.destroy();
  return { status: statusCode, headers, text: bytes.toString() };
}

/** The secret of an administrator's key, because the fuzzer makes keys, and from the first key on every request needs one. */
async function secretOf({ keys }: Service): Promise<string> {
  const put = await keys.registry.put(
    { name: FUZZER_KEY, role: 'admin', doctorIds: [], expiresAt: null },
    true,
    FUZZER_KEY,
  );
  await keys.refresh();
  return 'secret' in put ? (put.secret ?? '') : '';
}

/** A request has no answer. */
export class HangError extends Error {
  override readonly name = 'HangError';
}

async function inTime<T>(answered: PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new HangError(`there is no answer after ${ANSWER_MS / 1_000} s`)),
      ANSWER_MS,
    );
  });
  try {
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
  }
}
