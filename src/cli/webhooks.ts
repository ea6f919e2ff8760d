import type { Logger } from 'pino';
import { publishRun } from '../telemetry/index.ts';
import { Webhooks, type WebhooksDeps } from '../webhooks/index.ts';
import { readVersion } from './program.ts';

/** What tells other systems of events. Its faults are logged and retried, and no command waits for it. */
export const createWebhooks = (
  deps: Pick<WebhooksDeps, 'database' | 'allowsPrivate' | 'bodyOf' | 'clock'>,
  logger: Logger,
): Webhooks =>
  new Webhooks({
    ...deps,
    version: readVersion(),
    onRun: publishRun,
    onFault: (error, webhook) =>
      logger.warn(
        { err: error, webhook },
        'The record cannot be read, or the progress of a webhook cannot be stored: it is retried.',
      ),
  });
