-- The change log is read in the order of the positions, from a cursor on. Positions are drawn when a change is inserted, so
-- they are there for the changes of the first version too.
CREATE INDEX changes_by_position ON changes (position);
