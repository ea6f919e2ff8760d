import { Type, type Static, type TSchema } from '@sinclair/typebox';
import {
  doctorId,
  patientId,
  slotId,
  tokenId,
  type PatientClass,
  type PatientId,
  type Status,
} from '../../engine/index.ts';
import {
  Id,
  Name,
  PatientIdText,
  rolesFor,
  type BookCommand,
  type Permissions,
  type Query,
  type Reads,
  type Result,
  type TokenCommands,
} from '../../service/index.ts';
import { EXAMPLE_TOKEN_ID } from '../examples.ts';
import { answerFor, Booking, bookingOf, Reordered, reorderedOf } from '../resources/booking.ts';
import { History, historyOf } from '../resources/history.ts';
import {
  FoundTokens,
  foundTokensOf,
  type FoundTokensView,
  LinkedToken,
  overTokenOf,
  StatusName,
  Token,
  tokenOf,
  type LinkedTokenView,
} from '../resources/token.ts';
import { Cancellation, cancellationOf } from '../resources/visit.ts';
import { shown, type Routes } from '../route.ts';
import type { StatusLinks } from '../status-links.ts';
import { closed, DateText, idParams, oneOf, Reason } from '../schema.ts';

interface TokenRoutes {
  readonly tokens: TokenCommands;
  readonly reads: Reads;
  readonly permissions: Permissions;
  readonly classes: readonly PatientClass[];
  /** Null when the answers have no links. */
  readonly links: StatusLinks | null;
}

const patientType = (classes: readonly PatientClass[]) =>
  oneOf(
    classes.map(({ type }) => type),
    { title: 'PatientType', description: 'A class of the hospital, highest priority first.' },
  );

const SlotOrSessionId = Type.Unsafe<string>({
  ...Id,
  description:
    "1 to 128 letters, digits and `_-.:@`, not dots alone. The id of a slot, or of a session: it means the session's next slot that still takes bookings.",
});

/** A booking as a client sends it; the classes are those of the hospital's table. */
export const bookingRequest = (classes: readonly PatientClass[]) =>
  closed(
    {
      doctor_id: Id,
      slot_id: SlotOrSessionId,
      patient_name: Name,
      patient_type: patientType(classes),
      patient_id: Type.Optional(PatientIdText),
    },
    { title: 'BookRequest' },
  );
type BookingRequest = ReturnType<typeof bookingRequest>;

/** The body of a booking. */
export const bookBody = (classes: readonly PatientClass[]): BookingRequest => ({
  ...bookingRequest(classes),
  examples: [
    {
      doctor_id: 'doc1',
      slot_id: 'doc1_slot1',
      patient_name: 'John Doe',
      patient_type: 'ONLINE_BOOKING',
    },
  ],
});

/** The command that a valid body of a booking asks for. */
export const bookCommandOf = (body: Static<BookingRequest>): BookCommand => ({
  doctorId: doctorId(body.doctor_id),
  slotId: slotId(body.slot_id),
  patientName: body.patient_name.trim(),
  patientId: patientIdOf(body.patient_id),
  patientType: body.patient_type,
});

export const CancelBody = closed(
  { token_id: Id, reason: Type.Optional(Reason) },
  {
    title: 'CancelRequest',
    examples: [{ token_id: EXAMPLE_TOKEN_ID, reason: 'called the front desk' }],
  },
);

const MoveBody = closed(
  { token_id: Id, slot_id: SlotOrSessionId },
  { title: 'MoveRequest', examples: [{ token_id: EXAMPLE_TOKEN_ID, slot_id: 'doc1_slot2' }] },
);

const reclassifyBody = (classes: readonly PatientClass[]) =>
  closed(
    { token_id: Id, patient_type: patientType(classes), reason: Reason },
    {
      title: 'ReclassifyRequest',
      examples: [{ token_id: EXAMPLE_TOKEN_ID, patient_type: 'EMERGENCY', reason: 'chest pain' }],
    },
  );

/** The longest part of a name that a search takes, in characters. */
const NAME_PART_MAX = 200;
const PAGE = { default: 50, max: 200 } as const;

const CorrectBody = Type.Unsafe<{
  readonly patient_name?: string;
  readonly patient_id?: string;
  readonly reason: string;
}>({
  ...closed({
    patient_name: Type.Optional(Name),
    patient_id: Type.Optional(PatientIdText),
    reason: Reason,
  }),
  minProperties: 2,
  title: 'CorrectRequest',
  examples: [{ patient_name: 'Asha Rao', reason: 'misspelt at the desk' }],
});

