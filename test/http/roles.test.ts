import type { InjectOptions } from 'fastify';
import { expect, it } from 'vitest';
import type { BookingView } from '../../src/http/resources/index.ts';
import {
  LIMITED_ROLES,
  PERMISSIONS,
  ROLE_NAMES,
  rolesFor,
  type Condition,
  type KeyInput,
  type Operation,
  type Role,
} from '../../src/service/index.ts';
import { doctorId } from '../../src/engine/index.ts';
import { booking, openApp, type Answer, type TestApp } from '../support/app/app.ts';
import { describedOperations } from '../support/app/described-routes.ts';
import { doctorInput } from '../support/app/doctor-input.ts';

// Every operation is sent by every role: on an object that the key may use, on one that it may not, and on none.

/** Which object a request names. A request that names none is the same for all three. */
type Target = 'own' | 'foreign' | 'missing';

/** What a request of an operation names, so that it says what the answers for a foreign object must be. */
interface Sent {
  readonly request: InjectOptions;
  /** The kind of object on which a limit of the key depends. */
  readonly names: 'doctor' | 'slot' | 'token' | 'nothing';
}

const DATE = '2026-11-24';
const REASON = { reason: 'a test' };
/** The doctors of the objects. Keys that are limited are limited to doc1. */
const DOCTOR: Readonly<Record<Target, string>> = { own: 'doc1', foreign: 'doc2', missing: 'docX' };

const post = (url: string, payload: object): InjectOptions => ({ method: 'POST', url, payload });
const get = (url: string): InjectOptions => ({ method: 'GET', url });

/** Bodies that fulfil the condition of every role that has one. */
const classOf = (role: Role): string =>
  ({ patient_app: 'FOLLOW_UP', kiosk: 'WALK_IN' })[role as string] ?? 'EMERGENCY';

/** The request of each operation, on the object of a target. */
const REQUESTS: Readonly<
  Record<Operation, (ids: { doctor: string; slot: string; token: string; role: Role }) => Sent>
