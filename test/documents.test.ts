import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { matchesGlob } from 'node:path';
import { expect, it } from 'vitest';
import type { TSchema } from '@sinclair/typebox';
import { BENCHES } from '../bench/bench.ts';
import {
  DEFAULT_CLASSES,
  isStatus,
  STATUSES,
  TRANSITIONS,
  type TokenChange,
  type Status,
  type Transition,
} from '../src/engine/index.ts';
import { grantsInWords } from '../src/http/description.ts';
import { PROBLEMS } from '../src/http/problem.ts';
import { DayReport, dayReportCsvOf } from '../src/http/resources/report.ts';
import { Slot } from '../src/http/resources/slot.ts';
import { Token } from '../src/http/resources/token.ts';
import type { DayReportView } from '../src/http/resources/index.ts';
import { LIMITS, parseRoster, ROLES, type Operation } from '../src/service/index.ts';
import { Settings } from '../src/settings.ts';
import { PENDING_MAX } from '../src/store/group-commit.ts';
import { RESPONSE_RETENTION_HOURS } from '../src/store/index.ts';
import {
  describedOperations,
  describedRoutes,
  faultsIn,
  type DescribedRoute,
} from './support/app/described-routes.ts';
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

// The documents are compared with the program. Where a document claims to be complete, the comparison goes both ways.

const DOCUMENTS = [
  'README.md',
  'API.md',
  'DESIGN.md',
  'bench/README.md',
  ...readdirSync(new URL('deploy/', ROOT))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `deploy/${name}`),
];
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

it('API.md lists every route in the table at its top, in the order of the sections, with a link', () => {
  const top = API.slice(0, API.indexOf('\n## '));
  expect(rowsOf(top).map(([route]) => route)).toEqual(
    routeTitles().map((title) => `[\`${title}\`](#${anchorOf(title)})`),
  );
  for (const [, purpose = ''] of rowsOf(top)) expect(purpose).not.toBe('');
});

