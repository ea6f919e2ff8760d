import { percentile } from './statistics.ts';

/** The middle one of several rounds. */
export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** `0.83`: one figure as a share or a multiple of another. */
export const ratio = (value: number, to: number): string => (value / to).toFixed(2);

/** Nanoseconds, whole above 100. */
export const nanoseconds = (value: number): string => value.toFixed(value < 100 ? 1 : 0);

/** Milliseconds with two decimals. */
export const milliseconds = (value: number): string => value.toFixed(2);
