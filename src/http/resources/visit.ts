import { Type, type Static } from '@sinclair/typebox';
import type { Called as EngineCalled, Departure, Moment } from '../../engine/index.ts';
import { orNull, Text } from '../schema.ts';
import { Token, tokenFields, tokenOf } from './token.ts';

// What a command answers by which a patient is called or leaves.

/** The answer to a call. */
export const Called = Type.Object(
  { ...tokenFields, completed: orNull(Token) },
  { title: 'Called', description: 'The token that was called, and the token that was completed.' },
);
export type CalledView = Static<typeof Called>;

export const calledOf = ({ token, completed }: EngineCalled, moment: Moment): CalledView => ({
  ...tokenOf(token, moment),
  completed: completed === null ? null : tokenOf(completed, moment),
});

/** The answer to a no-show. */
export const NoShow = Type.Object(
  { ...tokenFields, promoted: orNull(Token) },
  { title: 'NoShow', description: 'The no-show, and the token that got its seat.' },
);
export type NoShowView = Static<typeof NoShow>;

export const noShowOf = ({ token, promoted }: Departure, moment: Moment): NoShowView => ({
  ...tokenOf(token, moment),
  promoted: promoted === null ? null : tokenOf(promoted, moment),
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
  promoted: promoted === null ? null : tokenOf(promoted, moment),
});