const StatusQuery = Type.Unsafe<Status | readonly Status[]>({
  anyOf: [StatusName, { type: 'array', items: StatusName, minItems: 1 }],
  description: 'One status, or several: `status=BOOKED&status=WAITING`.',
});

const NUMBER = { description: 'The printed number, 1 or more.' };
const LIMIT = {
  description: `How many tokens at most: 1 to ${PAGE.max}, ${PAGE.default} by default.`,
};

/** What a search by `GET` and one by `POST` ask for. A query has numbers as texts, a body has them as numbers. */
const searchFields = <T extends TSchema>(number: T, limit: T) => ({
  patient_id: Type.Optional(PatientIdText),
  doctor_id: Type.Optional(Type.String({ ...Id, examples: ['doc1'] })),
  date: Type.Optional(DateText),
  from: Type.Optional(DateText),
  to: Type.Optional(DateText),
  number: Type.Optional(number),
  status: Type.Optional(StatusQuery),
  name: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: NAME_PART_MAX,
      pattern: '\\S',
      description:
        'A part of the name, without regard to case or accents; together with a day or a `doctor_id`.',
    }),
  ),
  limit: Type.Optional(limit),
  cursor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1_000,
      description: '`next_cursor` of the page before.',
    }),
  ),
});

const SearchQuery = closed(
  searchFields(
    Type.String({ pattern: '^[1-9]\\d{0,8}$', ...NUMBER }),
    Type.String({ pattern: '^([1-9]\\d?|1\\d\\d|200)$', ...LIMIT }),
  ),
);

const SearchBody = closed(
  searchFields(
    Type.Integer({ minimum: 1, maximum: 999_999_999, ...NUMBER }),
    Type.Integer({ minimum: 1, maximum: PAGE.max, ...LIMIT }),
  ),
  { title: 'SearchRequest', examples: [{ patient_id: 'UHID/2024/0012' }] },
);
type SearchInput = Static<typeof SearchQuery> | Static<typeof SearchBody>;

/** The id of a patient in the form in which ids are compared; null when there is none. */
const patientIdOf = (text: string | undefined): PatientId | null =>
  text === undefined ? null : patientId(text.normalize('NFC'));

const TokenParams = idParams('The `id` in the answer to the booking.', EXAMPLE_TOKEN_ID);

/** Adds the routes by which a token is made, changed, corrected, found and read. */
export function addTokenRoutes(routes: Routes, deps: TokenRoutes): void {
  const { tokens, classes } = deps;
  addBooking(routes, deps);
  addReordering(routes, tokens, classes);
  addCorrection(routes, tokens);
  addSearches(routes, deps);
  addReads(routes, deps);
}

function addBooking(routes: Routes, { tokens, classes, links }: TokenRoutes): void {
  routes.command({
    command: 'book',
    url: '/book',
    tag: 'Tokens',
    summary: 'Book a patient into a slot',
    description:
      'The patient gets a seat when one is free or a token of a lower class can be bumped, and waits otherwise. To wait is a success too: the answer then lists `alternatives`.',
    body: bookBody(classes),
    statuses: [201],
    success: Booking,
    locationOf: ({ id }) => `/tokens/${id}`,
    run: ({ body }, context) => {
      const project = answerFor(context.identity.role, bookingOf);
      const booked = tokens.book(bookCommandOf(body), context, project);
      return links === null ? booked : links.linkedAnswer(booked);
    },
  });

  routes.command({
    command: 'cancel',
    url: '/cancel',
    tag: 'Tokens',
    summary: 'Cancel a token',
    description:
      'The token may have a seat or wait. A seat that becomes free goes to the best waiting patient, who is in `promoted`.',
    body: CancelBody,
    success: Cancellation,
    run: ({ body: { token_id, reason = null } }, context) =>
      tokens.cancel(
        { tokenId: tokenId(token_id), reason },
        context,
        answerFor(context.identity.role, cancellationOf),
      ),
  });
}

/** The commands that give a token another place in the order. */
function addReordering(
  routes: Routes,
  tokens: TokenCommands,
  classes: readonly PatientClass[],
): void {
  routes.command({
    command: 'move',
    url: '/move',
    tag: 'Tokens',
    summary: 'Move a patient to another slot',
    description:
      'The other slot may be of another doctor. The token gets a new arrival there: it ranks after the earlier bookings of its class. A seat that becomes free goes to the best waiting patient. When the move is refused, the patient stays in the old slot.',
    body: MoveBody,
    success: Reordered,
    run: ({ body }, context) =>
      tokens.move(
        { tokenId: tokenId(body.token_id), slotId: slotId(body.slot_id) },
        context,
        answerFor(context.identity.role, reorderedOf),
      ),
  });

  routes.command({
    command: 'reclassify',
    url: '/reclassify',
    tag: 'Tokens',
    summary: 'Give a patient another class',
    description:
      'The patient keeps the arrival, gets the rank of the new class, and may bump another token. The reason is stored in the history of the token.',
    body: reclassifyBody(classes),
    success: Reordered,
    run: ({ body: { token_id, patient_type, reason } }, context) =>
      tokens.reclassify(
        { tokenId: tokenId(token_id), patientType: patient_type, reason },
        context,
        reorderedOf,
      ),
  });
}

