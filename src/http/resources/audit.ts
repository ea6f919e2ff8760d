import { Type, type Static } from '@sinclair/typebox';
import { HOSPITAL } from '../../engine/index.ts';
import { instantOf, type AuditPage } from '../../service/index.ts';
import { arrayOf, Instant, orNull, Text, TextOrNull } from '../schema.ts';
import { StatusName } from './token.ts';

const AuditEntry = Type.Object(
  {
    id: Type.String({ description: 'The doctor and the number of the change; it never changes.' }),
    at: Instant,
    kind: Text,
    doctor_id: TextOrNull('Null for the holidays of the hospital.'),
    slot_id: TextOrNull(),
    token_id: TextOrNull(),
    from: orNull(StatusName),
    to: orNull(StatusName),
    cause: TextOrNull('The token that caused the change.'),
    actor: Type.String({
      description: 'The key, and behind a slash the person, if one was named.',
    }),
    reason: TextOrNull(),
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

export const auditOf = ({ entries, before }: AuditPage): Static<typeof Audit> => ({
  entries: entries.map((entry) => ({
    id: `${entry.doctorId}:${entry.version}`,
    at: instantOf(entry.at),
    kind: entry.kind,
    doctor_id: entry.doctorId === HOSPITAL ? null : entry.doctorId,
    slot_id: entry.slotId,
    token_id: entry.tokenId,
    from: entry.from,
    to: entry.to,
    cause: entry.cause,
    actor: entry.actor,
    reason: entry.reason,
  })),
  next_cursor: before === null ? null : String(before),
});
