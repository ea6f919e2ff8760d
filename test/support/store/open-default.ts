import { AllocationEngine } from '../../../src/engine/index.ts';
import { openDatabase } from '../../../src/store/index.ts';
import { readSettings } from '../../../src/settings.ts';
import { RULES } from '../engine/clinic.ts';

// Opens the database that a program without settings uses, in the working directory, and closes it.

const read = readSettings({});
if (!('settings' in read)) throw new Error(read.faults.join());
await openDatabase(read.settings.DATABASE_URL, new AllocationEngine(RULES)).store.close();
