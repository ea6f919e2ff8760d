import { parseArgs, type ParseArgsConfig } from 'node:util';
import { readVersion } from '../../src/cli/program.ts';
import { freshSeed } from './random.ts';

/** A failure that the person who started the tool can correct; it is printed as one sentence, without a stack trace. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** The values that the command line gave to the options of a tool. */
export type Values<T extends Options> = ReturnType<typeof readOptions<T>>;

/** A program of the command line. */
export interface Tool<T extends Options> {
  /** The text that `--help` prints. */
  readonly help: string;
  /** Every option but `--help` and `--version`, which each tool has. */
  readonly options: T;
  /** @returns the exit code */
  readonly run: (values: Values<T>) => Promise<number>;
}

/**
 * Reads the command line.
 * @throws ToolError that names the wrong option
 */
function readOptions<const T extends Options>(options: T, args: readonly string[]) {
  try {
    return parseArgs({ options, args: [...args], strict: true, allowPositionals: false }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [sentence = error.message] = error.message.split(/\.\s/);
    throw new ToolError(`${sentence.replace(/\.$/, '')}. --help lists the options.`);
  }
}

/**
 * Reads a whole number of the command line.
 * @throws ToolError when it is less than `min` or more than `max`
 */
export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw new ToolError(
    `--${name}=${text} is not valid: it takes a whole number from ${min} to ${max}; see --help.`,
  );
}

/**
 * Reads the seed of the command line; makes one when there is none.
 * @throws ToolError when it is no seed
 */
export const seedOf = (text: string | undefined): number =>
  text === undefined ? freshSeed() : wholeNumber('seed', text, 0, 2 ** 32 - 1);

/**
 * Reads the address of a running server: scheme, host and port; the rest is ignored.
 * @throws ToolError when the text is no http address
 */
export function serverUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol !== 'http:')
    throw new ToolError(
      `--url=${text} is not valid: it takes an address such as http://127.0.0.1:8080; see --help.`,
    );
  return url.origin;
}

export const print = (line = ''): void => void process.stdout.write(`${line}\n`);

/**
 * Runs a tool to its end. With `--help` or `--version` it prints that and does nothing else. Exits with the code that
 * the tool returns, or with 1 after the sentence of a ToolError.
 */
export async function runTool<const T extends Options>({
  help,
  options,
  run,
}: Tool<T>): Promise<void> {
  // A signal alone ends the process without its exit handlers, which stop the server and remove temporary files.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => process.exit(code));
  // The reader of the output may close it early, as in `npm run simulate | head`.
  process.stdout.on('error', () => process.exit(1));
  const args = process.argv.slice(2);
  try {
    if (args.includes('--help')) print(help);
    else if (args.includes('--version')) print(`opd-token-allocation ${readVersion()}`);
    else process.exitCode = await run(readOptions(options, args));
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
