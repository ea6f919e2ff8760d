import { expect, it } from 'vitest';
import { causeOf, publish, subscribe, type TelemetryEvents } from '../../src/telemetry/index.ts';

const EVENT = { stalledMs: 3 };

/** Subscribes to a channel. Returns the collected errors and the function that ends the subscription. */
function listen(onEvent: (event: TelemetryEvents['opd:commit-recovered']) => void) {
  const errors: unknown[] = [];
  const end = subscribe('opd:commit-recovered', onEvent, (error) => errors.push(error));
  return { errors, end };
}

it('an event is not built when the channel has no subscriber', () => {
  let built = 0;
  const build = () => {
    built += 1;
    return EVENT;
  };
  publish('opd:commit-recovered', build);
  expect(built).toBe(0);
  const { end } = listen(() => undefined);
  publish('opd:commit-recovered', build);
  expect(built).toBe(1);
  publish('opd:commit-stalled', () => {
    throw new Error('another channel has a subscriber, not this one');
  });
  end();
  publish('opd:commit-recovered', build);
  expect(built).toBe(1);
});

it('every subscriber of a channel receives the same event until it unsubscribes', () => {
  const received: unknown[] = [];
  const first = listen((event) => received.push(['first', event]));
  const second = listen((event) => received.push(['second', event]));
  publish('opd:commit-recovered', () => EVENT);
  first.end();
  publish('opd:commit-recovered', () => EVENT);
  second.end();
  publish('opd:commit-recovered', () => EVENT);
  expect(received).toEqual([
    ['first', EVENT],
    ['second', EVENT],
    ['second', EVENT],
  ]);
});

it("a subscriber's error goes to its own reporter, and the other subscribers still receive the event", async () => {
  const uncaught: unknown[] = [];
  const catchAll = (error: unknown) => void uncaught.push(error);
  process.on('uncaughtException', catchAll);
  const received: unknown[] = [];
  const error = new Error('of the subscriber');
  const broken = listen(() => {
    throw error;
  });
  const endBrokenReporter = subscribe(
    'opd:commit-recovered',
    () => {
      throw error;
    },
    () => {
      throw new Error('of the reporter');
    },
  );
  const working = listen((event) => received.push(event));
  publish('opd:commit-recovered', () => EVENT);
  // Node would rethrow an uncaught error on the next tick.
  await new Promise(setImmediate);
  process.off('uncaughtException', catchAll);
  broken.end();
  endBrokenReporter();
  working.end();
  expect([uncaught, broken.errors, received]).toEqual([[], [error], [EVENT]]);
});

it.each([
  [Object.assign(new TypeError('Asha Rao'), { code: '23505' }), '23505'],
  [new TypeError('Asha Rao'), 'TypeError'],
  ['Asha Rao', 'string'],
])('the cause of an error does not contain its message: %o', (error, cause) => {
  expect(causeOf(error)).toBe(cause);
});
