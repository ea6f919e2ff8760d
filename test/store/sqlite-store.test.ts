import { join } from 'node:path';
import { createStore } from '../../src/store/index.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { storeContract } from './store.contract.ts';

storeContract('sqlite', {
  database: () => {
    const file = join(tempDir(), 'opd.db');
    return (engine) => createStore(`sqlite:${file}`, engine);
  },
  losesEverything: null,
  isSoleOwner: true,
});
