import autocannon from 'autocannon';

/** Reads of one round. */
export interface ReadLoad {
  readonly url: string;
  /** They are read in turn on every connection. */
  readonly paths: readonly string[];
  readonly connections: number;
  readonly count: number;
}

/** Sends the reads of one round; returns how many were not answered with a status 2xx. */
async function read({ url, paths, connections, count }: ReadLoad): Promise<number> {
  const { errors, non2xx } = await autocannon({
    // Seconds: other programs may use the machine.
    timeout: 60,
    ...{ url, connections, amount: count, sampleInt: 50 },
    requests: paths.map((path) => ({ method: 'GET', path })),
  });
  return errors + non2xx;
}

process.on('message', (load: ReadLoad) => {
  void read(load).then((failed) => process.send?.(failed));
});
