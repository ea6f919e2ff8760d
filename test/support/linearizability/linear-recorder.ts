import { found } from '../engine/clinic.ts';
import { CLASSES, type DoctorRequest, type LinearDay } from './linear-doctor.ts';
import { historyFaults, type Exchange } from './linear-history.ts';

/** The doctor of a recording. */
const DOCTOR = 'linear';
/** Patients who book more than once. */
const REGULARS = 12;
/** Tokens that a client asks about: those told of last, for with these others are busy too. */
const RECENT = 40;
const HOUR_MS = 3_600_000;

/** Random clients of any number of processes of one service, and what each was told; one clock times them all. */
export class Recorder {
  readonly exchanges: Exchange[] = [];
  readonly #day: LinearDay;
  readonly #random: () => number;
  /** The day after tomorrow, which stays to come if a midnight falls into the test. */
  readonly #midnight = (Math.floor(Date.now() / HOUR_MS / 24) + 2) * 24 * HOUR_MS;
  /** Those that clients were told of, but for those that were told to be over when somebody cancelled them. */
  #tokens: string[] = [];
  #sent = 0;
  #answered = 0;

  /** @param random yields numbers from 0 up to 1 */
  constructor(day: LinearDay, random: () => number) {
    this.#day = day;
    this.#random = random;
  }

  /** Requests answered so far. */
  get answered(): number {
    return this.#answered;
  }

  /** What shows that the processes are not one service: nothing when the history is linearizable. */
  faults(): string[] {
    return historyFaults(this.exchanges, this.#day);
  }

  /** Opens the doctor and the slots, by any of the processes. */
  async open(url: string): Promise<void> {
    const doctor = { name: 'Dr. Linear', time_zone: 'UTC', sessions: [] };
    await created(`${url}/doctors/${DOCTOR}`, 'PUT', doctor);
    for (const [index, slot] of this.#day.slots.entries()) {
      const times = { start_time: this.#hour(8 + index), end_time: this.#hour(9 + index) };
      await created(`${url}/slots`, 'POST', { doctor_id: DOCTOR, ...slot, ...times });
    }
  }

  /**
   * Clients ask questions together, so many in all, each of a random process. A process that breaks a connection is not
   * asked again by that client; a client that has no process left stops.
   */
  async run(urls: readonly string[], clients: number, requests: number): Promise<void> {
    const enough = this.#sent + requests;
    const client = async (name: number): Promise<void> => {
      let alive = urls;
      while (alive.length > 0 && this.#sent < enough) {
        const url = this.#pick(alive);
        if (!(await this.#ask(name, url))) alive = alive.filter((other) => other !== url);
      }
    };
    await Promise.all(Array.from({ length: clients }, (_, name) => client(name)));
  }

  /** False when the connection broke. */
  async #ask(client: number, url: string): Promise<boolean> {
    this.#sent += 1;
    const request = this.#next();
    const invoked = performance.now();
    try {
      const response = await this.#send(url, request);
      const text = await response.text();
      const { status } = response;
      const answered = { at: performance.now(), status, text };
      // What the service failed to do may have been done.
      this.#note({ client, invoked, request, answered: status >= 500 ? null : answered });
      return true;
    } catch (error) {
      // Where nobody listens nothing was received.
      if (!isRefused(error)) this.#note({ client, invoked, request, answered: null });
      return false;
    }
  }

  #next(): DoctorRequest<string> {
    const dice = this.#random();
    if (dice < 0.15) return { ask: 'schedule' };
    if (dice < 0.6 && this.#tokens.length > 0) {
      const token = this.#pick(this.#tokens.slice(-RECENT));
      return { ask: dice < 0.3 ? 'token' : 'cancel', token };
    }
    return {
      ask: 'book',
      slot: this.#pick(this.#day.slots).id,
      name: `p${this.#sent}`,
      type: this.#pick(CLASSES),
      patient: this.#random() < 0.2 ? `regular${Math.floor(this.#random() * REGULARS)}` : null,
    };
  }

  #send(url: string, request: DoctorRequest<string>): Promise<Response> {
    switch (request.ask) {
      case 'schedule': {
        const date = this.#hour(0).slice(0, 10);
        return fetch(`${url}/schedule?doctor_id=${DOCTOR}&date=${date}`);
      }
      case 'token':
        return fetch(`${url}/tokens/${request.token}`);
      case 'cancel':
        return send(`${url}/cancel`, 'POST', { token_id: request.token });
      case 'book':
        return send(`${url}/book`, 'POST', {
          doctor_id: DOCTOR,
          slot_id: request.slot,
          patient_name: request.name,
          patient_type: request.type,
          ...(request.patient === null ? {} : { patient_id: request.patient }),
        });
    }
  }

  #note(exchange: Exchange): void {
    const { request, answered } = exchange;
    const changesNothing = request.ask === 'schedule' || request.ask === 'token';
    // Whoever asks without getting an answer learns nothing and changes nothing.
    if (answered === null && changesNothing) return;
    this.exchanges.push(exchange);
    if (answered === null) return;
    this.#answered += 1;
    if (request.ask === 'book' && answered.status === 201)
      this.#tokens.push((JSON.parse(answered.text) as { id: string }).id);
    if (request.ask === 'cancel' && answered.status === 404)
      this.#tokens = this.#tokens.filter((token) => token !== request.token);
  }

  #hour(hour: number): string {
    return new Date(this.#midnight + hour * HOUR_MS).toISOString();
  }

  #pick<T>(items: readonly T[]): T {
    return found(items[Math.floor(this.#random() * items.length)]);
  }
}

const send = (url: string, method: string, body: object): Promise<Response> =>
  fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

async function created(url: string, method: string, body: object): Promise<void> {
  const response = await send(url, method, body);
  if (response.status !== 201) throw new Error(`${url}: ${await response.text()}`);
}

const isRefused = (error: unknown): boolean => {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
};
