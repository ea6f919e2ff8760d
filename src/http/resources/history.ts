import { Type, type Static } from '@sinclair/typebox';
import { UNDOABLE, type TokenChange } from '../../engine/index.ts';
import { instantOf, type ChangeRecord, type History as TokenHistory } from '../../service/index.ts';
import { itemsOf, Pieces, type SerialiserOf } from '../pieces.ts';
import { arrayOf, Instant, oneOf, orNull, Text, TextOrNull } from '../schema.ts';
import { StatusName } from './token.ts';

const Change = Type.Object(
  {
    id: Type.String({ description: 'The doctor and the number of the change; it never changes.' }),
    kind: Type.Unsafe<TokenChange['kind']>(Text),
    at: Instant,
    slot_id: Text,
    from: orNull(StatusName),
    to: orNull(StatusName),
    type: TextOrNull('The class that the token got; null when its class did not change.'),
    cause: TextOrNull(
      'The token that caused the change: the newcomer of a bump, or the token whose seat became free.',
    ),
    room: TextOrNull('The room to which the patient was called; null when none was named.'),
    undone: orNull(oneOf(UNDOABLE, { title: 'UndoableKind' })),
    actor: Text,
    reason: TextOrNull(),
  },
  { title: 'Change', description: 'A change of a token.' },
);
export type ChangeView = Static<typeof Change>;

export const History = Type.Object(
  { token_id: Text, changes: arrayOf(Change) },
  { title: 'History', description: 'The changes of a token, the oldest first.' },
);
export type HistoryView = Static<typeof History>;

/** The change records of one token. */
export const historyOf = (tokenId: string, { changes }: TokenHistory): HistoryView | Pieces =>
  Symbol.asyncIterator in changes
    ? new Pieces((serialiserOf) => historyPieces(tokenId, changes, serialiserOf))
    : { token_id: tokenId, changes: changes.map(changeOf) };

async function* historyPieces(
  tokenId: string,
  slices: AsyncIterable<readonly ChangeRecord[]>,
  serialiserOf: SerialiserOf,
): AsyncGenerator<string> {
  yield `{"token_id":${JSON.stringify(tokenId)},"changes":[`;
  const serialise = serialiserOf(Change);
  yield* itemsOf(slices, (change) => serialise(changeOf(change)));
  yield ']}';
}

const changeOf = (change: ChangeRecord): ChangeView => ({
  id: `${change.doctorId}:${change.version}`,
  kind: change.kind,
  at: instantOf(change.at),
  slot_id: change.slotId,
  from: change.from,
  to: change.to,
  type: change.patientType,
  cause: change.cause,
  room: change.room,
  undone: change.undone,
  actor: change.actor,
  reason: change.reason,
});
