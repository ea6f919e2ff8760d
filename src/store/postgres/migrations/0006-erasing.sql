-- Whether no name and no patient id is left in the tokens of a slot. Only slots that are over are ever marked.
ALTER TABLE slots ADD COLUMN erased BOOLEAN NOT NULL DEFAULT false;
CREATE INDEX slots_to_erase ON slots (date) WHERE NOT erased;
