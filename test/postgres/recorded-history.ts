import { tokenId, type Change, type SlotFacts, type SlotSet } from '../../src/engine/index.ts';
import { changeOf, type ChangeRow } from '../../src/store/change-rows.ts';
import { found } from '../support/engine/clinic.ts';
import { CLINIC, DOCTORS, SLOTS, type Action } from '../support/model/history.ts';
import { answerOf } from '../support/model/model-desk.ts';
import { Model } from '../support/model/model.ts';
import { runSql } from '../support/store/run-sql.ts';

// Reads the change records of a service as commands, so that the reference model can answer the same commands.

/** The changes of one command. */
export type Recorded = readonly [Change, ...Change[]];

/**
 * The commands of the doctors whose ids have this ending, in an order in which they took effect. The ids are returned
 * without the ending, as the reference model has them.
 */
export async function recordedCommands(url: string, ending: string): Promise<Recorded[]> {
  const plain = (column: string): string => `replace(${column}, '${ending}', '') AS ${column}`;
  const rows = await runSql(
    url,
    `SELECT ${plain('doctor_id')}, version::integer, at::float8, kind, token_id, ${plain('slot_id')}, from_status,
      to_status, cause, replace(data::text, '${ending}"', '"') AS data, command_id
    FROM changes WHERE doctor_id LIKE '%${ending}' ORDER BY position`,
  );
  const commands = Map.groupBy(rows, (row) => row['command_id']);
  return Array.from(commands.values(), (command) => {
    const [first, ...rest] = command.map((row) => changeOf(row as unknown as ChangeRow));
    return [found(first), ...rest];
  });
}

/** A command with the changes of the service and the answer of the model. */
export interface Compared {
  readonly action: Action;
  readonly recorded: object;
  readonly expected: object;
}

/** Runs the commands after the opening of the last slot on the reference model, and pairs both results. */
export function compared(commands: readonly Recorded[]): Compared[] {
  const isOpening = ([change, ...rest]: Recorded): boolean =>
    rest.length === 0 && change.kind === 'slot_set' && change.slot.delayMinutes === 0;
  const slots: SlotFacts[] = [];
  const versions = new Map<string, number>();
  const start = commands.findIndex((command) => {
    if (slots.length === SLOTS.length) return true;
    const [change] = command;
    versions.set(change.doctorId, change.version);
    if (isOpening(command)) slots.push((change as SlotSet).slot);
    return false;
  });
  const model = new Model({ ...CLINIC, slots }, versions, found(commands[start])[0].at);
  return commands.slice(start).map((changes) => {
    const action = actionOf(changes, model);
    return { action, recorded: { changes }, expected: answerOf(model, action) };
  });
}

const placeOf = (slot: string): number => SLOTS.findIndex(({ id }) => id === slot);

/** The first change of one of these kinds. */
const firstOf = <Kind extends Change['kind']>(changes: Recorded, ...kinds: readonly Kind[]) =>
  changes.find((change): change is Change & { readonly kind: Kind } =>
    kinds.some((kind) => kind === change.kind),
  );

/** The change of each simple command of the front desk. */
const BUTTONS = {
  checked_in: 'checkIn',
  skipped: 'skip',
  completed: 'complete',
  cancelled: 'cancel',
} as const;

/**
 * The command that made these changes. It is unambiguous, because the test never sends `start` and never names a slot
 * in `call-next`.
 * @param model before the command
 */
function actionOf(changes: Recorded, model: Model): Action {
  const [{ doctorId, at }] = changes;
  const slotSet = firstOf(changes, 'slot_set');
  if (slotSet !== undefined)
    return { at, token: tokenId('nobody'), ...setting(changes, slotSet, model) };
  const booked = firstOf(changes, 'booked');
  if (booked !== undefined) {
    const { tokenId: token, slotId, patientName: name, patientType: type, patientId } = booked;
    const patient = patientId === null ? null : Number(patientId.slice(1));
    return { kind: 'book', at, token, slot: placeOf(slotId), name, type, patient };
  }
  const movedIn = firstOf(changes, 'moved_in');
  if (movedIn !== undefined)
    return { kind: 'move', at, ago: 0, token: movedIn.tokenId, slot: placeOf(movedIn.slotId) };
  const reclassified = firstOf(changes, 'reclassified');
  if (reclassified !== undefined) {
    const { tokenId: token, patientType: type } = reclassified;
    return { kind: 'reclassify', at, ago: 0, token, type };
  }
  const started = firstOf(changes, 'started');
  if (started !== undefined) {
    const doctor = DOCTORS.findIndex(({ id }) => id === doctorId);
    const current = firstOf(changes, 'completed', 'skipped')?.kind ?? null;
    const { tokenId: token, room } = started;
    return { kind: 'callNext', at, token, doctor, slot: null, room, current };
  }
  const undone = firstOf(changes, 'undone');
  if (undone !== undefined) return { kind: 'undo', at, ago: 0, token: undone.tokenId };
  const corrected = firstOf(changes, 'corrected');
  if (corrected !== undefined) {
    const { tokenId: token, patientName: name, patientId } = corrected;
    const patient = patientId === null ? undefined : Number(patientId.slice(1));
    return { kind: 'correct', at, ago: 0, token, name, patient };
  }
  const paused = firstOf(changes, 'break_set');
  if (paused !== undefined) {
    const doctor = DOCTORS.findIndex(({ id }) => id === doctorId);
    const minutes = paused.until === null ? 0 : (paused.until - at) / 60_000;
    return { kind: 'setBreak', at, token: tokenId('nobody'), doctor, minutes };
  }
  const buttons = ['checked_in', 'skipped', 'completed', 'cancelled', 'no_show'] as const;
  const button = found(firstOf(changes, ...buttons));
  const step = { at, token: button.tokenId, ago: 0 };
  return button.kind === 'no_show'
    ? { kind: 'noShow', ...step, force: true }
    : { kind: BUTTONS[button.kind], ...step };
}

/** The command that changed one slot, or several slots by a delay of the day. */
function setting(changes: Recorded, { slot }: SlotSet, model: Model) {
  const isOfDay = changes.filter(({ kind }) => kind === 'slot_set').length > 1;
  const doctor = DOCTORS.findIndex(({ id }) => id === slot.doctorId);
  const { date, capacity, delayMinutes } = slot;
  if (isOfDay) return { kind: 'delayDay', doctor, date, minutes: delayMinutes } as const;
  const place = placeOf(slot.id);
  const wasClosed = found(model.slots.get(slot.id)).closedReason !== null;
  if (wasClosed) return { kind: 'reopenSlot', slot: place } as const;
  if (slot.closedReason === null)
    return {
      kind: 'reviseSlot',
      slot: place,
      capacity,
      delayMinutes,
      intake: slot.intake,
    } as const;
  const moved = firstOf(changes, 'moved_in');
  const moveTo = moved === undefined ? null : placeOf(moved.slotId);
  return { kind: 'closeSlot', slot: place, moveTo } as const;
}
