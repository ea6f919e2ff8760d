import type { Change, EngineRules } from '../engine/index.ts';
import type { AuditSource, Batches } from '../store/index.ts';
import { differences } from './differences.ts';
import { journeysOf } from './journey.ts';
import { Replay } from './replay.ts';

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
 * @throws StoreOpenError naming the change record that cannot be read
 */
export async function verify(source: AuditSource, rules: EngineRules): Promise<VerifyReport> {
  const report = { doctors: 0, slots: 0, tokens: 0, changes: 0 };
  const faults: string[] = [];
  const unheard = new Set(await source.doctorIds());
  for await (const replay of replays(source, rules)) {
    unheard.delete(replay.doctorId);
    report.doctors += 1;
    report.changes += replay.changes;
    report.tokens += replay.tokens.size;
    report.slots += replay.engine.doctor(replay.doctorId)?.slots.length ?? 0;
    // One by one: a doctor may have more of them than a call has room for arguments.
    for (const fault of [...replay.faults, ...(await differences(replay, source))])
      faults.push(fault);
  }
  for (const id of unheard) faults.push(`doctor ${id} has no change record`);
  for (const id of await source.orphanTokens()) faults.push(`token ${id} has no change record`);
  return { ...report, faults };
}

/** Each doctor's replay once it is over, one in memory at a time. */
async function* replays(source: AuditSource, rules: EngineRules): AsyncGenerator<Replay> {
  let replay: Replay | undefined;
  for await (const batch of withNext(source.changes())) {
    const journeys = await journeysOf(
      batch.map(([change]) => change),
      source,
    );
    for (const [change, next] of batch) {
      if (replay?.doctorId !== change.doctorId) {
        if (replay !== undefined) yield finished(replay);
        replay = new Replay(change.doctorId, rules);
      }
      replay.apply(change, next, journeys);
    }
  }
  if (replay !== undefined) yield finished(replay);
}

type WithNext = readonly [change: Change, next: Change | undefined];

/** Each change with the doctor's next one, which may be of the next batch: a bump names the booking that follows. */
async function* withNext(batches: Batches): AsyncGenerator<readonly WithNext[]> {
  let known: readonly Change[] = [];
  for await (const batch of batches) {
    known = [...known, ...batch];
    yield known.slice(0, -1).map((change, index) => {
      const next = known[index + 1];
      return [change, next?.doctorId === change.doctorId ? next : undefined];
    });
    known = known.slice(-1);
  }
  yield known.map((change) => [change, undefined]);
}

function finished(replay: Replay): Replay {
  replay.finish();
  return replay;
}
