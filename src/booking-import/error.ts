/** An import that cannot begin or go on. The message is written for the person who started it. */
export class BookingImportError extends Error {
  override readonly name = 'BookingImportError';
  readonly code = 'OPD_BOOKING_IMPORT';
}
