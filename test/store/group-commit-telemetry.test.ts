import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, expect, it, vi } from 'vitest';
import { TransientWriteError } from '../../src/store/group-commit.ts';
import { subscribe } from '../../src/telemetry/index.ts';
import { doctorFacts, NOW, RAO } from '../support/engine/clinic.ts';
import { Disk, handled, named, statesOf } from '../support/store/disk.ts';
import { listenTo } from '../support/telemetry.ts';

const FULL = new TransientWriteError('the disk is full');

let disk: Disk;

beforeEach(() => {
  disk = Disk.open();
});

it('a batch that is durable is published with its commands, its changes and its times', async () => {
  const events = listenTo('opd:commit');
  const doctor = doctorFacts({ id: RAO });
  const change = { kind: 'doctor_set', doctorId: RAO, version: 1, at: NOW, doctor } as const;
  void disk.send('first');
  await turn();
  void handled(disk.commits.transact([RAO], () => ({ ...named('a'), changes: [change, change] })));
  await vi.advanceTimersByTimeAsync(7);
  void disk.send('b');
  await vi.advanceTimersByTimeAsync(3);
  await disk.succeed();
  await vi.advanceTimersByTimeAsync(20);
  await disk.succeed();
  expect(events).toEqual([
    { commands: 1, changes: 0, queueMs: 0, writeMs: 10 },
    { commands: 2, changes: 2, queueMs: 10, writeMs: 20 },
  ]);
});

it('a stall is published once with its cause, and its end once with its duration', async () => {
  const stalled = listenTo('opd:commit-stalled');
  const recovered = listenTo('opd:commit-recovered');
  void disk.send('a');
  await turn();
  for (let tries = 0; tries < 3; tries += 1) {
    await disk.fail(FULL);
    await vi.advanceTimersByTimeAsync(250);
  }
  expect(recovered).toEqual([]);
  await disk.succeed();
  expect(stalled).toEqual([{ cause: 'the disk is full' }]);
  expect(recovered).toEqual([{ stalledMs: 750 }]);
});

it('a failure is published with a cause that contains no message', async () => {
  const failed = listenTo('opd:store-failed');
  void disk.send('a');
  await turn();
  await disk.fail(new Error('NOT NULL failed for Asha Rao'));
  expect(failed).toEqual([{ cause: 'Error' }]);
});

it('a subscriber that throws does not affect any command', async () => {
  const errors: unknown[] = [];
  const broken = new Error('of the subscriber');
  const end = subscribe(
    'opd:commit',
    () => {
      throw broken;
    },
    (error) => errors.push(error),
  );
  const answers = [disk.send('a')];
  await turn();
  answers.push(disk.send('b'));
  await disk.succeed();
  await disk.succeed();
  end();
  expect(await statesOf(answers)).toEqual(['a', 'b']);
  expect(errors).toEqual([broken, broken]);
});
