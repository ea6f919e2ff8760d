import { DEFAULT_CLASSES } from '../../src/engine/index.ts';
import type { BookingView, CalledView, TokenView } from '../../src/http/resources/index.ts';
import { anyClass } from '../lib/classes.ts';
import { codeOf, type HttpAnswer } from '../lib/client.ts';
import { work, type Action, type WorkerDeps } from './worker.ts';

/** The mean pause of a desk between two commands, in milliseconds. */
const PAUSE_MS = 60;
/** A desk with so many tokens books no more until some of them are over. */
const TOKENS_MAX = 25;
/** Statuses after which only an undo changes a token. */
const OVER = new Set(['COMPLETED', 'CANCELLED', 'NO_SHOW', 'EXPIRED']);

/** What a command answers: a token, and the tokens that it touched beside. */
interface Answered extends Pick<TokenView, 'id' | 'status'> {
  readonly slot_id?: string;
  readonly bumped?: { readonly id: string } | null;
}

/** A front desk: it books patients and sends the commands about them until their visits are over. */
export class Desk {
  readonly #deps: WorkerDeps;
  /** The tokens of this desk that are not over, with the status that was seen last. */
  readonly #tokens = new Map<string, string>();
  #lastOver: string | null = null;
  #sent = 0;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
  }

  run(ending: AbortSignal): Promise<void> {
    const { random } = this.#deps;
    const actions: readonly Action[] = [
      [32, () => this.#book()],
      [16, () => this.#about('/check-in', 'BOOKED', 'SKIPPED')],
      [12, () => this.#callNext()],
      [3, () => this.#about('/start', 'CHECKED_IN', 'BOOKED')],
      [8, () => this.#about('/complete', 'IN_CONSULTATION')],
      [4, () => this.#about('/skip', 'CHECKED_IN', 'IN_CONSULTATION')],
      [4, () => this.#undo()],
      [5, () => this.#about('/no-show', 'BOOKED', 'SKIPPED')],
      [20, () => this.#about('/cancel', 'BOOKED', 'WAITING', 'CHECKED_IN')],
      [8, () => this.#move()],
      [4, () => this.#reclassify()],
      [3, () => this.#correct()],
      [2, () => this.#readToken()],
    ];
    return work(actions, { random, pauseMs: PAUSE_MS, ending });
  }

  async #book(): Promise<void> {
    if (this.#tokens.size >= TOKENS_MAX) return;
    const { name, traffic, hospital, random } = this.#deps;
    const { id, doctorId } = hospital.anySlot(random);
    const patient = `${name} patient ${this.#sent}`;
    traffic.deps.ledger.sendBooking(patient);
    const answer = await this.#post('/book', {
      ...{ doctor_id: doctorId, slot_id: id, patient_name: patient },
      patient_type: anyClass(random).type,
      // Some patients book again.
      ...(random.chance(0.5) ? { patient_id: `${name}/${random.below(200)}` } : {}),
    });
    if (answer?.status !== 201) return;
    traffic.deps.ledger.acknowledgeBooking(patient);
    this.#see(answer.body as BookingView);
  }

  /** Sends a command about one of the tokens, mostly one of these statuses. */
  async #about(path: string, ...statuses: readonly string[]): Promise<void> {
    const id = this.#choose(statuses);
    if (id === null) return;
    const answer = await this.#post(path, {
      token_id: id,
      ...(path === '/no-show' ? { force: true } : {}),
    });
    this.#heard(id, answer);
  }

  async #callNext(): Promise<void> {
    const { hospital, random } = this.#deps;
    const slot = random.pick(hospital.running);
    const current = random.chance(0.8) ? 'complete_current' : 'skip_current';
    const answer = await this.#post('/call-next', {
      doctor_id: slot.doctorId,
      ...(random.chance(0.3) ? { slot_id: slot.id } : {}),
      ...(random.chance(0.7) ? { [current]: true } : {}),
    });
    if (answer?.status !== 200) return;
    const { completed, ...called } = answer.body as CalledView;
    this.#see(called);
    if (completed !== null) this.#see(completed);
  }

  async #undo(): Promise<void> {
    const id = this.#lastOver ?? this.#choose(['CHECKED_IN', 'IN_CONSULTATION', 'SKIPPED']);
    this.#lastOver = null;
    if (id === null) return;
    this.#heard(id, await this.#post('/undo', { token_id: id, reason: 'a wrong click' }));
  }

  async #move(): Promise<void> {
    const { hospital, random } = this.#deps;
    const id = this.#choose(['BOOKED', 'WAITING']);
    if (id === null) return;
    const slot_id = hospital.anySlot(random).id;
    this.#heard(id, await this.#post('/move', { token_id: id, slot_id }));
  }

  async #reclassify(): Promise<void> {
    const id = this.#choose(['BOOKED', 'WAITING', 'CHECKED_IN']);
    if (id === null) return;
    const { type } = this.#deps.random.pick(DEFAULT_CLASSES);
    const body = { token_id: id, patient_type: type, reason: 'triage' };
    this.#heard(id, await this.#post('/reclassify', body));
  }

  async #correct(): Promise<void> {
    const { name, traffic, random } = this.#deps;
    const id = this.#choose(['BOOKED']);
    if (id === null) return;
    this.#heard(
      id,
      await traffic.send(name, {
        operation: 'PATCH /tokens/{id}',
        path: `/tokens/${id}`,
        body: { patient_id: `${name}/new ${random.below(200)}`, reason: 'found the card' },
      }),
    );
  }

  async #readToken(): Promise<void> {
    const { name, traffic } = this.#deps;
    const id = this.#choose([]);
    if (id === null) return;
    const answer = await traffic.send(name, {
      operation: 'GET /tokens/{id}',
      path: `/tokens/${id}`,
    });
    this.#heard(id, answer);
  }

  /** Sends a command, mostly with a key, so that it can be repeated when its answer is lost. */
  #post(path: string, body: object): Promise<HttpAnswer | null> {
    const { name, traffic, random } = this.#deps;
    this.#sent += 1;
    const key = random.chance(0.8) ? { key: `${name} ${this.#sent}` } : {};
    return traffic.send(name, { operation: `POST ${path}`, path, body, ...key });
  }

  /** Learns from an answer about a token. */
  #heard(id: string, answer: HttpAnswer | null): void {
    if (answer === null) return;
    const { name, traffic } = this.#deps;
    if (answer.status < 300) this.#see(answer.body as Answered);
    else if (codeOf(answer) === 'invalid_transition') {
      const { from } = answer.body as { readonly from: string };
      traffic.deps.ledger.see(name, { id, status: from, slot_id: null });
      this.#remember(id, from);
    } else if (codeOf(answer).startsWith('token_')) this.#tokens.delete(id);
  }

  #see({ id, status, slot_id, bumped }: Answered): void {
    const { name, traffic } = this.#deps;
    const { ledger } = traffic.deps;
    // The answer to a cancel names no slot.
    if (slot_id === undefined) ledger.see(name, { id, status, slot_id: null });
    if (bumped) ledger.see(name, { id: bumped.id, status: 'WAITING', slot_id: slot_id ?? null });
    this.#remember(id, status);
  }

  #remember(id: string, status: string): void {
    if (OVER.has(status)) {
      this.#tokens.delete(id);
      this.#lastOver = id;
    } else this.#tokens.set(id, status);
  }

  /** Chooses a token, mostly of these statuses; null when there is none. */
  #choose(statuses: readonly string[]): string | null {
    const { random } = this.#deps;
    const all = [...this.#tokens];
    const suitable = all.filter(([, status]) => statuses.includes(status));
    const from = suitable.length > 0 && random.chance(0.9) ? suitable : all;
    return from.length === 0 ? null : random.pick(from)[0];
  }
}
