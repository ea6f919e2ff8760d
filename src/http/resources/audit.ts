import { Type, type Static } from '@sinclair/typebox';
import { HOSPITAL } from '../../engine/index.ts';
import {
  instantOf,
  isAdminChange,
  type AdminChange,
  type AuditPage,
  type AuditPlace,
} from '../../service/index.ts';
import { arrayOf, Instant, orNull, Text, TextOrNull } from '../schema.ts';
import { StatusName } from './token.ts';

const AuditEntry = Type.Object(
  {
    id: Type.String({ description: 'The doctor and the number of the change; it never changes.' }),
    at: Instant,
    kind: Text,
    doctor_id: TextOrNull(
      'Null for the holidays of the hospital, and for a change of a key or a webhook.',
    ),
    slot_id: TextOrNull(),
    token_id: TextOrNull(),
    from: orNull(StatusName),
    to: orNull(StatusName),
    cause: TextOrNull('The token that caused the change.'),
    actor: Type.String({
      description: 'The key, and behind a slash the person, if one was named.',
    }),
    reason: TextOrNull(),
    key: TextOrNull('The name of the access key that was changed; null for every other change.'),
    role: TextOrNull('The role of this key after the change.'),
    webhook: TextOrNull('The id of the webhook that was changed; null for every other change.'),
    url: TextOrNull('Where this webhook leads after the change.'),
  },
  { title: 'AuditEntry', description: 'A change, and who made it. It has no name of a patient.' },
);

export const Audit = Type.Object(
  {
    entries: arrayOf(AuditEntry),
    next_cursor: TextOrNull('The `cursor` of the next page; null when there are no more entries.'),
  },
  { title: 'Audit', description: 'A part of the record of all changes, the latest first.' },
);

/** The members of an entry that only a change of the clinic has. */
const NOT_OF_CLINIC = {
  ...{ doctor_id: null, slot_id: null, token_id: null },
  ...{ from: null, to: null, cause: null, reason: null },
};

const NO_SUBJECT = { key: null, role: null, webhook: null, url: null };

/** The key or the webhook that was changed. */
const subjectOf = ({ name, role, url }: AdminChange) =>
  url === null ? { ...NO_SUBJECT, key: name, role } : { ...NO_SUBJECT, webhook: name, url };

function entryOf(entry: AuditPage['entries'][number]): Static<typeof AuditEntry> {
  const { kind, actor } = entry;
  const at = instantOf(entry.at);
  if (isAdminChange(entry))
    return { ...NOT_OF_CLINIC, id: entry.id, at, kind, actor, ...subjectOf(entry) };
  return {
    id: `${entry.doctorId}:${entry.version}`,
    at,
    kind,
    doctor_id: entry.doctorId === HOSPITAL ? null : entry.doctorId,
    slot_id: entry.slotId,
    token_id: entry.tokenId,
    from: entry.from,
    to: entry.to,
    cause: entry.cause,
    actor,
    reason: entry.reason,
    ...NO_SUBJECT,
  };
}

/** The text of `CURSOR_PATTERN`: the position, and behind a dot the id of a change of a key or a webhook. */
const cursorOf = ({ position, adminChange }: AuditPlace): string =>
  [position ?? '', adminChange ?? []].flat().join('.');

/** A cursor that `placeOf` reads. */
export const CURSOR_PATTERN = '^\\d{0,15}(\\.[\\da-f-]{36})?$';

/** The place of a cursor. */
export function placeOf(cursor: string): AuditPlace {
  const [position = '', adminChange = null] = cursor.split('.');
  return { position: position === '' ? null : Number(position), adminChange };
}

export const auditOf = ({ entries, before }: AuditPage): Static<typeof Audit> => ({
  entries: entries.map(entryOf),
  next_cursor: before === null ? null : cursorOf(before),
});
