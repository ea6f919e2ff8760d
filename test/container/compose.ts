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

/**
 * A variable that compose.yaml reads from the environment, with the sentence that is printed if it is missing, or with
 * the value that it has then.
 */
const VARIABLE = /\$\{(?<name>\w+)(?::\?(?<missing>[^}]+)|:-(?<initial>[^}]*))?\}/g;

/** Paths in compose.yaml start from its own folder. */
export const FOLDER = new URL('deploy/', ROOT);

const TEXT = readFileSync(new URL('compose.yaml', FOLDER), 'utf8');

interface Variable {
  readonly name: string;
  readonly missing: string | undefined;
  readonly initial: string | undefined;
}

/** The variables that compose.yaml reads, with what happens if they are missing. */
export const variables = (): Variable[] =>
  Array.from(TEXT.matchAll(VARIABLE), ({ groups = {} }) => ({
    name: groups['name'] ?? '',
    missing: groups['missing'],
    initial: groups['initial'],
  }));

/** The content of compose.yaml when every variable that it needs has this value, and no other is set. */
export const composeWith = (value: string): Compose =>
  parse(
    TEXT.replaceAll(VARIABLE, (_, _name, _missing, initial?: string) => initial ?? value),
  ) as Compose;

/** The settings of its load balancer. */
export const BALANCER = readFileSync(
  new URL(composeWith('').configs.balancer.file, FOLDER),
  'utf8',
);
