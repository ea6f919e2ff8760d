-- The slots of a day, of all doctors.
CREATE INDEX slots_by_date ON slots (date);

-- A search by patient reads the tokens of current slots in memory, and those of past slots here: a token gets its place
-- when its slot leaves memory, because an index that every booking writes would cost each of them a page.
ALTER TABLE slots ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;
UPDATE tokens SET indexed = 1 WHERE patient_id IS NOT NULL;
UPDATE slots SET indexed = 1 WHERE end_time < unixepoch() * 1000;
CREATE INDEX tokens_by_patient ON tokens (patient_id) WHERE indexed = 1;
