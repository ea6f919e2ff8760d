import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDocument, ROOT } from '../support/markdown.ts';

interface Instruction {
  /** For example `COPY`. */
  readonly name: string;
  /** The text after the name. */
  readonly text: string;
}

/** The path of the Dockerfile in the project. */
export const DOCKERFILE = 'deploy/Dockerfile';

/** The instructions of the Dockerfile, one for each line that is not a comment. */
const INSTRUCTIONS: readonly Instruction[] = readDocument(DOCKERFILE)
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => ({
    name: line.replace(/ .*/, ''),
    text: line.slice(line.indexOf(' ') + 1),
  }));

/** The texts of all instructions with this name, in the order of the file. */
export const textsOf = (name: string): string[] =>
  INSTRUCTIONS.filter((instruction) => instruction.name === name).map(({ text }) => text);

/** The text of the only instruction with this name. */
export function textOf(name: string): string {
  const [text, ...others] = textsOf(name);
  if (text === undefined || others.length > 0)
    throw new Error(`the Dockerfile needs exactly one ${name}`);
  return text;
}

/** The words of the command of an instruction; the command must be a JSON list, because then no shell runs it. */
export function commandOf(name: string): readonly [string, ...string[]] {
  const words = /CMD (\[.*\])$/.exec(`CMD ${textOf(name)}`)?.[1];
  if (words === undefined) throw new Error(`${name} is not a JSON list of words`);
  return JSON.parse(words) as [string, ...string[]];
}

/** The parts of a COPY. Its sources are in the build context if it names no stage. */
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

/** The paths that the image copies from the build context. */
export const copiedFromCheckout = (): string[] =>
  textsOf('COPY')
    .map(copyOf)
    .flatMap(({ stage, sources }) => (stage === undefined ? sources : []));

/** The environment variables of the image. */
export const environmentOfImage = (): Record<string, string> =>
  Object.fromEntries(
    textsOf('ENV')
      .flatMap((text) => text.split(' '))
      .map((pair) => [pair.replace(/=.*/, ''), pair.replace(/.*?=/, '')]),
  );

type Settings = Readonly<Record<string, string>>;

const NOBODY = { uid: 65_534, gid: 65_534 };
/** The user that stands for the image's user: `nobody` if the tests run as root, else the user of the tests. */
const USER = userInfo().uid === 0 ? NOBODY : { uid: userInfo().uid, gid: userInfo().gid };

/** Builds the Dockerfile in a directory, without Docker: a stage is a folder, and Node is the Node of the tests. */
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

  /** The path on this machine of a path in the image. */
  at(path: string): string {
    return join(this.#root, path.startsWith('/') ? '' : this.#workdir, path);
  }

  /** Starts the command or the health check as the image's user, with the image's environment and these settings. */
  start(instruction: string, settings: Settings): ChildProcess {
    return this.run(commandOf(instruction), settings);
  }

  /** Starts a program as `docker exec` does: as the image's user, with the image's environment and these settings. */
  run([program, ...args]: readonly [string, ...string[]], settings: Settings): ChildProcess {
    return spawn(program, args, {
      cwd: this.at('.'),
      env: { PATH: this.at('/bin'), ...environmentOfImage(), ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...USER,
    });
  }

  /** Whether the health check succeeds with these settings. */
  async isHealthy(settings: Settings): Promise<boolean> {
    const [code] = (await once(this.start('HEALTHCHECK', settings), 'exit')) as [number | null];
    return code === 0;
  }

  #follow({ name, text }: Instruction): void {
    if (name === 'FROM') this.#root = this.#stage(/ AS (.*)/.exec(text)?.[1] ?? 'last');
    else if (name === 'WORKDIR') this.#enter(text);
    else if (name === 'COPY') this.#copy(copyOf(text));
    else if (name === 'RUN') this.#run(text);
    else if (!/^(ENV|VOLUME|USER|EXPOSE|HEALTHCHECK|STOPSIGNAL|CMD)$/.test(name))
      throw new Error(`this test cannot carry out the instruction ${name}`);
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
    // The user `node` exists in the image only.
    const command = line.replaceAll('node:node', `${USER.uid}:${USER.gid}`);
    const env = { ...process.env, npm_config_prefer_offline: 'true' };
    const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: this.at('.'), env });
    if (status !== 0) throw new Error(`${line} has failed: ${stderr.toString()}`);
  }
}
