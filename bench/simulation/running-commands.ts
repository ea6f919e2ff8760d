import type { Violations } from '../lib/violations.ts';
import type { ReportedEffect } from './ledger.ts';
import type { ReferenceSlot, ReferenceToken } from './reference-model.ts';

/** The command whose change records are being applied. */
export interface RunningCommand {
  /** The id of its first change record. */
  readonly at: string;
  readonly slot: ReferenceSlot;
  /** The token of the command; null if the command changes a slot. */
  readonly token: string | null;
  readonly bumped: ReferenceToken[];
  readonly promoted: ReferenceToken[];
  /** Whether the command has changed the slot itself. */
  isSet: boolean;
  /** Checks the answer to the command after its last record. */
  end: () => void;
}

/** Puts the change records of a doctor together to commands, and names the record at which a rule is broken. */
export class RunningCommands {
  readonly #violations: Violations;
  #running: RunningCommand | null = null;
  /** The id of the change record that is being applied. */
  at = '';

  constructor(violations: Violations) {
    this.#violations = violations;
  }

  get running(): RunningCommand | null {
    return this.#running;
  }

  /** The running command if it has just bumped a token for this one; otherwise a new one. */
  arriving({ id }: ReferenceToken, slot: ReferenceSlot): RunningCommand {
    const running = this.#running;
    const isBumping = running?.token === id && running.slot === slot && running.bumped.length > 0;
    return isBumping ? running : this.begin(slot, id);
  }

  /** The running command if it bumps tokens of this slot because the slot gets fewer seats. */
  shrinking(slot: ReferenceSlot): RunningCommand | undefined {
    const running = this.#running;
    return running?.slot === slot && running.token === null && !running.isSet ? running : undefined;
  }

  /** Begins the next command; the command before it ends. */
  begin(slot: ReferenceSlot, token: string | null): RunningCommand {
    const { at } = this;
    this.end();
    this.at = at;
    this.#running = {
      at,
      slot,
      token,
      bumped: [],
      promoted: [],
      isSet: false,
      end: () => undefined,
    };
    return this.#running;
  }

  /** Ends the running command: the rules must hold, and its answer must agree with the model. */
  end(): void {
    if (this.#running === null) return;
    const { at, slot, token, bumped, isSet, end } = this.#running;
    this.at = at;
    if (bumped.length > 0 && token === null && !isSet)
      this.add(`R17: ${idsOf(bumped)} bumped by nobody, and no seats became fewer`);
    if (slot.violation !== undefined) this.add(slot.violation);
    end();
    this.#running = null;
  }

  /** Compares the answer about a token's new place with the model, after the last record of the command. */
  checkAnswer(
    token: ReferenceToken,
    effect: ReportedEffect,
    bumped: ReferenceToken | undefined,
  ): void {
    this.same('R2-R4: status answered', effect.token?.status, token.status);
    const position = token.slot.positionOf(token);
    this.same('R4: waitlist_position', effect.token?.waitlist_position, position);
    this.same('R3: bumped answered', effect.bumped?.id ?? null, bumped?.id ?? null);
    if (bumped === undefined || effect.bumped === null) return;
    this.same('R3: number of the bumped', effect.bumped.number, bumped.number);
    const place = bumped.slot.positionOf(bumped);
    this.same('R7: position of the bumped', effect.bumped.waitlist_position, place);
  }

  same<T>(what: string, actual: T, expected: T): void {
    this.#violations.same(`${what} (${this.at})`, actual, expected);
  }

  expect(holds: boolean, what: string): void {
    if (!holds) this.add(what);
  }

  add(what: string): void {
    this.#violations.add(`${what} (${this.at})`);
  }
}

export const idsOf = (tokens: readonly ReferenceToken[]): string =>
  tokens.map(({ id }) => id).join(' ');
