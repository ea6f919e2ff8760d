-- A token keeps the priority that its class had when it got it: so far, that of the table there was.
CREATE TEMP TABLE classes_before (type TEXT PRIMARY KEY, priority INTEGER NOT NULL);
INSERT INTO classes_before VALUES
  ('EMERGENCY', 100), ('PAID_PRIORITY', 80), ('FOLLOW_UP', 60), ('ONLINE_BOOKING', 40), ('WALK_IN', 20);

ALTER TABLE tokens ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
UPDATE tokens SET priority = (SELECT priority FROM classes_before WHERE type = patient_type);
UPDATE changes SET data = json_set(data, '$.priority',
    (SELECT priority FROM classes_before WHERE type = data ->> '$.patientType'))
  WHERE kind = 'booked';
DROP TABLE classes_before;

-- Who still waits, however long ago their slot ended: a start brings these slots back. Ids are in the order of time:
-- those who come to wait while a batch gathers share a page, and there is less to sync than in an order by slots.
CREATE INDEX tokens_waiting ON tokens (id, slot_id) WHERE status = 'WAITING';

-- What a day report reads of a slot beside the changes of the tokens in it: of kinds that no booking writes.
CREATE INDEX changes_by_slot ON changes (slot_id) WHERE kind = 'slot_set' OR kind = 'moved_out';
