import { createStore } from '../../src/store/index.ts';
import { storeContract } from './store.contract.ts';

storeContract('memory', {
  database: () => (engine) => createStore('memory:', engine),
  losesEverything: 'memory: is for trying out, nothing is written',
  isSoleOwner: true,
});
