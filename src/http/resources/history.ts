import { Type, type Static } from '@sinclair/typebox';
import type { TokenChange } from '../../engine/index.ts';
import { instantOf, type ChangeRecord } from '../../service/index.ts';
import { arrayOf, Instant, orNull, Text, TextOrNull } from '../schema.ts';
import { StatusName } from './token.ts';

const Change = Type.Object({
  id: Type.String({ description: "Stable: the doctor and the change's place in its order." }),
  kind: Type.Unsafe<TokenChange['kind']>(Text),
  at: Instant,
  slot_id: Text,
  from: orNull(StatusName),
  to: orNull(StatusName),
  type: TextOrNull('The class that the token got by it; null when it kept the one it had.'),
  cause: TextOrNull('The token that caused it: the newcomer of a bump, who left for a promotion.'),
  actor: Text,
  reason: TextOrNull(),
});
export type ChangeView = Static<typeof Change>;

export const History = Type.Object({ token_id: Text, changes: arrayOf(Change) });
export type HistoryView = Static<typeof History>;

/** The change records of one token. */
export const historyOf = (tokenId: string, changes: readonly ChangeRecord[]): HistoryView => ({
  token_id: tokenId,
  changes: changes.map(changeOf),
});

const changeOf = (change: ChangeRecord): ChangeView => ({
  id: `${change.doctorId}:${change.version}`,
  kind: change.kind,
  at: instantOf(change.at),
  slot_id: change.slotId,
  from: change.from,
  to: change.to,
  type: change.patientType,
  cause: change.cause,
  actor: change.actor,
  reason: change.reason,
});