/** The codes that the table of the common parts gives a route: in the row of its name, or in the row of its method. */
function commonCodesOf({ name }: DescribedRoute): string[] {
  const rows = rowsOf(sectionOf(API, '## Common parts'));
  const [method = ''] = name.split(' ');
  const rowOf = (title: string) => rows.find(([routes]) => codesIn(routes).includes(title));
  const [, codes] = rowOf(name) ?? rowOf(method) ?? [];
  expect(codes).toMatch(/`|^none$/);
  return codesIn(codes);
}

it.each(ROUTES)('API.md has the successes and the fields of $name', (route) => {
  const section = sectionOfRoute(route);
  const answers = /Answers[^.|]*/.exec(proseOf(section))?.[0] ?? '';
  expect((answers.match(/\b2\d\d\b/g) ?? []).toSorted()).toEqual(route.successes.toSorted());

  const fields = rowsOf(section).filter(([, required = '']) => /^(yes|no)$/.test(required));
  expect(fields.map(([name, required]) => [...codesIn(name), required])).toEqual(
    route.fields.map(({ name, isRequired }) => [name, isRequired ? 'yes' : 'no']),
  );
  for (const [index, { maximum }] of route.fields.entries())
    expect(fields[index]?.[2]).toContain(maximum?.toLocaleString('en') ?? '');
});

/** The codes of every route, and of every route that needs a key, which no section of a route lists. */
const ALWAYS = [
  ...['misdirected_request', 'internal', 'unauthenticated', 'forbidden', 'rate_limited'],
  'identity_unavailable',
];

it('API.md has the roles, and the table of who may do what', async () => {
  const section = sectionOf(API, '## Access');
  const rows = rowsOf(section).map(([name = '', words]) => [...codesIn(name), words]);
  const operations = (await describedOperations()).filter(({ security }) => security.length > 0);
  expect(rows).toEqual([
    ...Object.entries(ROLES),
    ...operations.map(({ route, id }) => [route, grantsInWords(id as Operation)]),
  ]);
});

it.each(ROUTES)('the common codes and the own codes of $name in API.md are its codes', (route) => {
  const ownLine = /^Own codes: .*$/m.exec(sectionOfRoute(route))?.[0];
  expect(ownLine).toMatch(/`|: none\.$/);
  const [common, own] = [commonCodesOf(route), codesIn(ownLine)];
  expect([common, own]).toEqual([inOrder(common), inOrder(own)]);
  // As a list, so that a code which is both common and own is found.
  expect(inOrder([...common, ...own])).toEqual(
    inOrder(route.codes.filter((code) => !ALWAYS.includes(code))),
  );
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

it('API.md has the status table', () => {
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

it('the diagram in DESIGN.md has every change of the status table, and no other', () => {
  const [diagram = ''] = blocksOf(
    sectionOf(readDocument('DESIGN.md'), '## Statuses of a token'),
    'mermaid',
  );
  const arrows = Array.from(diagram.matchAll(/^ *(\w+) --> (\w+):/gm), ([, from, to]) => [
    from,
    to,
  ]);
  const changes = Object.entries(STATUSES).flatMap(([from, { next, byOthers }]) =>
    [...next, ...byOthers].map((to) => [from, to]),
  );
  expect(arrows.toSorted()).toEqual(changes.toSorted());
});

const AHEAD = ['BOOKED', 'CHECKED_IN', 'SKIPPED', 'WAITING'];
/** The changes that are no transition, with the statuses before and after them. */
const OTHER_KINDS = {
  booked: { from: ['null'], to: ['BOOKED', 'WAITING'] },
  moved_in: { from: ['null'], to: ['BOOKED', 'CHECKED_IN', 'WAITING'] },
  moved_out: { from: AHEAD, to: ['null'] },
  reclassified: { from: AHEAD, to: [] },
  corrected: { from: Object.keys(STATUSES), to: [] },
  // An undo leads back along any change that can be taken back.
  undone: { from: [], to: [] },
} satisfies Record<Exclude<TokenChange['kind'], Transition>, object>;

/** The transitions that only what others do, or time, causes. */
const BY_OTHERS: readonly string[] = ['bumped', 'promoted', 'expired'];

/** The statuses before and after a transition, by the status table; a promotion leads to either seat status. */
function stepOf(kind: string, status: Status | null) {
  const to = status === null ? (['BOOKED', 'CHECKED_IN'] as const) : [status];
  const leadsThere = (from: Status) => {
    const { next, byOthers }: Record<'next' | 'byOthers', readonly Status[]> = STATUSES[from];
    return (BY_OTHERS.includes(kind) ? byOthers : next).includes(to[0]);
  };
  return { from: Object.keys(STATUSES).filter(isStatus).filter(leadsThere), to };
}

it('API.md has every kind of change, with the statuses before and after it', () => {
  const rows = rowsOf(sectionOf(API, '## History')).map(([kind, , from, to]) => [
    ...codesIn(kind),
    { from: codesIn(from), to: codesIn(to) },
  ]);
  const transitions = Object.entries(TRANSITIONS).map(([kind, status]) => [
    kind,
    stepOf(kind, status),
  ]);
  expect(rows).toEqual([...Object.entries(OTHER_KINDS), ...transitions]);
});

it('API.md has the class table', () => {
  const rows = rowsOf(sectionOf(API, '### GET /patient-types'));
  expect(rows.map(([type, priority]) => [...codesIn(type), Number(priority)])).toEqual(
    DEFAULT_CLASSES.map(({ type, priority }) => [type, priority]),
  );
});

it('API.md has the limits', () => {
  const section = sectionOf(API, '## Limits');
  const numbers = [...Object.values(LIMITS), PENDING_MAX, RESPONSE_RETENTION_HOURS];
  for (const number of numbers) expect(section).toContain(number.toLocaleString('en'));
});

/** What may stand at the top of the project beside files whose names begin with a dot. */
const TOP_LEVEL = [
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'LICENSE'],
  ...['README.md', 'API.md', 'DESIGN.md'],
  ...['src', 'test', 'bench', 'deploy'],
];

it('the top of the project holds the documents, the sources and what npm and TypeScript need, and nothing else', () => {
  const ignored = readDocument('.gitignore').split('\n').map(nameOf);
  const stored = readdirSync(ROOT).filter(
    (name) => !name.startsWith('.') && !ignored.some((pattern) => matchesGlob(name, pattern)),
  );
  expect(stored.toSorted()).toEqual(TOP_LEVEL.toSorted());
});

/** The name or pattern in a line of .gitignore. */
const nameOf = (line: string): string => line.replace(/^\/|\/$/g, '');

const README_LINES_MAX = 200;

it(`README.md has ${README_LINES_MAX} lines at most`, () => {
  const lines = readDocument('README.md').trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(README_LINES_MAX);
});

it.each(['npm ci && npm start', 'npm ci && npm test'])(
  'README.md has "%s" as a line to copy',
  (line) => {
    expect(blocksOf(readDocument('README.md'), 'sh')).toContain(`${line}\n`);
  },
);

it('deploy/README.md says of every setting when to change it, and of no other', () => {
  const rows = rowsOf(sectionOf(readDocument('deploy/README.md'), '## Settings'));
  expect(rows.flatMap(([name]) => codesIn(name))).toEqual(Object.keys(Settings.properties));
});

it('deploy/CHANGES.md begins with the version of package.json', () => {
  const { version } = JSON.parse(readDocument('package.json')) as { version: string };
  expect(headingsOf(readDocument('deploy/CHANGES.md'), 2)[0]).toBe(version);
});

it('bench/README.md names every part of the bench, and no other', () => {
  const named = readDocument('bench/README.md').matchAll(/--only ([\w-]+)/g);
  expect(new Set(Array.from(named, ([, name]) => name))).toEqual(new Set(Object.keys(BENCHES)));
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

/** A console block: a curl command and its output. */
function exampleOf(block: string): Example {
  const { command, status, body } =
    /^\$ (?<command>.*?)\nHTTP\/1\.1 (?<status>\d{3}) [^\n]*(\n[\w-]+: [^\n]*)*\n(\n(?<body>.*))?$/s.exec(
      block,
    )?.groups ?? {};
  if (command === undefined || status === undefined)
    throw new Error(`not a command and its output: ${block}`);
  // A stream has its events in the lines of its data.
  return { command, status, body: /^data: (.*)$/m.exec(body ?? '')?.[1] ?? body ?? '' };
}

const examplesOf = (markdown: string): Example[] => blocksOf(markdown, 'console').map(exampleOf);

/** The route of an example, and the body that it sends. */
function requestOf({ command }: Example): { route: DescribedRoute; sent: string | undefined } {
  const url = /\$OPD(\/[^\s"']*)/.exec(command)?.[1] ?? '';
  const sent = /-d '(.*)'$/s.exec(command)?.[1];
  const method = /-X (\w+)/.exec(command)?.[1] ?? (sent === undefined ? 'GET' : 'POST');
  const route = ROUTES.find((candidate) => candidate.takes(method, url));
  if (route === undefined) throw new Error(`no route takes ${method} ${url}`);
  return { route, sent };
}

it.each(ROUTES)('API.md has an example of a success of $name', (route) => {
  const examples = examplesOf(sectionOfRoute(route));
  const successes = examples.filter(({ status }) => route.successes.includes(status));
  expect(successes.map((example) => requestOf(example).route.name)).toContain(route.name);
});

it('API.md has a day report as JSON and the same report as a table', () => {
  const [json, csv] = examplesOf(sectionOf(API, '### GET /reports/day'));
  const report = JSON.parse(json?.body ?? '') as DayReportView;
  expect(csv?.body).toBe(dayReportCsvOf(report).replaceAll('\r\n', '\n'));
});

const isTable = ({ command }: Example): boolean => command.includes('Accept: text/csv');

it.each(examplesOf(API).filter((example) => !isTable(example)))(
  'API.md has an answer of $command that fits the schema',
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

/** The file that a link in a document leads to; the document itself if the link is only an anchor. */
const linked = (document: string, link: string): URL => new URL(link, new URL(document, ROOT));

it.each(DOCUMENTS)('the JSON in %s is valid, and so is every roster in it', (name) => {
  for (const block of blocksOf(readDocument(name), 'json')) {
    const value = JSON.parse(block) as object;
    if ('doctors' in value) expect(parseRoster(block)).toHaveProperty('doctors');
  }
});

it.each(DOCUMENTS)('%s names only routes, commands and files that exist', (name) => {
  const text = readDocument(name);
  const { scripts } = JSON.parse(readDocument('package.json')) as { scripts: object };

  const routes = codesIn(proseOf(text)).map((code) =>
    /^(GET|POST|PUT|PATCH|DELETE) (\/\S*)$/.exec(code),
  );
  const unknown = routes.filter(
    (named) => named && !ROUTES.some((route) => route.takes(named[1] ?? '', named[2] ?? '')),
  );
  expect(unknown.map((named) => named?.[0])).toEqual([]);

  const commands = Array.from(text.matchAll(/npm (?:run (?:-s )?([\w:-]+)|(start|test)\b)/g));
  const missing = commands.map(([, run, bare]) => run ?? bare ?? '');
  expect(missing.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);

  const links = Array.from(text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g), ([, path = '']) => path);
  expect(links.filter((path) => !existsSync(linked(name, path)))).toEqual([]);
  const paths = Array.from(
    text.matchAll(/(?:`|\bnode )((?:src|test|bench|deploy)\/[\w./-]+)/g),
    ([, path = '']) => path,
  );
  expect(paths.filter((path) => !existsSync(new URL(path, ROOT)))).toEqual([]);
});

it.each(DOCUMENTS)('the links of %s lead to headings that exist', (name) => {
  const links = Array.from(readDocument(name).matchAll(/\]\(([\w./]*)#([^)]+)\)/g));
  const broken = links.filter(([, file = '', anchor = '']) => {
    const target = readFileSync(linked(name, file), 'utf8');
    return ![1, 2, 3, 4].flatMap((level) => headingsOf(target, level)).some(leadsTo(anchor));
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

const leadsTo =
  (anchor: string) =>
  (title: string): boolean =>
    anchorOf(title) === anchor;
