import type { Change, DoctorId, EngineRules } from '../../engine/index.ts';
import { differences } from './differences.ts';
import { Replay } from './replay.ts';
import type { VerifySource } from './source.ts';

export interface VerifyReport {
  readonly doctors: number;
  readonly slots: number;
  readonly tokens: number;
  readonly changes: number;
  /** In the order in which they were found; empty when all is well. */
  readonly faults: readonly string[];
}

/**
 * Replays every doctor's change records and compares what comes of them with the tables, row by row; checks on the
 * way that versions count up without gaps, that every change is the one that the rules make of the state before it, and
 * that R1, R5 and R8 hold after.
 */
export function verify(source: VerifySource, rules: EngineRules): VerifyReport {
  const report = { doctors: 0, slots: 0, tokens: 0, changes: 0 };
  const faults: string[] = [];
  const unheard = new Set(source.doctorIds());
  for (const [id, replay] of replays(source, rules)) {
    unheard.delete(id);
    report.doctors += 1;
    report.changes += replay.changes;
    report.tokens += replay.tokens.size;
    report.slots += replay.engine.doctor(id)?.slots.length ?? 0;
    faults.push(...replay.faults, ...differences(id, replay, source));
  }
  for (const id of unheard) faults.push(`doctor ${id} has no change record`);
  for (const id of source.strayTokens()) faults.push(`token ${id} has no change record`);
  return { ...report, faults };
}

/** Each doctor's replay, one in memory at a time. */
function* replays(source: VerifySource, rules: EngineRules): Generator<[DoctorId, Replay]> {
  let current: [DoctorId, Replay] | undefined;
  for (const [change, next] of withNext(source.changes())) {
    if (current?.[0] !== change.doctorId) {
      if (current !== undefined) yield finished(current);
      current = [change.doctorId, new Replay(rules, source)];
    }
    current[1].apply(change, next);
  }
  if (current !== undefined) yield finished(current);
}

/** Each change with the doctor's next one: a bump names the booking that follows. */
function* withNext(changes: Iterable<Change>): Generator<[Change, Change | undefined]> {
  let change: Change | undefined;
  for (const next of changes) {
    if (change !== undefined) yield [change, next.doctorId === change.doctorId ? next : undefined];
    change = next;
  }
  if (change !== undefined) yield [change, undefined];
}

function finished(current: [DoctorId, Replay]): [DoctorId, Replay] {
  current[1].finish();
  return current;
}
