import { Type, type Static } from '@sinclair/typebox';
import type { PatientClass } from '../../engine/index.ts';
import { arrayOf, Text } from '../schema.ts';

export const PatientTypes = Type.Object(
  {
    patient_types: arrayOf(
      Type.Object(
        { type: Text, priority: Type.Integer() },
        { title: 'PatientClass', description: 'A class of patients.' },
      ),
    ),
  },
  { title: 'PatientTypes', description: 'The class table, the highest priority first.' },
);
export type PatientTypesView = Static<typeof PatientTypes>;

/** The class table. */
export const patientTypesOf = (classes: readonly PatientClass[]): PatientTypesView => ({
  patient_types: classes.map(({ type, priority }) => ({ type, priority })),
});
