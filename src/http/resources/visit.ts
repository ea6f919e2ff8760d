import { Type, type Static } from '@sinclair/typebox';
import type {
  Called as EngineCalled,
  Departure,
  Moment,
  Token as EngineToken,
} from '../../engine/index.ts';
import { orNull, Text } from '../schema.ts';
import { Token, tokenFields, tokenOf, type TokenView } from './token.ts';

// What a command answers by which a patient is called or leaves.

/** The answer to a call. */
export const Called = Type.Object(
  {
    ...tokenFields,
    completed: orNull(Token),
    // Optional, because an answer that an earlier version has stored under an idempotency key lacks them.
    skipped: Type.Optional(orNull(Token)),
    promoted: Type.Optional(orNull(Token)),
  },
  {
    title: 'Called',
    description:
      'The token that was called, the token that was completed or skipped, and the token that got the seat of the skipped one.',
  },
);
export type CalledView = Static<typeof Called>;

export const calledOf = (called: EngineCalled, moment: Moment): CalledView => ({
  ...tokenOf(called.token, moment),
  completed: tokenOrNull(called.completed, moment),
  skipped: tokenOrNull(called.skipped, moment),
  promoted: tokenOrNull(called.promoted, moment),
});

const tokenOrNull = (token: EngineToken | null, moment: Moment): TokenView | null =>
  token === null ? null : tokenOf(token, moment);

/** The answer to a no-show. */
export const NoShow = Type.Object(
  { ...tokenFields, promoted: orNull(Token) },
  { title: 'NoShow', description: 'The no-show, and the token that got its seat.' },
);
export type NoShowView = Static<typeof NoShow>;

export const noShowOf = ({ token, promoted }: Departure, moment: Moment): NoShowView => ({
  ...tokenOf(token, moment),
  promoted: tokenOrNull(promoted, moment),
});

/** The answer to a cancellation. */
export const Cancellation = Type.Object(
  {
    status: Type.Literal('CANCELLED'),
    id: Text,
    promoted: orNull(Token),
  },
  { title: 'Cancellation', description: 'The cancelled token, and the token that got its seat.' },
);
export type CancelView = Static<typeof Cancellation>;

export const cancellationOf = ({ token, promoted }: Departure, moment: Moment): CancelView => ({
  status: 'CANCELLED',
  id: token.id,
  promoted: tokenOrNull(promoted, moment),
});
