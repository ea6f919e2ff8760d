/** A roster that cannot be read or does not go with what is in the database; the message is for who started the process. */
export class RosterError extends Error {
  override readonly name = 'RosterError';
  readonly code = 'OPD_ROSTER';
}
