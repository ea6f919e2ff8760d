import type { AdmissionLimits } from '../../../src/http/admission.ts';
import type { ConnectionLimits } from '../../../src/http/connections.ts';

/** The bounds of connections in tests: the defaults of the settings. */
export const CONNECTION_LIMITS: ConnectionLimits = {
  connectionsMax: 1_000,
  headersMax: 100,
  headerBytesMax: 16_384,
  headerSeconds: 10,
  requestSeconds: 30,
  keepAliveSeconds: 72,
};

/** No bounds of the work that is accepted at the same time. Most tests send more at once than any client. */
export const NO_ADMISSION_LIMITS: AdmissionLimits = { requestsMax: Infinity, turnMs: Infinity };
