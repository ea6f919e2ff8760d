import { execFileSync } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { faultOfRequest, type FuzzAnswer } from '../../bench/fuzz/answer-check.ts';
import { curlOf, netcatOf } from '../../bench/fuzz/commands.ts';
import { Findings, type Finding } from '../../bench/fuzz/findings.ts';
import { FuzzedService, HangError } from '../../bench/fuzz/fuzzed-service.ts';
import type { Operation } from '../../bench/fuzz/operations.ts';
import { RawJson } from '../../bench/fuzz/raw-json.ts';
import { bytesOf, type FuzzRequest } from '../../bench/fuzz/requests.ts';
import { Round, STARTS, type FuzzTarget } from '../../bench/fuzz/round.ts';
import { runTool } from '../support/process/tool.ts';
import { rerun, seed } from '../support/seed.ts';

/** The seed of these runs. It is fixed, because a run of few requests does not meet every lie with every seed. */
const SEED = 1;
const REQUESTS = 60;
/** The routes that get requests. They are few, so that the requests do not depend on the routes that are added. */
const PATHS = ['/book', '/schedule'];
/** The stream of events, and a route for malformed requests, which a stream does not get. */
const STREAM_PATHS = ['/events', '/health'];

/** Replaces functions of an honest service. */
type Lies = (honest: FuzzTarget) => Partial<FuzzTarget>;

/** What a run finds of a service that is honest except for these functions. */
async function findingsOf(lies: Lies, paths = PATHS): Promise<readonly Finding[]> {
  const service = await FuzzedService.open('memory:', STARTS[0] ?? 0);
  onTestFinished(() => service.close());
  const honest: FuzzTarget = {
    get now() {
      return service.now;
    },
    advance: (ms) => service.advance(ms),
    send: (request) => service.send(request),
    read: async (url) => {
      const answer = await service.read(url);
      return url === '/openapi.json' ? { ...answer, text: ofPaths(answer.text, paths) } : answer;
    },
    exchange: () => Promise.resolve(''),
    verify: () => service.verify(),
  };
  const findings = new Findings();
  const round = await Round.begin({ ...honest, ...lies(honest) }, { seed: SEED, findings });
  await round.run(REQUESTS);
  return findings.all;
}

/** A description of these paths alone. */
function ofPaths(description: string, wanted: readonly string[]): string {
  const { paths, ...others } = JSON.parse(description) as { readonly paths: object };
  const left = Object.entries(paths).filter(([path]) => wanted.includes(path));
  return JSON.stringify({ ...others, paths: Object.fromEntries(left) });
}

type Lie = (answer: FuzzAnswer, request: FuzzRequest) => Partial<FuzzAnswer>;

/** Changes the answers to bookings, or of another operation. */
const lying =
  (lie: Lie, operation = 'book'): Lies =>
  (honest) => ({
    send: async (request) => {
      const answer = await honest.send(request);
      return request.operation.id === operation ? { ...answer, ...lie(answer, request) } : answer;
    },
  });

const withText =
  (change: (text: string) => string): Lie =>
  ({ text }) => ({ text: change(text) });

/** Answers every booking that is refused with the last booking that was accepted. */
function acceptingAll(): Lie {
  let accepted: FuzzAnswer | undefined;
  return (answer) => {
    if (answer.status === 201) accepted = answer;
    return answer.status === 400 ? (accepted ?? answer) : answer;
  };
}

const namesEmergency = (request: FuzzRequest): boolean =>
  bytesOf(request)?.includes('"EMERGENCY"') ?? false;

