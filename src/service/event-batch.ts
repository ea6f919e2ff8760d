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

/**
 * What is made only once of each event or list. It ends with its batch: a weak map of all events would cost the collector of
 * garbage more than the events themselves.
 */
class MadeOnce {
  readonly #made = new Map<string, Map<object, unknown>>();

  /** @param kind things of one kind have one type */
  get<Made>(kind: string, source: object, make: () => Made): Made {
    let ofKind = this.#made.get(kind) as Map<object, Made> | undefined;
    if (ofKind === undefined) this.#made.set(kind, (ofKind = new Map<object, Made>()));
    let made = ofKind.get(source);
    if (made === undefined) ofKind.set(source, (made = make()));
    return made;
  }
}

/** Events that several subscribers get, and what they make of them together. */
export class SharedEvents {
  readonly events: readonly PublicEvent[];
  readonly #made: MadeOnce;

  constructor(events: readonly PublicEvent[], made = new MadeOnce()) {
    this.events = events;
    this.#made = made;
  }

  /** What is made of these events: once for all subscribers that get the same ones, by its kind. */
  ofAll<Made>(kind: string, make: () => Made): Made {
    return this.#made.get(kind, this, make);
  }

  /** What is made of an event: once for all subscribers of the batch, by its kind. */
  ofOne<Made>(kind: string, event: PublicEvent, make: () => Made): Made {
    return this.#made.get(kind, event, make);
  }
}

/** Events in their order, and those of some doctors among them. */
export class EventBatch {
  readonly events: readonly PublicEvent[];
  readonly #made = new MadeOnce();
  readonly #lists = new Map<string, SharedEvents>();
  #ofDoctor: Map<DoctorId, (readonly [place: number, event: PublicEvent])[]> | undefined;

  constructor(events: readonly PublicEvent[]) {
    this.events = events;
  }

  /** The events that pass a filter, in their order. For equal filters it is the same object. */
  of({ ids, key }: DoctorFilter): SharedEvents {
    let list = this.#lists.get(key);
    if (list === undefined) {
      const events = ids === null ? this.events : this.#filtered(ids);
      list = new SharedEvents(events, this.#made);
      this.#lists.set(key, list);
    }
    return list;
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
