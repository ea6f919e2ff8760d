import type { Registry } from 'prom-client';
import { subscribe, type ChannelName, type TelemetryEvents } from '../telemetry/index.ts';

/** A listener for one channel. It runs inside a request or a commit, so it only counts. */
export type Listen = <Name extends ChannelName>(
  name: Name,
  listener: (event: TelemetryEvents[Name]) => void,
) => void;

/** What a group of metrics is made with. */
export interface Watch {
  readonly registry: Registry;
  readonly listen: Listen;
}

/** Milliseconds in a second: Prometheus names and measures times in seconds. */
export const SECOND_MS = 1_000;

/** Makes `listen`, and the function that ends all its subscriptions. */
export function listener(onError: (error: unknown) => void): {
  readonly listen: Listen;
  readonly end: () => void;
} {
  const ends: (() => void)[] = [];
  return {
    listen: (name, count) => void ends.push(subscribe(name, count, onError)),
    end: () => {
      for (const end of ends.splice(0)) end();
    },
  };
}
