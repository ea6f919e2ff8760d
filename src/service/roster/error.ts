/** A roster that cannot be read or does not fit the database. The message is written for the person who started the process. */
export class RosterError extends Error {
  override readonly name = 'RosterError';
  readonly code = 'OPD_ROSTER';
}
