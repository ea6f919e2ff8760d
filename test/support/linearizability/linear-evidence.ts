import { DoctorModel, liveIn, type DoctorRequest, type LinearDay } from './linear-doctor.ts';
import { faultOf, type Operation } from './linearizability.ts';

// What is proven of tokens, and of commands that nobody answered, wherever in the order they come: the search need not
// try the rest. Without it a handful of commands that never took effect make it look at every combination of them.

type Operations = readonly Operation<DoctorRequest>[];

/** As `faultOf`, of a doctor's day. */
export function dayFaultOf(operations: Operations, day: LinearDay): string | null {
  const evidence = new Evidence(operations);
  const model = new DoctorModel(day, evidence.names);
  return faultOf(
    operations.map((operation) => evidence.narrowed(operation)),
    model,
  );
}

class Evidence {
  /** Whose booking has which number. */
  readonly names = new Map<number, string>();
  readonly #shown: ReadonlySet<string>;
  /** When somebody last asked who was told that the token is live; a token that is over never is again. */
  readonly #live = new Map<number, number>();
  /** When somebody last asked who was told of all that are live. */
  #all = -Infinity;
  /** Whether a token can be over without having been shown. */
  readonly #endUnseen: boolean;

  constructor(operations: Operations) {
    for (const { invoked, request, answered } of operations) {
      if (answered === null) continue;
      if (request.ask === 'schedule') this.#all = Math.max(this.#all, invoked);
      for (const { number, name } of liveIn(answered.text)) {
        this.names.set(number, name);
        this.#live.set(number, Math.max(this.#live.get(number) ?? -Infinity, invoked));
      }
    }
    this.#shown = new Set(this.names.values());
    this.#endUnseen = operations.some(
      ({ request, answered }) =>
        request.ask === 'cancel' &&
        !this.names.has(request.token) &&
        (answered === null || answered.text.startsWith('200')),
    );
  }

  /** The operation, from when on it can have had an effect. */
  narrowed(operation: Operation<DoctorRequest>): Operation<DoctorRequest> {
    const { request, answered, invoked } = operation;
    if (answered !== null) return operation;
    return { ...operation, invoked: Math.max(invoked, this.#earliest(request)) };
  }

  #earliest(request: DoctorRequest): number {
    if (request.ask === 'cancel') return this.#live.get(request.token) ?? -Infinity;
    const isNeverShown = request.ask === 'book' && !this.#shown.has(request.name);
    return isNeverShown && !this.#endUnseen ? this.#all : -Infinity;
  }
}
