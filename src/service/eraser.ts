import type {
  AllocationEngine,
  Change,
  DoctorId,
  EpochMs,
  PatientId,
  SlotFacts,
  SlotId,
  Token,
  TokenId,
} from '../engine/index.ts';
import {
  ERASED_NAME,
  parseStored,
  responsesExpiredAt,
  type Decision,
  type Erasure,
  type Erasures,
  type ErasureRequest,
  type NamingToken,
  type SlotOfDoctor,
  type Store,
  type StoredResponse,
} from '../store/index.ts';
import { localDateAt, plusDays } from './calendar.ts';

/** Slots that one run of the retention handles. The next run follows a second later. */
const SLOTS_PER_RUN_MAX = 10;
/** Tokens that one transaction erases: about a millisecond of work, for which other commands wait. */
const TOKENS_PER_STEP_MAX = 100;

/** Milliseconds between two deletions of stored responses that have expired. */
const RESPONSES_MS = 60_000;

interface EraserDeps {
  readonly engine: AllocationEngine;
  readonly store: Pick<Store, 'transact' | 'state'>;
  readonly erasures: Erasures;
  readonly clock: () => EpochMs;
  /** Days after the day of a token for which its name is stored; null for ever. */
  readonly retentionDays: number | null;
}

/** What was erased of a patient, and what was left. */
export interface ErasedPatient {
  /** The tokens whose name and patient id were erased. */
  readonly tokens: readonly TokenId[];
  /** Change records whose name and patient id were erased. */
  readonly records: number;
  /** Stored responses whose answers lost the name and the patient id. */
  readonly responses: number;
  /** The tokens that were left, because the day of their slot is not over. */
  readonly left: readonly TokenId[];
}

/** Whether a token of this slot is over for good: no command, also no undo, can bring it back (R22). */
export const isOver = (
  engine: Pick<AllocationEngine, 'isPast'>,
  slot: SlotFacts,
  timeZone: string,
  at: EpochMs,
): boolean => engine.isPast(slot, localDateAt(at, timeZone), at);

/**
 * Erases names and patient ids from everything that is over: from tokens, change records and stored responses. Numbers,
 * times, statuses and the records themselves stay.
 *
 * The name of a token is erased by a correction, so the engine of every process follows, and the history tells when it
 * happened. The older records lose the name in the same transaction, so that the record and the tokens always agree.
 */
export class Eraser {
  readonly #deps: EraserDeps;
  /** Whether nothing was erased since the files were cleaned. The start of a process cleans them too. */
  #isClean = true;
  /** The instant of the last deletion of expired responses. */
  #responsesAt = 0;

  constructor(deps: EraserDeps) {
    this.#deps = deps;
  }

