import { percentile } from './statistics.ts';

/** Returns the median of the values. */
export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** Writes a value as a multiple of another one: `0.83`. */
export const ratio = (value: number, to: number): string => (value / to).toFixed(2);

/** Writes nanoseconds: with one decimal below 100, else without. */
export const nanoseconds = (value: number): string => value.toFixed(value < 100 ? 1 : 0);

/** Writes milliseconds with two decimals. */
export const milliseconds = (value: number): string => value.toFixed(2);
