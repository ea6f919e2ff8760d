// The import of a list of bookings into a running service, over its API.
export { parseBookings, type BookingFormat, type LineFault } from './booking-file.ts';
export { BookingServer } from './booking-server.ts';
export { BookingImportError } from './error.ts';
export { checkBookings, importBookings, type ImportResult } from './import-bookings.ts';
