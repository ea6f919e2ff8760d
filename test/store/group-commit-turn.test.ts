import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, expect, it } from 'vitest';
import { TransientWriteError } from '../../src/store/group-commit.ts';
import { RAO, SEN } from '../support/engine/clinic.ts';
import { Disk, handled, named, statesOf, throwing } from '../support/store/disk.ts';

const FULL = new TransientWriteError('the disk is full');

let disk: Disk;
let steps: string[];
const send = (name: string, { canWait = true, prepare = (): void => undefined } = {}) =>
  handled(
    disk.commits.transact(
      [RAO],
      () => {
        steps.push(`decide ${name}`);
        return named(name);
      },
      { prepare, canWait },
    ),
  );

beforeEach(() => {
  disk = Disk.open();
  steps = [];
});

it('commands that can wait are decided at the end of the turn, one after another in the order in which they came', async () => {
  const answers = [send('a'), send('b'), send('c')];
  expect(steps).toEqual([]);
  expect(disk.commits.queueLength).toBe(3);
  expect([disk.commits.isSettled(RAO), disk.commits.isSettled(SEN)]).toEqual([false, true]);
  await turn();
  expect(steps).toEqual(['decide a', 'decide b', 'decide c']);
  await disk.succeed();
  expect(await statesOf(answers)).toEqual(['a', 'b', 'c']);
});

it('commands that can wait are decided before a later command that cannot', async () => {
  const answers = [send('a'), send('b'), send('c', { canWait: false }), send('d')];
  expect(steps).toEqual(['decide a', 'decide b', 'decide c']);
  await turn();
  expect(disk.calls).toEqual([['a', 'b', 'c', 'd']]);
  await disk.succeed();
  expect(await statesOf(answers)).toEqual(['a', 'b', 'c', 'd']);
});

it('commands that can wait are refused and not decided if the write in progress fails in that turn', async () => {
  void disk.send('a');
  await turn();
  const refused = send('b');
  await disk.fail(FULL);
  expect(await statesOf([refused])).toEqual(['NotDurableError']);
  expect(steps).toEqual([]);
});

it('commands that can wait are each prepared immediately before its decision, and a failure of that is the answer of this command alone', async () => {
  const noted = (name: string) => ({ prepare: () => void steps.push(`prepare ${name}`) });
  const answers = [send('a', noted('a')), send('b', noted('b'))];
  answers.push(send('c', { prepare: throwing(new TypeError('no row')) }), send('d'));
  await turn();
  expect(steps).toEqual(['prepare a', 'decide a', 'prepare b', 'decide b', 'decide d']);
  await disk.succeed();
  expect(await statesOf(answers)).toEqual(['a', 'b', 'TypeError', 'd']);
  expect(disk.commits.state).toBe('ready');
});

it('commands that can wait are written when the group commit drains, also those that come while it does', async () => {
  const answers = [send('a')];
  const drained = disk.commits.drain();
  await turn();
  answers.push(send('b'));
  await disk.succeed();
  await disk.succeed();
  expect(await statesOf([drained, ...answers])).toEqual([undefined, 'a', 'b']);
  expect(disk.calls).toEqual([['a'], ['b']]);
});
