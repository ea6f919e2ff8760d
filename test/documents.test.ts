import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { TSchema } from '@sinclair/typebox';
import {
  DEFAULT_CLASSES,
  isStatus,
  nextStatuses,
  STATUSES,
  TRANSITIONS,
  type Change,
  type Status,
  type Transition,
} from '../src/engine/index.ts';
import { PROBLEMS } from '../src/http/problem.ts';
import { reportCsvOf } from '../src/http/report-csv.ts';
import { DayReport } from '../src/http/report-schemas.ts';
import { Slot, Token } from '../src/http/schemas.ts';
import { LIMITS, parseRoster, type DayReportView } from '../src/service/index.ts';
import { Settings } from '../src/settings.ts';
import { PENDING_MAX } from '../src/store/group-commit.ts';
import { RESPONSE_RETENTION_HOURS } from '../src/store/index.ts';
import { describedRoutes, faultsIn, type DescribedRoute } from './support/app/described.ts';
import {
  anchorOf,
  blocksOf,
  codesIn,
  headingsOf,
  proseOf,
  readDocument,
  ROOT,
  rowsOf,
  sectionOf,
} from './support/markdown.ts';

// What the documents say and what the program does, compared both ways wherever a document claims to be complete.

const DOCUMENTS = ['README.md', 'API.md', 'DESIGN.md'];
const API = readDocument('API.md');
const ROUTES = await describedRoutes();
const CODES = Object.keys(PROBLEMS);

const routeTitles = (): string[] => headingsOf(sectionOf(API, '## Routes'), 3);
const sectionOfRoute = ({ name }: DescribedRoute): string => sectionOf(API, `### ${name}`);
const inOrder = (codes: readonly string[]): string[] =>
  codes.toSorted((a, b) => CODES.indexOf(a) - CODES.indexOf(b));

it('API.md has a section for every route, and for no other', () => {
  expect(routeTitles().toSorted()).toEqual(ROUTES.map(({ name }) => name).toSorted());
});

it.each(ROUTES)('API.md tells the successes, codes and fields of $name', (route) => {
  const section = sectionOfRoute(route);
  const answers = /Answers[^.|]*/.exec(proseOf(section))?.[0] ?? '';
  expect((answers.match(/\b2\d\d\b/g) ?? []).toSorted()).toEqual(route.successes.toSorted());

  const codes = codesIn(/^Codes: .*$/m.exec(section)?.[0]);
  expect(codes).toEqual(inOrder(route.codes.filter((code) => code !== 'internal')));

  const fields = rowsOf(section).filter(([, required = '']) => /^(yes|no)$/.test(required));
  expect(fields.map(([name, required]) => [...codesIn(name), required])).toEqual(
    route.fields.map(({ name, isRequired }) => [name, isRequired ? 'yes' : 'no']),
  );
  for (const [index, { maximum }] of route.fields.entries())
    expect(fields[index]?.[2]).toContain(maximum?.toLocaleString('en') ?? '');
});

it('API.md lists every error code with its status, in the order of the checks, and no other', () => {
  const rows = rowsOf(sectionOf(API, '## Errors')).map(([status, code, , , facts]) => {
    const seconds = /`retry_after`: (\d+)/.exec(facts ?? '')?.[1];
    return [status, ...codesIn(code), seconds ?? ''];
  });
  expect(rows).toEqual(
    Object.entries(PROBLEMS).map(([code, problem]) => [
      String(problem.status),
      code,
      'retryAfter' in problem ? String(problem.retryAfter) : '',
    ]),
  );
});

it.each([
  ['Token', Token],
  ['Slot', Slot],
  [
    'Day report',
    { properties: { ...DayReport.properties, ...DayReport.properties.total.properties } },
  ],
])('API.md names every field of a %s, and no other', (name, schema) => {
  const fields = rowsOf(sectionOf(API, `### ${name}`)).flatMap(([field]) => codesIn(field));
  expect(fields).toEqual(Object.keys(schema.properties));
});

