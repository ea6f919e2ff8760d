import type { AllocationEngine, EpochMs } from '../engine/index.ts';
import type { Store } from '../store/index.ts';
import { assertClassesFit } from './roster/class-table.ts';
import { ClinicCommands } from './clinic-commands.ts';
import { createTokenIds } from './ids.ts';
import { Lifecycle } from './lifecycle.ts';
import { load } from './load.ts';
import { Reads } from './reads.ts';
import { Reports } from './reports.ts';
import type { Roster } from './roster/file.ts';
import { Runner } from './runner.ts';
import { SlotMaintainer } from './slot-maintainer.ts';
import { TokenCommands } from './token-commands.ts';

export { classTable } from './roster/class-table.ts';
export { ClinicCommands, type PutDoctorView } from './clinic-commands.ts';
export type { Answer, Caller } from './idempotency.ts';
export { Reads } from './reads.ts';
export { REFUSALS, type Refusal, type RefusalCode, type Result } from './refusal.ts';
export { COUNTED, type CountsView, type DayReportView } from './report.ts';
export { Reports } from './reports.ts';
export * from './doctor-input.ts';
export { exportRoster } from './roster/export.ts';
export { importRoster } from './roster/import.ts';
export * from './roster/file.ts';
export { RosterError } from './roster/error.ts';
export type { SlotInput } from './roster/single-slot.ts';
export { TokenCommands } from './token-commands.ts';
export type * from './views.ts';
export { instantOf } from './views.ts';

export interface ServiceDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly clock: () => EpochMs;
  /** Days ahead for which sessions have their slots ready. */
  readonly horizonDays: number;
}

/** The order of things around the engine: what can be commanded, what can be read, and what happens by itself. */
export interface Service {
  readonly tokens: TokenCommands;
  readonly clinic: ClinicCommands;
  readonly reads: Reads;
  readonly reports: Reports;
  /** Whether state is lost with the process. */
  readonly isDurable: boolean;
  /** Why no command is taken now; undefined when the service is ready. */
  readonly unreadiness: 'not_durable' | 'stopping' | undefined;
  /**
   * Loads what can still change, sets up what `roster` says, brings the slots up to date and begins to serve.
   * @param roster is asked once it is known whether there are any doctors
   * @throws RosterError when the roster or the class table does not go with what is loaded; nothing is changed then
   */
  start(roster: (isEmpty: boolean) => Roster): Promise<void>;
  /** Opens the slots that have come into the horizon, ends those that are over; every second or so. */
  tick(): Promise<void>;
  /** Takes no more commands. */
  stop(): void;
}

/** Puts the service together around an engine and the store that keeps it. */
export function createService({ engine, store, clock, horizonDays }: ServiceDeps): Service {
  const lifecycle = new Lifecycle(store);
  const newId = createTokenIds();
  const keeper = new SlotMaintainer({ engine, store, clock, horizonDays });
  const deps = { engine, store, lifecycle, clock, newId, horizonDays };
  const runner = new Runner(deps);
  return {
    tokens: new TokenCommands(deps, runner),
    clinic: new ClinicCommands(deps, runner),
    reads: new Reads({ engine, store, lifecycle, clock }),
    reports: new Reports({ engine, store, lifecycle, clock }),
    isDurable: store.isDurable,
    get unreadiness() {
      return lifecycle.unreadiness;
    },
    async start(roster) {
      await load(store, engine, clock);
      assertClassesFit(engine);
      await keeper.apply(roster([...engine.doctors].length === 0));
      await keeper.tick();
      lifecycle.run();
    },
    tick: () => keeper.tick(),
    stop: () => lifecycle.stop(),
  };
}
