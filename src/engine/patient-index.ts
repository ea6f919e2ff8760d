import type { PatientId } from './ids.ts';
import type { Slot, Token } from './slot.ts';
import { isLive } from './status.ts';

/** The tokens in memory by their patients. A token without a patient id is not in it. */
export class PatientIndex {
  // Most patients have one live token, so that a list for each of them would cost more memory than the tokens' places.
  // A patient has at most one live token in a slot (R15), but any number of tokens that are over.
  readonly #live = new Map<PatientId, Token | readonly Token[]>();
  readonly #over = new Map<PatientId, Set<Token>>();

  /** The live tokens of a patient, in no particular order. */
  liveTokensOf(id: PatientId): readonly Token[] {
    const found = this.#live.get(id) ?? [];
    return 'patientClass' in found ? [found] : found;
  }

  /** The tokens of a patient, live or over, in no particular order. */
  tokensOf(id: PatientId): readonly Token[] {
    return [...this.liveTokensOf(id), ...(this.#over.get(id) ?? [])];
  }

  /** The live token of a patient in a slot: there is at most one (R15). */
  liveTokenIn(slot: Slot, id: PatientId): Token | undefined {
    const found = this.#live.get(id);
    if (found === undefined) return undefined;
    if (!('patientClass' in found)) return found.find((token) => token.slot === slot);
    return found.slot === slot ? found : undefined;
  }

  add(token: Token): void {
    const { patientId: id } = token;
    if (id === null) return;
    if (isLive(token.status)) {
      const others = this.#live.get(id);
      this.#live.set(id, others === undefined ? token : [others, token].flat());
    } else this.#over.set(id, (this.#over.get(id) ?? new Set()).add(token));
  }

  remove(token: Token): void {
    const { patientId: id } = token;
    if (id === null) return;
    if (isLive(token.status)) {
      const others = this.liveTokensOf(id).filter((other) => other !== token);
      const [first] = others;
      if (first === undefined) this.#live.delete(id);
      else this.#live.set(id, others.length === 1 ? first : others);
      return;
    }
    const over = this.#over.get(id);
    over?.delete(token);
    if (over?.size === 0) this.#over.delete(id);
  }
}
