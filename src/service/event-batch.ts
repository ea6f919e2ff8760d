import { HOSPITAL, type DoctorId } from '../engine/index.ts';
import type { PublicEvent } from './events.ts';

/** The doctors whose events a subscriber gets, and the hospital, whose events concern all doctors. */
export class DoctorFilter {
  /** Null for all. */
  readonly ids: readonly DoctorId[] | null;
  /** Filters with the same doctors have the same key. */
  readonly key: string;

  constructor(doctorIds: ReadonlySet<DoctorId> | null) {
    this.ids = doctorIds === null ? null : [...new Set([HOSPITAL, ...doctorIds])].sort();
    this.key = JSON.stringify(this.ids);
  }
}

/** Events in their order, and those of some doctors among them. */
export class EventBatch {
  readonly events: readonly PublicEvent[];
  readonly #lists = new Map<string, readonly PublicEvent[]>();
  #ofDoctor: Map<DoctorId, (readonly [place: number, event: PublicEvent])[]> | undefined;

  constructor(events: readonly PublicEvent[]) {
    this.events = events;
  }

  /** The events that pass a filter, in their order. For equal filters it is the same list. */
  of({ ids, key }: DoctorFilter): readonly PublicEvent[] {
    if (ids === null) return this.events;
    const known = this.#lists.get(key) ?? this.#filtered(ids);
    this.#lists.set(key, known);
    return known;
  }

  // The work grows with the events that pass, and not with all events, because there may be many filters.
  #filtered(ids: readonly DoctorId[]): readonly PublicEvent[] {
    const ofDoctor = (this.#ofDoctor ??= Map.groupBy(
      this.events.entries(),
      ([, { doctorId }]) => doctorId,
    ));
    return ids
      .flatMap((id) => ofDoctor.get(id) ?? [])
      .sort(([a], [b]) => a - b)
      .map(([, event]) => event);
  }
}
