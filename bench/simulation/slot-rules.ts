import type { AuditDeps } from './change-records.ts';
import type { Closing, DoctorChange } from './hospital-record.ts';
import { holdsSeat, type ReferenceSlot, type ReferenceToken } from './reference-model.ts';
import { idsOf, type RunningCommands } from './running-commands.ts';

type SlotChange = Extract<DoctorChange, { kind: 'slot' }>;

/** Applies the changes of a doctor and of the doctor's slots to the reference model. */
export class SlotRules {
  readonly #deps: AuditDeps;
  readonly #doctorId: string;
  readonly #commands: RunningCommands;
  /** The tokens that a closing or a leave has moved to this doctor so far, and whether the answer shows them with a seat. */
  readonly #moved = new Map<ReferenceToken, boolean>();
  /** The reason of that closing or leave. */
  #moving: string | null = null;

  constructor(doctorId: string, deps: AuditDeps, commands: RunningCommands) {
    this.#doctorId = doctorId;
    this.#deps = deps;
    this.#commands = commands;
  }

  play(change: DoctorChange): void {
    const { breaks } = this.#deps.model;
    if (change.kind === 'slot') this.#setSlot(change);
    else if (change.kind === 'break') {
      if (change.until === null) breaks.delete(this.#doctorId);
      else breaks.set(this.#doctorId, change.until);
    }
  }

  /** Notes that a closing or a leave has moved a token, which the answer shows with or without a seat. */
  moved(token: ReferenceToken, isSeated: boolean, reason: string | null): void {
    this.#moved.set(token, isSeated);
    this.#moving = reason;
  }

  /**
   * Called before each record of a token. When a closing or a leave has moved its last token, each moved token has the
   * seat that the answer shows: a token of a later slot may have bumped one of an earlier slot.
   * @param reason of the record; of a bump, that of the record that follows
   */
  beginRecord(reason: string | null): void {
    if (reason === this.#moving) return;
    for (const [token, isSeated] of this.#moved)
      this.#commands.same(`R13: ${token.id} seated`, isSeated, holdsSeat(token));
    this.#moved.clear();
    this.#moving = null;
  }

  /** Applies a change of a slot; if it has fewer seats now, the records of the bumped tokens come before it. */
  #setSlot(change: SlotChange): void {
    const slot = this.#deps.model.slots.get(change.slotId);
    if (slot === undefined) return;
    const { capacity, delayMinutes, intake, closedBy } = change.state;
    const running = this.#commands.shrinking(slot) ?? this.#commands.begin(slot, null);
    running.isSet = true;
    if (running.bumped.length > 0)
      this.#commands.same('R12: seated after the bumps', slot.seated.length, capacity);
    Object.assign(slot, { capacity, delayMinutes, intake, isClosed: closedBy !== null });
    this.#commands.expect(slot.seated.length <= slot.capacity, `R1: ${slot.id} has too few seats`);
    if (change.closing !== null) this.#close(slot, change.closing);
    running.end = () => {
      this.#commands.same('R12: bumped answered', change.bumped.join(' '), idsOf(running.bumped));
      this.#commands.same(
        'R12: promoted answered',
        change.promoted.join(' '),
        idsOf(running.promoted),
      );
    };
  }

  /** The answer to a closing lists every token that is not completed, in the order of rank; one in consultation stays. */
  #close(slot: ReferenceSlot, { answer }: Closing): void {
    const listed = answer.affected.map(({ token }) => token.id).join(' ');
    const live = slot.tokens.filter(({ status }) => status !== 'COMPLETED');
    this.#commands.same(`R13: patients of ${slot.id} in its closing`, listed, idsOf(live));
    for (const { token, outcome } of answer.affected) {
      const stays = live.some(({ id, status }) => id === token.id && status === 'IN_CONSULTATION');
      this.#commands.same(`R13: ${token.id} stays`, outcome === 'stays', stays);
    }
  }
}
