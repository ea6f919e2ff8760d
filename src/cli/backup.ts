import { backUp, databaseName, StoreOpenError } from '../store/index.ts';
import { settingsFromEnvironment } from './environment.ts';
import { runProgram } from './program.ts';

const HELP = `npm run backup -- FILE
  Copies the SQLite database that DATABASE_URL names into a new file, as the database is at one instant. The service
  may be running. Only the owner of the new file may read it. A file that exists is not overwritten.

Exits with 0, or with 1 and a sentence when the copy cannot be made.
`;

await runProgram({
  help: HELP,
  usage: 'Name the new file: npm run backup -- FILE; --help says how.',
  argumentCount: [1, 1],
  failures: [StoreOpenError],
  run({ arguments: [file = ''] }) {
    const { DATABASE_URL } = settingsFromEnvironment();
    backUp(DATABASE_URL, file);
    process.stdout.write(`${file}: a copy of ${databaseName(DATABASE_URL)}\n`);
    return Promise.resolve(0);
  },
});
