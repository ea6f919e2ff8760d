import { DEFAULT_CLASSES, type PatientClass } from '../../src/engine/index.ts';
import type { Random } from './random.ts';
import { required } from './required.ts';

/** Frequency of each class in percent, in the order of the default table. */
const SHARES = [3, 12, 20, 35, 30] as const;

/** Chooses the class of a booking among all classes. */
export const anyClass = (random: Random): PatientClass => classAt(random.below(100));

/** Chooses the class of a booking among all classes but EMERGENCY. */
export const ordinaryClass = (random: Random): PatientClass =>
  classAt(SHARES[0] + random.below(100 - SHARES[0]));

function classAt(percent: number): PatientClass {
  let sum = 0;
  const index = SHARES.findIndex((share) => (sum += share) > percent);
  return required(DEFAULT_CLASSES[index]);
}
