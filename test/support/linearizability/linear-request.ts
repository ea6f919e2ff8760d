import { slotId, type CallNext } from '../../../src/engine/index.ts';
import { clock, doctorFacts, RULES, slotFacts } from '../engine/clinic.ts';
import type { Clinic } from '../model/model.ts';

// The requests of the clients of a recording, and the day of the doctor.

/** Highest first: the index is the rank. */
export const CLASSES = [
  'EMERGENCY',
  'PAID_PRIORITY',
  'FOLLOW_UP',
  'ONLINE_BOOKING',
  'WALK_IN',
] as const;

/**
 * A request of a client. It names a slot by its place in the day, and a token by its number, or by its id where the
 * number is not known yet.
 */
export type DoctorRequest<Token = number> = DoctorCommand<Token> | DoctorRead<Token>;

export type DoctorCommand<Token = number> =
  | {
      readonly kind: 'book';
      readonly slot: number;
      /** Unique in a history. */
      readonly name: string;
      readonly type: (typeof CLASSES)[number];
      readonly patient: number | null;
    }
  | {
      readonly kind: 'cancel' | 'noShow' | 'checkIn' | 'skip' | 'complete' | 'undo';
      readonly token: Token;
    }
  | { readonly kind: 'start'; readonly token: Token; readonly room: string | null }
  | { readonly kind: 'move'; readonly token: Token; readonly slot: number }
  | {
      readonly kind: 'callNext';
      readonly slot: number | null;
      readonly room: string | null;
      readonly current: CallNext['current'];
    }
  | { readonly kind: 'closeSlot'; readonly slot: number; readonly moveTo: number | null }
  | { readonly kind: 'reopenSlot'; readonly slot: number };

export type DoctorRead<Token = number> =
  | { readonly kind: 'token'; readonly token: Token }
  | { readonly kind: 'slot'; readonly slot: number }
  | { readonly kind: 'schedule' }
  | { readonly kind: 'queue' };

export const isRead = <Token>(request: DoctorRequest<Token>): request is DoctorRead<Token> =>
  ['token', 'slot', 'schedule', 'queue'].includes(request.kind);

/** A slot of the day. */
export interface LinearSlot {
  readonly id: string;
  readonly capacity: number;
}

/** The slots of one doctor on one day, in the order of their starts, the rooms, and the limit of each waitlist. */
export interface LinearDay {
  readonly slots: readonly LinearSlot[];
  readonly rooms: number;
  readonly waitlistMax: number;
}

/** Slots so small that a few requests fill them. */
export const SMALL_DAY: LinearDay = {
  slots: [
    { id: 'one', capacity: 1 },
    { id: 'three', capacity: 3 },
    { id: 'five', capacity: 5 },
  ],
  rooms: 2,
  waitlistMax: 4,
};

/** The instant of every command. The first slot has begun, and no slot has ended. */
export const AT = clock(9, 30);

/** The day as the reference model has it. */
export const clinicOf = ({ slots, rooms, waitlistMax }: LinearDay): Clinic => ({
  doctors: [doctorFacts({ rooms })],
  slots: slots.map(({ id, capacity }, place) =>
    slotFacts({ id: slotId(id), capacity, startTime: clock(9 + place), endTime: clock(20) }),
  ),
  rules: { ...RULES, waitlistMax },
});
