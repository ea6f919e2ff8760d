import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { spawnServer, startServer } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { runTool, type ToolRun } from '../support/process/tool.ts';

const DOCTOR = {
  id: 'rao',
  name: 'Dr Rao',
  // In this zone no day ends while the tests run, because a new day would open another slot.
  time_zone: new Date().getUTCHours() < 12 ? 'UTC' : 'Pacific/Honolulu',
  sessions: [
    {
      id: 'rao-day',
      weekdays: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
      start: '00:00',
      end: '24:00',
      capacity: 4,
    },
  ],
};
const CAMP = {
  id: 'camp',
  doctor_id: 'rao',
  start_time: '2096-01-02T04:00:00.000Z',
  end_time: '2096-01-02T06:00:00.000Z',
  capacity: 20,
};
const SENIOR = { type: 'SENIOR_CITIZEN', priority: 70 };

/** A directory with a database and files, and the programs that run on it. */
class Workspace {
  readonly #directory = tempDir();
  readonly env = { DATABASE_URL: `sqlite:${this.path('opd.db')}`, HORIZON_DAYS: '2' };

  path(name: string): string {
    return join(this.#directory, name);
  }

  /** Writes a JSON file and returns its path. */
  file(name: string, content: object): string {
    writeFileSync(this.path(name), JSON.stringify(content));
    return this.path(name);
  }

  roster(...args: readonly string[]): Promise<ToolRun> {
    return runTool('src/cli/roster.ts', args, this.env);
  }

  verify(): Promise<ToolRun> {
    return runTool('src/cli/verify.ts', [], this.env);
  }
}

const refused = (sentence: RegExp) => ({
  code: 1,
  output: '',
  errors: expect.stringMatching(sentence) as string,
});

describe('npm run roster', () => {
  it('a dry run of an import prints what the import prints and changes nothing', async () => {
    const workspace = new Workspace();
    const first = workspace.file('first.json', { doctors: [DOCTOR] });
    expect(await workspace.roster('import', first, '--apply')).toMatchObject({
      code: 0,
      errors: '',
    });
    const { output: before } = await workspace.verify();

    const named = { ...DOCTOR, name: 'Dr R. Rao' };
    const next = workspace.file('next.json', {
      patient_types: [SENIOR],
      doctors: [named],
      slots: [CAMP],
    });
    const dryRun = await workspace.roster('import', next);
    expect(dryRun).toEqual({
      code: 0,
      output: `doctor rao revised: name
slot camp of doctor rao opened
patient_types are valid; they are not stored in the database: every start reads them from ROSTER
`,
      errors: 'A dry run: nothing was changed. --apply makes the changes.\n',
    });
    expect((await workspace.verify()).output).toBe(before);
    expect(await workspace.roster('import', next, '--apply')).toEqual({ ...dryRun, errors: '' });
    const { output: after } = await workspace.verify();
    expect(after).not.toBe(before);
    expect(after).toMatch(/\nclean\n$/);
  });

  it('the export and the dry run work beside a running service, and the import when the service has stopped', async () => {
    const workspace = new Workspace();
    const ROSTER = workspace.file('roster.json', { doctors: [DOCTOR], slots: [CAMP] });
    const server = await startServer({ ...workspace.env, ROSTER });
    const target = workspace.path('exported.json');
    expect(await workspace.roster('export', target)).toEqual({ code: 0, output: '', errors: '' });
    const text = readFileSync(target, 'utf8');
    expect(JSON.parse(text)).toEqual({ doctors: [DOCTOR], slots: [CAMP] });
    expect(await workspace.roster('export', '-')).toEqual({ code: 0, output: text, errors: '' });

    const more = workspace.file('more.json', { doctors: [{ ...DOCTOR, department: 'ENT' }] });
    const revised = 'doctor rao revised: department\n';
    expect(await workspace.roster('import', more)).toMatchObject({ code: 0, output: revised });
    const inUse = /^The database \S+ is in use by another process: stop it first, .*\.\n$/;
    expect(await workspace.roster('import', more, '--apply')).toEqual(refused(inUse));
    expect(await (await server.get('/doctors/rao')).json()).not.toHaveProperty('department');
    await server.stop();

    expect(await workspace.roster('import', more, '--apply')).toMatchObject({ output: revised });
    // ROSTER is not set, so the doctors are those of the database.
    const again = await startServer(workspace.env);
    expect(await (await again.get('/doctors/rao')).json()).toMatchObject({ department: 'ENT' });
    await again.stop();
  });

  it('an exported roster that is imported into another database is exported from there unchanged', async () => {
    const [from, to] = [new Workspace(), new Workspace()];
    const server = await startServer({
      ...from.env,
      ROSTER: from.file('roster.json', { doctors: [DOCTOR], slots: [CAMP] }),
    });
    await server.post('/book', booking('WALK_IN'));
    await server.stop();
    const text = from.path('exported.json');
    await from.roster('export', text);
    expect(await to.roster('import', text, '--apply')).toMatchObject({ code: 0 });
    expect(await to.roster('export', '-')).toMatchObject({ output: readFileSync(text, 'utf8') });
    expect(await to.roster('import', text)).toMatchObject({ output: 'nothing to change\n' });
    expect(await to.roster('import', text, '--apply')).toEqual({
      code: 0,
      output: 'nothing to change\n',
      errors: '',
    });
  });

  it('an import does not change the capacity of an existing slot, and says so', async () => {
    const workspace = new Workspace();
    const wider = workspace.file('wider.json', {
      doctors: [DOCTOR],
      slots: [{ ...CAMP, capacity: 21 }],
    });
    await workspace.roster(
      'import',
      workspace.file('good.json', { doctors: [DOCTOR], slots: [CAMP] }),
      '--apply',
    );
    expect(await workspace.roster('import', wider, '--apply')).toMatchObject({
      code: 0,
      output: 'nothing to change\nslot camp left with capacity 20\n',
    });
  });

  it.each([[[]], [['--apply']]])(
    'the reason of a refused roster is printed: import %j',
    async (more) => {
      const workspace = new Workspace();
      const good = workspace.file('good.json', { doctors: [DOCTOR], slots: [CAMP] });
      await workspace.roster('import', good, '--apply');
      const { output: before } = await workspace.verify();
      const other = {
        doctors: [DOCTOR],
        slots: [{ ...CAMP, end_time: '2096-01-02T07:00:00.000Z' }],
      };
      expect(
        await workspace.roster('import', workspace.file('other.json', other), ...more),
      ).toEqual(
        refused(
          /^The roster cannot be applied, .*: slot camp: exists already, .* to 2096-01-02T06:00:00\.000Z\.\n$/,
        ),
      );
      const wrong = workspace.file('wrong.json', {
        doctors: [DOCTOR],
        slots: [{ ...CAMP, id: '' }],
      });
      expect(await workspace.roster('import', wrong, ...more)).toEqual(
        refused(/^The roster \S+ is not valid:\n {2}\/slots\/0\/id: .+\n/),
      );
      expect((await workspace.verify()).output).toBe(before);
    },
  );

  const USAGE = /^Say what to do: npm run roster -- export FILE, or npm .*\n$/;
  it.each<[args: string[], sentence: RegExp]>([
    [[], USAGE],
    [['export'], USAGE],
    [['import'], USAGE],
    [['list', 'x'], USAGE],
    [['import', 'a', 'b'], USAGE],
    [['export', 'x', '--apply'], USAGE],
    [['export', 'x', '--force'], /^Unknown option '--force'\..*--help shows the usage\.\n$/],
    [['import', 'no such file'], /^The roster cannot be read: ENOENT: .*\.\n$/],
    [['export', '-'], /^There is no doctor in sqlite:\S+: nothing to export\.\n$/],
  ])('%j is refused with a sentence', async (args, sentence) => {
    expect(await new Workspace().roster(...args)).toEqual(refused(sentence));
  });

  it('the export does not overwrite an existing file', async () => {
    const workspace = new Workspace();
    const roster = workspace.file('roster.json', { doctors: [DOCTOR] });
    await workspace.roster('import', roster, '--apply');
    expect(await workspace.roster('export', roster)).toEqual(
      refused(/^The roster cannot be written: EEXIST: .*\.\n$/),
    );
    expect(JSON.parse(readFileSync(roster, 'utf8'))).toEqual({ doctors: [DOCTOR] });
  });

  it('the export refuses a database in memory and reports wrong settings', async () => {
    const memory = { DATABASE_URL: 'memory:' };
    const nothing = refused(/^DATABASE_URL is memory: nothing is stored\.\n$/);
    expect(await runTool('src/cli/roster.ts', ['export', '-'], memory)).toEqual(nothing);
    const wrong = { DATABASE_URL: 'memory', HORIZON_DAYS: '0' };
    expect(await runTool('src/cli/roster.ts', ['export', '-'], wrong)).toEqual(
      refused(/^DATABASE_URL is not valid\. .*\nHORIZON_DAYS=0 is not valid\. .*\n$/),
    );
  });

  it('--help prints the help', async () => {
    const { code, output } = await runTool('src/cli/roster.ts', ['--help']);
    expect([code, output]).toEqual([0, expect.stringMatching(/export FILE[^]*import FILE/)]);
  });
});

const booking = (patient_type: string) => ({
  doctor_id: 'rao',
  slot_id: 'rao-day',
  patient_name: 'John Doe',
  patient_type,
});

describe('the class table of ROSTER', () => {
  it('the service uses the class table of ROSTER, and does not start when the table lacks a class in use', async () => {
    const workspace = new Workspace();
    const ROSTER = workspace.file('with.json', { patient_types: [SENIOR], doctors: [DOCTOR] });
    const without = workspace.file('without.json', { doctors: [{ ...DOCTOR, name: 'Dr New' }] });
    const server = await startServer({ ...workspace.env, ROSTER });
    const { patient_types } = (await (await server.get('/patient-types')).json()) as {
      patient_types: object[];
    };
    expect(patient_types).toContainEqual(SENIOR);
    for (let nth = 0; nth < 2; nth += 1)
      expect((await server.post('/book', booking('SENIOR_CITIZEN'))).status).toBe(201);
    await server.stop();
    const { output: before } = await workspace.verify();
    expect(before).toMatch(/\nclean\n$/);

    for (const settings of [workspace.env, { ...workspace.env, ROSTER: without }]) {
      const refusing = spawnServer(settings);
      expect(await refusing.exited).toEqual({ code: 1, signal: null });
      expect(refusing.errors).toMatch(
        /^The class table .* nothing was changed: 2 live tokens have class SENIOR_CITIZEN, which the table does not have\. .*\.\n$/,
      );
      expect((await workspace.verify()).output).toBe(before);
    }
    const again = await startServer({ ...workspace.env, ROSTER });
    expect((await again.post('/book', booking('SENIOR_CITIZEN'))).status).toBe(201);
    await again.stop();
  });
});
