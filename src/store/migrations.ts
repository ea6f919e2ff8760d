/** The migrations of a database, by the names of their files. */
export interface Migrations {
  /** Those of this program, in their order. */
  readonly known: readonly string[];
  /** Those that were applied to the database, in their order. */
  readonly applied: readonly string[];
}

/**
 * Whether a program that does not know a migration cannot use the database after it. The mark is a part of the file's
 * name, because the database stores the names: so a program reads the mark of a migration whose file it does not have.
 */
export const isBreaking = (name: string): boolean => name.endsWith('.breaking.sql');

/** The migrations that the next start of this program applies. */
export const missingIn = ({ known, applied }: Migrations): string[] =>
  known.filter((name) => !applied.includes(name));

/** The migrations that a newer program has applied. */
export const unknownIn = ({ known, applied }: Migrations): string[] =>
  applied.filter((name) => !known.includes(name));

/** Whether this program can use the database, once it has applied what is missing. */
export const isUsable = (migrations: Migrations): boolean =>
  !unknownIn(migrations).some(isBreaking);
