import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { tempDir } from './temp-dir.ts';

/** A named pipe for the standard output of a process, whose reader may stop, go away and come back. */
export class Pipe {
  /** The end for the process. It is closed when the test ends. */
  readonly writeEnd: number;
  readonly #path = join(tempDir(), 'log');
  #readEnd: number | null;
  /** Everything that was read so far. */
  #text = '';

  constructor() {
    const { status } = spawnSync('mkfifo', [this.#path]);
    if (status !== 0) throw new Error(`mkfifo has failed for ${this.#path}`);
    // A pipe opens for writing only when it has a reader.
    this.#readEnd = this.#open();
    this.writeEnd = openSync(this.#path, constants.O_WRONLY);
    onTestFinished(() => {
      closeSync(this.writeEnd);
      this.close();
    });
  }

  /** Closes the reader. A write gets EPIPE from now on. */
  close(): void {
    if (this.#readEnd !== null) closeSync(this.#readEnd);
    this.#readEnd = null;
  }

  /** Reads what is in the pipe, with a new reader if there is none, and returns everything that was read so far. */
  read(): string {
    this.#readEnd ??= this.#open();
    const buffer = Buffer.alloc(65_536);
    try {
      for (;;) {
        const count = readSync(this.#readEnd, buffer);
        if (count === 0) return this.#text;
        this.#text += buffer.toString('utf8', 0, count);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      return this.#text;
    }
  }

  #open(): number {
    return openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
  }
}
