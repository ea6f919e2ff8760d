import { describe, expect, it } from 'vitest';
import { Progress } from '../../bench/lib/progress.ts';

/** A stream that stores what is written to it, and a clock that the test sets. */
function observed(isTTY: boolean) {
  const written: string[] = [];
  const clock = { ms: 5_000 };
  const stream = { isTTY, write: (text: string) => written.push(text) };
  return { written, clock, progress: new Progress(stream, () => clock.ms) };
}

describe('the progress of the bench', () => {
  it('is one line for each step when the stream is not a terminal', () => {
    const { written, clock, progress } = observed(false);
    const onStep = progress.part('http', 2, 8);
    clock.ms += 12_300;
    onStep('round', 1, 3);
    progress.clear();
    expect(written).toEqual([
      'http (part 2 of 8), 0 s\n',
      'http (part 2 of 8): round 1 of 3, 12 s\n',
    ]);
  });

  it('is one line on a terminal: each step overwrites it, and the end removes it', () => {
    const { written, progress } = observed(true);
    progress.part('http', 2, 8)('round', 1, 3);
    progress.clear();
    const erase = '\r\u001b[2K';
    expect(written).toEqual([
      `${erase}http (part 2 of 8), 0 s`,
      `${erase}http (part 2 of 8): round 1 of 3, 0 s`,
      erase,
    ]);
  });
});
