import type { ConnectionLimits } from '../../../src/http/connections.ts';

/** The bounds of connections in tests: the defaults of the settings. */
export const CONNECTION_LIMITS: ConnectionLimits = {
  connectionsMax: 5_000,
  headersMax: 100,
  headerBytesMax: 16_384,
  headerSeconds: 10,
  requestSeconds: 30,
  keepAliveSeconds: 72,
};
