import { text as readText } from 'node:stream/consumers';
import type { FastifyInstance, InjectOptions } from 'fastify';
import pino from 'pino';
import { expect, onTestFinished } from 'vitest';
import {
  AllocationEngine,
  epochMs,
  type DoctorFacts,
  type EngineRules,
  type EpochMs,
  type PatientClass,
} from '../../../src/engine/index.ts';
import { readVersion } from '../../../src/cli/program.ts';
import { buildApp } from '../../../src/http/app.ts';
import type { AdmissionLimits } from '../../../src/http/admission.ts';
import type { ConnectionLimits } from '../../../src/http/connections.ts';
import type { IdentityProviderOptions } from '../../../src/http/identity-provider.ts';
import type { RateLimits } from '../../../src/http/rate-limiter.ts';
import type { MetricsSource } from '../../../src/http/metrics.ts';
import type { BookingView, SlotView } from '../../../src/http/resources/index.ts';
import {
  classTable,
  createService,
  demoRoster,
  type KeyInput,
  type Roster,
  type Service,
} from '../../../src/service/index.ts';
import { webhookBodyOf } from '../../../src/http/resources/webhook.ts';
import { Webhooks, type WebhooksDeps } from '../../../src/webhooks/index.ts';
import type { Database } from '../../../src/store/index.ts';
import { newDatabase } from './app-database.ts';
import { CONNECTION_LIMITS, NO_ADMISSION_LIMITS } from './limits.ts';
import type { OpenDatabase } from '../store/desk.ts';
import { TestDisk } from './test-disk.ts';
import { shareCompilers } from './shared-compilers.ts';

shareCompilers();

export interface AppOptions {
  /** The first time of the clock. A Monday morning in UTC by default. */
  readonly now?: string;
  readonly timeZone?: string;
  readonly roster?: readonly DoctorFacts[];
  /** Single slots of the roster. */
  readonly slots?: Roster['slots'];
  /** Classes that the roster adds or changes. */
  readonly patientTypes?: readonly PatientClass[];
  /** Makes the engine. By default a new, empty one. */
  readonly engine?: (rules: EngineRules) => AllocationEngine;
  /** Opens the database. A new, empty database by default. */
  readonly store?: OpenDatabase;
  readonly graceMinutes?: number;
  readonly waitlistMax?: number;
  readonly horizonDays?: number;
  /** False: the service is not started, so it answers as a service that still loads. */
  readonly started?: boolean;
  readonly logger?: pino.Logger;
  /** Other bounds of connections than the default ones. */
  readonly connectionLimits?: Partial<ConnectionLimits>;
  /** The work that is accepted at the same time. Without it all requests are accepted. */
  readonly admissionLimits?: Partial<AdmissionLimits>;
  /** The origins of pages that may use the service. */
  readonly origins?: readonly string[];
  /** Whether everybody may do everything while there is no key. True by default, as on loopback. */
  readonly allowsAnonymous?: boolean;
  /** The provider whose tokens are accepted. None by default. */
  readonly identityProvider?: IdentityProviderOptions;
  /** What a caller may send within a minute. Without limits by default. */
  readonly rateLimits?: RateLimits;
  /** The addresses of proxies whose `X-Forwarded-For` counts. */
  readonly trustedProxies?: readonly string[];
  /** Host names of the service beside the loopback names. */
  readonly hosts?: readonly string[];
  /** Other settings of the webhooks. They deliver when the test starts them. */
  readonly webhooks?: Partial<WebhooksDeps>;
  /** The URL under which patients reach the service. By default answers have no links. */
  readonly publicUrl?: string;
  /** What `GET /metrics` answers. By default there is no such route. */
  readonly metrics?: MetricsSource;
}

/** The answer to a request, as a client receives it. `body` is the parsed JSON, or null when there is none. */
export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: T;
  readonly text: string;
}

export type Headers = Readonly<Record<string, string>>;