describe('the fuzzer finds', () => {
  it.each<[what: string, rule: string, lie: Lie]>([
    ['a status of 500', 'the service failed', () => ({ status: 500 })],
    ['a status that is not described', 'the status is not described', () => ({ status: 418 })],
    [
      'another media type',
      'the media type is not described',
      () => ({ headers: { 'content-type': 'text/html' } }),
    ],
    ['a body that breaks off', 'the body is not JSON', withText((text) => text.slice(0, -1))],
    [
      'a member of another type',
      'the body does not fit its schema',
      withText((text) => text.replace(/"number":\d+/, '"number":"one"')),
    ],
    [
      'a missing member',
      'the body does not fit its schema',
      withText((text) => text.replace(/"number":\d+,/, '')),
    ],
    [
      'a member that is not described',
      'the body does not fit its schema',
      ({ status, text }) => (status === 201 ? { text: text.replace('{', '{"stack":"at x",') } : {}),
    ],
    [
      'a code of another status',
      'the body does not fit its schema',
      withText((text) => text.replace('"code":"invalid_request"', '"code":"internal"')),
    ],
    [
      'a problem whose type is not that of its code',
      'the problem contradicts itself',
      withText((text) => text.replace('urn:opd:problem:', 'urn:other:')),
    ],
    ['an invalid request that is accepted', 'an invalid request is accepted', acceptingAll()],
  ])('%s', async (_what, rule, lie) => {
    const found = await findingsOf(lying(lie));
    expect(found.map(({ where, rule, command }) => [where, rule, command])).toContainEqual([
      ...['book', rule],
      expect.stringMatching(/\bcurl -i /),
    ]);
  });

  it.each<[what: string, rule: string, lie: Lie]>([
    [
      'a stream of another media type',
      'the media type is not described',
      ({ headers }) => ({ headers: { ...headers, 'content-type': 'text/plain' } }),
    ],
    [
      'a stream that begins without a cursor',
      'the stream begins with other frames',
      withText((text) => text.replace(/^id: .*$/m, 'id: ')),
    ],
    [
      'a stream that does not reset a client whose cursor is unknown',
      'the stream begins with other frames',
      withText((text) => text.replace('event: reset', 'event: token.booked')),
    ],
    [
      'a stream for an invalid request',
      'an invalid request is accepted',
      ({ status }) =>
        status === 400
          ? {
              ...{ status: 200, text: 'retry: 2000\nid: MA\n\n' },
              headers: { 'content-type': 'text/event-stream; charset=utf-8' },
            }
          : {},
    ],
  ])('%s', async (_what, rule, lie) => {
    const found = await findingsOf(lying(lie, 'readEvents'), STREAM_PATHS);
    expect(found.map(({ where, rule }) => [where, rule])).toContainEqual(['readEvents', rule]);
  });

  it('no fault in honest streams', async () => {
    expect(await findingsOf(() => ({}), STREAM_PATHS)).toEqual([]);
  });

  it('a request that has no answer', async () => {
    const send = () => Promise.reject(new HangError('there is no answer after 20 s'));
    const [finding] = await findingsOf(() => ({ send }));
    expect(finding).toMatchObject({
      rule: 'there is no answer',
      detail: 'HangError: there is no answer after 20 s',
    });
  });

  it.each<[what: string, rule: string, answer: string | undefined]>([
    ['a connection that stays open', 'the connection stays open', undefined],
    ['bytes that are no answer', 'the answer is not HTTP', 'HTTP/1.1 200\r\n\r\nHELLO'],
    [
      'an answer that breaks off',
      'the answer is not HTTP',
      'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{',
    ],
    [
      'a status of 500',
      'the service failed',
      'HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    ],
  ])('%s after a malformed request', async (_what, rule, answer) => {
    expect(await findingsOf(() => ({ exchange: () => Promise.resolve(answer) }))).toMatchObject([
      {
        where: 'malformed HTTP',
        rule,
        command: expect.stringMatching(/^printf .* \| nc /) as string,
      },
    ]);
  });

  it('a slot and a database that are not as the rules say, and a service that has stopped', async () => {
    const found = await findingsOf((honest) => ({
      read: async (url) => {
        const answer = await honest.read(url);
        return url === '/ready'
          ? { ...answer, status: 503 }
          : { ...answer, text: answer.text.replace('"waiting":0', '"waiting":1') };
      },
      verify: () => Promise.resolve(['a token is lost']),
    }));
    expect(found.map(({ where, rule }) => [where, rule])).toEqual([
      ['/ready', 'the service does not run after the requests'],
      ['/schedule', 'a slot is not as the rules say'],
      ['npm run verify', 'the database is not clean'],
    ]);
  });

  it('the smallest request with the fault', async () => {
    const found = await findingsOf(
      lying((_answer, request) => (namesEmergency(request) ? { status: 500 } : {})),
    );
    expect(found.map(({ command }) => command)).toEqual([
      `curl -i -g --path-as-is -X POST 'http://127.0.0.1:8080/book' -H 'content-type:' --data-binary '{"patient_type":"EMERGENCY"}'`,
    ]);
  });
});

const OPERATION: Operation = {
  ...{ id: 'book', method: 'POST', path: '/book', parameters: [] },
  ...{ body: undefined, answers: new Map(), isStream: false },
};

/** What bash gives to `curl` and `nc` when it runs a line: their words, and their standard input. */
function wordsOf(line: string): { words: string[]; input: string } {
  const shell = `
    tell() { for word in "$@"; do printf '%s\\0' "$word"; done; printf '\\1'; if [ ! -t 0 ]; then cat; fi; }
    curl() { tell "$@"; }; nc() { tell "$@"; }
    ${line}`;
  const output = execFileSync('bash', ['-c', shell], { input: '' }).toString('latin1');
  const [words = '', ...input] = output.split('\u0001');
  return { words: words.split('\0').slice(0, -1), input: input.join('\u0001') };
}

describe('a request is invalid', () => {
  const operation: Operation = {
    ...OPERATION,
    parameters: [{ name: 'dry_run', in: 'query', required: true, schema: { enum: ['true'] } }],
    body: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  };
  const valid: FuzzRequest = {
    ...{ operation, kind: 'hostile', method: 'POST', path: '/book', isAstray: false },
    query: [['dry_run', 'true']],
    headers: [['content-type', 'application/json; charset=utf-8']],
    body: { json: { name: '\\ud800 é' } },
  };

  it.each<[why: string, change: Partial<FuzzRequest>, fault: RegExp]>([
    ['a field has another type', { body: { json: { name: 1 } } }, /^\/name must be string/],
    ['a field is missing', { body: { json: {} } }, /must have required property 'name'/],
    [
      'a field is given twice',
      { body: { json: [new RawJson('{"name":1,"name":""}', { repeatsField: true })] } },
      /^a field is given twice$/,
    ],
    ['half a character is given', { body: { json: { name: '\ud800' } } }, /half a surrogate pair/],
    ['its body is not JSON', { body: { bytes: Buffer.from('{') } }, /^the body is not JSON$/],
    ['its body is not UTF-8', { body: { bytes: Buffer.from([0xff]) } }, /^the body is not UTF-8$/],
    ['its body is missing', { body: null }, /^the body is not JSON$/],
    ['its media type is missing', { headers: [] }, /^the media type is $/],
    [
      'its media type is another one',
      { headers: [['content-type', 'application/jsonx']] },
      /^the media type is application\/jsonx$/,
    ],
    ['a parameter is missing', { query: [] }, /^query parameter dry_run$/],
    ['a parameter has another value', { query: [['dry_run', '1']] }, /^query parameter dry_run$/],
    [
      'a parameter is unknown',
      { query: [...valid.query, ['a', '']] },
      /^the query parameter a is not described$/,
    ],
  ])('when %s', (_why, change, fault) => {
    expect(faultOfRequest(valid)).toBeUndefined();
    expect(faultOfRequest({ ...valid, ...change })).toMatch(fault);
  });
});

it('a command sends the very bytes of its request', () => {
  const request = (body: string | Buffer): FuzzRequest => ({
    ...{ operation: OPERATION, kind: 'hostile', method: 'POST', path: '/book', isAstray: false },
    ...{
      query: [['a', "'$(id)`\\"]],
      body: { bytes: Buffer.from(body as string) },
    },
    headers: [
      ['content-type', ''],
      ['accept-language', "\u00ff'\\"],
    ],
  });
  const text = '{"name":"O\'Brien \\u0000 $HOME `id` %s \\\\"}';
  expect(wordsOf(curlOf(request(text))).words).toEqual([
    ...['-i', '-g', '--path-as-is', '-X', 'POST', "http://127.0.0.1:8080/book?a='$(id)`\\"],
    ...['-H', 'content-type;', '-H', "accept-language: \u00ff'\\", '--data-binary', text],
  ]);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, code) => code));
  const piped = wordsOf(curlOf(request(bytes)));
  expect(piped.words.slice(-2)).toEqual(['--data-binary', '@-']);
  expect(piped.input).toBe(bytes.toString('latin1'));
  expect(wordsOf(netcatOf(bytes)).input).toBe(bytes.toString('latin1'));
});

