import { HEARD_SQLITE, SQLITE } from '../support/store/database-under-test.ts';
import { archiveContract } from './archive.contract.ts';
import { changeLogContract } from './change-log.contract.ts';
import { keyStoreContract } from './key-store.contract.ts';
import { storeContract } from './store.contract.ts';
import { webhookStoreContract } from './webhook-store.contract.ts';

storeContract('sqlite', SQLITE);
archiveContract('sqlite', SQLITE);
changeLogContract('sqlite', SQLITE);
changeLogContract('sqlite with the latest changes in memory', HEARD_SQLITE);
keyStoreContract('sqlite', SQLITE);
webhookStoreContract('sqlite', SQLITE);
