import { POSTGRES } from '../support/store/database-under-test.ts';
import { archiveContract } from './archive.contract.ts';
import { changeLogContract } from './change-log.contract.ts';
import { keyStoreContract } from './key-store.contract.ts';
import { storeContract } from './store.contract.ts';
import { webhookStoreContract } from './webhook-store.contract.ts';

storeContract('postgres', POSTGRES);
archiveContract('postgres', POSTGRES);
changeLogContract('postgres', POSTGRES);
keyStoreContract('postgres', POSTGRES);
webhookStoreContract('postgres', POSTGRES);