function addCorrection(routes: Routes, tokens: TokenCommands): void {
  routes.command({
    command: 'correct',
    method: 'PATCH',
    url: '/tokens/:id',
    tag: 'Tokens',
    summary: 'Correct the name or the hospital id of a patient',
    description:
      'Also of a token that is over. The place of the token does not change. The reason is stored in the history of the token, the name is not shown there.',
    params: TokenParams,
    body: CorrectBody,
    success: Token,
    run: ({ params, body }, context) =>
      tokens.correct(
        {
          tokenId: tokenId(params.id),
          patientName: body.patient_name?.trim(),
          patientId: patientIdOf(body.patient_id) ?? undefined,
          reason: body.reason,
        },
        context,
        tokenOf,
      ),
  });
}

function addSearches(routes: Routes, { reads, permissions }: TokenRoutes): void {
  const find = async (sent: SearchInput, asked: Query): Promise<Result<FoundTokensView>> => {
    const page = await reads.tokens(
      {
        ...asked,
        patientId: patientIdOf(sent.patient_id),
        doctorId: sent.doctor_id === undefined ? null : doctorId(sent.doctor_id),
        ...{ date: sent.date, from: sent.from, to: sent.to, name: sent.name },
        number: sent.number === undefined ? null : Number(sent.number),
        statuses: sent.status === undefined ? [] : [sent.status].flat(),
        limit: sent.limit === undefined ? PAGE.default : Number(sent.limit),
        cursor: sent.cursor,
      },
      { live: tokenOf, over: overTokenOf },
    );
    if (!page.ok) return page;
    const { tokens: found } = page.value;
    const tokens = await permissions.seenBy(asked.identity, found, ({ id, doctor_id }) => ({
      id: tokenId(id),
      doctorId: doctorId(doctor_id),
    }));
    return { ok: true, value: foundTokensOf({ ...page.value, tokens }) };
  };

  routes.read({
    name: 'findTokens',
    url: '/tokens',
    tag: 'Tokens',
    summary: 'Find tokens',
    description:
      'Finds the tokens that have all of what is asked for, of any age and status, the latest date first. A page can have fewer tokens than `limit`: there are more as long as `next_cursor` is not null.',
    query: SearchQuery,
    success: FoundTokens,
    codes: [],
    run: ({ query }, asked) => find(query, asked),
  });

  routes.read({
    name: 'searchTokens',
    method: 'POST',
    url: '/tokens/search',
    tag: 'Tokens',
    summary: 'Find tokens by a body',
    description:
      'The same search as `GET /tokens`, in a body instead of the URL, because proxies log URLs and an id or a name of a patient must not stand there. It changes nothing: an `Idempotency-Key` is ignored.',
    body: SearchBody,
    success: FoundTokens,
    codes: [],
    run: ({ body }, asked) => find(body, asked),
  });
}

function addReads(routes: Routes, { reads, links }: TokenRoutes): void {
  routes.read({
    name: 'readToken',
    url: '/tokens/:id',
    tag: 'Tokens',
    summary: 'Read a token',
    description: 'Finds a token of any age and status.',
    params: TokenParams,
    success: LinkedToken,
    codes: ['token_not_found'],
    run: async ({ params }, asked) => {
      const query = { ...asked, tokenId: tokenId(params.id) };
      const found = await reads.token(query, { live: tokenOf, over: overTokenOf });
      // The link lets its holder cancel.
      const isLinked = found.ok && rolesFor('cancel').includes(asked.identity.role);
      if (links === null || !isLinked) return found;
      return { ok: true, value: await links.linked<LinkedTokenView>(found.value) };
    },
  });

  routes.read({
    name: 'readTokenHistory',
    url: '/tokens/:id/history',
    tag: 'Tokens',
    summary: 'Read the changes of a token',
    description: 'Lists every change with its instant and its cause, the oldest first.',
    params: TokenParams,
    success: History,
    codes: ['token_not_found'],
    run: async ({ params: { id } }, asked) =>
      shown(await reads.history({ ...asked, tokenId: tokenId(id) }), (history) =>
        historyOf(id, history),
      ),
  });
}