it('API.md tells the status table', () => {
  const rows = rowsOf(sectionOf(API, '## Statuses')).map(([status, seated, next]) => ({
    status: codesIn(status)[0],
    seated,
    next: codesIn(next),
  }));
  expect(rows).toEqual(
    Object.entries(STATUSES).map(([status, { seated, next }]) => ({
      status,
      seated: seated ? 'yes' : 'no',
      next,
    })),
  );
});

const AHEAD = ['BOOKED', 'CHECKED_IN', 'WAITING'];
/** The changes that are no transition: the statuses they come from and lead to. */
const OTHER_KINDS = {
  booked: { from: ['null'], to: ['BOOKED', 'WAITING'] },
  moved_in: { from: ['null'], to: AHEAD },
  moved_out: { from: AHEAD, to: ['null'] },
  reclassified: { from: AHEAD, to: [] },
} satisfies Record<Exclude<Change['kind'], Transition | 'doctor_set' | 'slot_set'>, object>;

/** What the status table says of a transition; a promotion goes by its first status, and leads to the seat status. */
function stepOf(status: Status | null) {
  const to = status === null ? (['BOOKED', 'CHECKED_IN'] as const) : [status];
  const leadsThere = (from: Status) => nextStatuses(from).includes(to[0]);
  return { from: Object.keys(STATUSES).filter(isStatus).filter(leadsThere), to };
}

it('API.md tells the kinds of changes, and between which statuses each is', () => {
  const rows = rowsOf(sectionOf(API, '## History')).map(([kind, , from, to]) => [
    ...codesIn(kind),
    { from: codesIn(from), to: codesIn(to) },
  ]);
  const transitions = Object.entries(TRANSITIONS).map(([kind, status]) => [kind, stepOf(status)]);
  expect(rows).toEqual([...Object.entries(OTHER_KINDS), ...transitions]);
});

it('API.md tells the class table', () => {
  const rows = rowsOf(sectionOf(API, '### GET /patient-types'));
  expect(rows.map(([type, priority]) => [...codesIn(type), Number(priority)])).toEqual(
    DEFAULT_CLASSES.map(({ type, priority }) => [type, priority]),
  );
});

it('API.md tells the limits', () => {
  const section = sectionOf(API, '## Limits');
  const numbers = [...Object.values(LIMITS), PENDING_MAX, RESPONSE_RETENTION_HOURS];
  for (const number of numbers) expect(section).toContain(number.toLocaleString('en'));
});

it('README.md lists every setting with its default, and no other', () => {
  const rows = rowsOf(sectionOf(readDocument('README.md'), '## Settings'));
  expect(rows.map(([name, value]) => [...codesIn(name), codesIn(value)])).toEqual(
    Object.entries(Settings.properties).map(([name, schema]: [string, TSchema]) => [
      name,
      schema.default === undefined ? [] : [String(schema.default)],
    ]),
  );
});

interface Example {
  readonly command: string;
  readonly status: string;
  readonly body: string;
}

/** A console block: a curl command, then what it printed. */
function exampleOf(block: string): Example {
  const { command, status, body } =
    /^\$ (?<command>.*?)\nHTTP\/1\.1 (?<status>\d{3}) [^\n]*(\n[\w-]+: [^\n]*)*\n(\n(?<body>.*))?$/s.exec(
      block,
    )?.groups ?? {};
  if (command === undefined || status === undefined)
    throw new Error(`not a command and its answer: ${block}`);
  return { command, status, body: body ?? '' };
}

const examplesOf = (markdown: string): Example[] => blocksOf(markdown, 'console').map(exampleOf);

