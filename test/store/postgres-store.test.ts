import { createStore } from '../../src/store/index.ts';
import { emptyTables } from '../support/postgres/postgres.ts';
import { storeContract } from './store.contract.ts';

storeContract('postgres', {
  database: async () => {
    const url = await emptyTables();
    return (engine) => createStore(url, engine);
  },
  losesEverything: null,
  isSoleOwner: false,
});
