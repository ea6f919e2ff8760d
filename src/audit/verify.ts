import { HOSPITAL, type Change, type EngineRules } from '../engine/index.ts';
import type { AuditSource, Batches } from '../store/index.ts';
import { differences } from './differences.ts';
import { holidayRecordOf } from './leave-check.ts';
import { readMoveHistories } from './move-histories.ts';
import { Replay } from './replay.ts';

/** How much was verified, and what is wrong. */
export interface VerifyReport {
  readonly doctors: number;
  readonly slots: number;
  readonly tokens: number;
  readonly changes: number;
  /** One sentence for each fault, in the order in which the faults were found; empty when the database is clean. */
  readonly faults: readonly string[];
}

/**
 * Replays the change records of every doctor and compares the result with the tables, row by row. On the way it checks
 * that versions count up without gaps and none is written twice, that no two tokens of a day have one number, that each
 * change is the one that the rules make of the state before it, and that R1, R5, R8, R24 and R25 hold after it.
 * @throws StoreOpenError that names a change record that cannot be read
 */
export async function verify(source: AuditSource, rules: EngineRules): Promise<VerifyReport> {
  const report = { doctors: 0, slots: 0, tokens: 0, changes: 0 };
  const faults: string[] = [];
  const withoutRecords = new Set(await source.doctorIds());
  for await (const replay of replays(source, rules)) {
    withoutRecords.delete(replay.doctorId);
    // The record of the holidays is verified, and it is no doctor.
    if (replay.doctorId !== HOSPITAL) report.doctors += 1;
    report.changes += replay.changes;
    report.tokens += replay.tokens.size;
    report.slots += replay.engine.doctor(replay.doctorId)?.slots.length ?? 0;
    // The faults are added one by one, because a call cannot take as many arguments as a doctor may have faults.
    for (const fault of [...replay.faults, ...(await differences(replay, source))])
      faults.push(fault);
  }
  for (const id of withoutRecords) faults.push(`doctor ${id} has no change record`);
  for (const id of await source.orphanTokens()) faults.push(`token ${id} has no change record`);
  for (const { doctorId, date, number, tokenIds } of await source.doubledNumbers())
    faults.push(
      `doctor ${doctorId}: number ${number} of ${date} was given to tokens ${tokenIds.join(', ')} (R10)`,
    );
  // The histories follow from the change records, so they are wrong together with wrong records.
  if (faults.length === 0)
    for (const id of await source.brokenHistories())
      faults.push(`token ${id}: its history is not that of its change records`);
  return { ...report, faults };
}

/** Yields the finished replay of each doctor; only one replay is in memory at a time. */
async function* replays(source: AuditSource, rules: EngineRules): AsyncGenerator<Replay> {
  const holidays = holidayRecordOf(await source.changesOf(HOSPITAL));
  let replay: Replay | undefined;
  for await (const batch of withNext(source.changes())) {
    const moves = await readMoveHistories(
      batch.map(([change]) => change),
      source,
    );
    for (const [change, next] of batch) {
      if (replay?.doctorId !== change.doctorId) {
        if (replay !== undefined) yield finished(replay);
        replay = new Replay(change.doctorId, rules, holidays);
      }
      replay.apply(change, next, moves);
    }
  }
  if (replay !== undefined) yield finished(replay);
}

type WithNext = readonly [change: Change, next: Change | undefined];

/** Pairs each change with the next change of the same doctor, because a bump is checked together with it. */
async function* withNext(batches: Batches): AsyncGenerator<readonly WithNext[]> {
  // The last change of a batch waits for the next batch, which may begin with its next change.
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
