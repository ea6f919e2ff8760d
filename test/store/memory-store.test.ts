import { HEARD_MEMORY, MEMORY } from '../support/store/database-under-test.ts';
import { archiveContract } from './archive.contract.ts';
import { changeLogContract } from './change-log.contract.ts';
import { keyStoreContract } from './key-store.contract.ts';
import { storeContract } from './store.contract.ts';
import { webhookStoreContract } from './webhook-store.contract.ts';

storeContract('memory', MEMORY);
archiveContract('memory', MEMORY);
changeLogContract('memory', MEMORY);
changeLogContract('memory with the latest changes in memory', HEARD_MEMORY);
keyStoreContract('memory', MEMORY);
webhookStoreContract('memory', MEMORY);
