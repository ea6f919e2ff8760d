import { bodyOf, type Client } from '../lib/client.ts';
import type { Phase } from './timeline.ts';

/** What a phase explains, beside the answers that are always right. */
interface Excuse {
  /** The codes of status 503 that the service may answer. */
  readonly codes: readonly string[];
  /** Whether a request may stay without an answer. */
  readonly mayLoseAnswers: boolean;
}

/** The answers that the contract allows in each phase, beside successes and refusals by the rules. */
export const EXCUSES: Readonly<Record<Phase, Excuse>> = {
  calm: { codes: [], mayLoseAnswers: false },
  // A process that has just started loads its state.
  'kill -9': { codes: ['not_durable'], mayLoseAnswers: true },
  restart: { codes: ['stopping', 'not_durable'], mayLoseAnswers: true },
  // Requests pile up while the process does not run.
  'stopped process': { codes: ['overloaded'], mayLoseAnswers: false },
  'clock jump': { codes: [], mayLoseAnswers: false },
  'full disk': { codes: ['not_durable'], mayLoseAnswers: false },
  'cut connections': { codes: ['not_durable'], mayLoseAnswers: false },
  'database crash': { codes: ['not_durable'], mayLoseAnswers: false },
};

/** Statuses that a valid request never gets. */
const FAULTS_OF_CLIENTS = new Set([400, 405, 413, 415, 421, 422]);

interface Description {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Responses }>>>
  >;
}
type Responses = Readonly<Record<string, { readonly description: string }>>;

/** The answers that the description of the running service allows for each operation, such as `POST /book`. */
export class Expectations {
  /** The right answers of each operation: `201`, `409 slot_ended`. */
  readonly #answers = new Map<string, ReadonlySet<string>>();

  private constructor({ paths }: Description) {
    for (const [path, operations] of Object.entries(paths))
      for (const [method, { responses }] of Object.entries(operations))
        this.#answers.set(`${method.toUpperCase()} ${path}`, new Set(answersOf(responses)));
  }

  static async of(client: Client): Promise<Expectations> {
    return new Expectations(
      bodyOf(await client.get('/openapi.json'), 'The description') as Description,
    );
  }

  /**
   * Whether a valid request may get this answer.
   * @param answer the status and, of a problem, the code; null when there is no answer
   * @param phases the phases that the request has met
   */
  allows(operation: string, answer: string | null, phases: ReadonlySet<Phase>): boolean {
    const excuses = Array.from(phases, (phase) => EXCUSES[phase]);
    if (answer === null) return excuses.some(({ mayLoseAnswers }) => mayLoseAnswers);
    const isTemporary = answer.startsWith('503 ');
    const isExcused = excuses.some(({ codes }) => codes.includes(answer.slice('503 '.length)));
    return this.#answers.get(operation)?.has(answer) === true && (!isTemporary || isExcused);
  }
}

/** The answers of an operation that a valid request may get. A problem's description lists its codes in backquotes. */
function answersOf(responses: Responses): string[] {
  return Object.entries(responses).flatMap(([status, { description }]) => {
    const code = Number(status);
    if (code < 300) return [status];
    if (code === 500 || FAULTS_OF_CLIENTS.has(code)) return [];
    return Array.from(description.matchAll(/`(\w+)`/g), ([, name]) => `${status} ${name}`);
  });
}
