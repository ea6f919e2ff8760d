import { describe, expect, it } from 'vitest';
import { doctorId } from '../../src/engine/index.ts';
import { demoRoster, parseRoster } from '../../src/service/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { durableUrl } from '../support/app/app-database.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { doctorInput } from '../support/app/doctor-input.ts';
import { file, RosterDatabase } from '../support/app/roster-database.ts';

const [DOC1] = demoRoster('Asia/Kolkata');
if (DOC1 === undefined) throw new Error('the demo has doctors');

describe('the demo doctors, when the first real roster is applied', () => {
  const REAL = file([{ ...DOC1, id: doctorId('rao'), name: 'Dr. Rao', sessions: [] }]);
  const demo = demoRoster('Asia/Kolkata');
  const listedIn = async (database: RosterDatabase): Promise<string[]> => {
    const exported = parseRoster(await database.export());
    return 'doctors' in exported ? exported.doctors.map(({ id }) => id) : [];
  };

  it('retire, and the import says so', async () => {
    const database = new RosterDatabase(await durableUrl());
    await database.import(file(demo));
    const lines = await database.import(REAL, { isDryRun: true });
    expect(lines.filter((line) => !line.startsWith('slot'))).toEqual([
      ...['doctor doc1 retired', 'doctor doc2 retired', 'doctor doc3 retired'],
      'doctor rao added',
    ]);
    expect(await database.import(REAL)).toEqual(lines);
    expect(await listedIn(database)).toEqual(['rao']);
    expect(await database.import(REAL)).toEqual(['nothing to change']);
  });

  it('a demo doctor whose id the roster gives to its own doctor becomes that doctor', async () => {
    const database = new RosterDatabase(await durableUrl());
    await database.import(file(demo));
    await database.import(file([{ ...DOC1, name: 'Dr. Rao' }]));
    expect(await listedIn(database)).toEqual(['doc1']);
  });

  it.each<[what: string, use: (opd: TestApp) => Promise<unknown>]>([
    ['a token is live', (opd) => opd.book('W1')],
    [
      'a demo doctor was changed',
      (opd) => opd.put('/doctors/doc3', doctorInput({ name: 'Dr. Sen', sessions: [] })),
    ],
    [
      'there is another doctor',
      (opd) => opd.put('/doctors/sen', doctorInput({ name: 'Dr. Sen', sessions: [] })),
    ],
    [
      'there is a single slot',
      (opd) =>
        opd.post('/slots', {
          ...{ doctor_id: 'doc1', capacity: 1 },
          ...{ start_time: '2026-11-24T12:00:00Z', end_time: '2026-11-24T13:00:00Z' },
        }),
    ],
  ])('stay when %s', async (_, use) => {
    const database = new RosterDatabase(await durableUrl());
    const opd = await openApp({ store: (engine) => openDatabase(database.url, engine) });
    await use(opd);
    await opd.store.close();
    await database.import(REAL);
    expect(await listedIn(database)).toEqual(expect.arrayContaining(['doc1', 'doc2', 'rao']));
  });

  it('stay when the roster has one of them', async () => {
    const database = new RosterDatabase(await durableUrl());
    await database.import(file(demo));
    await database.import(file([...REAL.doctors, ...demo.slice(0, 1)]));
    expect(await listedIn(database)).toEqual(['doc1', 'doc2', 'doc3', 'rao']);
  });

  it('retire at a start too, which returns their ids for the log', async () => {
    const opd = await openApp();
    const { doctors } = REAL;
    expect(await opd.service.start(() => ({ doctors, slots: [] }))).toEqual({
      retired: ['doc1', 'doc2', 'doc3'],
    });
    expect(await opd.service.start(() => ({ doctors, slots: [] }))).toEqual({ retired: [] });
  });
});
