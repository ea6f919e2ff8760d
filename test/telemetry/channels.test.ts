import { expect, it } from 'vitest';
import { causeOf, publish, subscribe, type TelemetryEvents } from '../../src/telemetry/index.ts';

const EVENT = { stalledMs: 3 };

/** What a subscriber hears, and how it ends; its errors are kept too. */
function listen(onEvent: (event: TelemetryEvents['opd:commit-recovered']) => void) {
  const errors: unknown[] = [];
  const end = subscribe('opd:commit-recovered', onEvent, (error) => errors.push(error));
  return { errors, end };
}

it('builds nothing when nobody subscribes to the channel', () => {
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

it('hands the same event to every subscriber of the channel, until each has unsubscribed', () => {
  const heard: unknown[] = [];
  const first = listen((event) => heard.push(['first', event]));
  const second = listen((event) => heard.push(['second', event]));
  publish('opd:commit-recovered', () => EVENT);
  first.end();
  publish('opd:commit-recovered', () => EVENT);
  second.end();
  publish('opd:commit-recovered', () => EVENT);
  expect(heard).toEqual([
    ['first', EVENT],
    ['second', EVENT],
    ['second', EVENT],
  ]);
});

it('passes what a subscriber throws to its own reporter, and goes on with the others', async () => {
  const uncaught: unknown[] = [];
  const catchAll = (error: unknown) => void uncaught.push(error);
  process.on('uncaughtException', catchAll);
  const heard: unknown[] = [];
  const error = new Error('of the subscriber');
  const broken = listen(() => {
    throw error;
  });
  const endWorse = subscribe(
    'opd:commit-recovered',
    () => {
      throw error;
    },
    () => {
      throw new Error('of the reporter');
    },
  );
  const sound = listen((event) => heard.push(event));
  publish('opd:commit-recovered', () => EVENT);
  // Node would rethrow on the next tick.
  await new Promise(setImmediate);
  process.off('uncaughtException', catchAll);
  broken.end();
  endWorse();
  sound.end();
  expect([uncaught, broken.errors, heard]).toEqual([[], [error], [EVENT]]);
});

it.each([
  [Object.assign(new TypeError('Asha Rao'), { code: '23505' }), '23505'],
  [new TypeError('Asha Rao'), 'TypeError'],
  ['Asha Rao', 'string'],
])('names a cause without its message: %o', (error, cause) => {
  expect(causeOf(error)).toBe(cause);
});
