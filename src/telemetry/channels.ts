import { channel, type Channel } from 'node:diagnostics_channel';
import type { ChannelName, TelemetryEvents } from './events.ts';

/** All channels, made once, because a look-up by name would cost time at every event. */
const CHANNELS: Readonly<Record<ChannelName, Channel>> = {
  'opd:commit': channel('opd:commit'),
  'opd:commit-stalled': channel('opd:commit-stalled'),
  'opd:commit-recovered': channel('opd:commit-recovered'),
  'opd:transaction': channel('opd:transaction'),
  'opd:database-unreachable': channel('opd:database-unreachable'),
  'opd:database-reachable': channel('opd:database-reachable'),
  'opd:store-failed': channel('opd:store-failed'),
  'opd:connection-refused': channel('opd:connection-refused'),
  'opd:admission-refused': channel('opd:admission-refused'),
  'opd:command': channel('opd:command'),
  'opd:decision': channel('opd:decision'),
  'opd:background-run': channel('opd:background-run'),
  'opd:request-started': channel('opd:request-started'),
  'opd:request': channel('opd:request'),
  'opd:request-refused': channel('opd:request-refused'),
  'opd:events-sent': channel('opd:events-sent'),
  'opd:event-reader-cut': channel('opd:event-reader-cut'),
  'opd:log-dropped': channel('opd:log-dropped'),
  'opd:webhook-delivery': channel('opd:webhook-delivery'),
};

/**
 * Hands an event to all subscribers of its channel, synchronously.
 * @param build makes the payload; it is not called when the channel has no subscriber
 */
export function publish<Name extends ChannelName>(
  name: Name,
  build: () => TelemetryEvents[Name],
): void {
  const target = CHANNELS[name];
  if (target.hasSubscribers) target.publish(build());
}

/** Whether a channel has a subscriber: what only an event needs is not computed when it has none. */
export const isWatched = (name: ChannelName): boolean => CHANNELS[name].hasSubscribers;

/**
 * Subscribes to a channel.
 *
 * Node rethrows what a subscriber throws as an uncaught exception, which would end the process. The wrapper catches it
 * and passes it to `onError`, because watching the service must never stop it.
 * @param listener runs synchronously inside the command or task that publishes, so it must be short
 * @param onError receives what the listener throws; what `onError` itself throws is dropped
 * @returns a function that ends the subscription
 */
export function subscribe<Name extends ChannelName>(
  name: Name,
  listener: (event: TelemetryEvents[Name]) => void,
  onError: (error: unknown) => void,
): () => void {
  const guarded = (event: unknown): void => {
    try {
      listener(event as TelemetryEvents[Name]);
    } catch (error) {
      report(error, onError);
    }
  };
  const target = CHANNELS[name];
  target.subscribe(guarded);
  return () => {
    target.unsubscribe(guarded);
  };
}

function report(error: unknown, onError: (error: unknown) => void): void {
  try {
    onError(error);
  } catch {
    // A broken reporter must not stop the service either, and no other reporter exists.
  }
}

/**
 * Names an error for a payload: its code, otherwise the name of its class. The message is left out, because a message
 * of a database or of a bug may quote a row with a patient in it.
 */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
