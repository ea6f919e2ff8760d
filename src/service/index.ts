import type { AllocationEngine, DoctorFacts, EpochMs } from '../engine/index.ts';
import type { Store } from '../store/index.ts';
import { Commands } from './commands.ts';
import { createTokenIds } from './ids.ts';
import { Lifecycle } from './lifecycle.ts';
import { Reads } from './reads.ts';
import { SlotKeeper } from './slot-keeper.ts';

export { Commands, type PutDoctorView } from './commands.ts';
export type { Answer, Caller } from './idempotency.ts';
export { Reads } from './reads.ts';
export { REFUSALS, type Refusal, type RefusalCode, type Result } from './refusal.ts';
export * from './roster.ts';
export type * from './views.ts';

export interface ServiceDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly clock: () => EpochMs;
  /** Days ahead for which sessions have their slots ready. */
  readonly horizonDays: number;
}

/** The order of things around the engine: what can be commanded, what can be read, and what happens by itself. */
export interface Service {
  readonly commands: Commands;
  readonly reads: Reads;
  /** Whether state is lost with the process. */
  readonly isDurable: boolean;
  /** Why no command is taken now; undefined when the service is ready. */
  readonly unreadiness: 'not_durable' | 'stopping' | undefined;
  /**
   * Loads what can still change, sets up the doctors of `roster`, brings the slots up to date and begins to serve.
   * @param roster is asked once it is known whether there are any doctors
   */
  start(roster: (isEmpty: boolean) => readonly DoctorFacts[]): Promise<void>;
  /** Opens the slots that have come into the horizon and lets go of those that are over; every minute or so. */
  tick(): Promise<void>;
  /** Takes no more commands. */
  stop(): void;
}

/** Puts the service together around an engine and the store that keeps it. */
export function createService({ engine, store, clock, horizonDays }: ServiceDeps): Service {
  const lifecycle = new Lifecycle(store);
  const newId = createTokenIds();
  const keeper = new SlotKeeper({ engine, store, clock, horizonDays });
  return {
    commands: new Commands({ engine, store, lifecycle, clock, newId, horizonDays }),
    reads: new Reads({ engine, store, lifecycle, clock }),
    isDurable: store.isDurable,
    get unreadiness() {
      return lifecycle.unreadiness;
    },
    async start(roster) {
      await store.load(clock());
      await keeper.apply(roster([...engine.doctors].length === 0));
      await keeper.tick();
      lifecycle.run();
    },
    tick: () => keeper.tick(),
    stop: () => lifecycle.stop(),
  };
}
