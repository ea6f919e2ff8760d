/** The name or number of a person, in visible ASCII, spaces inside. */
const PERSON = /^[\x21-\x7E]([\x20-\x7E]{0,98}[\x21-\x7E])?$/;

/** The roles whose callers stand for several people, so that a request may name the person. */
export const ROLES_WITH_PERSONS: readonly string[] = ['desk', 'doctor', 'admin'];

/** Whether a text may stand on record as a person. */
export const isPerson = (text: string): boolean => PERSON.test(text);

/** Whether a person may stand on record behind a caller of this role. */
export const standsForPersons = (role: string): boolean => ROLES_WITH_PERSONS.includes(role);
