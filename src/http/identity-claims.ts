import type { JWTPayload } from 'jose';
import { doctorId } from '../engine/index.ts';
import {
  doctorsFaultOf,
  isId,
  onBehalfOf,
  ROLE_NAMES,
  type Identity,
  type Role,
} from '../service/index.ts';
import { AuthenticationFailure, invalidCredential } from './authentication-failure.ts';
import { isPerson, standsForPersons } from './person.ts';

/** The claims of a token that say who may do what. */
export interface ClaimNames {
  /** A role of the service, or a list of roles of which exactly one is a role of the service. */
  readonly role: string;
  /** The id of a doctor, or a list of ids, to whom the token is limited. */
  readonly doctors: string;
}

/**
 * Makes the identity of a verified token. Its name begins with `oidc:`, which no access key can have. Behind that stands
 * the claim `sub`, because it is the only one that a provider never gives to another person.
 */
export function identityOfClaims(
  claims: JWTPayload,
  names: ClaimNames,
): Identity | AuthenticationFailure {
  const { sub = '', preferred_username: person } = claims;
  if (!isPerson(sub)) return invalidCredential(WRONG_SUBJECT, { failure: 'sub', key_id: null });
  const roles = new Set(textsOf(claims[names.role]).filter(isRole));
  const [role] = roles;
  if (role === undefined || roles.size > 1)
    return forbidden(
      `The claim ${names.role} of the token must name exactly one role of the service: ${ROLE_NAMES.join(', ')}.`,
    );
  const given = claims[names.doctors];
  const doctors = textsOf(given);
  // An empty or unusable list must not lead to an identity without a limit.
  if (given !== undefined && (doctors.length === 0 || !doctors.every(isId)))
    return forbidden(`The claim ${names.doctors} of the token must be a list of ids of doctors.`);
  const fault = doctorsFaultOf(role, doctors);
  if (fault !== undefined) return forbidden(`The claim ${names.doctors} of the token ${fault}.`);
  const name = `oidc:${withoutSlash(sub)}`;
  const doctorIds = given === undefined ? null : new Set(doctors.map(doctorId));
  const identity = { name, actor: name, role, doctorIds };
  const isNamed = typeof person === 'string' && isPerson(person) && standsForPersons(role);
  return isNamed ? onBehalfOf(identity, person) : identity;
}

const WRONG_SUBJECT = 'The claim sub of the token must have 1 to 100 visible ASCII characters.';

const forbidden = (detail: string): AuthenticationFailure =>
  new AuthenticationFailure('forbidden', { detail, roles: ROLE_NAMES });

const isRole = (name: string): name is Role => (ROLE_NAMES as readonly string[]).includes(name);

/** The texts of a claim, which is a text or a list. A list with anything else has none. */
function textsOf(claim: unknown): readonly string[] {
  const items: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return items.every((item) => typeof item === 'string') ? items : [];
}

/** A slash would divide the name from a person in the record. */
const withoutSlash = (sub: string): string => sub.replace(/[%/]/g, encodeURIComponent);
