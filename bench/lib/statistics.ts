/** Returns the value that `share` (0 to 1) of the values do not exceed; 0 if there are no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)] ?? 0;
}

/** Writes a number with its digits in groups of three. */
export const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');
