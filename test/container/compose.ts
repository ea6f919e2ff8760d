import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ROOT } from '../support/markdown.ts';

interface Build {
  readonly context: string;
  readonly dockerfile: string;
}

interface HealthCheck {
  readonly test: readonly string[];
}

/** The fields of a service in compose.yaml that the tests read. */
export interface ComposeService {
  readonly build?: Build;
  readonly image?: string;
  readonly init?: boolean;
  readonly restart: string;
  readonly stop_grace_period?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck: HealthCheck;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
}

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>> & {
    readonly balancer: { readonly file: string };
  };
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** A variable that compose.yaml reads from the environment, with the sentence that is printed if it is missing. */
const VARIABLE = /\$\{(?<name>\w+)(?::\?(?<missing>[^}]+))?\}/g;

/** Paths in compose.yaml start from its own folder. */
export const FOLDER = new URL('deploy/', ROOT);

const TEXT = readFileSync(new URL('compose.yaml', FOLDER), 'utf8');

/** The variables that compose.yaml reads, with the sentences that are printed if they are missing. */
export const variables = (): { name: string; missing: string | undefined }[] =>
  Array.from(TEXT.matchAll(VARIABLE), ({ groups }) => ({
    name: groups?.['name'] ?? '',
    missing: groups?.['missing'],
  }));

/** The content of compose.yaml after every variable was replaced by this value. */
export const composeWith = (value: string): Compose =>
  parse(TEXT.replaceAll(VARIABLE, value)) as Compose;

/** The settings of its load balancer. */
export const BALANCER = readFileSync(
  new URL(composeWith('').configs.balancer.file, FOLDER),
  'utf8',
);
