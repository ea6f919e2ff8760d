/** How many files and connections the system lets this process open at the same time (`ulimit -n`). */
export function openFilesMax(): number {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean };
  // A report with the addresses of the network may wait for name servers.
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as {
    readonly userLimits?: { readonly open_files: { readonly soft: number | 'unlimited' } };
  };
  const soft = userLimits?.open_files.soft ?? 'unlimited';
  return soft === 'unlimited' ? Infinity : soft;
}