  /** One run in the background: answers the requests of the program `erase`, then erases what is due. */
  async run(): Promise<void> {
    const { erasures, retentionDays, store } = this.#deps;
    if (store.state !== 'ready') return;
    const requests = await erasures.requests();
    for (const [id, request] of requests) {
      const answer = JSON.stringify(await this.erasePatient(request));
      await this.#decide([], () => ({ tokenIds: [], answered: { id, answer } }));
    }
    const due = retentionDays === null ? 0 : await this.#eraseDue(retentionDays);
    if (due < SLOTS_PER_RUN_MAX && !this.#isClean) this.#isClean = await erasures.clean();
  }

  /** Erases a patient's name and id from everything that is over. A repeat erases what is over since. */
  async erasePatient({ patientId, tokens }: ErasureRequest): Promise<ErasedPatient> {
    const current = tokens.filter(({ isCurrent }) => isCurrent);
    const erased = new Set<TokenId>();
    for (const [slotId, ofSlot] of Map.groupBy(current, ({ slot }) => slot.id))
      for (const id of await this.#erasePatientIn(slotId, ofSlot, patientId)) erased.add(id);
    this.#isClean = false;
    const former = tokens.filter(({ isCurrent }) => !isCurrent);
    for (const { tokenId, slot } of former)
      await this.#decide([slot.doctorId], () => ({ tokenIds: [tokenId], patientId }));
    const responses = await this.#eraseResponses(erased);
    const done = tokens.filter(({ tokenId, isCurrent }) => !isCurrent || erased.has(tokenId));
    return {
      tokens: [...erased],
      records: done.reduce((sum, { records }) => sum + records, 0),
      responses,
      left: current.map(({ tokenId }) => tokenId).filter((id) => !erased.has(id)),
    };
  }

  /** @returns how many slots were due */
  async #eraseDue(retentionDays: number): Promise<number> {
    const { engine, erasures, clock } = this.#deps;
    const now = clock();
    if (now - this.#responsesAt >= RESPONSES_MS) {
      // Commands delete expired responses too, but only while there are commands with keys.
      await this.#decide([], () => ({ tokenIds: [], responsesUpTo: responsesExpiredAt(now) }));
      this.#responsesAt = now;
    }
    const zones = new Set(Array.from(engine.doctors, ({ facts }) => facts.timeZone));
    const before = new Map(
      Array.from(zones, (zone) => [zone, plusDays(localDateAt(now, zone), -retentionDays)]),
    );
    const slots = await erasures.slotsToErase(before, SLOTS_PER_RUN_MAX);
    for (const slot of slots) await this.#eraseSlot(slot);
    return slots.length;
  }

  /** Erases all tokens of a slot, in steps. */
  async #eraseSlot({ doctorId, slotId }: SlotOfDoctor): Promise<void> {
    const { engine } = this.#deps;
    const reason = `Names are erased ${this.#deps.retentionDays ?? 0} days after the day.`;
    const progress = { isDone: false };
    while (!progress.isDone)
      await this.#decideIn({ doctorId, slotId }, reason, (tokens, at) => {
        const slot = engine.slot(slotId);
        const isDue =
          slot !== undefined && isOver(engine, slot.facts, slot.doctor.facts.timeZone, at);
        const named = isDue ? tokens.filter(isNamed) : [];
        const step = named.slice(0, TOKENS_PER_STEP_MAX);
        progress.isDone = step.length === named.length;
        return {
          tokens: step,
          erasure: { slotIds: isDue && progress.isDone ? [slotId] : [] },
        };
      });
  }

  /** @returns the tokens of the slot that were erased */
  async #erasePatientIn(
    slotId: SlotId,
    naming: readonly NamingToken[],
    patientId: PatientId,
  ): Promise<readonly TokenId[]> {
    const { engine } = this.#deps;
    const [first] = naming;
    if (first === undefined) return [];
    const { slot, timeZone } = first;
    const wanted = new Set(naming.map(({ tokenId }) => tokenId));
    let erased: readonly TokenId[] = [];
    const of = { doctorId: slot.doctorId, slotId };
    await this.#decideIn(of, 'erased on request', (tokens, at) => {
      const facts = engine.slot(slotId)?.facts;
      const isDue = facts !== undefined && isOver(engine, facts, timeZone, at);
      const found = isDue
        ? tokens.filter((token) => wanted.has(token.id) && token.patientId === patientId)
        : [];
      erased = found.map(({ id }) => id);
      return { tokens: found, erasure: {} };
    });
    return erased;
  }

  /** Erases the name from the stored answers that show an erased token. @returns how many */
  async #eraseResponses(erased: ReadonlySet<TokenId>): Promise<number> {
    if (erased.size === 0) return 0;
    const found = await this.#deps.erasures.responsesWith([...erased]);
    const responses = found.flatMap((response) => withoutNames(response, erased));
    if (responses.length > 0) await this.#decide([], () => ({ tokenIds: [], responses }));
    return responses.length;
  }

  /** Erases the name of tokens of a slot, which is loaded if it has been evicted from memory. */
  async #decideIn(
    { doctorId, slotId }: SlotOfDoctor,
    reason: string,
    choose: (
      tokens: readonly Token[],
      at: EpochMs,
    ) => { readonly tokens: readonly Token[]; readonly erasure: Partial<Erasure> },
  ): Promise<void> {
    const { engine, store, clock } = this.#deps;
    await store.transact({ doctorIds: [doctorId], slotIds: [slotId] }, () => {
      const at = clock();
      const slot = engine.slot(slotId);
      const all = slot === undefined ? [] : [...slot.tokens(), ...slot.over()];
      const { tokens, erasure } = choose(all, at);
      const changes = tokens.flatMap((token) => this.#correctionsOf(token.id, at));
      const tokenIds = tokens.map(({ id }) => id);
      if (tokenIds.length > 0) this.#isClean = false;
      return decisionOf(changes, reason, { ...erasure, tokenIds });
    });
  }

  #correctionsOf(tokenId: TokenId, at: EpochMs): readonly Change[] {
    const patient = { patientName: ERASED_NAME, patientId: null };
    const outcome = this.#deps.engine.correct({ tokenId, at, ...patient });
    return outcome.ok ? outcome.changes : [];
  }

  async #decide(doctorIds: readonly DoctorId[], erasure: () => Erasure): Promise<void> {
    await this.#deps.store.transact({ doctorIds }, () => decisionOf([], null, erasure()));
  }
}

const isNamed = ({ patientName, patientId }: Token): boolean =>
  patientName !== ERASED_NAME || patientId !== null;

const decisionOf = (
  changes: readonly Change[],
  reason: string | null,
  erasure: Erasure,
): Decision<undefined> => ({
  changes,
  answer: undefined,
  origin: { actor: 'system', reason },
  response: null,
  erasure,
});

/** A stored response whose answer shows the erased tokens without name and patient id; none when it shows none. */
function withoutNames(
  response: StoredResponse,
  erased: ReadonlySet<string>,
): readonly StoredResponse[] {
  const answer = JSON.stringify(parseStored(response.answer), (_key, value: unknown) => {
    const token = value as { readonly id?: unknown; readonly patient_name?: unknown } | null;
    if (typeof token !== 'object' || token === null || token.patient_name === undefined)
      return value;
    return erased.has(String(token.id))
      ? { ...token, patient_name: ERASED_NAME, patient_id: undefined }
      : value;
  });
  return answer === response.answer ? [] : [{ ...response, answer }];
}
