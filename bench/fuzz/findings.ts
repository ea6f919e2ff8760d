import type { Operation } from './operations.ts';
import type { FuzzRequest, Kind } from './requests.ts';

/** A fault that a run has found. */
export interface Finding {
  /** The operation, or what was checked after the requests. */
  readonly where: string;
  readonly rule: string;
  readonly detail: string;
  /** A line for a shell that sends the smallest request that was found to have the fault; empty when no single one has it. */
  command: string;
  /** How many requests had it. */
  count: number;
}

/** What a run has seen: how often each operation was answered with each status, and the faults. */
export class Findings {
  /** By operation, status and kind of request. */
  readonly #counts = new Map<string, Map<number, Record<Kind, number>>>();
  readonly #findings = new Map<string, Finding>();
  readonly #malformed = new Map<number, number>();
  #requests = 0;

  /** Requests of all kinds. */
  get requests(): number {
    return this.#requests;
  }

  /** Malformed requests on a connection of their own, by the status of the last answer; 0 means none. */
  get malformed(): ReadonlyMap<number, number> {
    return this.#malformed;
  }

  get all(): readonly Finding[] {
    return [...this.#findings.values()];
  }

  /** Counts an answer. */
  count({ operation, kind }: FuzzRequest, status: number): void {
    this.#requests += 1;
    const statuses = this.#counts.get(operation.id) ?? new Map<number, Record<Kind, number>>();
    this.#counts.set(operation.id, statuses);
    const kinds = statuses.get(status) ?? { valid: 0, 'near-valid': 0, hostile: 0 };
    statuses.set(status, kinds);
    kinds[kind] += 1;
  }

  /** Counts a malformed request. @param status of the last answer; 0 when there was none */
  countMalformed(status: number): void {
    this.#requests += 1;
    this.#malformed.set(status, (this.#malformed.get(status) ?? 0) + 1);
  }

  /** How often an operation was answered with each status, in the order of the statuses. */
  statusesOf({ id }: Operation): (readonly [status: number, count: number])[] {
    return [...(this.#counts.get(id) ?? [])]
      .map(([status, kinds]) => [status, sumOf(kinds)] as const)
      .sort(([a], [b]) => a - b);
  }

  /** Requests of each kind. */
  get kinds(): Readonly<Record<Kind, number>> {
    const total = { valid: 0, 'near-valid': 0, hostile: 0 };
    for (const statuses of this.#counts.values())
      for (const kinds of statuses.values())
        for (const kind of Object.keys(total) as Kind[]) total[kind] += kinds[kind];
    return total;
  }

  /**
   * Adds a fault.
   * @returns the finding when it is the first of its kind; undefined when it is counted with an earlier one
   */
  add(where: string, rule: string, detail: string): Finding | undefined {
    const known = this.#findings.get(`${where}: ${rule}`);
    if (known !== undefined) {
      known.count += 1;
      return undefined;
    }
    const finding = { where, rule, detail, command: '', count: 1 };
    this.#findings.set(`${where}: ${rule}`, finding);
    return finding;
  }
}

const sumOf = (kinds: Readonly<Record<Kind, number>>): number =>
  Object.values(kinds).reduce((sum, count) => sum + count, 0);
