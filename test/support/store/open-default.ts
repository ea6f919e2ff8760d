import { AllocationEngine } from '../../../src/engine/index.ts';
import { openDatabase } from '../../../src/store/index.ts';
import { readSettings } from '../../../src/settings.ts';
import { RULES } from '../engine/clinic.ts';

// Opens and closes the database that a program without settings uses in its working directory.

const read = readSettings({});
if (!('settings' in read)) throw new Error(read.faults.join());
await openDatabase(read.settings.DATABASE_URL, new AllocationEngine(RULES)).store.close();
