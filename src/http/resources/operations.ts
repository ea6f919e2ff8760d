import { Type, type Static } from '@sinclair/typebox';

/** The answer of a process that lives. */
export const Health = Type.Object(
  { status: Type.Literal('ok') },
  { title: 'Health', description: 'The process runs.' },
);
export type HealthView = Static<typeof Health>;

export const HEALTHY: HealthView = { status: 'ok' };

/** The answer of a service that takes commands. */
export const Readiness = Type.Object(
  {
    status: Type.Literal('ready'),
    durable: Type.Boolean({ description: 'False when a restart loses everything.' }),
  },
  { title: 'Readiness', description: 'The service accepts commands.' },
);
export type ReadinessView = Static<typeof Readiness>;

export const readinessOf = (isDurable: boolean): ReadinessView => ({
  status: 'ready',
  durable: isDurable,
});
