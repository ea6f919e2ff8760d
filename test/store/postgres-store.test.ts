import { createStore } from '../../src/store/index.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { storeContract } from './store.contract.ts';

storeContract('postgres', {
  database: async () => {
    const { url } = await createDatabase();
    return (engine) => createStore(url, engine);
  },
  losesEverything: null,
  isSoleOwner: false,
});
