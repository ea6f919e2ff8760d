import type {
  AllocationEngine,
  DoctorFacts,
  DoctorId,
  EpochMs,
  LocalDate,
  Moment,
  Slot,
  SlotFacts,
  SlotStatus,
  SlotId,
  Token,
  TokenId,
} from '../engine/index.ts';
import type { Archive, ChangeRecord, Store, StoredToken } from '../store/index.ts';
import type { Query } from './caller.ts';
import type { LargeReads } from './large-reads.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Projection } from './runner.ts';

// What the reads are asked, and what they answer.

export interface TokenQuery extends Query {
  readonly tokenId: TokenId;
}

export interface SlotQuery extends Query {
  readonly slotId: SlotId;
}

export interface DoctorsQuery extends Query {
  /** Whether the retired doctors are asked for, and not the others. */
  readonly retired: boolean;
}

export interface DoctorQuery extends Query {
  readonly doctorId: DoctorId;
}

/** The days of a schedule, each `YYYY-MM-DD`: one day, or `from` and `to`; by default the doctor's today and tomorrow. */
export interface ScheduleQuery extends DoctorQuery {
  readonly date?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The queues of a day: of the doctor's today by default, and of all listed doctors when none is named. */
export interface QueueQuery extends Query {
  readonly doctorIds: readonly DoctorId[];
  readonly date?: string | undefined;
}

/** A slot as it is at an instant, without its tokens. */
export interface QueueSlot {
  readonly facts: SlotFacts;
  readonly status: SlotStatus;
}

/** A doctor's day in the calling order (R18), as it is at an instant. */
export interface DoctorQueue<View> {
  readonly doctor: DoctorFacts;
  readonly moment: Moment;
  readonly date: LocalDate;
  /** The instant at which the doctor's break ends; null when there is none. */
  readonly breakUntil: EpochMs | null;
  /** The slots of the day in the order of their starts. */
  readonly slots: readonly QueueSlot[];
  readonly inConsultation: readonly View[];
  readonly toCall: readonly View[];
  readonly skipped: readonly View[];
  readonly waiting: readonly View[];
}

/** The queues of some doctors. */
export interface Queue<View> {
  readonly queues: readonly DoctorQueue<View>[];
}

/** The queues of some doctors, with many tokens. Their tokens are copies, which no command changes any more. */
export interface LongQueue {
  readonly longQueues: AsyncIterable<DoctorQueue<Token>>;
  /** Aborts when nothing more may be done for the request. */
  readonly ended: AbortSignal;
}

/** How a token is shown: a live token of the engine, or a stored one that is over. */
export interface TokenProjection<View> {
  readonly live: Projection<Token, View>;
  readonly over: (token: StoredToken, slot: SlotFacts) => View;
}

/** A doctor's slots of some days, in the order in which they start. */
export interface Schedule<SlotView> {
  readonly doctor: DoctorFacts;
  readonly slots: readonly SlotView[];
}

/** A slot that no command changes any more, and the instant at which it is shown. */
export interface ShownSlot {
  readonly slot: Slot;
  readonly moment: Moment;
}

/** A slot with many tokens, or one that is over. */
export interface LongSlot extends ShownSlot {
  /** Aborts when nothing more may be done for the request. */
  readonly ended: AbortSignal;
}

/** A slot as it is shown, if that takes little work. */
export type ReadSlot<View> = { readonly view: View } | LongSlot;

/**
 * A schedule with many tokens or with slots that are over. The doctor and the slots in memory are as they were at one
 * instant. A slot that is over is read when it is asked for; no later change adds a token to it.
 */
export interface LongSchedule {
  readonly doctor: DoctorFacts;
  readonly shownSlots: AsyncIterable<ShownSlot>;
  /** Aborts when nothing more may be done for the request. */
  readonly ended: AbortSignal;
}

/** All doctors in the order of their ids, or slices of them if they are many. */
export interface Doctors {
  readonly doctors: readonly DoctorFacts[] | AsyncIterable<readonly DoctorFacts[]>;
}

/** A token's change records: all of them, or slices of them if they are many. */
export interface History {
  readonly changes: readonly ChangeRecord[] | AsyncIterable<readonly ChangeRecord[]>;
}

/** What every read needs. */
export interface ReadDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly archive: Archive;
  readonly lifecycle: Lifecycle;
  readonly clock: () => EpochMs;
  readonly largeReads: LargeReads;
}
