import { EXCUSES } from './expectations.ts';
import { whenOf } from './traffic.ts';
import { work, type Action, type WorkerDeps } from './worker.ts';

/** The mean pause of a reader between two reads, in milliseconds. */
const PAUSE_MS = 80;
/** The statuses of tokens of which a page is searched. */
const SEARCHED = ['BOOKED', 'WAITING', 'CANCELLED', 'COMPLETED'] as const;

/** A waiting-room screen, a report, a monitor: a client that only reads. */
export class Reader {
  readonly #deps: WorkerDeps;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
  }

  run(ending: AbortSignal): Promise<void> {
    const { random, hospital } = this.#deps;
    const day = (): string => hospital.date(random.below(4) - 1);
    const doctor = (): string => `doctor_id=${random.pick(hospital.doctorIds)}`;
    const slot = (): string => random.pick(hospital.running).id;
    const read = (operation: string, path: string): Promise<void> => this.#read(operation, path);
    const actions: readonly Action[] = [
      [6, () => read('GET /schedule', `/schedule?${doctor()}&date=${day()}`)],
      [14, () => read('GET /queue', `/queue?${doctor()}`)],
      [10, () => read('GET /slots/{id}', `/slots/${slot()}`)],
      [12, () => this.#search(`${doctor()}&date=${day()}&status=${random.pick(SEARCHED)}`)],
      [4, () => read('GET /reports/day', `/reports/day?${doctor()}&date=${day()}`)],
      [6, () => read('GET /doctors', '/doctors')],
      [4, () => read('GET /holidays', '/holidays')],
      [3, () => read('GET /patient-types', '/patient-types')],
      [6, () => read('GET /health', '/health')],
      [4, () => this.#metrics()],
    ];
    return work(actions, { random, pauseMs: PAUSE_MS, ending });
  }

  /** Searches tokens, and reads the history of one that was found. */
  async #search(query: string): Promise<void> {
    const { name, traffic, random } = this.#deps;
    const path = `/tokens?${query}&limit=20`;
    const answer = await traffic.send(name, { operation: 'GET /tokens', path });
    if (answer?.status !== 200) return;
    const { tokens } = answer.body as { readonly tokens: readonly { readonly id: string }[] };
    if (tokens.length === 0) return;
    await this.#read('GET /tokens/{id}/history', `/tokens/${random.pick(tokens).id}/history`);
  }

  async #read(operation: string, path: string): Promise<void> {
    const { name, traffic } = this.#deps;
    await traffic.send(name, { operation, path });
  }

  /** Scrapes the metrics, which are the only answer that is not JSON. */
  async #metrics(): Promise<void> {
    const { gate, client, timeline, tally, violations } = this.#deps.traffic.deps;
    await gate.pass(async () => {
      const sentAt = performance.now();
      const { phase } = timeline;
      const answer = await client.text('GET', '/metrics').catch(() => null);
      const shown = answer === null ? null : String(answer.status);
      tally.add('GET /metrics', shown, phase, performance.now() - sentAt);
      const isWhole = answer?.status === 200 && answer.text.includes('\nopd_ready ');
      const phases = timeline.since(sentAt);
      const mayBeLost = [...phases].some((each) => EXCUSES[each].mayLoseAnswers);
      violations.expect(
        isWhole || (answer === null && mayBeLost),
        `GET /metrics got ${shown ?? 'no answer'} ${whenOf(phases)}`,
      );
    });
  }
}