> = {
  book: ({ doctor, slot, role }) => ({
    names: 'doctor',
    request: post('/book', {
      ...booking('N', { doctor_id: doctor, slot_id: slot, patient_type: classOf(role) }),
      patient_id: `new ${role}`,
    }),
  }),
  bookAll: ({ doctor, slot }) => ({
    names: 'doctor',
    request: post('/bookings', {
      bookings: [booking('W', { doctor_id: doctor, slot_id: slot })],
    }),
  }),
  cancel: ({ token }) => onToken('/cancel', token),
  noShow: ({ token }) => onToken('/no-show', token, { force: true }),
  checkIn: ({ token }) => onToken('/check-in', token),
  start: ({ token }) => onToken('/start', token),
  complete: ({ token }) => onToken('/complete', token),
  skip: ({ token }) => onToken('/skip', token),
  undo: ({ token }) => onToken('/undo', token, REASON),
  reclassify: ({ token }) =>
    onToken('/reclassify', token, { patient_type: 'EMERGENCY', ...REASON }),
  move: ({ token }) => onToken('/move', token, { slot_id: 'doc1_slot2' }),
  correct: ({ token }) => ({
    names: 'token',
    request: {
      ...{ method: 'PATCH', url: `/tokens/${token}` },
      payload: { patient_name: 'Corrected', ...REASON },
    },
  }),
  callNext: ({ doctor }) => ({
    names: 'doctor',
    request: post('/call-next', { doctor_id: doctor }),
  }),
  setBreak: ({ doctor }) => onDoctor('/break', doctor, { minutes: 5 }),
  delayDay: ({ doctor }) => onDoctor('/delay', doctor, { date: DATE, minutes: 5 }),
  takeLeave: ({ doctor }) =>
    onDoctor('/leave?dry_run=true', doctor, { from: DATE, to: DATE, ...REASON }),
  endLeave: ({ doctor }) => ({
    names: 'doctor',
    request: { method: 'DELETE', url: `/doctors/${doctor}/leave/x` },
  }),
  putDoctor: ({ doctor }) => ({
    names: 'doctor',
    request: { method: 'PUT', url: `/doctors/${doctor}9`, payload: doctorInput({ sessions: [] }) },
  }),
  retireDoctor: ({ doctor }) => ({
    names: 'doctor',
    request: { method: 'DELETE', url: `/doctors/${doctor}9` },
  }),
  putHolidays: () => ({
    names: 'nothing',
    request: { method: 'PUT', url: '/holidays?dry_run=true', payload: [] },
  }),
  announce: () => ({
    names: 'nothing',
    request: { method: 'PUT', url: '/announcement', payload: { text: 'Closed at noon.' } },
  }),
  readAnnouncement: () => ({ names: 'nothing', request: get('/announcement') }),
  addSlot: ({ doctor, role }) => ({
    names: 'doctor',
    request: post('/slots', {
      ...{ doctor_id: doctor, capacity: 1, id: `extra_${doctor}_${role}` },
      ...{ start_time: `${DATE}T20:00:00Z`, end_time: `${DATE}T21:00:00Z` },
    }),
  }),
  reviseSlot: ({ slot }) => ({
    names: 'slot',
    request: { method: 'PATCH', url: `/slots/${slot}?dry_run=true`, payload: { capacity: 9 } },
  }),
  closeSlot: ({ slot }) => onSlot('/close?dry_run=true', slot),
  reopenSlot: ({ slot }) => onSlot('/reopen', slot),
  readQueue: ({ doctor }) => ({ names: 'doctor', request: get(`/queue?doctor_id=${doctor}`) }),
  readSchedule: ({ doctor }) => ({
    names: 'doctor',
    request: get(`/schedule?doctor_id=${doctor}`),
  }),
  readSlot: ({ slot }) => ({ names: 'slot', request: get(`/slots/${slot}`) }),
  readToken: ({ token }) => ({ names: 'token', request: get(`/tokens/${token}`) }),
  readTokenHistory: ({ token }) => ({ names: 'token', request: get(`/tokens/${token}/history`) }),
  findTokens: ({ doctor }) => ({
    names: 'doctor',
    request: get(`/tokens?doctor_id=${doctor}&patient_id=p1&number=1&name=patient`),
  }),
  searchTokens: ({ doctor }) => ({
    names: 'doctor',
    request: post('/tokens/search', {
      ...{ doctor_id: doctor, patient_id: 'p1', number: 1, name: 'patient' },
    }),
  }),
  readDoctor: ({ doctor }) => ({ names: 'doctor', request: get(`/doctors/${doctor}`) }),
  listDoctors: () => ({ names: 'nothing', request: get('/doctors') }),
  listHolidays: () => ({ names: 'nothing', request: get('/holidays') }),
  listPatientTypes: () => ({ names: 'nothing', request: get('/patient-types') }),
  readDayReport: ({ doctor }) => ({
    names: 'doctor',
    request: get(`/reports/day?doctor_id=${doctor}&date=${DATE}`),
  }),
  readRangeReport: ({ doctor }) => ({
    names: 'doctor',
    request: get(`/reports/range?from=${DATE}&to=${DATE}&doctor_id=${doctor}`),
  }),
  readAudit: () => ({ names: 'nothing', request: get('/audit') }),
  listKeys: () => ({ names: 'nothing', request: get('/keys') }),
  putKey: () => ({
    names: 'nothing',
    request: { method: 'PUT', url: '/keys/another', payload: { role: 'display' } },
  }),
  revokeKey: () => ({ names: 'nothing', request: { method: 'DELETE', url: '/keys/another' } }),
  readEvents: ({ doctor }) => ({ names: 'doctor', request: get(`/events?doctor_id=${doctor}`) }),
  readChanges: ({ doctor }) => ({ names: 'doctor', request: get(`/changes?doctor_id=${doctor}`) }),
  createEventTicket: () => ({ names: 'nothing', request: post('/events/ticket', {}) }),
  listWebhooks: () => ({ names: 'nothing', request: get('/webhooks') }),
  readWebhook: () => ({ names: 'nothing', request: get('/webhooks/another') }),
  putWebhook: () => ({
    names: 'nothing',
    request: { method: 'PUT', url: '/webhooks/another', payload: { url: 'https://a.example' } },
  }),
  deleteWebhook: () => ({
    names: 'nothing',
    request: { method: 'DELETE', url: '/webhooks/another' },
  }),
  rotateWebhook: () => ({ names: 'nothing', request: post('/webhooks/another/rotate', {}) }),
  listDeliveries: () => ({ names: 'nothing', request: get('/webhooks/another/deliveries') }),
  replayWebhook: () => ({
    names: 'nothing',
    request: post('/webhooks/another/replay', { event_id: 'none' }),
  }),
  testWebhook: () => ({ names: 'nothing', request: post('/webhooks/another/test', {}) }),
  readMetrics: () => ({ names: 'nothing', request: get('/metrics') }),
};

function onToken(url: string, token: string, more: object = {}): Sent {
  return { names: 'token', request: post(url, { token_id: token, ...more }) };
}

function onDoctor(path: string, doctor: string, body: object): Sent {
  return { names: 'doctor', request: post(`/doctors/${doctor}${path}`, body) };
}

function onSlot(path: string, slot: string): Sent {
  return { names: 'slot', request: post(`/slots/${slot}${path}`, REASON) };
}

const LIMITED: readonly Role[] = ROLE_NAMES.filter((role) => LIMITED_ROLES.has(role));
const OPERATIONS = Object.keys(PERMISSIONS) as Operation[];

/** The keys of the walk: one of each role, limited to doc1 where the role can be limited. */
const inputOf = (role: Role): Partial<KeyInput> & Pick<KeyInput, 'role'> =>
  LIMITED.includes(role) ? { role, doctorIds: [doctorId('doc1')] } : { role };

