-- What the screens of the hospital announce: in the row of the hospital, whose id is `*`.
ALTER TABLE doctors ADD COLUMN announcement TEXT;
