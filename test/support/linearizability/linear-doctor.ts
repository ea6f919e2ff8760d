import { tokenId } from '../../../src/engine/index.ts';
import type { Action } from '../model/history.ts';
import { answerOf } from '../model/model-desk.ts';
import { Model, type Claim } from '../model/model.ts';
import { doneAnswer, readAnswer, refusalAnswer } from './linear-answer.ts';
import {
  AT,
  clinicOf,
  isRead,
  type DoctorCommand,
  type DoctorRequest,
  type LinearDay,
} from './linear-request.ts';
import type { SequentialModel } from './linearizability.ts';

/**
 * One doctor's day, as a service that handles one request after another. The rules are those of the reference model. The
 * id of a token is its number, because a number is never reused (R10). The time stands still.
 */
export class DoctorModel implements SequentialModel<Model, DoctorRequest> {
  readonly initial: Model;
  readonly #keys = new Map<string, number>();
  readonly #claimKeys = new WeakMap<Claim, number>();

  constructor(day: LinearDay) {
    this.initial = new Model(clinicOf(day), new Map(), AT);
  }

  apply(state: Model, request: DoctorRequest): { state: Model; answer: string } {
    if (isRead(request)) return { state, answer: readAnswer(state, request) };
    const model = state.copy();
    const { changes, refusal } = answerOf(model, actionOf(request, lastNumber(state) + 1));
    if (refusal !== undefined) return { state, answer: refusalAnswer(state, request, refusal) };
    const answer = doneAnswer(state, model, request, changes);
    return { state: changes.length === 0 ? state : model, answer };
  }

  changesNothing(request: DoctorRequest, answer: string): boolean {
    return isRead(request) || !answer.startsWith('20');
  }

  keyOf(model: Model): string {
    const lists = [model.claims, model.over].map((claims) => this.#keyOf(this.#textOf(claims)));
    const isOpen = Array.from(model.slots.values(), ({ closedReason }) => closedReason === null);
    return [...lists, lastNumber(model), ...isOpen].join(' ');
  }

  wordsOf(request: DoctorRequest): string {
    const facts = Object.values<string | number | null>(request);
    return facts.filter((fact) => fact !== null).join(' ');
  }

  #textOf(claims: readonly Claim[]): string {
    const ordered = claims.toSorted((a, b) => a.arrival - b.arrival);
    return ordered.map((claim) => this.#claimKeyOf(claim)).join();
  }

  #claimKeyOf(claim: Claim): number {
    const key = this.#claimKeys.get(claim) ?? this.#keyOf(JSON.stringify(claim));
    this.#claimKeys.set(claim, key);
    return key;
  }

  /** A number for a text, because states have long texts and the search remembers many states. */
  #keyOf(text: string): number {
    const key = this.#keys.get(text) ?? this.#keys.size;
    this.#keys.set(text, key);
    return key;
  }
}

/** The number printed last; 0 when none was. */
export function lastNumber(model: Model): number {
  const { doctorId, date } = model.slotAt(0);
  return model.countOf(`number ${doctorId} ${date}`);
}

/**
 * A request as an action of the reference model.
 * @param next the number of the token that the request books
 */
function actionOf(request: DoctorCommand, next: number): Action {
  const common = { at: AT, ago: 0, doctor: 0, force: true };
  const token = tokenId(String('token' in request ? request.token : next));
  return { ...common, ...request, token };
}