const NO_TOKEN = '01234567-89ab-7def-8123-456789abcdef';
const METRICS = { contentType: 'text/plain', scrape: () => Promise.resolve('') };

/** The program, and the same as each role's key calls it. */
async function openForRoles(): Promise<(role: Role) => TestApp> {
  const opd = await openApp({ now: `${DATE}T08:00:00Z`, metrics: METRICS });
  const callers = new Map<Role, TestApp>();
  for (const role of ROLE_NAMES) callers.set(role, opd.as(await opd.key(inputOf(role))));
  return (role) => callers.get(role) ?? opd;
}

/** Books a token that is of doc1 and of this role's key, or of another doctor or key, or names one that does not exist. */
async function tokenFor(caller: (role: Role) => TestApp, role: Role, target: Target) {
  if (target === 'missing') return NO_TOKEN;
  const isApp = role === 'patient_app';
  // An app sees by whom a token was booked, so a foreign one is of the same doctor.
  const doctor = isApp ? 'doc1' : DOCTOR[target];
  const patient = { patient_type: 'FOLLOW_UP', patient_id: `${role} ${target}` };
  const answer = await caller(
    isApp && target === 'own' ? 'patient_app' : 'admin',
  ).post<BookingView>(
    '/book',
    booking('Patient', { doctor_id: doctor, slot_id: `${doctor}_slot1`, ...patient }),
  );
  expect(answer).toMatchObject({ status: 201 });
  return answer.body.id;
}

/** How a request must end: refused because of the key, or not. */
function expectedOf(
  operation: Operation,
  role: Role,
  target: Target,
  names: Sent['names'],
): string {
  const condition: Condition | undefined = PERMISSIONS[operation][role];
  if (condition === undefined) return '403 forbidden';
  if (names === 'token') {
    const isHidden = target === 'foreign' && (condition === 'booked' || LIMITED.includes(role));
    return target === 'missing' || isHidden ? '404 token_not_found' : 'allowed';
  }
  if (!LIMITED.includes(role) || target === 'own' || names === 'nothing') return 'allowed';
  // A slot that does not exist is of no doctor.
  return names === 'slot' && target === 'missing' ? 'allowed' : '403 forbidden';
}

function outcomeOf({ status, body }: Answer): string {
  const { code = '' } = (body ?? {}) as { readonly code?: string };
  const isOfKey = status === 401 || status === 403 || code === 'token_not_found';
  return isOfKey ? `${status} ${code}` : 'allowed';
}

const TARGETS = ['own', 'foreign', 'missing'] as const;

it.each(OPERATIONS)(
  '%s: every role, on an own, a foreign and a missing object',
  async (operation) => {
    const caller = await openForRoles();
    const [outcomes, expected]: [string[], string[]] = [[], []];
    for (const role of ROLE_NAMES)
      for (const target of TARGETS) {
        const doctor = DOCTOR[target];
        const slot = `${doctor}_slot1@2026-11-25`;
        const sentFor = (token: string) => REQUESTS[operation]({ doctor, slot, token, role });
        const { names } = sentFor(NO_TOKEN);
        const token = names === 'token' ? await tokenFor(caller, role, target) : NO_TOKEN;
        const answer = await caller(role).send(sentFor(token).request);
        outcomes.push(`${role} ${target}: ${outcomeOf(answer)}`);
        expected.push(`${role} ${target}: ${expectedOf(operation, role, target, names)}`);
        if (answer.status === 403) expectNeeds(operation, answer);
      }
    expect(outcomes).toEqual(expected);
  },
);

/** A refusal says what would be needed. */
function expectNeeds(operation: Operation, { body }: Answer): void {
  expect(body).toMatchObject({ roles: rolesFor(operation) });
  expect((body as { detail: string }).detail).toMatch(/A key .* may do this\./);
}

it('without a key every operation is refused with 401, which names the scheme', async () => {
  const opd = await openApp({ metrics: METRICS });
  await opd.key({ role: 'desk' });
  for (const operation of OPERATIONS) {
    const ids = { doctor: 'doc1', slot: 'doc1_slot1', token: NO_TOKEN, role: 'admin' as const };
    const answer = await opd.send(REQUESTS[operation](ids).request);
    expect(answer, operation).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="opd"');
  }
});

it('the table, the description and the walk have the same operations', async () => {
  const described = await describedOperations();
  const open = described.filter(({ security }) => security.length === 0);
  expect(open.map(({ id }) => id).toSorted()).toEqual([
    ...['cancelAsPatient', 'readHealth', 'readPatientStatus', 'readReadiness'],
  ]);
  const guarded = described.filter(({ security }) => security.length > 0);
  expect(guarded.map(({ id }) => id).toSorted()).toEqual(OPERATIONS.toSorted());
  for (const { id, security } of guarded)
    expect(security).toEqual(
      ['accessKey', 'identityToken'].flatMap((scheme) =>
        rolesFor(id as Operation).map((role) => ({ [scheme]: [role] })),
      ),
    );
});
