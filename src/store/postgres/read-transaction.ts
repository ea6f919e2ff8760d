import { StoreOpenError } from '../store.ts';
import { ROWS_PER_BATCH } from '../audit-source.ts';
import { nameOf } from './errors.ts';
import type { Parameter, Row, Rows, Run, Session } from './session.ts';

/** One transaction on a connection of its own, without a time limit. Every error is a StoreOpenError of one sentence. */
export class ReadTransaction {
  readonly #session: Session;
  readonly #url: string;
  #cursors = 0;

  /** @param session in a transaction that has begun */
  constructor(session: Session, url: string) {
    this.#session = session;
    this.#url = url;
  }

  /** @throws StoreOpenError */
  readonly run: Run = (...statement) => this.#withPlainError(this.#session.run(...statement));

  /**
   * Sends any SQL text.
   * @throws StoreOpenError
   */
  send(text: string, ...parameters: Parameter[]): Promise<Rows> {
    const prepare = parameters.length > 0;
    return this.#withPlainError(this.#session.send(text, parameters, { prepare }));
  }

  /**
   * The rows of a query in batches. Other statements may be sent between two batches.
   * @throws StoreOpenError
   */
  async *batches(query: string): AsyncGenerator<readonly Row[]> {
    this.#cursors += 1;
    const cursor = `batches_${this.#cursors}`;
    // The cursor ends with the transaction. The driver's own cursors would block the connection until all rows are read.
    await this.send(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${query}`);
    for (;;) {
      const rows = await this.send(`FETCH ${ROWS_PER_BATCH} FROM ${cursor}`);
      if (rows.length === 0) return;
      yield rows;
    }
  }

  /** Commits what was written. */
  async commit(): Promise<void> {
    await this.send('COMMIT');
  }

  /** Closes the connection, which rolls back what was not committed. */
  close(): Promise<void> {
    return this.#session.close();
  }

  async #withPlainError<T>(result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (error) {
      const reason = (error as Error).message.replace(/\.$/, '');
      throw new StoreOpenError(`The database ${nameOf(this.#url)} cannot be used: ${reason}.`);
    }
  }
}
