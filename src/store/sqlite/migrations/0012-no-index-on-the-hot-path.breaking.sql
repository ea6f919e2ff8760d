-- A program that does not know this migration would not write the chain below, and the histories would lose changes.

-- A token's row names its last change, and each change the one before it of the same token: a history is read along this
-- chain. An index of changes by token would cost each booking a page.
ALTER TABLE tokens ADD COLUMN last_change INTEGER;
ALTER TABLE changes ADD COLUMN previous INTEGER;
UPDATE changes SET previous = (
  SELECT max(earlier.position) FROM changes AS earlier
  WHERE earlier.token_id = changes.token_id AND earlier.position < changes.position)
WHERE token_id IS NOT NULL AND kind <> 'booked';

-- Tokens get their place in the indexes by slot and by patient when their slot leaves memory. While a slot is in memory,
-- its new tokens are found there and, at a start, by their change records from `from_position` on. A slot that is not
-- `indexed` is loaded at every start, also one that has ended long ago and still has waiting tokens.
DROP INDEX tokens_by_slot;
DROP INDEX tokens_waiting;
DROP INDEX tokens_by_patient;
UPDATE tokens SET
  last_change = (SELECT max(position) FROM changes WHERE token_id = tokens.id),
  indexed = 1;
DROP INDEX changes_by_token;
CREATE INDEX tokens_by_slot ON tokens (slot_id) WHERE indexed = 1;
CREATE INDEX tokens_by_patient ON tokens (patient_id) WHERE indexed = 1 AND patient_id IS NOT NULL;
UPDATE slots SET indexed = 0 WHERE id IN (SELECT slot_id FROM tokens WHERE status = 'WAITING');
CREATE INDEX slots_unindexed ON slots (id) WHERE indexed = 0;
CREATE TABLE unindexed (from_position INTEGER NOT NULL) STRICT;
INSERT INTO unindexed SELECT coalesce(max(position), 0) + 1 FROM changes;
