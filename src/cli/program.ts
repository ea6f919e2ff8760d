import { readFileSync } from 'node:fs';
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

/** A failure that the person who started the program can put right. Its message is printed without a stack. */
export class ProgramFailure extends Error {
  override readonly name = 'ProgramFailure';
  readonly code = 'OPD_PROGRAM';
}

/** A program that a person starts from a shell. `--help` and `--version` are common to all programs. */
export interface Program {
  /** What `--help` prints; it ends with a line break. */
  readonly help: string;
  /** The sentence that answers a wrong number of arguments; it names `--help`. */
  readonly usage: string;
  /** How many arguments the program takes beside its options, at least and at most. */
  readonly argumentCount: readonly [min: number, max: number];
  /** The options of this program, as `parseArgs` of `node:util` takes them. */
  readonly options?: ParseArgsOptionsConfig;
  /** Kinds of errors whose message is a sentence for the person who started the program, beside `ProgramFailure`. */
  readonly failures?: readonly (abstract new (...args: never[]) => Error)[];
  /**
   * Does the work of the program.
   * @returns the exit code, 0 to 255; none means 0
   */
  run(input: ProgramInput): Promise<number | undefined>;
}

/** What stands behind the name of a program on the command line. */
export interface ProgramInput {
  readonly arguments: readonly string[];
  readonly options: Readonly<ReturnType<typeof parseArgs>['values']>;
}

/** The exit code of a program that cannot do its work, and of one that is started with wrong arguments. */
const EXIT_CODE_FAILED = 1;

/**
 * Runs a program with the arguments of this process. With `--help` or `--version` it prints that and does nothing
 * else: no setting is read, no file is created, no database is opened.
 * A failure ends the process with exit code 1. A failure that the person can put right is printed as a sentence, every
 * other error with its stack.
 */
export async function runProgram(program: Program): Promise<void> {
  try {
    const input = readCommandLine(program, process.argv.slice(2));
    if (typeof input === 'string') process.stdout.write(input);
    else process.exitCode = (await program.run(input)) ?? 0;
  } catch (error) {
    try {
      process.stderr.write(`${explain(error, program)}\n`);
    } finally {
      // A failed start may have left a server or a connection open, which would keep the process alive. Perhaps
      // standard error cannot be written either.
      process.exit(EXIT_CODE_FAILED);
    }
  }
}

/** The version of the service and its programs, as package.json has it. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/**
 * @returns what the program runs with, or the text that `--help` or `--version` prints
 * @throws ProgramFailure that names `--help` when an option is unknown or the number of arguments is wrong
 */
function readCommandLine(program: Program, args: readonly string[]): ProgramInput | string {
  const { values, positionals } = parse(program, args);
  if (values['help'] === true) return program.help;
  if (values['version'] === true) return `opd-token-allocation ${readVersion()}\n`;
  const [min, max] = program.argumentCount;
  if (positionals.length < min || positionals.length > max) throw new ProgramFailure(program.usage);
  return { arguments: positionals, options: values };
}

function parse({ options = {} }: Program, args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean' }, version: { type: 'boolean' } },
      allowPositionals: true,
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node adds advice of several sentences, which does not fit this program.
    const [sentence = error.message] = error.message.split(/\.\s/);
    throw new ProgramFailure(`${sentence}. --help shows the usage.`);
  }
}

function explain(error: unknown, { failures = [] }: Program): string {
  if (!(error instanceof Error)) return String(error);
  const isForPerson = [ProgramFailure, ...failures].some((kind) => error instanceof kind);
  return isForPerson ? error.message : (error.stack ?? error.message);
}
