-- The slots of a day, of all doctors, and the tokens of a patient.
CREATE INDEX slots_by_date ON slots (date, id);
CREATE INDEX tokens_by_patient ON tokens (patient_id) WHERE patient_id IS NOT NULL;