/** The whole program without its process: app, service, database and engine. The test sets the clock. */
export class TestApp {
  readonly app: FastifyInstance;
  readonly service: Service;
  readonly webhooks: Webhooks;
  readonly engine: AllocationEngine;
  readonly database: Database;
  readonly store: Database['store'];
  readonly archive: Database['archive'];
  readonly #time: { now: EpochMs };
  /** The headers that say who calls. */
  readonly #caller: Headers;

  constructor(parts: {
    app: FastifyInstance;
    service: Service;
    webhooks: Webhooks;
    engine: AllocationEngine;
    database: Database;
    time: { now: EpochMs };
    caller?: Headers;
  }) {
    this.#caller = parts.caller ?? {};
    this.app = parts.app;
    this.database = parts.database;
    this.service = parts.service;
    this.webhooks = parts.webhooks;
    this.engine = parts.engine;
    this.store = parts.database.store;
    this.archive = parts.database.archive;
    this.#time = parts.time;
  }

  /** The time of the clock. */
  get clock(): string {
    return new Date(this.#time.now).toISOString();
  }

  set now(instant: string) {
    this.#time.now = epochMs(Date.parse(instant));
  }

  /** Sets the clock and runs one tick of the service. The process runs a tick every second. */
  async advanceTo(instant: string): Promise<void> {
    this.now = instant;
    await this.service.tick();
  }

  /** The same program as the holder of this access key calls it. */
  as(secret: string, headers: Headers = {}): TestApp {
    const { app, service, webhooks, engine, database } = this;
    const caller = { authorization: `Bearer ${secret}`, ...headers };
    return new TestApp({ app, service, webhooks, engine, database, time: this.#time, caller });
  }

  /** Makes an access key and returns its secret. */
  async key(input: Partial<KeyInput> & Pick<KeyInput, 'role'>): Promise<string> {
    const { registry } = this.service.keys;
    const put = await registry.put(
      { name: input.role, doctorIds: [], expiresAt: null, ...input },
      false,
      'boss',
    );
    await this.service.keys.refresh();
    if ('faults' in put || put.secret === null) throw new Error(JSON.stringify(put));
    return put.secret;
  }

  async send<T>(request: InjectOptions): Promise<Answer<T>> {
    const headersSent = { ...this.#caller, ...request.headers };
    const { url, method } = request;
    if (typeof url === 'string' && /^\/events(\?|$)/.test(url) && method === 'GET')
      return this.#headOfStream({ ...request, headers: headersSent });
    const { statusCode, headers, body } = await this.app.inject({
      ...request,
      headers: headersSent,
    });
    const isJson = /json/.test(String(headers['content-type'])) && body !== '';
    const parsed = (isJson ? JSON.parse(body) : null) as T;
    return { status: statusCode, headers, body: parsed, text: body };
  }

  /** The answer to a request for a stream, which is ended when it has begun. A refusal has its body. */
  async #headOfStream<T>(request: InjectOptions): Promise<Answer<T>> {
    const reply = await this.app.inject({ ...request, payloadAsStream: true });
    const { statusCode: status, headers } = reply;
    if (status === 200) reply.raw.res.destroy();
    const text = status === 200 ? '' : await readText(reply.stream());
    return { status, headers, body: (text === '' ? null : JSON.parse(text)) as T, text };
  }

  get<T = unknown>(url: string): Promise<Answer<T>> {
    return this.send({ method: 'GET', url });
  }

  post<T = unknown>(url: string, payload: object, headers: Headers = {}): Promise<Answer<T>> {
    return this.send({ method: 'POST', url, payload, headers });
  }

  put<T = unknown>(url: string, payload: object): Promise<Answer<T>> {
    return this.send({ method: 'PUT', url, payload });
  }

  patch<T = unknown>(url: string, payload: object): Promise<Answer<T>> {
    return this.send({ method: 'PATCH', url, payload });
  }

  /** Books a patient. The first letter of the name is the class, and `more` has further fields of the booking. */
  async book(name: string, more: object = {}, headers: Headers = {}): Promise<BookingView> {
    const answer = await this.post<BookingView>('/book', booking(name, more), headers);
    expect(answer).toMatchObject({ status: 201 });
    return answer.body;
  }

  /** The slot of one of doc1's sessions on a date. The first session by default. */
  async slot(date: string, session = 'doc1_slot1'): Promise<SlotView> {
    const url = `/schedule?doctor_id=doc1&date=${date}`;
    const { body } = await this.get<{ slots: SlotView[] }>(url);
    const slot = body.slots.find(({ id }) => id === `${session}@${date}`);
    if (slot === undefined) throw new Error(`there is no slot of ${session} on ${date}`);
    return slot;
  }
}

const CLASS_OF: Readonly<Record<string, string>> = {
  E: 'EMERGENCY',
  P: 'PAID_PRIORITY',
  F: 'FOLLOW_UP',
  O: 'ONLINE_BOOKING',
  W: 'WALK_IN',
};

/** A valid body of POST /book. `E1` books an emergency, in the next slot of doc1's first session. */
export const booking = (name: string, more: object = {}): Record<string, unknown> => ({
  doctor_id: 'doc1',
  slot_id: 'doc1_slot1',
  patient_name: name,
  patient_type: CLASS_OF[name.charAt(0)] ?? 'WALK_IN',
  ...more,
});

/** Builds and starts the program with a clock that the test sets. The program is closed when the test ends. */
export async function openApp(options: AppOptions = {}): Promise<TestApp> {
  const { now = '2026-11-23T08:00:00Z', timeZone = 'UTC', started = true } = options;
  const time = { now: epochMs(Date.parse(now)) };
  const classes = classTable(options.patientTypes ?? []);
  const { engine: engineOf = (rules: EngineRules) => new AllocationEngine(rules) } = options;
  const engine = engineOf({
    classes,
    graceMinutes: options.graceMinutes ?? 30,
    waitlistMax: options.waitlistMax ?? 1_000,
  });
  const open = options.store ?? (await newDatabase());
  const database = open(engine);
  const { store, archive, changeLog, keys } = database;
  // The close may fail, because a test that restarts the program has closed the store already.
  onTestFinished(() => store.close().catch(() => undefined));
  const clock = () => time.now;
  const service = createService({
    engine,
    store,
    archive,
    changeLog,
    keys,
    clock,
    horizonDays: options.horizonDays ?? 14,
  });
  const logger = options.logger ?? pino({ level: 'silent' });
  const webhooks = new Webhooks({
    ...{ database, clock, bodyOf: webhookBodyOf, version: readVersion() },
    allowsPrivate: false,
    // No test looks up a name.
    resolve: () => Promise.reject(new Error('there are no names')),
    ...options.webhooks,
  });
  onTestFinished(() => webhooks.stop());
  const app = await buildApp({
    service,
    webhooks,
    classes,
    logger,
    clock,
    version: readVersion(),
    connectionLimits: { ...CONNECTION_LIMITS, ...options.connectionLimits },
    admissionLimits: { ...NO_ADMISSION_LIMITS, ...options.admissionLimits },
    hosts: options.hosts ?? [],
    publicUrl: options.publicUrl ?? null,
    origins: options.origins ?? [],
    allowsAnonymous: options.allowsAnonymous ?? true,
    identityProvider: options.identityProvider ?? null,
    trustedProxies: options.trustedProxies ?? [],
    rateLimits: options.rateLimits ?? {},
    metrics: options.metrics ?? null,
  });
  const { roster: doctors = demoRoster(timeZone), slots = [] } = options;
  if (started) await service.start(() => ({ doctors, slots }));
  onTestFinished(() => app.close());
  onTestFinished(() => service.eventFeed.stop());
  return new TestApp({ app, service, webhooks, engine, database, time });
}

/** The program on a database whose disk the test controls. */
export async function openAppOnTestDisk(
  options: AppOptions = {},
): Promise<{ opd: TestApp; disk: TestDisk }> {
  const disk = new TestDisk();
  const opd = await openApp({ ...options, store: (engine) => disk.open(engine) });
  onTestFinished(() => {
    disk.makeSpace();
    disk.release();
    return opd.store.close();
  });
  return { opd, disk };
}
