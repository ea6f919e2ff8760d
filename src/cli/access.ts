import type { Logger } from 'pino';
import { BackgroundTask } from '../background/index.ts';
import type { AccessKeys } from '../service/index.ts';
import type { Settings } from '../settings.ts';
import { publishRun } from '../telemetry/index.ts';

/** Milliseconds between two reads of the access keys: a revoked key is refused by every process within a second. */
const KEYS_MS = 400;

/** Whether only programs of this machine reach an address to listen on. */
export const isLoopback = (host: string): boolean =>
  host.toLowerCase() === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** Who may use the service beside the holders of access keys, and how much. */
export interface AccessRules {
  /** Whether everybody may do everything while there is no access key and no identity provider. */
  readonly allowsAnonymous: boolean;
  /** The provider whose tokens are accepted; null for none. */
  readonly identityProvider: {
    readonly issuer: string;
    readonly audience: string;
    readonly claims: { readonly role: string; readonly doctors: string };
  } | null;
  readonly trustedProxies: readonly string[];
  readonly rateLimits: {
    readonly requestsPerMinute: number | undefined;
    readonly refusedPerMinute: number;
  };
}

/** The rules that the settings make. */
export function accessRulesOf(settings: Settings): AccessRules {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, HOST, ALLOW_ANONYMOUS } = settings;
  const claims = { role: settings.OIDC_ROLE_CLAIM, doctors: settings.OIDC_DOCTORS_CLAIM };
  return {
    allowsAnonymous: ALLOW_ANONYMOUS || isLoopback(HOST),
    identityProvider:
      issuer === undefined || audience === undefined ? null : { issuer, audience, claims },
    trustedProxies: settings.TRUST_PROXY ?? [],
    rateLimits: {
      requestsPerMinute: settings.REQUESTS_PER_MINUTE,
      refusedPerMinute: settings.REFUSED_PER_MINUTE,
    },
  };
}

/** Who may do what, in the words of the banner. */
export function accessOf(
  keys: Pick<AccessKeys, 'state'>,
  { allowsAnonymous, identityProvider }: AccessRules,
): string {
  if (identityProvider !== null)
    return `with an access key, or a token of ${identityProvider.issuer}`;
  if (keys.state === 'some') return 'with an access key';
  return allowsAnonymous
    ? 'everybody who reaches this address may do everything: there is no access key yet'
    : 'nobody: there is no access key yet';
}

/** Warns that the service answers nobody, because other machines reach it and there is no key. */
export function warnIfNobodyMay(
  keys: AccessKeys,
  { allowsAnonymous, identityProvider }: AccessRules,
  logger: Logger,
): void {
  if (keys.state !== 'none' || allowsAnonymous || identityProvider !== null) return;
  logger.warn(
    'There is no access key, and other machines reach the service: it answers nobody. npm run -s keys -- create NAME --role admin makes the first key.',
  );
}

/** The reads of the access keys, which other processes and the program `keys` change. */
export function createKeyReads(
  keys: AccessKeys,
  logger: Logger,
  stop: AbortSignal,
): BackgroundTask {
  let hasFailed = false;
  return new BackgroundTask({
    name: 'access-keys',
    periodMs: KEYS_MS,
    retryMs: KEYS_MS,
    work: () => keys.refresh(),
    onRun: (run) => {
      publishRun(run);
      if (run.error !== undefined && !hasFailed && !stop.aborted)
        logger.warn(
          { err: run.error },
          'The access keys cannot be read: those that were read last stay in use.',
        );
      hasFailed = run.error !== undefined;
    },
  });
}
