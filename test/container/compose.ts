import { parse } from 'yaml';
import { readDocument } from '../support/markdown.ts';

interface HealthCheck {
  readonly test: readonly string[];
}

/** What the tests look at of a service in compose.yaml. */
export interface ComposeService {
  readonly build?: string;
  readonly image?: string;
  readonly init?: boolean;
  readonly restart: string;
  readonly stop_grace_period?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck: HealthCheck;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly configs: { readonly balancer: { readonly content: string } };
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** A variable that compose.yaml takes from whoever starts it; with the sentence for when it is missing, if it has one. */
const VARIABLE = /\$\{(?<name>\w+)(?::\?(?<missing>[^}]+))?\}/g;

const TEXT = readDocument('compose.yaml');

/** The variables that it takes, with the sentence for when they are missing. */
export const variables = (): { name: string; missing: string | undefined }[] =>
  Array.from(TEXT.matchAll(VARIABLE), ({ groups }) => ({
    name: groups?.['name'] ?? '',
    missing: groups?.['missing'],
  }));

/** compose.yaml as it is for one who has set every variable to this. */
export const composeWith = (value: string): Compose =>
  parse(TEXT.replaceAll(VARIABLE, value)) as Compose;
