-- Whether no name and no patient id is left in the tokens of a slot. Only slots that are over are ever marked.
ALTER TABLE slots ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
CREATE INDEX slots_to_erase ON slots (date) WHERE erased = 0;

-- What `npm run erase` asks of the process that owns the file: `request` and then `answer` are JSON. The process deletes
-- the request when it answers, because it names a patient; the program deletes the row.
CREATE TABLE erasures (
  id INTEGER PRIMARY KEY,
  request TEXT,
  answer TEXT
) STRICT;
