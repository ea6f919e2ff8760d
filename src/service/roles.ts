import type { CommandName } from './commands.ts';

/** The roles of access keys, with what each is for. */
export const ROLES = {
  display: 'A screen in a waiting room: the queue with numbers and classes only.',
  patient_app: 'An app of patients: it books for them, and sees, moves and cancels what it booked.',
  kiosk: 'A machine at the entrance: walk-ins book, and patients with a booking check in.',
  desk: 'The front desk: the clinic day, for patients of all classes.',
  doctor: "A doctor's own day: call, start, skip, complete, no-show and break.",
  admin: 'Everything, because it makes keys and could give itself any other role.',
  auditor: 'Reads everything and changes nothing.',
} as const;
export type Role = keyof typeof ROLES;
export const ROLE_NAMES = Object.keys(ROLES) as Role[];

/** Every operation that a key is needed for: the commands, the reads and the administration of keys and webhooks. */
export type Operation =
  | CommandName
  | 'readQueue'
  | 'readAnnouncement'
  | 'readSchedule'
  | 'readSlot'
  | 'readToken'
  | 'readTokenHistory'
  | 'findTokens'
  | 'searchTokens'
  | 'listDoctors'
  | 'readDoctor'
  | 'listHolidays'
  | 'listPatientTypes'
  | 'readDayReport'
  | 'readRangeReport'
  | 'readAudit'
  | 'listKeys'
  | 'putKey'
  | 'revokeKey'
  | 'listWebhooks'
  | 'readWebhook'
  | 'putWebhook'
  | 'deleteWebhook'
  | 'rotateWebhook'
  | 'listDeliveries'
  | 'replayWebhook'
  | 'testWebhook'
  | 'readMetrics'
  | 'readEvents'
  | 'readChanges'
  | 'createEventTicket';

/** On what a role may do an operation, in words. `any` has no condition. */
export const CONDITIONS = {
  any: 'yes',
  online: 'with a `patient_id`, in the class `ONLINE_BOOKING` or `FOLLOW_UP`',
  walkIn: 'in the class `WALK_IN`',
  booked: 'a token that this key has booked',
  bookedForPatient: 'with a `patient_id`; finds the tokens that this key has booked',
  numberAndName: 'with a `number` and at least 3 characters of the `name`',
  withoutPatients: 'without the patients',
  numbersOnly: 'numbers and classes only',
} as const;
export type Condition = keyof typeof CONDITIONS;

/** The roles that may do an operation, each with its condition. A role that is not named may not. */
type Grants = Readonly<Partial<Record<Role, Condition>>>;

const ADMIN = { admin: 'any' } as const satisfies Grants;
const DESK = { desk: 'any', ...ADMIN } as const satisfies Grants;
const CONSULTATION = { desk: 'any', doctor: 'any', ...ADMIN } as const satisfies Grants;
const AUDIT = { admin: 'any', auditor: 'any' } as const satisfies Grants;
const STAFF = { ...CONSULTATION, auditor: 'any' } as const satisfies Grants;
const PUBLIC_FACTS = { patient_app: 'any', kiosk: 'any', ...STAFF } as const satisfies Grants;
const SLOTS = {
  ...{ patient_app: 'withoutPatients', kiosk: 'withoutPatients' },
  ...STAFF,
} as const satisfies Grants;

const EVENTS: Readonly<Partial<Record<Role, 'any' | 'booked' | 'numbersOnly'>>> = {
  display: 'numbersOnly',
  patient_app: 'booked',
  ...STAFF,
};
const FIND = {
  ...{ patient_app: 'bookedForPatient', kiosk: 'numberAndName' },
  ...STAFF,
} as const satisfies Grants;

/**
 * Who may do what: the one table from which the service decides, and from which the description and API.md are made. A key
 * that is limited to doctors may do all this on these doctors only.
 */
export const PERMISSIONS: Readonly<Record<Operation, Grants>> = {
  book: { patient_app: 'online', kiosk: 'walkIn', ...DESK },
  bookAll: DESK,
  cancel: { patient_app: 'booked', ...DESK },
  move: { patient_app: 'booked', ...DESK },
  checkIn: { kiosk: 'any', ...DESK },
  callNext: CONSULTATION,
  start: CONSULTATION,
  skip: CONSULTATION,
  complete: CONSULTATION,
  noShow: CONSULTATION,
  undo: DESK,
  correct: DESK,
  reclassify: DESK,
  setBreak: CONSULTATION,
  delayDay: DESK,
  addSlot: ADMIN,
  reviseSlot: ADMIN,
  closeSlot: ADMIN,
  reopenSlot: ADMIN,
  putDoctor: ADMIN,
  retireDoctor: ADMIN,
  takeLeave: ADMIN,
  endLeave: ADMIN,
  putHolidays: ADMIN,
  announce: DESK,
  readQueue: { display: 'numbersOnly', ...STAFF },
  readAnnouncement: { display: 'any', ...PUBLIC_FACTS },
  readSchedule: SLOTS,
  readSlot: SLOTS,
  readToken: { patient_app: 'booked', ...STAFF },
  readTokenHistory: STAFF,
  findTokens: FIND,
  searchTokens: FIND,
  listDoctors: PUBLIC_FACTS,
  readDoctor: PUBLIC_FACTS,
  listHolidays: PUBLIC_FACTS,
  listPatientTypes: { display: 'any', ...PUBLIC_FACTS },
  readDayReport: AUDIT,
  readRangeReport: AUDIT,
  readAudit: AUDIT,
  listKeys: AUDIT,
  putKey: ADMIN,
  revokeKey: ADMIN,
  listWebhooks: AUDIT,
  readWebhook: AUDIT,
  putWebhook: ADMIN,
  deleteWebhook: ADMIN,
  rotateWebhook: ADMIN,
  listDeliveries: AUDIT,
  replayWebhook: ADMIN,
  testWebhook: ADMIN,
  readMetrics: AUDIT,
  readEvents: EVENTS,
  readChanges: EVENTS,
  createEventTicket: EVENTS,
};

/** How much of an event is shown: the condition on which a role may read the events says it. */
const EVENT_DETAILS = {
  any: 'patients',
  booked: 'patients',
  numbersOnly: 'numbers',
} as const satisfies Partial<Record<Condition, EventDetail>>;

/**
 * How much of an event is shown: `patients` is all of it, `ids` has no names and ids of patients, `numbers` is for public
 * screens and has no ids of tokens either.
 */
export type EventDetail = 'patients' | 'ids' | 'numbers';

/** How much a role sees of an event. */
export const eventDetailOf = (role: Role): EventDetail =>
  EVENT_DETAILS[EVENTS[role] ?? 'numbersOnly'];

/** Whether a role sees only the events of tokens that its key has booked, and those of doctors and slots. */
export const seesOwnTokensOnly = (role: Role): boolean => EVENTS[role] === 'booked';

/** The roles that may do an operation, with or without a condition. */
export const rolesFor = (operation: Operation): readonly Role[] =>
  ROLE_NAMES.filter((role) => PERMISSIONS[operation][role] !== undefined);

/** The roles whose keys can be limited to doctors. The others concern the whole hospital. */
export const LIMITED_ROLES: ReadonlySet<Role> = new Set(
  ROLE_NAMES.filter((role) => role !== 'admin' && role !== 'auditor'),
);

/** The roles that see every patient. The others see at most the patients of their own bookings. */
export const seesPatients = (role: Role): boolean => Object.hasOwn(STAFF, role);
