import type { FastifyRequest } from 'fastify';
import { doctorId, slotId, tokenId } from '../engine/index.ts';
import type { Subject } from '../service/index.ts';

/** The fields of bodies and queries that name an object, or that a condition of a role looks at. */
interface Named {
  readonly doctor_id?: string | readonly string[];
  readonly slot_id?: string;
  readonly move_to?: string;
  readonly token_id?: string;
  readonly patient_type?: string;
  readonly patient_id?: string;
  readonly number?: string | number;
  readonly name?: string;
  readonly bookings?: unknown;
}

/** What the bookings of a list name. They are not validated yet, because each of them gets an answer of its own. */
const namedIn = (bookings: unknown, field: 'doctor_id' | 'slot_id'): readonly string[] =>
  (Array.isArray(bookings) ? (bookings as readonly unknown[]) : [])
    .map((each) => (each as Readonly<Record<string, unknown>> | null)?.[field])
    .filter((id) => typeof id === 'string');

/**
 * What a validated request names. The fields have the same names on all routes, so a new route needs no code here; the id
 * in its path names what the route begins with.
 * @param url of the route, such as `/slots/:id/close`
 */
export function subjectOf({ params, query, body }: FastifyRequest, url: string): Subject {
  const { id } = params as { readonly id?: string };
  const named: Named = { ...(query as Named), ...(Array.isArray(body) ? {} : (body as Named)) };
  const { doctor_id = [], slot_id = [], move_to = [], token_id = [], bookings } = named;
  const idIn = (folder: string): readonly string[] =>
    id !== undefined && url.startsWith(`/${folder}/`) ? [id] : [];
  return {
    doctorIds: [...idIn('doctors'), doctor_id, namedIn(bookings, 'doctor_id')].flat().map(doctorId),
    slotIds: [...idIn('slots'), slot_id, move_to, namedIn(bookings, 'slot_id')].flat().map(slotId),
    tokenIds: [...idIn('tokens'), token_id].flat().map(tokenId),
    patientType: named.patient_type,
    patientId: named.patient_id,
    number: named.number?.toString(),
    name: named.name,
  };
}
