import { slotId, type Change, type Outcome } from '../../../src/engine/index.ts';
import { accepted, found, type Clinic } from './clinic.ts';

/** The commands that need only the name of a token. */
type Plain = 'cancel' | 'noShow' | 'checkIn' | 'start' | 'complete' | 'skip' | 'undo';

/**
 * One command in words: `book E1` or `book E1 ten`, `cancel W1`, `move W1 ten`, `reclassify W1 E`, `callNext`,
 * `capacity 2`, `close`, or `close ten`, which moves the patients to ten, `reopen nine`.
 */
export function take(clinic: Clinic, step: string): Outcome<unknown> {
  const [command = '', name = '', more = ''] = step.split(' ');
  switch (command) {
    case 'reopen':
      return clinic.reopenSlot(name);
    case 'book':
      return clinic.book(name, more === '' ? {} : { slotId: slotId(more) });
    case 'move':
      return clinic.move(name, more);
    case 'reclassify':
      return clinic.reclassify(name, more);
    case 'callNext':
      return clinic.callNext();
    case 'capacity':
      return clinic.reviseSlot({ capacity: Number(name) });
    case 'close':
      return clinic.closeSlot(name === '' ? null : name);
    default:
      return clinic[command as Plain](name);
  }
}

/** Performs several commands, separated by commas. Returns the outcome of the last one. */
export const takeAll = (clinic: Clinic, steps: string): Outcome<unknown> =>
  found(
    steps
      .split(', ')
      .map((step) => take(clinic, step))
      .at(-1),
  );

/** The records of an accepted command, in order: `booked E1`, `bumped W1 by E1`, `slot_set nine`. */
export const recordsOf = (outcome: Outcome<unknown>): string[] =>
  accepted(outcome).changes.map(recordOf);

function recordOf(change: Change): string {
  if (change.kind === 'doctor_set') return `doctor_set ${change.doctor.id}`;
  if (change.kind === 'slot_set') return `slot_set ${change.slot.id}`;
  if (change.kind === 'break_set') return `break_set ${change.doctorId}`;
  const by = 'cause' in change && change.cause !== null ? ` by ${change.cause}` : '';
  return `${change.kind} ${change.tokenId}${by}`;
}