/** The route that an example asks, and the body it sends. */
function requestOf({ command }: Example): { route: DescribedRoute; sent: string | undefined } {
  const url = /\$OPD(\/[^\s"']*)/.exec(command)?.[1] ?? '';
  const sent = /-d '(.*)'$/s.exec(command)?.[1];
  const method = /-X (\w+)/.exec(command)?.[1] ?? (sent === undefined ? 'GET' : 'POST');
  const route = ROUTES.find((candidate) => candidate.takes(method, url));
  if (route === undefined) throw new Error(`no route takes ${method} ${url}`);
  return { route, sent };
}

it.each(ROUTES)('API.md shows $name at work', (route) => {
  const examples = examplesOf(sectionOfRoute(route));
  const successes = examples.filter(({ status }) => route.successes.includes(status));
  expect(successes.map((example) => requestOf(example).route.name)).toContain(route.name);
});

it('API.md shows a day report as JSON and the same as a table', () => {
  const [json, csv] = examplesOf(sectionOf(API, '### GET /reports/day'));
  const report = JSON.parse(json?.body ?? '') as DayReportView;
  expect(csv?.body).toBe(reportCsvOf(report).replaceAll('\r\n', '\n'));
});

const isTable = ({ command }: Example): boolean => command.includes('Accept: text/csv');

it.each(examplesOf(API).filter((example) => !isTable(example)))(
  'API.md shows a real answer of $command',
  async (example) => {
    const { route, sent } = requestOf(example);
    if (sent !== undefined && example.status < '300')
      expect(await faultsIn(route.bodySchema ?? {}, JSON.parse(sent))).toBe('');
    if (example.body === '') return;
    const body = JSON.parse(example.body) as { readonly code?: keyof typeof PROBLEMS };
    const schema = route.answerSchema(example.status);
    expect(schema).toBeDefined();
    expect(await faultsIn(schema ?? {}, body)).toBe('');
    if (body.code !== undefined) {
      const { status, title, detail } = PROBLEMS[body.code];
      expect(body).toMatchObject({ status, title, detail });
    }
  },
);

it.each(DOCUMENTS)('the JSON in %s is JSON, and a roster in it one that works', (name) => {
  for (const block of blocksOf(readDocument(name), 'json')) {
    const value = JSON.parse(block) as object;
    if ('doctors' in value) expect(parseRoster(block)).toHaveProperty('doctors');
  }
});

it.each(DOCUMENTS)('%s names only routes, commands and files that there are', (name) => {
  const text = readDocument(name);
  const { scripts } = JSON.parse(readDocument('package.json')) as { scripts: object };

  const routes = codesIn(proseOf(text)).map((code) =>
    /^(GET|POST|PUT|PATCH|DELETE) (\/\S*)$/.exec(code),
  );
  const unknown = routes.filter(
    (named) => named && !ROUTES.some((route) => route.takes(named[1] ?? '', named[2] ?? '')),
  );
  expect(unknown.map((named) => named?.[0])).toEqual([]);

  const commands = Array.from(text.matchAll(/npm (?:run ([\w:-]+)|(start|test)\b)/g));
  const missing = commands.map(([, run, bare]) => run ?? bare ?? '');
  expect(missing.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);

  const links = Array.from(text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g), ([, path = '']) => path);
  const paths = Array.from(text.matchAll(/`((?:src|test|bench)\/[\w./-]+)`/g), ([, path]) => path);
  const files = [...links, ...paths].filter((path) => path !== undefined);
  expect(files.filter((path) => !existsSync(new URL(path, ROOT)))).toEqual([]);
});

it.each(DOCUMENTS)('the links of %s lead to headings that there are', (name) => {
  const links = Array.from(readDocument(name).matchAll(/\]\(([\w.]*)#([^)]+)\)/g));
  const broken = links.filter(([, file = '', anchor = '']) => {
    const target = readDocument(file === '' ? name : file);
    return ![1, 2, 3, 4].flatMap((level) => headingsOf(target, level)).some(leadsTo(anchor));
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

const leadsTo =
  (anchor: string) =>
  (title: string): boolean =>
    anchorOf(title) === anchor;
