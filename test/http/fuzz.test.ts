import { expect, inject, it, onTestFinished } from 'vitest';
import { Findings } from '../../bench/fuzz/findings.ts';
import { FuzzedService } from '../../bench/fuzz/fuzzed-service.ts';
import { Round, STARTS } from '../../bench/fuzz/round.ts';
import { Random } from '../../bench/lib/random.ts';
import { durableUrl } from '../support/app/app-database.ts';
import { casesOf, rerun, seed } from '../support/seed.ts';

// `npm run fuzz` sends many more of these requests.

const databases: readonly [name: string, url: () => Promise<string>, requests: number][] = inject(
  'isPostgres',
)
  ? [['PostgreSQL', durableUrl, casesOf(1_200)]]
  : [
      ['memory', () => Promise.resolve('memory:'), casesOf(8_000)],
      ['SQLite', durableUrl, casesOf(8_000)],
    ];

it.each(databases)(
  `every answer to random requests is as described, on %s ${rerun}`,
  async (_name, url, requests) => {
    const service = await FuzzedService.open(await url(), new Random(seed).pick(STARTS));
    onTestFinished(() => service.close());
    const findings = new Findings();
    const round = await Round.begin(service, { seed, findings });
    await round.run(requests);
    expect(findings.all).toEqual([]);
    expect(findings.requests).toBe(requests);
  },
);
