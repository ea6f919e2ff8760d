import { onTestFinished } from 'vitest';
import { subscribe, type ChannelName, type TelemetryEvents } from '../../src/telemetry/index.ts';

/** Collects the events that are published on a channel from now on, until the test ends. */
export function listenTo<Name extends ChannelName>(name: Name): TelemetryEvents[Name][] {
  const events: TelemetryEvents[Name][] = [];
  const end = subscribe(
    name,
    (event) => events.push(event),
    (error) => {
      throw error;
    },
  );
  onTestFinished(end);
  return events;
}
