import { readFileSync } from 'node:fs';
import {
  BookingImportError,
  BookingServer,
  checkBookings,
  importBookings,
  parseBookings,
  type BookingFormat,
  type LineFault,
} from '../booking-import/index.ts';
import { NOT_UTF8, utf8TextOf } from '../service/index.ts';
import { ProgramFailure, runProgram } from './program.ts';

const HELP = `npm run import-bookings -- FILE [--url URL] [--key SECRET] [--apply]
  Books the patients of a list from another system. FILE ends with .csv or .ndjson and is written in UTF-8. The first
  line of a .csv file names the fields of POST /book, separated by commas or semicolons: doctor_id, slot_id,
  patient_name, patient_type and, if the patients have ids, patient_id. A line of an .ndjson file is the JSON body of
  POST /book. A file with a fault in any line is refused as a whole, with the number of each such line.

  Without --apply nothing is booked: a dry run. It reads the doctors, slots and classes of the service and prints the
  lines that would be refused because of them. It does not know whether a slot will be full, or a patient will have a
  token there already. With --apply the bookings are made in the order of the file, and the lines that the service
  refuses are printed; the others are booked.

  A run that was stopped, or whose service was away, is started again with the same file: it goes on and books no
  patient twice. That is true for 24 hours and for an unchanged file and access key.

  --url URL     the address of the running service (http://127.0.0.1:8080)
  --key SECRET  the secret of an access key of a desk or an administrator, if the service needs one
  --apply       makes the bookings

Exits with 0, or with 1 when a line has a fault or is refused, or when the service does not answer.
`;

const URL_DEFAULT = 'http://127.0.0.1:8080';
/** Faults that are printed at most. */
const FAULTS_MAX = 50;

function formatOf(file: string): BookingFormat {
  const [, format] = /\.(csv|ndjson)$/i.exec(file) ?? [];
  if (format === undefined)
    throw new ProgramFailure(`The name of the list must end with .csv or .ndjson: ${file}.`);
  return format.toLowerCase() as BookingFormat;
}

function addressOf(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin;
  throw new ProgramFailure(`--url ${text} is not an address such as ${URL_DEFAULT}.`);
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ProgramFailure(`The list cannot be read: ${(error as Error).message}.`);
  }
}

function linesOf(faults: readonly LineFault[]): string {
  const shown = faults.slice(0, FAULTS_MAX).map(({ line, detail }) => `line ${line}: ${detail}\n`);
  const more = faults.length - shown.length;
  return shown.join('') + (more > 0 ? `and ${more} more\n` : '');
}

/** Writes the progress on a terminal, in one line that is written over and over. */
const progressOf =
  (all: number) =>
  (done: number): void => {
    if (process.stderr.isTTY)
      process.stderr.write(`\r${done} of ${all} bookings${done === all ? '\n' : ''}`);
  };

await runProgram({
  help: HELP,
  usage: 'Name one list: npm run import-bookings -- FILE [--apply]; --help says more.',
  argumentCount: [1, 1],
  options: { url: { type: 'string' }, key: { type: 'string' }, apply: { type: 'boolean' } },
  failures: [BookingImportError],
  async run({ arguments: [file = ''], options: { url = URL_DEFAULT, key, apply } }) {
    const format = formatOf(file);
    const server = new BookingServer(addressOf(String(url)), key?.toString());
    const content = contentOf(file);
    const text = utf8TextOf(content);
    if (text === null) throw new ProgramFailure(`The list ${file} ${NOT_UTF8}`);
    const { bookings, faults } = parseBookings(text, format);
    if (faults.length > 0)
      throw new ProgramFailure(`The list ${file} is not valid:\n${linesOf(faults)}`.trimEnd());
    const onProgress = progressOf(bookings.length);
    if (apply !== true) {
      const found = await checkBookings(server, bookings, onProgress);
      process.stdout.write(linesOf(found));
      process.stderr.write(
        `${bookings.length} bookings, ${found.length} would be refused. A dry run: nothing was booked. --apply makes the bookings.\n`,
      );
      return found.length === 0 ? 0 : 1;
    }
    const { made, madeBefore, refused } = await importBookings(
      server,
      { content, bookings },
      onProgress,
    );
    process.stdout.write(linesOf(refused));
    process.stderr.write(
      `${made} of ${bookings.length} bookings are made, ${madeBefore} of them by an earlier run; ${refused.length} are refused.\n`,
    );
    return refused.length === 0 ? 0 : 1;
  },
});
