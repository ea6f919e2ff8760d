import { expect } from 'vitest';
import { verifyDatabase } from '../../../src/audit/index.ts';
import { AllocationEngine, epochMs, type DoctorFacts } from '../../../src/engine/index.ts';
import { exportRoster, importRoster, type RosterFile } from '../../../src/service/index.ts';
import { openDatabase, openDryRunStore } from '../../../src/store/index.ts';
import { RULES } from '../engine/clinic.ts';

export const NOW = epochMs(Date.parse('2026-11-23T08:00:00Z'));

/** A stored database. Each import and each export opens and closes it, like a program of its own. */
export class RosterDatabase {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async import(file: RosterFile, { isDryRun = false, now = NOW } = {}): Promise<string[]> {
    const engine = new AllocationEngine(RULES);
    const store = isDryRun
      ? openDryRunStore(this.url, engine)
      : openDatabase(this.url, engine).store;
    const deps = { engine, store, clock: () => now, horizonDays: 1 };
    return importRoster(deps, file).finally(() => store.close());
  }

  /** The number of change records in the database. */
  async records(): Promise<number> {
    const { changes, faults } = await verifyDatabase(this.url, RULES);
    expect(faults).toEqual([]);
    return changes;
  }

  async export(now = NOW): Promise<string> {
    const engine = new AllocationEngine(RULES);
    const store = openDryRunStore(this.url, engine);
    return (await exportRoster(store, engine, now).finally(() => store.close())) ?? 'nothing';
  }
}

/** A roster file with these doctors. */
export const file = (
  doctors: readonly DoctorFacts[],
  more: Partial<RosterFile> = {},
): RosterFile => ({
  patientTypes: [],
  doctors,
  slots: [],
  withLeaves: new Set(),
  holidays: undefined,
  ...more,
});
