import { parseArgs, type ParseArgsConfig } from 'node:util';

/** What the person who started the tool has to put right, or to know: told in one sentence, without a stack. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * Reads the command line.
 * @throws ToolError naming the option that is wrong
 */
export function readOptions<const T extends Options>(
  options: T,
  args: readonly string[] = process.argv.slice(2),
) {
  try {
    return parseArgs({ options, args: [...args], strict: true, allowPositionals: false }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [sentence = error.message] = error.message.split(/\.\s/);
    throw new ToolError(`${sentence.replace(/\.$/, '')}. --help lists the options.`);
  }
}

/** A whole number of the command line, from `min` on. */
export function wholeNumber(
  name: string,
  text: string,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw new ToolError(`--${name}=${text} is not valid: a whole number from ${min} to ${max}.`);
}

/** The address of a running server as the command line gave it, without what follows the port. */
export function serverUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol !== 'http:')
    throw new ToolError(`--url=${text} is not valid: an address such as http://127.0.0.1:8080.`);
  return url.origin;
}

export const print = (line = ''): void => void process.stdout.write(`${line}\n`);

/** Runs a tool to its end: exits with the code it answers, with 1 after one sentence when it cannot go on. */
export async function runTool(main: () => Promise<number>): Promise<void> {
  // An exit runs the handlers that stop the server and remove temporary files; a signal alone would not.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => process.exit(code));
  // Who reads along may stop reading: `npm run simulate | head`.
  process.stdout.on('error', () => process.exit(1));
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
