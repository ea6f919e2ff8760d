import { DoctorModel, liveIn, type DoctorRequest, type LinearDay } from './linear-doctor.ts';
import { faultOf, type Operation } from './linearizability.ts';

// Facts about tokens and unanswered commands that hold in every possible order. They narrow the search. Without them
// a few commands that never took effect would make the search try every combination of them.

type Operations = readonly Operation<DoctorRequest>[];

/** `faultOf` for a doctor's day, with the search narrowed by the evidence. */
export function dayFaultOf(operations: Operations, day: LinearDay): string | null {
  const evidence = new Evidence(operations);
  const model = new DoctorModel(day, evidence.names);
  return faultOf(
    operations.map((operation) => evidence.narrowed(operation)),
    model,
  );
}

class Evidence {
  /** The name of the booking with each number. */
  readonly names = new Map<number, string>();
  readonly #shown: ReadonlySet<string>;
  /**
   * For each token, when the last request was sent whose answer shows it live. A token that is over is never live
   * again.
   */
  readonly #liveShownAt = new Map<number, number>();
  /** When the last request was sent whose answer shows all live tokens. */
  #allShownAt = -Infinity;
  /** Whether a token can be over although no answer has shown it. */
  readonly #canEndUnshown: boolean;

  constructor(operations: Operations) {
    for (const { invoked, request, answered } of operations) {
      if (answered === null) continue;
      if (request.ask === 'schedule') this.#allShownAt = Math.max(this.#allShownAt, invoked);
      for (const { number, name } of liveIn(answered.text)) {
        this.names.set(number, name);
        this.#liveShownAt.set(
          number,
          Math.max(this.#liveShownAt.get(number) ?? -Infinity, invoked),
        );
      }
    }
    this.#shown = new Set(this.names.values());
    this.#canEndUnshown = operations.some(
      ({ request, answered }) =>
        request.ask === 'cancel' &&
        !this.names.has(request.token) &&
        (answered === null || answered.text.startsWith('200')),
    );
  }

  /** The operation, with the earliest time at which it can have taken effect. */
  narrowed(operation: Operation<DoctorRequest>): Operation<DoctorRequest> {
    const { request, answered, invoked } = operation;
    if (answered !== null) return operation;
    return { ...operation, invoked: Math.max(invoked, this.#earliest(request)) };
  }

  #earliest(request: DoctorRequest): number {
    if (request.ask === 'cancel') return this.#liveShownAt.get(request.token) ?? -Infinity;
    const isNeverShown = request.ask === 'book' && !this.#shown.has(request.name);
    return isNeverShown && !this.#canEndUnshown ? this.#allShownAt : -Infinity;
  }
}
