import type { RefusalCode } from '../service/index.ts';

/** The codes of requests that reach neither a command nor a read. */
type HttpCode =
  | 'malformed_json'
  | 'route_not_found'
  | 'method_not_allowed'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'misdirected_request'
  | 'unauthenticated'
  | 'forbidden'
  | 'key_not_found'
  | 'webhook_not_found'
  | 'event_not_found'
  | 'rate_limited'
  | 'identity_unavailable'
  | 'internal';

export type ProblemCode = RefusalCode | HttpCode;

export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** Seconds after which the client may repeat the request. */
  readonly retryAfter?: number;
}

/** The error catalogue, by status and in the order of the contract. API.md describes the order of the checks. */
export const PROBLEMS = {
  malformed_json: {
    status: 400,
    title: 'The body is not JSON',
    detail: 'Send one JSON object in UTF-8.',
  },
  invalid_request: {
    status: 400,
    title: 'The request is not valid',
    detail: 'See errors: each names a field and what is wrong with it. Nothing was changed.',
  },
  unauthenticated: {
    status: 401,
    title: 'The request has no valid access key',
    detail: 'Send the header Authorization: Bearer and the secret of an access key.',
  },
  forbidden: {
    status: 403,
    title: 'The access key may not do this',
    detail: 'detail says what would be needed; roles lists the roles that may do it.',
  },
  route_not_found: {
    status: 404,
    title: 'There is no such route',
    detail: 'GET /docs lists every route.',
  },
  doctor_not_found: {
    status: 404,
    title: 'There is no such doctor',
    detail: 'GET /doctors lists all doctors with their ids.',
  },
  slot_not_found: {
    status: 404,
    title: 'There is no such slot',
    detail:
      'GET /schedule?doctor_id= lists the slots of a doctor with their ids, such as doc1_slot1@2026-11-23.',
  },
  token_not_found: {
    status: 404,
    title: 'There is no such token',
    detail:
      'Check the token_id: it is the id in the answer to the booking, not the printed number.',
  },
  token_already_cancelled: {
    status: 404,
    title: 'The token is already cancelled',
    detail:
      'To come back, the patient needs a new booking. GET /tokens/{id}/history says who cancelled the token and when.',
  },
  leave_not_found: {
    status: 404,
    title: 'The doctor has no such leave',
    detail: 'GET /doctors/{id} lists the leaves of the doctor with their ids.',
  },
  key_not_found: {
    status: 404,
    title: 'There is no such access key',
    detail: 'GET /keys lists all keys with their names.',
  },
  webhook_not_found: {
    status: 404,
    title: 'There is no such webhook',
    detail: 'GET /webhooks lists all webhooks with their ids.',
  },
  event_not_found: {
    status: 404,
    title: 'There is no such event',
    detail: 'Check the event_id: it is the id in the body of the event.',
  },
  nobody_waiting: {
    status: 404,
    title: 'No checked-in patient is left to call',
    detail:
      'Send POST /check-in for a patient who is at the clinic: only checked-in patients are called.',
  },
  method_not_allowed: {
    status: 405,
    title: 'The route does not take this method',
    detail: 'The Allow header lists the methods that it takes.',
  },
  duplicate_booking: {
    status: 409,
    title: 'The patient already has a token in this slot',
    detail: 'token_id is that token. A patient can have only one live token in a slot.',
  },
  slot_ended: {
    status: 409,
    title: 'The slot has ended',
    detail:
      'Choose a later slot: GET /schedule?doctor_id= lists them. For a session id it means that every slot of the session so far has ended.',
  },
  slot_closed: {
    status: 409,
    title: 'The slot is closed',
    detail: 'Choose another slot: GET /schedule?doctor_id= lists them.',
  },
  waitlist_full: {
    status: 409,
    title: 'The waitlist of the slot is full',
    detail: 'Choose another slot: GET /schedule?doctor_id= lists them.',
  },
  intake_closed: {
    status: 409,
    title: 'The slot takes no new patient of this class',
    detail:
      'Choose another slot: GET /schedule?doctor_id= lists them with their intake. NONE takes nobody, EMERGENCY takes emergencies only.',
  },
  not_all_bookable: {
    status: 409,
    title: 'Not every booking of the list can be made',
    detail: 'refused lists those that cannot, with their places in the list. No booking was made.',
  },
  invalid_transition: {
    status: 409,
    title: 'The status of the token does not allow this',
    detail:
      'from is its status now; allowed lists the statuses that can follow. A patient on the waitlist can check in as soon as a seat becomes free.',
  },
  nothing_to_undo: {
    status: 409,
    title: 'The last change of the token cannot be taken back',
    detail:
      'last_change is the last change: only a check-in, a call or start, a skip, a completion, a no-show or a cancellation can be taken back, and only once. GET /tokens/{id}/history says what happened.',
  },
  too_early: {
    status: 409,
    title: 'It is too early for this',
    detail:
      'A patient can check in from allowed_from on, when the date of the slot begins. A patient can be marked as a no-show from allowed_from on, when the slot starts, or earlier with "force": true.',
  },
  consultation_in_progress: {
    status: 409,
    title: 'The doctor has no free room',
    detail:
      'token_id is the token of a patient who is in consultation: complete it first, or call the next patient with "complete_current": true. If the patient is not there, use "skip_current": true.',
  },
  capacity_below_seated: {
    status: 409,
    title: 'The slot needs more seats than this',
    detail:
      'count patients are with the doctor or have already been seen: the slot needs a seat for each of them. Nothing was changed.',
  },
  doctor_in_use: {
    status: 409,
    title: 'The doctor still has patients to see',
    detail:
      'count patients have not been seen yet; token_id is the token of the first. Move or cancel them, or close their slots. Nothing was changed.',
  },
  id_taken: {
    status: 409,
    title: 'The id is already in use',
    detail:
      'Choose another id: no two slots or sessions may have the same id, also of different doctors, and an id of the form session@... belongs to that session. The ids of past slots stay in use.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'The first request with this Idempotency-Key is still in progress',
    detail: 'Repeat the request in a moment to get its answer.',
    retryAfter: 1,
  },
  unknown_cursor: {
    status: 410,
    title: 'The cursor is not one of this database',
    detail:
      'Its change record was never there, or is lost or erased. Read the state again with GET /queue or /schedule, and read the changes from now on: GET /changes without after.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    detail: 'A doctor or a list of holidays may have 256 KiB, every other body 16 KiB.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body is not declared as plain JSON',
    detail: 'Send Content-Type: application/json, and no Content-Encoding.',
  },
  misdirected_request: {
    status: 421,
    title: 'The service does not have this host name',
    detail:
      'Use the address that the service shows when it starts. If the host name is right, the administrator adds it to the setting ALLOWED_HOSTS.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key belongs to another request',
    detail: 'Use a new key for every command; repeat a key only with exactly the same body.',
  },
  rate_limited: {
    status: 429,
    title: 'The caller has reached its limit of requests',
    detail:
      'The header RateLimit names the limit: all requests of the caller within a minute, or refused ones alone. Repeat the request after the seconds of retry_after, but correct a refused one first.',
    retryAfter: 60,
  },
  identity_unavailable: {
    status: 503,
    title: 'The identity provider cannot be reached',
    detail:
      'The service cannot check the token of the identity provider now. Nothing was changed: repeat the request. Access keys still work.',
    retryAfter: 5,
  },
  overloaded: {
    status: 503,
    title: 'Too many requests arrive at the same time',
    detail: 'Nothing was changed. Repeat the request after the seconds of retry_after.',
    retryAfter: 1,
  },
  not_durable: {
    status: 503,
    title: 'Nothing can be stored right now',
    detail:
      'The disk is full, the database is busy or unreachable, or the service is still loading. Nothing was changed: repeat the request.',
    retryAfter: 2,
  },
  stopping: {
    status: 503,
    title: 'The service is stopping',
    detail: 'Nothing was changed. Repeat the request when it is back.',
    retryAfter: 5,
  },
  internal: {
    status: 500,
    title: 'Something went wrong in the service',
    detail: 'The log of the service has the cause under the id in instance.',
  },
} as const satisfies Record<ProblemCode, ProblemKind>;

/** Every code, in the order of the catalogue. */
export const PROBLEM_CODES = Object.keys(PROBLEMS) as readonly ProblemCode[];
