import type { AllocationEngine, DoctorId, SlotId, TokenId } from '../engine/index.ts';
import type { Archive, Store } from '../store/index.ts';
import { isActorOf, type Identity } from './caller.ts';
import { CONDITIONS, PERMISSIONS, rolesFor, type Operation, type Role } from './roles.ts';

/** Characters of a name, at least, by which a kiosk finds a patient. */
const NAME_PART_MIN = 3;
/** The classes that an app of patients books. */
const APP_CLASSES: ReadonlySet<string> = new Set(['ONLINE_BOOKING', 'FOLLOW_UP']);
const KIOSK_CLASS = 'WALK_IN';

/** What a request names: the objects that the operation touches or shows, and what the conditions of roles look at. */
export interface Subject {
  readonly doctorIds: readonly DoctorId[];
  /** Slots, or sessions that stand for their next slot. */
  readonly slotIds: readonly SlotId[];
  readonly tokenIds: readonly TokenId[];
  readonly patientType?: string | undefined;
  readonly patientId?: string | undefined;
  readonly number?: string | undefined;
  readonly name?: string | undefined;
}

/** Why an identity may not do an operation. */
export type Denial =
  | {
      readonly code: 'forbidden';
      /** What would be needed, as a sentence. */
      readonly needs: string;
      /** The roles that may do the operation, with or without a condition. */
      readonly roles: readonly Role[];
    }
  /** The existence of the token is private: the answer is that of a token that does not exist. */
  | { readonly code: 'token_not_found' };

interface PermissionDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly archive: Archive;
}

/** Decides by the table of roles, and by the doctors to whom a key is limited. */
export class Permissions {
  readonly #deps: PermissionDeps;

  constructor(deps: PermissionDeps) {
    this.#deps = deps;
  }

  /** The denial that depends on the role alone; undefined when the role may do the operation, perhaps on a condition. */
  denialOfRole(operation: Operation, { name, role }: Identity): Denial | undefined {
    if (PERMISSIONS[operation][role] !== undefined) return undefined;
    const roles = rolesFor(operation);
    const needs = `A key with the role ${roles.join(' or ')} may do this. The key ${name} has the role ${role}.`;
    return { code: 'forbidden', needs, roles };
  }

  /** Whether a denial depends on what the request names. */
  dependsOnSubject(operation: Operation, { role, doctorIds }: Identity): boolean {
    return doctorIds !== null || PERMISSIONS[operation][role] !== 'any';
  }

  /** The denial that depends on what the request names. The role may do the operation. */
  async denialOfSubject(
    operation: Operation,
    identity: Identity,
    subject: Subject,
  ): Promise<Denial | undefined> {
    const { doctorIds } = identity;
    return (
      (await this.#denialOfCondition(operation, identity, subject)) ??
      (doctorIds === null ? undefined : this.#denialOfDoctors(operation, doctorIds, subject))
    );
  }

  /**
   * The tokens of a search that an identity sees: of the doctors to whom its key is limited, and, for an app of patients,
   * those that it has booked.
   */
  async seenBy<View>(
    identity: Identity,
    views: readonly View[],
    idsOf: (view: View) => { readonly id: TokenId; readonly doctorId: DoctorId },
  ): Promise<readonly View[]> {
    if (!this.dependsOnSubject('findTokens', identity)) return views;
    const { role, doctorIds } = identity;
    const isOwnOnly = PERMISSIONS.findTokens[role] === 'bookedForPatient';
    const seen: View[] = [];
    for (const view of views) {
      const { id, doctorId } = idsOf(view);
      if (doctorIds !== null && !doctorIds.has(doctorId)) continue;
      if (!isOwnOnly || (await this.#hasBooked(identity, id))) seen.push(view);
    }
    return seen;
  }

  async #denialOfCondition(
    operation: Operation,
    identity: Identity,
    subject: Subject,
  ): Promise<Denial | undefined> {
    const condition = PERMISSIONS[operation][identity.role] ?? 'any';
    const { patientType = '', patientId, number, name = '' } = subject;
    const fulfils = (is: boolean): Denial | undefined =>
      is
        ? undefined
        : forbidden(
            operation,
            `The role ${identity.role} may do this only ${CONDITIONS[condition].replaceAll('`', '')}.`,
          );
    switch (condition) {
      case 'online':
        return fulfils(APP_CLASSES.has(patientType) && patientId !== undefined);
      case 'walkIn':
        return fulfils(patientType === KIOSK_CLASS);
      case 'bookedForPatient':
        return fulfils(patientId !== undefined);
      case 'numberAndName':
        return fulfils(number !== undefined && name.trim().length >= NAME_PART_MIN);
      case 'booked':
        for (const id of subject.tokenIds)
          if (!(await this.#hasBooked(identity, id))) return { code: 'token_not_found' };
        return undefined;
      default:
        return undefined;
    }
  }

  async #denialOfDoctors(
    operation: Operation,
    doctorIds: ReadonlySet<DoctorId>,
    subject: Subject,
  ): Promise<Denial | undefined> {
    for (const id of subject.tokenIds) {
      const doctorId = await this.#doctorOfToken(id);
      if (doctorId !== undefined && !doctorIds.has(doctorId)) return { code: 'token_not_found' };
    }
    const owners = await Promise.all(subject.slotIds.map((id) => this.#deps.store.ownerOf(id)));
    const named = [...subject.doctorIds, ...owners];
    const foreign = named.find((id) => id !== undefined && !doctorIds.has(id));
    return foreign === undefined
      ? undefined
      : forbidden(
          operation,
          `A key for the doctor ${foreign} may do this. This key is limited to ${[...doctorIds].join(', ')}.`,
        );
  }

  async #doctorOfToken(id: TokenId): Promise<DoctorId | undefined> {
    const { engine, archive } = this.#deps;
    return engine.anyToken(id)?.slot.facts.doctorId ?? (await archive.token(id))?.doctorId;
  }

  /** Whether the identity has booked the token: the first change of a token is its booking. */
  async #hasBooked(identity: Identity, id: TokenId): Promise<boolean> {
    for await (const [first] of this.#deps.archive.history(id))
      return first !== undefined && isActorOf(first.actor, identity);
    return false;
  }
}

const forbidden = (operation: Operation, needs: string): Denial => ({
  code: 'forbidden',
  needs,
  roles: rolesFor(operation),
});
