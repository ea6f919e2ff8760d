import { Type, type Static } from '@sinclair/typebox';
import {
  estimatedTimeOf,
  STATUSES,
  type EpochMs,
  type Moment,
  type SlotFacts,
  type Status,
  type Token as EngineToken,
} from '../../engine/index.ts';
import { instantOf, type SearchPage, type StoredToken } from '../../service/index.ts';
import { arrayOf, Instant, oneOf, Text, TextOrNull } from '../schema.ts';

export const StatusName = oneOf(Object.keys(STATUSES) as Status[], { title: 'TokenStatus' });

/** The fields of a token; an answer that is a token and more spreads them. */
export const tokenFields = {
  id: Type.String({ description: 'UUID v7.' }),
  number: Type.Integer({
    description:
      'The printed number: counts up per doctor and day, never reused; it changes only with the doctor or the day.',
  }),
  patient_name: Text,
  patient_id: Type.Optional(Text),
  type: Text,
  timestamp: Type.String({ format: 'date-time', description: 'When the booking was accepted.' }),
  slot_id: Text,
  doctor_id: Text,
  status: StatusName,
  start_time: Instant,
  end_time: Instant,
  waitlist_position: Type.Unsafe<number | null>({
    type: ['integer', 'null'],
    description: '1 is next; null when seated or over.',
  }),
  estimated_time: Type.Unsafe<string | null>({
    type: ['string', 'null'],
    format: 'date-time',
    description:
      'When the patient should see the doctor; null when waiting, skipped, completed or over.',
  }),
  // Optional, because an answer that an earlier version has stored under an idempotency key lacks it.
  room: Type.Optional(
    TextOrNull('The room in which the patient is in consultation; null when none was named.'),
  ),
};

export const Token = Type.Object(tokenFields, {
  title: 'Token',
  description: 'The place of a patient in a slot: a seat, or a place on the waitlist.',
});
export type TokenView = Static<typeof Token>;

/** The link of an answer that has one. */
export const StatusUrl = Type.Optional(
  Type.String({
    format: 'uri',
    description:
      "The patient's own page: only where the service has the setting `PUBLIC_URL`, and only for roles that may cancel or book the token, because whoever has the link can see and cancel it.",
  }),
);

export const LinkedToken = Type.Object(
  { ...tokenFields, status_url: StatusUrl },
  { title: 'LinkedToken', description: "A token, and the link to the patient's own page." },
);
export type LinkedTokenView = Static<typeof LinkedToken>;

/** The tokens that a search has found. */
export const FoundTokens = Type.Object(
  {
    tokens: arrayOf(Token),
    next_cursor: TextOrNull('The `cursor` of the next page; null when there are no more tokens.'),
  },
  { title: 'FoundTokens', description: 'Some of the tokens of a search, the latest date first.' },
);
export type FoundTokensView = Static<typeof FoundTokens>;

export const foundTokensOf = ({ tokens, nextCursor }: SearchPage<TokenView>): FoundTokensView => ({
  tokens,
  next_cursor: nextCursor,
});

/** A token of the engine. */
export function tokenOf(token: EngineToken, moment: Moment): TokenView {
  const { slot } = token;
  const place = { position: slot.waitlistPositionOf(token), time: estimatedTimeOf(token, moment) };
  return viewOf(token, token.patientClass.type, slot.facts, place);
}

/** A token that is over: it has neither a place on the waitlist nor a time. */
export const overTokenOf = (token: StoredToken, slot: SlotFacts): TokenView =>
  viewOf(token, token.patientType, slot, { position: null, time: null });

function viewOf(
  token: EngineToken | StoredToken,
  type: string,
  slot: SlotFacts,
  { position, time }: { readonly position: number | null; readonly time: EpochMs | null },
): TokenView {
  // An optional field is set afterwards, here and in a booking, because a spread costs more than all other fields.
  const view: TokenView = {
    id: token.id,
    number: token.number,
    patient_name: token.patientName,
    type,
    timestamp: instantOf(token.bookedAt),
    slot_id: slot.id,
    doctor_id: slot.doctorId,
    status: token.status,
    start_time: instantOf(slot.startTime),
    end_time: instantOf(slot.endTime),
    waitlist_position: position,
    estimated_time: time === null ? null : instantOf(time),
    room: token.status === 'IN_CONSULTATION' ? token.room : null,
  };
  if (token.patientId !== null) view.patient_id = token.patientId;
  return view;
}
