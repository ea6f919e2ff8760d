import postgres from 'postgres';

/**
 * Runs a statement, on a connection of its own, and returns its rows.
 * @throws PostgresError with the server's code; Error when the server cannot be reached
 */
export async function runSql(
  url: string,
  statement: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => undefined });
  try {
    return await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}
