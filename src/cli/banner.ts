import type { Logger } from 'pino';

/** What a person who starts the service wants to know once it serves requests. */
export interface StartFacts {
  readonly version: string;
  /** The database without its password. */
  readonly database: string;
  /** How many doctors there are. */
  readonly doctors: number;
  /** Where the doctors come from, in words. */
  readonly roster: string;
  /** Who may do what, in words. */
  readonly access: string;
  /** Where the service listens: `http://`, the address and the port. */
  readonly url: string;
}

/** Writes the start banner: readable lines on a terminal, one JSON line otherwise; nothing when `info` is not logged. */
export function writeBanner(
  facts: StartFacts,
  logger: Logger,
  terminal: { readonly write: (text: string) => unknown } | undefined,
): void {
  if (terminal === undefined)
    logger.info({ ...facts, docs: docsOf(facts) }, 'Ready: requests are served.');
  else if (logger.isLevelEnabled('info')) terminal.write(bannerOf(facts));
}

/** The start banner as a terminal shows it. */
export function bannerOf(facts: StartFacts): string {
  const { version, database, doctors, roster, access, url } = facts;
  const rows = [
    ['address', url],
    ['docs', docsOf(facts)],
    ['database', database],
    ['doctors', String(doctors)],
    ['roster', roster],
    ['access', access],
  ];
  const lines = rows.map(([name = '', value = '']) => `  ${name.padEnd(10)}${value}\n`);
  return `\nOPD token allocation ${version} is ready.\n${lines.join('')}\n`;
}

const docsOf = ({ url }: StartFacts): string => `${url}/docs`;
