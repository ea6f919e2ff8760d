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
 * What is made only once of each key. It ends with its batch: a weak map of all events would cost the collector of garbage
 * more than the events themselves.
 */
class MadeOnce<Key> {
  readonly #made = new Map<string, Map<Key, unknown>>();

  /** @param kind things of one kind have one type */
  get<Made>(kind: string, key: Key, make: () => Made): Made {
    let ofKind = this.#made.get(kind) as Map<Key, Made> | undefined;
    if (ofKind === undefined) this.#made.set(kind, (ofKind = new Map<Key, Made>()));
    let made = ofKind.get(key);
    if (made === undefined) ofKind.set(key, (made = make()));
    return made;
  }
}

/** Events that several subscribers get, and what they make of them together. */
export class SharedEvents {
  readonly events: readonly PublicEvent[];
  readonly #ofList = new MadeOnce<string>();
  readonly #ofEvents: MadeOnce<PublicEvent>;

  constructor(events: readonly PublicEvent[], ofEvents = new MadeOnce<PublicEvent>()) {
    this.events = events;
    this.#ofEvents = ofEvents;
  }

  /** What is made of these events: once for all subscribers that get the same ones, with the same key. */
  ofAll<Made>(key: string, make: () => Made): Made {
    return this.#ofList.get('', key, make);
  }

  /** What is made of an event: once for all subscribers of the batch, by its kind. */
  ofOne<Made>(kind: string, event: PublicEvent, make: () => Made): Made {
    return this.#ofEvents.get(kind, event, make);
  }
}

/** Events in their order, and those of some doctors among them. */
export class EventBatch {
  readonly events: readonly PublicEvent[];
  readonly #ofEvents = new MadeOnce<PublicEvent>();
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
      list = new SharedEvents(events, this.#ofEvents);
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
