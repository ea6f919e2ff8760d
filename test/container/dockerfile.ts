import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDocument, ROOT } from '../support/markdown.ts';

interface Instruction {
  /** Such as `COPY`. */
  readonly name: string;
  /** What follows the name. */
  readonly text: string;
}

/** The Dockerfile line by line, each an instruction, without its comments. */
const INSTRUCTIONS: readonly Instruction[] = readDocument('Dockerfile')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => ({
    name: line.replace(/ .*/, ''),
    text: line.slice(line.indexOf(' ') + 1),
  }));

/** What follows the name of each of these instructions, in their order. */
export const textsOf = (name: string): string[] =>
  INSTRUCTIONS.filter((instruction) => instruction.name === name).map(({ text }) => text);

/** What follows the name of an instruction that stands once. */
export function textOf(name: string): string {
  const [text, ...others] = textsOf(name);
  if (text === undefined || others.length > 0) throw new Error(`${name} does not stand once`);
  return text;
}

/** The command that an instruction tells word by word, which no shell reads. */
export function commandOf(name: string): readonly [string, ...string[]] {
  const words = /CMD (\[.*\])$/.exec(`CMD ${textOf(name)}`)?.[1];
  if (words === undefined) throw new Error(`${name} is a line for a shell`);
  return JSON.parse(words) as [string, ...string[]];
}

/** What a COPY takes from the checkout or, where that is named, from another stage, and where it puts it. */
interface Copy {
  readonly stage: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

function copyOf(text: string): Copy {
  const { stage, paths = '' } = /^(?:--from=(?<stage>\S+) )?(?<paths>.*)$/.exec(text)?.groups ?? {};
  const sources = paths.split(' ');
  return { stage, target: sources.pop() ?? '', sources };
}

/** What the image takes from the checkout. */
export const copiedFromCheckout = (): string[] =>
  textsOf('COPY')
    .map(copyOf)
    .flatMap(({ stage, sources }) => (stage === undefined ? sources : []));

/** The image's environment. */
export const environmentOfImage = (): Record<string, string> =>
  Object.fromEntries(
    textsOf('ENV')
      .flatMap((text) => text.split(' '))
      .map((pair) => [pair.replace(/=.*/, ''), pair.replace(/.*?=/, '')]),
  );

const NOBODY = { uid: 65_534, gid: 65_534 };
/** Who the image's user is here: nobody, where another than one's own may be chosen. */
const USER = userInfo().uid === 0 ? NOBODY : { uid: userInfo().uid, gid: userInfo().gid };

/** What the Dockerfile makes, made in a directory: a stage is a folder, and its Node the one of the tests. */
export class Image {
  readonly #directory: string;
  #root = '';
  #workdir = '';

  constructor(directory: string) {
    this.#directory = directory;
    chmodSync(directory, 0o755);
    for (const instruction of INSTRUCTIONS) this.#follow(instruction);
    mkdirSync(join(this.#root, 'bin'));
    copyFileSync(process.execPath, join(this.#root, 'bin/node'));
  }

  /** A path of the image, as it is here. */
  at(path: string): string {
    return join(this.#root, path.startsWith('/') ? '' : this.#workdir, path);
  }

  /** Starts its command or its health check as its user, with its environment and these settings. */
  start(instruction: string, settings: Readonly<Record<string, string>>): ChildProcess {
    const [program, ...args] = commandOf(instruction);
    return spawn(program, args, {
      cwd: this.at('.'),
      env: { PATH: this.at('/bin'), ...environmentOfImage(), ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...USER,
    });
  }

  /** Whether its health check finds a process with these settings well. */
  async isHealthy(settings: Readonly<Record<string, string>>): Promise<boolean> {
    const [code] = (await once(this.start('HEALTHCHECK', settings), 'exit')) as [number | null];
    return code === 0;
  }

  #follow({ name, text }: Instruction): void {
    if (name === 'FROM') this.#root = this.#stage(/ AS (.*)/.exec(text)?.[1] ?? 'last');
    else if (name === 'WORKDIR') this.#enter(text);
    else if (name === 'COPY') this.#copy(copyOf(text));
    else if (name === 'RUN') this.#run(text);
    else if (!/^(ENV|VOLUME|USER|EXPOSE|HEALTHCHECK|STOPSIGNAL|CMD)$/.test(name))
      throw new Error(`nobody here knows how to follow ${name}`);
  }

  #stage(name: string): string {
    return join(this.#directory, name);
  }

  #enter(path: string): void {
    this.#workdir = path;
    mkdirSync(this.at('.'), { recursive: true });
  }

  #copy({ stage, sources, target }: Copy): void {
    const from = stage === undefined ? fileURLToPath(ROOT) : this.#stage(stage);
    for (const source of sources) {
      const to = target === './' ? source : target;
      cpSync(join(from, source), this.at(to), { recursive: true });
    }
  }

  #run(line: string): void {
    // The user's name is known in the image alone.
    const command = line.replaceAll('node:node', `${USER.uid}:${USER.gid}`);
    const env = { ...process.env, npm_config_prefer_offline: 'true' };
    const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: this.at('.'), env });
    if (status !== 0) throw new Error(`${line} has failed: ${stderr.toString()}`);
  }
}
