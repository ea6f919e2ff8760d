import { call, type Schemas } from '../lib/client.ts';
import { say } from '../lib/words.ts';
import type { WordKey } from '../words/en.ts';
import type { ClassName, Token } from './day.ts';
import { givenOf } from './field.ts';
import { report } from './outcome.ts';
import { peopleOf, type Effects, type TokensBefore } from './people.ts';
import type { TokenActName } from './view.ts';

type Status = Schemas['TokenStatus'];
type Values = Readonly<Record<string, string>>;

/** What a desk can do with a token. */
export interface TokenAct {
  /** The letter that does it while the token has the focus. */
  readonly key: string;
  readonly label: WordKey;
  /** The words when it is done. */
  readonly done: WordKey;
  /** The statuses in which it is offered. The service decides whether it is allowed. */
  readonly from: readonly Status[];
  /** The fields that the user fills in. Without fields the act is sent at once. */
  readonly fields: readonly TokenActField[];
  /** Whether `POST /undo` takes it back. */
  readonly canUndo: boolean;
  readonly send: (token: Token, values: Values) => Promise<Effects>;
}

export type TokenActField =
  'room' | 'reason' | 'slot_id' | 'patient_type' | 'patient_name' | 'patient_id' | 'force';

const LIVE: readonly Status[] = ['BOOKED', 'CHECKED_IN', 'SKIPPED', 'WAITING'];

/** The acts in the order in which they are shown. */
export const TOKEN_ACTS = {
  check_in: {
    key: 'i',
    label: 'desk.checkIn',
    done: 'desk.done.checkIn',
    from: ['BOOKED', 'SKIPPED'],
    fields: [],
    canUndo: true,
    send: ({ id }) => call('post', '/check-in', { body: { token_id: id } }).then(() => ({})),
  },
  start: {
    key: 'c',
    label: 'desk.start',
    done: 'desk.done.start',
    from: ['CHECKED_IN', 'BOOKED', 'SKIPPED'],
    fields: ['room'],
    canUndo: true,
    send: ({ id }, values) =>
      call('post', '/start', { body: { token_id: id, ...givenOf(values, 'room') } }).then(
        () => ({}),
      ),
  },
  complete: {
    key: 'd',
    label: 'desk.complete',
    done: 'desk.done.complete',
    from: ['IN_CONSULTATION'],
    fields: [],
    canUndo: true,
    send: ({ id }) => call('post', '/complete', { body: { token_id: id } }).then(() => ({})),
  },
  skip: {
    key: 's',
    label: 'desk.skip',
    done: 'desk.done.skip',
    from: ['CHECKED_IN', 'IN_CONSULTATION'],
    fields: [],
    canUndo: true,
    send: ({ id }) => call('post', '/skip', { body: { token_id: id } }),
  },
  no_show: {
    key: 'n',
    label: 'desk.noShow',
    done: 'desk.done.noShow',
    from: ['BOOKED', 'CHECKED_IN', 'SKIPPED', 'IN_CONSULTATION'],
    fields: ['force'],
    canUndo: true,
    send: ({ id }, values) =>
      call('post', '/no-show', {
        body: { token_id: id, ...(values['force'] === undefined ? {} : { force: true }) },
      }),
  },
  move: {
    key: 'm',
    label: 'desk.move',
    done: 'desk.done.move',
    from: LIVE,
    fields: ['slot_id'],
    canUndo: false,
    send: ({ id }, { slot_id = '' }) => call('post', '/move', { body: { token_id: id, slot_id } }),
  },
  reclassify: {
    key: 'r',
    label: 'desk.reclassify',
    done: 'desk.done.reclassify',
    from: LIVE,
    fields: ['patient_type', 'reason'],
    canUndo: false,
    send: ({ id }, { patient_type = '', reason = '' }) =>
      call('post', '/reclassify', {
        body: { token_id: id, patient_type: patient_type as ClassName, reason },
      }),
  },
  correct: {
    key: 'e',
    label: 'desk.correct',
    done: 'desk.done.correct',
    from: [...LIVE, 'IN_CONSULTATION', 'COMPLETED'],
    fields: ['patient_name', 'patient_id', 'reason'],
    canUndo: false,
    send: ({ id }, values) =>
      call('patch', '/tokens/{id}', {
        path: { id },
        body: { reason: values['reason'] ?? '', ...givenOf(values, 'patient_name', 'patient_id') },
      }).then(() => ({})),
  },
  cancel: {
    key: 'x',
    label: 'desk.cancel',
    done: 'desk.done.cancel',
    from: LIVE,
    fields: ['reason'],
    canUndo: true,
    send: ({ id }, values) =>
      call('post', '/cancel', { body: { token_id: id, ...givenOf(values, 'reason') } }),
  },
  undo: {
    key: 'u',
    label: 'desk.undo',
    done: 'desk.done.undo',
    from: ['CHECKED_IN', 'SKIPPED', 'IN_CONSULTATION', 'COMPLETED', 'CANCELLED', 'NO_SHOW'],
    fields: ['reason'],
    canUndo: false,
    send: ({ id }, { reason = '' }) => call('post', '/undo', { body: { token_id: id, reason } }),
  },
} as const satisfies Readonly<Record<TokenActName, TokenAct>>;

/** The names of the acts that a token of this status allows. */
export const actsFor = (status: Status): readonly TokenActName[] =>
  (Object.keys(TOKEN_ACTS) as TokenActName[]).filter((name) =>
    (TOKEN_ACTS[name] as TokenAct).from.includes(status),
  );

/**
 * Whether the act asks the user for something before it is sent. A room is asked for when the doctor has several, and
 * whether a no-show is forced only after the service has refused it.
 */
export const asksFirst = (name: TokenActName, rooms: number): boolean =>
  (TOKEN_ACTS[name] as TokenAct).fields.some(
    (field) => field !== 'force' && (field !== 'room' || rooms > 1),
  );

/**
 * Sends an act, and reports what it has done.
 * @param before the tokens as the desk shows them
 * @throws RefusedError, UnreachableError as `call`
 */
export async function runTokenAct(
  name: TokenActName,
  token: Token,
  { values = {}, before }: { readonly values?: Values; readonly before: TokensBefore },
): Promise<void> {
  const act: TokenAct = TOKEN_ACTS[name];
  const answer = await act.send(token, values);
  report({
    words: say(act.done, { number: token.number, name: token.patient_name }),
    token,
    canUndo: act.canUndo,
    people: peopleOf(answer, before),
  });
}