it(`the same seed makes the same requests ${rerun}`, async () => {
  const runs = await Promise.all(
    [1, 2].map(async () => {
      const service = await FuzzedService.open('memory:', STARTS[0] ?? 0);
      onTestFinished(() => service.close());
      const round = await Round.begin(service, { seed, findings: new Findings() });
      return Array.from({ length: 100 }, () => curlOf(round.next()));
    }),
  );
  expect(runs[0]).toEqual(runs[1]);
});

describe('npm run fuzz', () => {
  it(`sends as many requests as it is asked for ${rerun}`, async () => {
    const args = ['--requests', '100', '--seed', String(seed)];
    const { code, output } = await runTool('bench/fuzz/fuzz.ts', args);
    expect(output).toMatch(new RegExp(`^100 requests; repeat them with --seed ${seed} `));
    expect(output).toContain('No fault was found (expected: 0 faults).');
    expect(output).toMatch(/^ +putDoctor +\d/m);
    expect(output).toMatch(/ operations (never succeeded: \w+|have succeeded at least once)/);
    expect(code).toBe(0);
  });

  it('names the fault in one sentence when it is given an invalid number', async () => {
    const { code, output, errors } = await runTool('bench/fuzz/fuzz.ts', ['--requests', '0']);
    expect(errors).toMatch(/^--requests=0 is not valid: .*\n$/);
    expect(output).toBe('');
    expect(code).toBe(1);
  });
});
