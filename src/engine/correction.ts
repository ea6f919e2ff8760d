import { ChangeSet } from './change-set.ts';
import type { Correct, Outcome } from './command.ts';
import { refuse, refuseWith } from './refusal.ts';
import type { Token } from './slot.ts';
import type { EngineState } from './state.ts';
import { isLive } from './status.ts';

/** See `AllocationEngine.correct`. */
export function correct(state: EngineState, command: Correct): Outcome<Token> {
  const token = state.anyToken(command.tokenId);
  if (token === undefined) return refuse('token_not_found');
  const { patientName = token.patientName, patientId = token.patientId } = command;
  const other =
    patientId === null || !isLive(token.status)
      ? undefined
      : state.patients.liveTokenIn(token.slot, patientId);
  if (other !== undefined && other !== token)
    return refuseWith({ code: 'duplicate_booking', tokenId: other.id });
  const changeSet = new ChangeSet(state, command.at);
  const isSame = patientName === token.patientName && patientId === token.patientId;
  if (!isSame) changeSet.correct(token, patientName, patientId);
  return { ok: true, changes: changeSet.changes, value: token };
}
